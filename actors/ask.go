package actors

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/messages"
)

// Request carries a command to the actor that handles it. Every request that
// has a From is answered exactly once.
type Request struct {
	Tag  uint64
	From *actor.PID // nil if nothing is expected back
	By   string     // PID of the Lua process that asks, "" for others
	Body any
	Sys  *actor.ActorSystem
}

// Answer comes back to From with the tag of the request. Body is the answer, or
// a *messages.Error.
type Answer struct {
	Tag  uint64
	Body any
}

// Abandon tells the handler of a request that nobody waits for its answer any
// more.
type Abandon struct {
	Tag  uint64
	From *actor.PID
}

// Reply answers the request. An error becomes a *messages.Error.
func (r *Request) Reply(body any) {
	if r.From == nil {
		return
	}
	if err, ok := body.(error); ok {
		body = messages.AsError(err)
	}
	r.Sys.Root.Send(r.From, &Answer{Tag: r.Tag, Body: body})
}

// Done answers a request that has nothing to tell.
func (r *Request) Done() { r.Reply(done) }

// Gone answers a request that came to a process after its end.
func (r *Request) Gone() {
	if off(r.Body) { // of something that is gone nothing has to be taken back
		r.Done()
		return
	}
	r.Reply(messages.Errorf(messages.NotFound, "pid not found: the process has ended"))
}

var done = &messages.Done{}

// rootName is the actor below which everything of a runtime lives.
const rootName = "troupe"

// PID is where the actor of a component ("registry") or entry ("app:cache")
// lives. It is a function of the name alone, so nothing has to be looked up or
// kept in step.
func PID(sys *actor.ActorSystem, name string) *actor.PID {
	if strings.IndexByte(name, ':') >= 0 {
		return actor.NewPID(sys.Address(), rootName+"/"+EntriesName+"/"+name)
	}
	return actor.NewPID(sys.Address(), rootName+"/"+name)
}

// EntriesName is the component whose children are the actors of the entries.
const EntriesName = "factory"

// Call sends body to an actor and waits for its answer. Inside a Cell's script
// only the script waits; elsewhere the goroutine does, until ctx ends.
func Call(ctx context.Context, sys *actor.ActorSystem, to *actor.PID, body any) (any, error) {
	if s, ok := ctx.Value(scriptKey{}).(*script); ok {
		return s.ask(to, body)
	}
	timeout := time.Duration(-1)
	if until, ok := ctx.Deadline(); ok {
		if timeout = time.Until(until); timeout <= 0 {
			return nil, messages.AsError(context.DeadlineExceeded)
		}
	}
	d := deskOf(sys)
	tag, answer := d.wait()
	from := d.address(sys)
	sys.Root.Send(to, &Request{Tag: tag, From: from, Body: body, Sys: sys})
	if step := Pump(ctx); step != nil {
		for {
			select {
			case v := <-answer:
				return d.done(answer, v)
			default:
			}
			if !step() {
				d.forget(tag)
				return nil, messages.Errorf(messages.Timeout, "no answer from %s to %T: nothing can run any more", to.Id, body)
			}
		}
	}
	var late <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case v := <-answer:
		return d.done(answer, v)
	case <-ctx.Done():
		d.forget(tag)
		sys.Root.Send(to, &Abandon{Tag: tag, From: from})
		return nil, messages.AsError(context.Cause(ctx))
	case <-late:
		d.forget(tag)
		sys.Root.Send(to, &Abandon{Tag: tag, From: from})
		return nil, messages.Errorf(messages.Timeout, "no answer from %s to %T", to.Id, body)
	}
}

// desk is the process that the answers to goroutines are sent to: one for each
// actor system, with a place for everyone who waits. It needs no mailbox: it
// only passes values on.
type desk struct {
	last    atomic.Uint64
	answers sync.Pool // of empty channels
	pid     atomic.Pointer[actor.PID]
	places  [32]struct {
		mu      sync.Mutex
		waiting map[uint64]chan any
	}
}

// deskName is its name in the registry of the system.
const deskName = "asks"

func deskOf(sys *actor.ActorSystem) *desk {
	if p, ok := sys.ProcessRegistry.GetLocal(deskName); ok {
		return p.(*desk)
	}
	sys.ProcessRegistry.Add(&desk{}, deskName) // unless another was faster
	p, _ := sys.ProcessRegistry.GetLocal(deskName)
	return p.(*desk)
}

