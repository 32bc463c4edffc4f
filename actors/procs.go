package actors

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/messages"
)

// Life is what a process lets others do with it, from any goroutine.
type Life interface {
	Kill(reason *messages.Error) // ends it at once
	Info() messages.ProcessData
}

// Proc is a living process: anything with a PID that Lua can send to.
type Proc struct {
	PID   string // "{host|0x00001}"
	Actor *actor.PID
	Life
	uniq uint64 // 0 for a process of another node
	post func(*messages.Mail) *messages.Error
	note func(*Request, any) // takes signals in place of Actor; nil for most
	dead atomic.Bool

	mu    sync.Mutex
	names []string // they and the locks go with it
	locks []string
	ends  map[string]func()
}

// Alive reports whether the process can still be sent to.
func (p *Proc) Alive() bool { return !p.dead.Load() }

// AtEnd has f called when the process has ended, in place of the f given before
// under the same key. f must not block. It reports false for a process that has
// ended already, or runs on another node.
func (p *Proc) AtEnd(key string, f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() || !p.Here() {
		return false
	}
	if p.ends == nil {
		p.ends = map[string]func(){}
	}
	p.ends[key] = f
	return true
}

// Names are the registered names of the process, sorted.
func (p *Proc) Names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(slices.Values(p.names))
}

// Procs makes PIDs and finds the processes of this node by PID and name. It is
// safe for use by many goroutines; reading takes no lock that writers of other
// PIDs hold.
type Procs struct {
	Node  string // name of this node
	away  atomic.Pointer[Away]
	last  atomic.Uint64
	table [64]procShard
	names sync.Map // string → *Proc
	wide  sync.Map // names that count in the whole cluster: string → PID
	locks sync.Map // string → *Proc

	guests sync.Map // host → Guest
}

// Guest finds a process that no node runs by the part of its PID behind the host;
// nil if it has none of that name.
type Guest func(pid, name string) *Proc

// Host has the processes of a host found by f, where their PIDs are not those of a
// node: "{host|name}". nil takes f back.
func (ps *Procs) Host(host string, f Guest) {
	if f == nil {
		ps.guests.Delete(host)
		return
	}
	ps.guests.Store(host, f)
}

// ProcGuest is a process that no node runs: post takes mail for it, or says why
// not, and signal answers what others ask of it. What is sent to those it has ties
// with goes to address.
func ProcGuest(pid string, address *actor.PID, post func(*messages.Mail) *messages.Error, signal func(req *Request, body any)) *Proc {
	return &Proc{PID: pid, Actor: address, post: post, note: signal}
}

func (ps *Procs) guest(pid string) *Proc {
	host, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(pid, "{"), "}"), "|")
	if f, there := ps.guests.Load(host); ok && there && name != "" {
		return f.(Guest)(pid, name)
	}
	return nil
}

type procShard struct {
	mu sync.RWMutex
	m  map[uint64]*Proc
}

// NewProcs returns an empty table for the node of that name.
func NewProcs(node string) *Procs { return &Procs{Node: node} }

// Away finds processes of other nodes. The error says why that node cannot be
// reached, or takes nothing more at the moment.
type Away func(node, pid string) (*Proc, *messages.Error)

// Join makes the processes of other nodes known to this one. From then on its own
// get PIDs that others can use.
func (ps *Procs) Join(f Away) { ps.away.Store(&f) }

// ProcAway is a process of another node: address is where signals to it go, post
// takes mail for it, or says why not.
func ProcAway(pid string, address *actor.PID, post func(*messages.Mail) *messages.Error) *Proc {
	return &Proc{PID: pid, Actor: address, post: post}
}

// Lost marks a process of another node as one that cannot be sent to any more.
func (p *Proc) Lost() { p.dead.Store(true) }

