package process

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Limits are the limits of a process in its entry.
type Limits struct {
	Memory       registry.Bytes `yaml:"memory" doc:"What it may hold, as in 64MB; half of the node's memory limit without it. It is measured when the heap has grown, so a process can hold more for a moment."`
	Instructions int64          `yaml:"instructions" min:"0" doc:"How many VM instructions a process, or a call, may execute in all; 0 for no limit."`
	Mailbox      int            `yaml:"mailbox" min:"0" doc:"How many messages may wait; 0 for no limit."`
	Operations   int            `yaml:"operations" min:"0" doc:"How many timers, subscriptions and calls may be under way at the same time; 0 for 100,000."`
	Coroutines   int            `yaml:"coroutines" min:"0" doc:"How many coroutines made by coroutine.spawn may run at the same time; 0 for 100,000."`
	MailboxBytes registry.Bytes `yaml:"mailbox_bytes" doc:"What the messages that wait may hold, as in 8MB; no limit without it."`
	MailboxFull  string         `yaml:"mailbox_full" oneof:"end|drop_new|drop_old" default:"end" doc:"What happens at a limit of the mailbox: end the process, drop the message that comes, or drop the one that has waited longest. The first drop is logged."`
	Trace        int            `yaml:"trace" min:"0" max:"1000" doc:"How many of the last messages, in and out, are kept for the report of a crash, cut to 120 bytes each. Each message then costs some microseconds."`
}

func (l Limits) lua() lua.Limits {
	return lua.Limits{
		Memory: int64(l.Memory), Instructions: l.Instructions, Operations: l.Operations, Coroutines: l.Coroutines,
		Mailbox: l.Mailbox, MailboxBytes: int(l.MailboxBytes), MailboxFull: l.MailboxFull,
		Trace: l.Trace,
	}
}

// CallLimits are the limits of a call of a function in its entry.
type CallLimits struct {
	Limits `yaml:",inline"`
	Time   time.Duration `yaml:"time" min:"0s" doc:"Longest run time of a call that has no timeout of its own; 0 for no limit."`
}

// watchdog looks after the heap of the node. It runs after each collection, not
// by a clock: a heap that does not grow costs nothing.
type watchdog struct {
	engine *lua.Engine
	node   *actors.Node
	over   atomic.Bool
	busy   atomic.Bool
}

// Watchdog is the component that ends processes that hold too much memory.
func (rt *Runtime) Watchdog() actors.Component {
	return actors.Component{
		Name: "watchdog", Doc: "Ends processes that hold more memory than they may, or than the node can bear.",
		New: func(env actors.Env) actor.Actor { return &watchdog{engine: rt.Engine, node: env.Node} },
	}
}

// Start implements actors.Starter.
func (w *watchdog) Start(context.Context) error {
	if most := debug.SetMemoryLimit(-1); most < math.MaxInt64 {
		w.engine.SetMemory(most / 2)
	}
	w.arm()
	return nil
}

// Stop implements actors.Stopper.
func (w *watchdog) Stop(context.Context) error {
	w.over.Store(true)
	return nil
}

// Receive implements actor.Actor.
func (w *watchdog) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, "watchdog")
	}
}

// arm has collected called after the next collection: it is when the garbage
// made here goes.
func (w *watchdog) arm() {
	runtime.AddCleanup(&struct{ _ [16]byte }{}, (*watchdog).collected, w)
}

// measureFrom is the heap below which no process can be too large.
const measureFrom = 16 << 20

func (w *watchdog) collected() {
	if w.over.Load() {
		return
	}
	w.arm()
	live := liveHeap()
	if live < measureFrom {
		return
	}
	w.engine.Measure()
	if most := debug.SetMemoryLimit(-1); most < math.MaxInt64 && live > most/10*9 && w.busy.CompareAndSwap(false, true) {
		w.node.Go(func() {
			defer w.busy.Store(false)
			w.relieve(live, most)
		})
	}
}

// relieve ends the process that is known to hold most, if that is what fills the
// heap.
func (w *watchdog) relieve(live, most int64) {
	var largest *actors.Proc
	var size int64
	for _, p := range w.node.Procs.All() {
		if n := p.Info().Memory; n > size {
			largest, size = p, n
		}
	}
	if largest == nil || size < most/10 {
		w.node.Log.Warn("memory is short", "heap", live, "limit", most)
		return
	}
	w.node.Log.Error("memory is short: the largest process is ended", "heap", live, "limit", most, "pid", largest.PID, "holds", size)
	largest.Kill(messages.Errorf(messages.Unavailable, "the node is short of memory and the process held most of it: %d bytes", size))
}

// liveHeap is what the last collection has found in use.
func liveHeap() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}
