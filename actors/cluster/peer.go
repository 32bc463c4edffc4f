package cluster

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/messages/wire"
)

// The bounds of the way to a node.
const (
	maxItem   = 16 << 20  // bytes of one message
	maxQueue  = 64 << 20  // bytes that wait for their turn; then senders are told to wait
	maxWindow = 4 << 20   // bytes on their way, not yet acknowledged
	maxBatch  = 128 << 10 // bytes put together

	ackEvery = 256                    // items, at the latest
	beat     = 20 * time.Millisecond  // between two looks at the clock while something is on its way
	patience = 300 * time.Millisecond // without an acknowledgement before it is sent again; doubles
	longest  = 5 * time.Second
)

// peer is the way to another node and back: an actor that numbers what it sends,
// keeps it until the other side has it, and sends it again if that does not
// happen. Proto.Actor remote below it may lose messages when a connection ends.
type peer struct {
	c *cluster
	member
	pid     *actor.PID
	session uint64

	mu     sync.Mutex // those who send are on any goroutine
	gone   bool
	woken  bool
	queue  [][]byte
	queued int
	last   uint64 // number of the last question
	asks   map[uint64]question
	ties   map[tie]bool
	procs  map[string]*actors.Proc // of the other node, those that were written to
	quiet  bool                    // nothing is on its way

	window   [][]byte // what was sent and not acknowledged, from base on
	held     int      // bytes of it
	base     uint64
	progress time.Time // when something was acknowledged last, or sent again
	wait     time.Duration

	theirs  uint64 // their session
	next    uint64 // number of the item that comes next
	unacked int
	ticking bool
}

// question waits for the answer of a process of the other node.
type question struct {
	req *actors.Request
	to  string
}

// tie is a monitor or link between a process of this node and one of the other.
type tie struct {
	local, remote string
	monitor       bool
	inbound       bool // the remote one monitors the local one
}

type (
	wake struct{}
	tick struct{}
)

// maxProcs bounds the processes of another node that are remembered.
const maxProcs = 10_000

// proc is a process of the other node.
func (p *peer) proc(pid string) *actors.Proc {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to := p.procs[pid]; to != nil {
		return to
	}
	to := actors.ProcAway(pid, actor.NewPID(wayTo+p.name, pid), func(m *messages.Mail) *messages.Error {
		return p.post(messages.Item{To: pid, Body: m}, true)
	})
	if p.gone {
		to.Lost()
		return to
	}
	if p.procs == nil || len(p.procs) >= maxProcs { // whoever uses one of them keeps it
		p.procs = map[string]*actors.Proc{}
	}
	p.procs[pid] = to
	return to
}

// post queues an item for the other node. With bounded set it refuses what would
// make the queue too long.
func (p *peer) post(i messages.Item, bounded bool) *messages.Error {
	b, err := messages.EncodeItem(i)
	if err != nil {
		return messages.AsError(err)
	}
	if len(b) > maxItem {
		return messages.Errorf(messages.Invalid, "a message of %d bytes is too large for another node: at most %d; send it in parts", len(b), maxItem)
	}
	p.mu.Lock()
	if p.gone {
		p.mu.Unlock()
		return messages.Errorf(messages.Unavailable, "node %s is lost", p.name).WithRetry(true)
	}
	if bounded && p.queued > maxQueue {
		p.mu.Unlock()
		return messages.Errorf(messages.Unavailable, "%d MB wait for node %s; try again", p.queued>>20, p.name).WithRetry(true)
	}
	p.queue, p.queued, p.quiet = append(p.queue, b), p.queued+len(b), false
	woken := p.woken
	p.woken = true
	p.mu.Unlock()
	if !woken {
		p.c.env.Sys.Root.Send(p.pid, &wake{})
	}
	return nil
}

// ask sends a request to a process of the other node.
func (p *peer) ask(to string, req *actors.Request) {
	t, ties, off := tie{remote: to}, true, false
	switch b := req.Body.(type) {
	case *messages.Monitor:
		t.local, t.monitor, off = b.By, true, b.Off
	case *messages.Link:
		t.local, off = b.By, b.Off
	case *messages.Cancel, *messages.Terminate:
		ties = false
	default:
		req.Reply(messages.Errorf(messages.Invalid, "%T cannot be asked of a process of another node", b))
		return
	}
	p.mu.Lock()
	n := uint64(0)
	if req.From != nil {
		p.last++
		n = p.last
		p.asks[n] = question{req, to}
	}
	switch {
	case ties && off:
		delete(p.ties, t)
	case ties:
		p.ties[t] = true
	}
	p.mu.Unlock()
	if err := p.post(messages.Item{To: to, Ask: n, Body: req.Body}, false); err != nil {
		p.answer(n, err)
	}
}

