package scheduler

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// letters collects the dead letters for one actor.
func (f *fixture) letters(id string) <-chan any {
	got := make(chan any, 1000)
	f.sys.EventStream.Subscribe(func(ev any) {
		if d, ok := ev.(*actor.DeadLetterEvent); ok && d.PID != nil && d.PID.Id == id {
			got <- d.Message
		}
	})
	return got
}

func TestQueuedMessagesOfAStoppedActorAreDeadLetters(t *testing.T) {
	f := fixed(t, Options{})
	dead := f.letters("victim")
	entered, leave := make(chan struct{}), make(chan struct{})
	pid, err := f.sys.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case string:
			close(entered)
			<-leave
		case int:
			t.Error("a stopped actor received a message")
		}
	}, f.sched.Props()...), "victim")
	if err != nil {
		t.Fatal(err)
	}
	f.sys.Root.Send(pid, "hold")
	wait(t, entered, "the handler")
	for i := range 100 {
		f.sys.Root.Send(pid, i)
	}
	ask := f.sys.Root.RequestFuture(pid, 100, time.Minute)
	f.sys.Root.Stop(pid)
	close(leave)
	for i := range 101 {
		if v := wait(t, dead, "a dead letter"); v != i {
			t.Fatalf("dead letter %v, want %d", v, i)
		}
	}
	if _, err := ask.Result(); !errors.Is(err, actor.ErrDeadLetter) {
		t.Errorf("the ask ended with %v, want a dead letter", err)
	}
}

func TestPostToAStoppedMailbox(t *testing.T) {
	f := fixed(t, Options{})
	dead := f.letters("gone")
	var box actor.Mailbox
	props := actor.PropsFromFunc(func(actor.Context) {}, actor.WithMailbox(func() actor.Mailbox {
		box = f.sched.Mailbox()
		return box
	}))
	pid, err := f.sys.Root.SpawnNamed(props, "gone")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.sys.Root.StopFuture(pid).Wait(); err != nil {
		t.Fatal(err)
	}
	watcher := make(chan *actor.Terminated, 1)
	wpid := f.spawn(func(c actor.Context) {
		if m, ok := c.Message().(*actor.Terminated); ok {
			watcher <- m
		}
	})
	box.PostUserMessage("late") // as one does who looked the process up before it ended
	box.PostSystemMessage(&actor.Restart{})
	box.PostSystemMessage(&actor.Watch{Watcher: wpid})
	var late, restart int
	for range 2 {
		switch v := wait(t, dead, "a dead letter").(type) {
		case string:
			late++
		case *actor.Restart:
			restart++
		default:
			t.Errorf("dead letter %T", v)
		}
	}
	if late != 1 || restart != 1 {
		t.Errorf("%d late messages and %d restarts were dead letters, want one of each", late, restart)
	}
	if m := wait(t, watcher, "Terminated"); m.Who.Id != "gone" {
		t.Errorf("Terminated says %v", m.Who)
	}
}

func TestNoMessageIsLostWhenTheNameIsTakenAtOnce(t *testing.T) {
	f := fixed(t, Options{})
	var mu sync.Mutex
	fates := map[string]int{}
	note := func(v string) { mu.Lock(); fates[v]++; mu.Unlock() }
	f.sys.EventStream.Subscribe(func(ev any) {
		if d, ok := ev.(*actor.DeadLetterEvent); ok {
			if v, ok := d.Message.(string); ok {
				note(v)
			}
		}
	})
	again := make(chan struct{}, 1)
	props := actor.PropsFromFunc(func(c actor.Context) {
		switch v := c.Message().(type) {
		case string:
			note(v)
		case *actor.Stopped: // the name is free now
			if _, err := c.ActorSystem().Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
				if v, ok := c.Message().(string); ok {
					note(v)
				}
			}, f.sched.Props()...), "phoenix"); err != nil {
				t.Error(err)
			}
			again <- struct{}{}
		}
	}, f.sched.Props()...)
	pid, err := f.sys.Root.SpawnNamed(props, "phoenix")
	if err != nil {
		t.Fatal(err)
	}
	const n = 500
	for i := range n {
		if i == n/2 {
			f.sys.Root.Stop(pid)
		}
		f.sys.Root.Send(pid, fmt.Sprint(i))
	}
	wait(t, again, "the second actor")
	eventually(t, "every message to have one fate", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(fates) == n
	})
	for v, times := range fates {
		if times != 1 {
			t.Errorf("message %s came %d times", v, times)
		}
	}
}
