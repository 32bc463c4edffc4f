package actors

import (
	"maps"
	"slices"

	"github.com/troupe-go/troupe/messages"
)

// Ties are the monitors and links of one process, whether Lua or Go runs in it.
// They belong to its actor; the zero value has none.
type Ties struct {
	links    map[string]bool
	watchers map[string]bool // PIDs that monitor it
	watching map[string]bool // PIDs it monitors
}

// Link notes that the process is linked to pid.
func (t *Ties) Link(pid string) { put(&t.links, pid) }

// Watch notes that the process monitors pid.
func (t *Ties) Watch(pid string) { put(&t.watching, pid) }

// Unwatch takes Watch back.
func (t *Ties) Unwatch(pid string) { delete(t.watching, pid) }

// WatchedBy notes that pid monitors the process.
func (t *Ties) WatchedBy(pid string) { put(&t.watchers, pid) }

// Tied answers Monitor and Link. The process that asked takes Note of it.
type Tied struct {
	pid          string
	monitor, off bool
}

// TiedTo is the answer of a process of another node: By monitors it, or is linked
// to it, or no longer so.
func TiedTo(pid string, body any) any {
	switch b := body.(type) {
	case *messages.Monitor:
		return &Tied{pid, true, b.Off}
	case *messages.Link:
		return &Tied{pid, false, b.Off}
	}
	return done
}

// Note keeps the side of the process that asked for a monitor or link.
func (t *Ties) Note(n *Tied) {
	set := &t.links
	if n.monitor {
		set = &t.watching
	}
	if n.off {
		delete(*set, n.pid)
	} else {
		put(set, n.pid)
	}
}

// Answer answers a request to monitor or link the process, which is self, and
// reports whether it was one.
func (t *Ties) Answer(req *Request, self string) bool {
	switch b := req.Body.(type) {
	case *messages.Monitor:
		switch {
		case b.Off:
			delete(t.watchers, b.By)
		case t.watchers[b.By]:
			req.Reply(messages.Errorf(messages.AlreadyExists, "already monitoring pid"))
			return true
		default:
			t.WatchedBy(b.By)
		}
		req.Reply(&Tied{self, true, b.Off})
	case *messages.Link:
		if b.Off {
			delete(t.links, b.By)
		} else {
			t.Link(b.By)
		}
		req.Reply(&Tied{self, false, b.Off})
	default:
		return false
	}
	return true
}

// None reports whether nobody monitors the process or is linked to it.
func (t *Ties) None() bool { return len(t.watchers)+len(t.links) == 0 }

// Ended forgets a process that has ended, and reports whether the process was
// linked to it; links says whether the end concerns a link.
func (t *Ties) Ended(m *messages.Exit) (linked bool) {
	delete(t.watching, m.From)
	if linked = m.Links && t.links[m.From]; linked {
		delete(t.links, m.From)
	}
	return linked
}

// Cut ends all ties because the process, which was pid, has ended: those who
// monitor it or are linked to it are told.
func (t *Ties) Cut(n *Node, pid string, result messages.Value, err *messages.Error) {
	tell := func(to string, m any) {
		if p := n.Procs.Find(to); p != nil {
			n.Sys.Root.Send(p.Actor, m)
		}
	}
	for _, w := range sortedKeys(t.watchers) {
		tell(w, &messages.Exit{From: pid, Result: result, Err: err, Monitors: true})
	}
	for _, l := range sortedKeys(t.links) {
		tell(l, &messages.Exit{From: pid, Result: result, Err: err, Links: true})
	}
	for _, w := range sortedKeys(t.watching) {
		tell(w, &Request{Body: &messages.Monitor{By: pid, Off: true}, Sys: n.Sys})
	}
	*t = Ties{}
}

// sortedKeys are the keys of m in order. Most processes have no ties, and then
// this costs nothing.
func sortedKeys[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}

func put(set *map[string]bool, pid string) {
	if *set == nil {
		*set = make(map[string]bool, 1)
	}
	(*set)[pid] = true
}