// answer gives the answer to a question to who asked it.
func (p *peer) answer(n uint64, body any) {
	p.mu.Lock()
	q, ok := p.asks[n]
	delete(p.asks, n)
	p.mu.Unlock()
	if !ok {
		return
	}
	if err, failed := body.(*messages.Error); failed {
		switch b := q.req.Body.(type) {
		case *messages.Monitor:
			p.untie(tie{local: b.By, remote: q.to})
		case *messages.Link:
			p.untie(tie{local: b.By, remote: q.to})
		}
		q.req.Reply(err)
		return
	}
	q.req.Reply(actors.TiedTo(q.to, q.req.Body))
}

// untie forgets all ties between two processes.
func (p *peer) untie(t tie) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t.monitor = range []bool{false, true} {
		for _, t.inbound = range []bool{false, true} {
			delete(p.ties, t)
		}
	}
}

// lost tells everybody who waits for the other node, or is tied to one of its
// processes, that nothing will come any more. final says that the way ends.
func (p *peer) lost(err *messages.Error, final bool) {
	p.mu.Lock()
	asks, ties := p.asks, p.ties
	p.asks, p.ties = map[uint64]question{}, map[tie]bool{}
	if final {
		for _, to := range p.procs {
			to.Lost()
		}
		p.gone, p.quiet, p.queue, p.queued, p.procs = true, true, nil, 0, nil
	}
	p.mu.Unlock()
	for _, q := range asks {
		q.req.Reply(err)
	}
	list := make([]tie, 0, len(ties))
	for t := range ties {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b tie) int {
		return cmp.Or(cmp.Compare(a.local, b.local), cmp.Compare(a.remote, b.remote))
	})
	env := p.c.env
	for _, t := range list {
		to := env.Procs.Find(t.local)
		switch {
		case to == nil || !to.Here():
		case t.monitor && t.inbound:
			env.Sys.Root.Send(to.Actor, &actors.Request{Body: &messages.Monitor{By: t.remote, Off: true}, Sys: env.Sys})
		default:
			env.Sys.Root.Send(to.Actor, &messages.Exit{From: t.remote, Err: err, Monitors: t.monitor, Links: !t.monitor, Lost: true})
		}
	}
}

// idle reports whether the other side has everything.
func (p *peer) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quiet || p.gone
}

// Receive implements actor.Actor.
func (p *peer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		p.send(&wire.Batch{}) // so that the other side knows of this session
	case *wake:
		p.advance()
	case *wire.Batch:
		p.receive(m)
	case *tick:
		p.ticking = false
		p.look()
	case *actors.Answer:
		p.answered(m)
	}
}

// advance sends what waits, as far as the window allows.
func (p *peer) advance() {
	from := len(p.window)
	p.mu.Lock()
	n := 0
	for n < len(p.queue) && p.held < maxWindow {
		p.held += len(p.queue[n])
		n++
	}
	p.window = append(p.window, p.queue[:n]...)
	clear(p.queue[:n])
	for _, b := range p.window[from:] {
		p.queued -= len(b)
	}
	if p.queue = p.queue[n:]; len(p.queue) == 0 {
		p.queue, p.woken = nil, false
	}
	p.quiet = len(p.queue) == 0 && len(p.window) == 0
	p.mu.Unlock()
	if from == 0 && n > 0 {
		p.progress, p.wait = p.c.env.Clock.Now(), patience
	}
	p.transmit(from)
}

// transmit sends the window from an index on.
func (p *peer) transmit(from int) {
	for from < len(p.window) {
		size, to := 0, from
		for to < len(p.window) && (to == from || size+len(p.window[to]) <= maxBatch) {
			size += len(p.window[to])
			to++
		}
		p.send(&wire.Batch{First: p.base + uint64(from), Items: slices.Clone(p.window[from:to])}) // it is written down later
		from = to
	}
}

// send fills in what every batch says and sends it.
func (p *peer) send(b *wire.Batch) {
	b.From, b.Incarnation, b.To = p.c.env.Procs.Node, p.c.incarnation, p.incarnation
	b.Session, b.Base = p.session, p.base
	b.AckedSession, b.Acked = p.theirs, p.next
	p.unacked = 0
	p.c.transport(p.addr, b)
	p.schedule()
}

// schedule has the clock looked at soon, if there is anything to look for.
func (p *peer) schedule() {
	if p.ticking || p.unacked == 0 && len(p.window) == 0 {
		return
	}
	p.ticking = true
	sys, self := p.c.env.Sys, p.pid
	p.c.env.Clock.AfterFunc(beat, func() { sys.Root.Send(self, &tick{}) })
}

