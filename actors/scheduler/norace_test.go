//go:build !race

package scheduler

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

const raceEnabled = false

// The race detector changes the sizes, so this test is not part of its build.
func TestIdleActorMemory(t *testing.T) {
	f := fixed(t, Options{})
	const n = 20000
	quiet := &quietActor{}
	props := actor.PropsFromProducer(func() actor.Actor { return quiet }, f.sched.Props()...)
	pids := make([]*actor.PID, n)
	warm := make([]*actor.PID, n) // the registry's maps grow to their size
	for i := range warm {
		warm[i] = f.sys.Root.Spawn(props)
	}
	for _, p := range warm {
		if err := f.sys.Root.StopFuture(p).Wait(); err != nil {
			t.Fatal(err)
		}
	}
	clear(warm)
	before := heap()
	for i := range pids {
		pids[i] = f.sys.Root.Spawn(props)
	}
	allIdle(t, f.sched)
	if each := (heap() - before) / n; each > 560 {
		t.Errorf("an idle actor holds %d bytes, want at most 560", each)
	} else {
		t.Logf("an idle actor holds %d bytes", each)
	}
	for _, p := range pids {
		f.sys.Root.Stop(p)
	}
}

type quietActor struct{}

func (*quietActor) Receive(actor.Context) {}