// Send puts mail into the mailbox of the process. It does not block; the error
// says why a process of another node cannot get it.
func (p *Proc) Send(sys *actor.ActorSystem, m *messages.Mail) *messages.Error {
	if p.post != nil {
		return p.post(m)
	}
	sys.Root.Send(p.Actor, m)
	return nil
}

// Joined reports whether the node belongs to a cluster.
func (ps *Procs) Joined() bool { return ps.away.Load() != nil }

// Here reports whether the process runs on this node.
func (p *Proc) Here() bool { return p.uniq != 0 }

// Next makes a new PID on a host, unique on the node: "{host|0x00001}", or
// "{node@host|0x00001}" in a cluster.
func (ps *Procs) Next(host string) (pid string, uniq uint64) {
	uniq = ps.last.Add(1)
	var digits [16]byte
	hex := strconv.AppendUint(digits[:0], uniq, 16)
	b := make([]byte, 0, len(ps.Node)+len(host)+len(hex)+10)
	b = append(b, '{')
	if ps.away.Load() != nil {
		b = append(b, ps.Node...)
		b = append(b, '@')
	}
	b = append(b, host...)
	b = append(b, "|0x"...)
	for i := len(hex); i < 5; i++ {
		b = append(b, '0')
	}
	b = append(b, hex...)
	b = append(b, '}')
	return string(b), uniq
}

// Add makes a process known under its PID.
func (ps *Procs) Add(p *Proc) {
	_, _, p.uniq, _ = ParsePID(p.PID)
	s := &ps.table[p.uniq%64]
	s.mu.Lock()
	if s.m == nil {
		s.m = map[uint64]*Proc{}
	}
	s.m[p.uniq] = p
	s.mu.Unlock()
}

// Remove makes a process unknown; whoever still holds it finds it dead.
func (ps *Procs) Remove(p *Proc) {
	p.mu.Lock()
	p.dead.Store(true)
	names, locks, ends := p.names, p.locks, p.ends
	p.names, p.locks, p.ends = nil, nil, nil
	p.mu.Unlock()
	for _, n := range names {
		ps.names.CompareAndDelete(n, p)
	}
	for _, l := range locks {
		ps.locks.CompareAndDelete(l, p)
	}
	s := &ps.table[p.uniq%64]
	s.mu.Lock()
	delete(s.m, p.uniq)
	if len(s.m) == 0 {
		s.m = nil // maps do not shrink
	}
	s.mu.Unlock()
	for _, key := range sortedKeys(ends) {
		ends[key]()
	}
}

// Find returns the living process with that PID, or nil. Of a process of another
// node it is not known whether it lives: it is found while its node can be
// reached.
func (ps *Procs) Find(pid string) *Proc {
	p, _ := ps.find(pid)
	return p
}

func (ps *Procs) find(pid string) (*Proc, *messages.Error) {
	node, _, uniq, ok := ParsePID(pid)
	if ok && node != "" && node != ps.Node {
		if away := ps.away.Load(); away != nil {
			return (*away)(node, pid)
		}
	}
	if !ok {
		if p := ps.guest(pid); p != nil {
			return p, nil
		}
	}
	if !ok || node != "" && node != ps.Node {
		return nil, messages.Errorf(messages.NotFound, "process not found: %s", pid)
	}
	s := &ps.table[uniq%64]
	s.mu.RLock()
	p := s.m[uniq]
	s.mu.RUnlock()
	if p == nil {
		return nil, messages.Errorf(messages.NotFound, "process not found: %s", pid)
	}
	return p, nil
}

// Len is how many processes there are.
func (ps *Procs) Len() int {
	n := 0
	for i := range ps.table {
		s := &ps.table[i]
		s.mu.RLock()
		n += len(s.m)
		s.mu.RUnlock()
	}
	return n
}

// All returns all processes, in no order.
func (ps *Procs) All() []*Proc {
	var out []*Proc
	for i := range ps.table {
		s := &ps.table[i]
		s.mu.RLock()
		for _, p := range s.m {
			out = append(out, p)
		}
		s.mu.RUnlock()
	}
	return out
}