// look acknowledges what has come, and sends again what was not acknowledged.
func (p *peer) look() {
	if p.unacked > 0 {
		p.send(&wire.Batch{})
	}
	if now := p.c.env.Clock.Now(); len(p.window) > 0 && now.Sub(p.progress) > p.wait {
		p.progress, p.wait = now, min(2*p.wait, longest)
		p.transmit(0)
	}
	p.schedule()
}

// receive takes a batch of the other node.
func (p *peer) receive(m *wire.Batch) {
	if m.GetAckedSession() == p.session {
		p.acknowledged(m.GetAcked(), m.GetResend())
	}
	switch {
	case m.GetSession() < p.theirs: // it was overtaken
		return
	case m.GetSession() > p.theirs:
		if p.theirs != 0 { // it had lost this node and meets it anew
			p.lost(messages.Errorf(messages.Unavailable, "node %s had lost this node", p.name).WithRetry(true), false)
			p.c.env.Sys.Root.Send(p.c.self(), &forgotten{p})
		}
		p.theirs, p.next = m.GetSession(), m.GetBase()
	}
	if len(m.GetItems()) == 0 {
		return
	}
	if m.GetFirst() > p.next {
		p.send(&wire.Batch{Resend: true})
		return
	}
	for i, b := range m.GetItems() {
		if m.GetFirst()+uint64(i) == p.next {
			p.next++
			p.deliver(b)
		}
	}
	if p.unacked += len(m.GetItems()); p.unacked >= ackEvery {
		p.send(&wire.Batch{})
	}
	p.schedule()
}

// acknowledged drops what the other side has.
func (p *peer) acknowledged(acked uint64, resend bool) {
	if acked > p.base+uint64(len(p.window)) {
		return // nobody who keeps to the rules says so
	}
	if n := int(acked) - int(p.base); n > 0 {
		for _, b := range p.window[:n] {
			p.held -= len(b)
		}
		clear(p.window[:n])
		p.window, p.base = p.window[n:], acked
		p.progress, p.wait = p.c.env.Clock.Now(), patience
	}
	if resend && p.c.env.Clock.Now().Sub(p.progress) > beat {
		p.progress = p.c.env.Clock.Now()
		p.transmit(0)
	}
	p.advance()
}

// deliver gives an item to the process that it is for.
func (p *peer) deliver(b []byte) {
	env := p.c.env
	i, err := messages.DecodeItem(b)
	if err != nil {
		env.Log.Warn("cluster: a message of another node cannot be read", "node", p.name, "error", err)
		return
	}
	if i.Answer != 0 {
		p.answer(i.Answer, i.Body)
		return
	}
	if claim, ok := i.Body.(*messages.Claim); ok {
		env.Sys.Root.Send(p.c.self(), &claimed{p, claim})
		return
	}
	if m, ok := i.Body.(*messages.Membership); ok {
		env.Sys.Root.Send(p.c.self(), &shared{p, m})
		return
	}
	to, notFound := env.Procs.Resolve(i.To)
	if notFound == nil && !to.Here() { // nodes do not carry what others could carry themselves
		notFound = messages.Errorf(messages.NotFound, "process not found: %s", i.To)
	}
	switch body := i.Body.(type) {
	case *messages.Mail:
		if notFound == nil {
			env.Sys.Root.Send(to.Actor, body)
		}
		return
	case *messages.Exit:
		p.untie(tie{local: i.To, remote: body.From})
		if notFound == nil {
			env.Sys.Root.Send(to.Actor, body)
		}
		return
	case *messages.Monitor:
		p.bind(tie{local: i.To, remote: body.By, monitor: true, inbound: true}, notFound == nil && !body.Off)
	case *messages.Link:
		p.bind(tie{local: i.To, remote: body.By}, notFound == nil && !body.Off)
	}
	req := &actors.Request{Tag: i.Ask, Body: i.Body, Sys: env.Sys}
	if i.Ask != 0 {
		req.From = p.pid
	}
	if notFound != nil {
		req.Reply(notFound)
		return
	}
	env.Signal(req, &messages.Signal{To: i.To, Body: i.Body})
}

// bind notes a tie that the other side made, or took back.
func (p *peer) bind(t tie, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.ties[t] = true
	} else {
		delete(p.ties, t)
	}
}

// answered sends the answer of a process of this node back.
func (p *peer) answered(a *actors.Answer) {
	body := a.Body
	if _, failed := body.(*messages.Error); !failed {
		body = &messages.Done{}
	}
	_ = p.post(messages.Item{Answer: a.Tag, Body: body}, false) // if the node is lost, nobody waits
}
