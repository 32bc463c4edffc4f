package pg

import (
	"cmp"
	"maps"
	"slices"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// scope is the actor of a scope. What it says to processes leaves in the order
// it happened.
type scope struct {
	env                   actors.Env
	maxGroups, maxMembers int

	groups      map[string]*group          // nil while it does not run
	joined      map[string]map[string]bool // PID → its groups
	subscribers map[string][]*subscriber   // by group, "" for those of all groups
	watching    map[string][]*subscriber   // by PID
}

// group has at least one member.
type group struct {
	members map[string]*member // by PID
	size    int                // memberships
	last    uint64             // numbers the members in the order they joined
}

type member struct {
	proc  *actors.Proc
	times int
	at    uint64
}

type subscriber struct {
	proc  *actors.Proc
	tag   uint64
	group string
}

func sorted[V any](m map[string]V) []string {
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(m))))
}

// inOrder are the members in the order they joined. A group that is not there
// has none.
func (g *group) inOrder() []*member {
	if g == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(g.members), func(a, b *member) int { return cmp.Compare(a.at, b.at) })
}

// pids are the PIDs of the members, one for each membership; with local set those of
// this node only.
func (g *group) pids(local bool) []string {
	out := []string{}
	for _, m := range g.inOrder() {
		if local && !m.proc.Here() {
			continue
		}
		out = append(out, slices.Repeat([]string{m.proc.PID}, m.times)...)
	}
	return out
}

// process finds a living process and sees to it that its end is told.
func (s *scope) process(pid string) (*actors.Proc, error) {
	p := s.env.Procs.Find(pid)
	self := s.env.Cell.Self()
	if p == nil || !p.AtEnd(s.env.ID, func() { s.env.Sys.Root.Send(self, &ended{pid}) }) {
		return nil, messages.Errorf(messages.NotFound, "process not found: %s", pid)
	}
	return p, nil
}

func (s *scope) join(b *messages.PGJoin) error {
	proc, err := s.process(b.By)
	if err != nil {
		return err
	}
	if err := s.room(b.Groups); err != nil {
		return err
	}
	for _, name := range b.Groups {
		s.add(proc, name, 1)
	}
	return nil
}

// add makes a process a member of a group so many times more.
func (s *scope) add(proc *actors.Proc, name string, times int) {
	pid := proc.PID
	g := s.groups[name]
	if g == nil {
		g = &group{members: map[string]*member{}}
		s.groups[name] = g
	}
	m := g.members[pid]
	if m == nil {
		g.last++
		m = &member{proc: proc, at: g.last}
		g.members[pid] = m
	}
	m.times += times
	g.size += times
	if s.joined[pid] == nil {
		s.joined[pid] = map[string]bool{}
	}
	s.joined[pid][name] = true
	s.share(m, name)
	s.tell(name, "member.joined", pid, times)
}

// share tells the other nodes how often a process of this one is in a group.
func (s *scope) share(m *member, name string) {
	if m.proc.Here() && s.env.Procs.Joined() {
		s.env.Cell.Tell(s.env.PID("cluster"), &messages.Membership{Scope: s.env.ID, Group: name, PID: m.proc.PID, Times: m.times})
	}
}

// away takes note of how often a process of another node is in a group.
func (s *scope) away(b *messages.Membership) {
	if s.groups == nil {
		return
	}
	had := 0
	if g := s.groups[b.Group]; g != nil && g.members[b.PID] != nil {
		had = g.members[b.PID].times
	}
	switch {
	case b.Times < had:
		s.remove(b.PID, b.Group, had-b.Times)
	case b.Times > had:
		if p := s.env.Procs.Find(b.PID); p != nil && !p.Here() { // else its node was lost just now
			s.add(p, b.Group, b.Times-had)
		}
	}
}

// names are the groups that have members, with local set members on this node.
func (s *scope) names(local bool) []string {
	all := sorted(s.groups)
	if !local {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool { return len(s.groups[name].pids(true)) == 0 })
}