// address is the desk's PID. The address of a system changes once, when it
// begins to listen to others.
func (d *desk) address(sys *actor.ActorSystem) *actor.PID {
	pid := d.pid.Load()
	if pid == nil || pid.Address != sys.Address() {
		pid = actor.NewPID(sys.Address(), deskName)
		d.pid.Store(pid)
	}
	return pid
}

// wait takes a place for the answer of a request.
func (d *desk) wait() (tag uint64, answer chan any) {
	tag = d.last.Add(1)
	if answer, _ = d.answers.Get().(chan any); answer == nil {
		answer = make(chan any, 1)
	}
	p := &d.places[tag%uint64(len(d.places))]
	p.mu.Lock()
	if p.waiting == nil {
		p.waiting = map[uint64]chan any{}
	}
	p.waiting[tag] = answer
	p.mu.Unlock()
	return tag, answer
}

// done gives an empty channel back and unpacks what was in it.
func (d *desk) done(answer chan any, v any) (any, error) {
	d.answers.Put(answer)
	return Unpack(v)
}

// forget gives a place up, and returns who waits there. Its channel may still
// get its answer, so it is not used again.
func (d *desk) forget(tag uint64) chan any {
	p := &d.places[tag%uint64(len(d.places))]
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := p.waiting[tag]
	delete(p.waiting, tag)
	return ch
}

// SendUserMessage implements actor.Process.
func (d *desk) SendUserMessage(_ *actor.PID, m any) {
	_, m, _ = actor.UnwrapEnvelope(m)
	if a, ok := m.(*Answer); ok {
		if ch := d.forget(a.Tag); ch != nil {
			ch <- a.Body
		}
	}
}

// SendSystemMessage implements actor.Process.
func (*desk) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (*desk) Stop(*actor.PID) {}

// Unpack turns an answer into a value or an error.
func Unpack(v any) (any, error) {
	if e, ok := v.(*messages.Error); ok {
		return nil, e
	}
	return v, nil
}

// As turns an answer into a value of the type it must have.
func As[T any](v any, err error) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	t, ok := v.(T)
	if !ok {
		return zero, messages.Errorf(messages.Internal, "answer of type %T in place of %s", v, reflect.TypeFor[T]())
	}
	return t, nil
}

// FailDeadLetters answers requests that reached nobody, so that no one waits
// for ever. The subscription lives as long as the system.
func FailDeadLetters(sys *actor.ActorSystem) {
	sys.EventStream.Subscribe(func(e any) {
		dl, ok := e.(*actor.DeadLetterEvent)
		if !ok {
			return
		}
		_, m, _ := actor.UnwrapEnvelope(dl.Message)
		r, ok := m.(*Request)
		if !ok || r.From == nil {
			return
		}
		switch r.Body.(type) {
		case *messages.Monitor, *messages.Link, *messages.Cancel:
			r.Gone()
		default:
			r.Reply(notThere(dl.PID, r.Body))
		}
	})
}

func notThere(pid *actor.PID, body any) *messages.Error {
	name := pid.Id[strings.LastIndexByte(pid.Id, '/')+1:]
	switch body.(type) {
	case *messages.Spawn, *messages.Exec:
		return messages.Errorf(messages.NotFound, "host not found: %s", name)
	}
	return messages.Errorf(messages.NotFound, "%s not found", name)
}

var errStopped = errors.New("the actor was stopped")

// Unknown answers a request that its receiver has no answer for.
func Unknown(req *Request, who string) {
	req.Reply(NotAnswered(who, req.Body))
}

// NotAnswered is the error of a request that its receiver has no answer for. To
// start a process on what is no host, and to call what is no function, is a
// NotFound, as if there were no entry of that id. An entry of the wrong kind
// for a Lua module is told in words of the program, which knows no requests.
func NotAnswered(who string, body any) *messages.Error {
	switch body.(type) {
	case *messages.Spawn, *messages.Exec:
		return messages.Errorf(messages.NotFound, "host not found: %s does not run processes", who)
	case *messages.FunctionCall:
		return messages.Errorf(messages.NotFound, "function not found: %s cannot be called", who)
	case *messages.StoreInfo:
		return messages.Errorf(messages.Invalid, "not a store: %s", who)
	case *messages.FilesOpen:
		return messages.Errorf(messages.Invalid, "not a filesystem: %s", who)
	case *messages.QueuePublish, *messages.QueueInfo:
		return messages.Errorf(messages.Invalid, "not a queue: %s", who)
	case *messages.ExecOpen:
		return messages.Errorf(messages.Invalid, "not an executor: %s", who)
	}
	return messages.Errorf(messages.Invalid, "%s does not answer %T", who, body)
}
