package actors

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/troupe-go/troupe/messages"
)

// Traceable is the Life of a process whose messages can be looked at.
type Traceable interface {
	// Trace has t offered every message from now on, or with on false no more.
	// It may be called from any goroutine.
	Trace(t *Trace, on bool)
}

// Trace is one reader of the messages of one process. Whoever writes to it never
// waits for it.
type Trace struct {
	target  Traceable
	events  chan messages.TraceEvent
	dropped atomic.Int64
	over    chan struct{}
	end     sync.Once
}

// traceRoom is how many events wait for a slow reader; more are dropped.
const traceRoom = 1024

// Trace begins a trace of the messages of a process, by PID or registered name.
// It lasts until Run has returned.
func (n *Node) Trace(dest string) (*Trace, error) {
	p, err := n.Procs.Resolve(dest)
	if err != nil {
		return nil, err
	}
	target, ok := p.Life.(Traceable)
	if !ok {
		return nil, messages.Errorf(messages.Invalid, "tracing %s: only the messages of Lua processes can be traced", dest)
	}
	t := &Trace{target: target, events: make(chan messages.TraceEvent, traceRoom), over: make(chan struct{})}
	target.Trace(t, true)
	if !p.Alive() { // it may have ended before it knew of the trace
		t.End()
	}
	return t, nil
}

// Offer gives an event to the reader, or drops it where that is too slow.
func (t *Trace) Offer(e messages.TraceEvent) {
	select {
	case t.events <- e:
	default:
		t.dropped.Add(1)
	}
}

// End tells the reader that the process has ended. It may be called repeatedly.
func (t *Trace) End() { t.end.Do(func() { close(t.over) }) }

// Run calls f with one event after the other until the process has ended and all
// its events were read, which gives nil, until ctx ends, which gives its error,
// or until f returns one.
func (t *Trace) Run(ctx context.Context, f func(messages.TraceEvent) error) error {
	defer t.target.Trace(t, false)
	give := func(e messages.TraceEvent) error {
		e.Dropped = int(t.dropped.Swap(0))
		return f(e)
	}
	for {
		select {
		case e := <-t.events:
			if err := give(e); err != nil {
				return err
			}
			if err := ctx.Err(); err != nil { // a process that never rests would hide it
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-t.over:
			for {
				select {
				case e := <-t.events:
					if err := give(e); err != nil {
						return err
					}
				default:
					return nil
				}
			}
		}
	}
}