// Name gives a name to a living process of this node. It returns the PID that has the name
// already, if another one has; ok is also false for a process that has ended.
func (ps *Procs) Name(name, pid string) (owner string, ok bool) {
	p := ps.Find(pid)
	if p == nil || !p.Here() {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() {
		return "", false
	}
	had, taken := ps.names.LoadOrStore(name, p)
	if !taken {
		p.names = append(p.names, name)
	}
	other := had.(*Proc)
	return other.PID, other == p
}

// Unname takes a name away, with a pid only from that one, and reports whether
// it was there.
func (ps *Procs) Unname(name, pid string) bool {
	v, ok := ps.names.Load(name)
	if !ok || pid != "" && v.(*Proc).PID != pid {
		return false
	}
	p := v.(*Proc)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ps.names.CompareAndDelete(name, p) {
		return false
	}
	p.names = slices.DeleteFunc(p.names, func(n string) bool { return n == name })
	return true
}

// NameWide makes a name known that counts in the whole cluster, "" takes it away.
func (ps *Procs) NameWide(name, pid string) {
	if pid == "" {
		ps.wide.Delete(name)
		return
	}
	ps.wide.Store(name, pid)
}

// Named returns the PID of a name, "" if nobody has it. Names of the cluster come
// before those of the node.
func (ps *Procs) Named(name string) string {
	if ps.away.Load() != nil {
		if pid, ok := ps.wide.Load(name); ok {
			return pid.(string)
		}
	}
	if v, ok := ps.names.Load(name); ok {
		return v.(*Proc).PID
	}
	return ""
}

// Lock gives a lock to p, which holds it until Unlock or its end. It reports
// false if the lock is held, also by p itself.
func (ps *Procs) Lock(name string, p *Proc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead.Load() {
		return false
	}
	had, taken := ps.locks.LoadOrStore(name, p)
	if !taken {
		p.locks = append(p.locks, name)
	}
	return had.(*Proc) == p && !taken
}

// Unlock reports whether the process held the lock.
func (ps *Procs) Unlock(name, pid string) bool {
	v, ok := ps.locks.Load(name)
	if !ok || v.(*Proc).PID != pid {
		return false
	}
	p := v.(*Proc)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.locks = slices.DeleteFunc(p.locks, func(n string) bool { return n == name })
	return ps.locks.CompareAndDelete(name, p)
}

// Resolve finds the process of a PID or name. The error is the one that
// process.send gives.
func (ps *Procs) Resolve(dest string) (*Proc, *messages.Error) {
	pid := dest
	if !strings.HasPrefix(dest, "{") {
		if pid = ps.Named(dest); pid == "" {
			return nil, messages.Errorf(messages.NotFound, "could not resolve %q: no process is registered under this name (name not found)", dest)
		}
	}
	return ps.find(pid)
}

// ParsePID reads "{host|0x1}", "{node@host|0x1}" and "{node@host|ns:name|0x1}".
func ParsePID(pid string) (node, host string, uniq uint64, ok bool) {
	n := len(pid)
	if n < 5 || pid[0] != '{' || pid[n-1] != '}' {
		return "", "", 0, false
	}
	body := pid[1 : n-1]
	bar := strings.LastIndexByte(body, '|')
	if bar < 0 || !strings.HasPrefix(body[bar+1:], "0x") {
		return "", "", 0, false
	}
	uniq, err := strconv.ParseUint(body[bar+3:], 16, 64)
	if err != nil {
		return "", "", 0, false
	}
	host = body[:bar]
	if i := strings.IndexByte(host, '|'); i >= 0 {
		host = host[:i]
	}
	if i := strings.IndexByte(host, '@'); i >= 0 {
		node, host = host[:i], host[i+1:]
	}
	return node, host, uniq, true
}