// room refuses a join that goes past a limit.
func (s *scope) room(names []string) error {
	added := map[string]int{}
	fresh := 0
	for _, name := range names {
		g := s.groups[name]
		size := 0
		if g != nil {
			size = g.size
		} else if added[name] == 0 {
			fresh++
		}
		added[name]++
		if s.maxMembers > 0 && size+added[name] > s.maxMembers {
			return messages.Errorf(messages.Unavailable, "joining group %q of %s: it has %d members; raise max_members_per_group", name, s.env.ID, size)
		}
	}
	if s.maxGroups > 0 && fresh > 0 && len(s.groups)+fresh > s.maxGroups {
		return messages.Errorf(messages.Unavailable, "joining %d groups of %s: it has %d groups; raise max_groups", len(names), s.env.ID, len(s.groups))
	}
	return nil
}

func (s *scope) leave(b *messages.PGLeave) error {
	left := false
	for _, name := range b.Groups {
		left = s.remove(b.By, name, 1) || left
	}
	if !left {
		return messages.Errorf(messages.Invalid, "leaving a group of %s: process %s is not a member of %q", s.env.ID, b.By, b.Groups)
	}
	return nil
}

// remove takes up to so many memberships back and reports whether there were any.
func (s *scope) remove(pid, name string, times int) bool {
	if !s.joined[pid][name] {
		return false
	}
	g := s.groups[name]
	m := g.members[pid]
	times = min(times, m.times)
	m.times -= times
	g.size -= times
	s.share(m, name)
	if m.times == 0 {
		delete(g.members, pid)
		delete(s.joined[pid], name)
		if len(s.joined[pid]) == 0 {
			delete(s.joined, pid)
		}
		if len(g.members) == 0 {
			delete(s.groups, name)
		}
	}
	s.tell(name, "member.left", pid, times)
	return true
}

func (s *scope) leaveAll(pid string) {
	for _, name := range sorted(s.joined[pid]) {
		s.remove(pid, name, s.groups[name].members[pid].times)
	}
}

func (s *scope) broadcast(b *messages.PGBroadcast) {
	for _, m := range s.groups[b.Group].inOrder() {
		if !m.proc.Alive() || b.Local && !m.proc.Here() {
			continue
		}
		if err := m.proc.Send(s.env.Sys, b.Mail); err != nil {
			s.env.Log.Warn("a broadcast does not reach a process of another node", "scope", s.env.ID, "group", b.Group, "pid", m.proc.PID, "error", err.Error())
		}
	}
}

func (s *scope) subscribe(b *messages.PGSubscribe) (any, error) {
	proc, err := s.process(b.By)
	if err != nil {
		return nil, err
	}
	sub := &subscriber{proc, b.Tag, b.Group}
	s.subscribers[b.Group] = append(s.subscribers[b.Group], sub)
	s.watching[b.By] = append(s.watching[b.By], sub)
	if b.Group != "" {
		return map[string][]string{b.Group: s.groups[b.Group].pids(false)}, nil
	}
	now := make(map[string][]string, len(s.groups))
	for name, g := range s.groups {
		now[name] = g.pids(false)
	}
	return now, nil
}

// unsubscribe ends the subscription of a process with that tag, for 0 all of them.
func (s *scope) unsubscribe(pid string, tag uint64) {
	gone := func(sub *subscriber) bool { return sub.proc.PID == pid && (tag == 0 || sub.tag == tag) }
	for _, sub := range s.watching[pid] {
		if gone(sub) {
			without(s.subscribers, sub.group, gone)
		}
	}
	without(s.watching, pid, gone)
}

func without(m map[string][]*subscriber, key string, gone func(*subscriber) bool) {
	if m[key] = slices.DeleteFunc(m[key], gone); len(m[key]) == 0 {
		delete(m, key)
	}
}

// tell pushes a change of a group to those who subscribed to it.
func (s *scope) tell(name, kind, pid string, times int) {
	if len(s.subscribers) == 0 {
		return
	}
	data := (&messages.Table{}).Set("Group", name).Set("PIDs", messages.ValueOf(slices.Repeat([]string{pid}, times)))
	event := (&messages.Table{}).Set("system", "pg").Set("kind", kind).Set("path", name).Set("data", data)
	for _, key := range []string{name, ""} {
		for _, sub := range s.subscribers[key] {
			s.env.Sys.Root.Send(sub.proc.Actor, &messages.Push{Tag: sub.tag, Value: event})
		}
	}
}
