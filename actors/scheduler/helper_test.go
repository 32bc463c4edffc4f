package scheduler

import (
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// system makes a quiet actor system.
func system(tb testing.TB) *actor.ActorSystem {
	tb.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	return actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }),
		actor.WithDeadLetterThrottleInterval(time.Millisecond)) // else its timer outlives the tests
}

// fixture is a scheduler that is stopped at the end of the test, and a system to use it from.
type fixture struct {
	*testing.T
	sys   *actor.ActorSystem
	sched *Scheduler
}

func fixed(t *testing.T, o Options) *fixture {
	t.Helper()
	f := &fixture{T: t, sys: system(t), sched: New(o)}
	t.Cleanup(f.sched.Stop)
	return f
}

func (f *fixture) spawn(receive actor.ReceiveFunc) *actor.PID {
	return f.sys.Root.Spawn(actor.PropsFromFunc(receive, f.sched.Props()...))
}

func (f *fixture) spawnActor(a actor.Actor) *actor.PID {
	return f.sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return a }, f.sched.Props()...))
}

const patience = time.Minute

// wait receives from c, or fails the test after a time that is long for anything that works.
func wait[V any](t testing.TB, c <-chan V, what string) V {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waiting for %s: nothing came; goroutines:\n%s", what, stacks())
		panic("unreachable")
	}
}

// eventually waits until ok is true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("waiting for %s: it did not happen; goroutines:\n%s", what, stacks())
		}
	}
}

func stacks() []byte {
	buf := make([]byte, 1<<16)
	return buf[:runtime.Stack(buf, true)]
}

func runtimeGoexit() { runtime.Goexit() }

// heap is the number of live bytes.
func heap() uint64 {
	var st runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&st)
	return st.HeapAlloc
}

// ball is a message that is sent to and fro.
type ball struct{ from *actor.PID }
