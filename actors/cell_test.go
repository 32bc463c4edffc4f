package actors_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// component makes a component of a function that serves its requests.
func component(name string, serve func(env actors.Env, req *actors.Request)) actors.Component {
	return actors.Component{Name: name, New: func(env actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if req, ok := ctx.Message().(*actors.Request); ok {
				serve(env, req)
			}
		})
	}}
}

// echo answers everything with itself, and "later" only when it is asked again.
func echo() actors.Component {
	var waiting []*actors.Request
	return component("echo", func(_ actors.Env, req *actors.Request) {
		if req.Body == "later" {
			waiting = append(waiting, req)
			return
		}
		for _, w := range waiting {
			w.Reply("at last")
		}
		waiting = nil
		req.Reply(req.Body)
	})
}

func TestScripts(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(ctx context.Context, env actors.Env) (any, error)
		want string
	}{
		{"value", func(context.Context, actors.Env) (any, error) { return 7, nil }, "7"},
		{"nothing", func(context.Context, actors.Env) (any, error) { return nil, nil }, "&{}"},
		{"error", func(context.Context, actors.Env) (any, error) { return nil, errors.New("no") }, "Internal: no"},
		{"panic", func(context.Context, actors.Env) (any, error) { panic("broken") }, "Internal: worker panicked: broken"},
		{"call", func(ctx context.Context, env actors.Env) (any, error) {
			return actors.Call(ctx, env.Sys, env.PID("echo"), "hello")
		}, "hello"},
		{"two calls", func(ctx context.Context, env actors.Env) (any, error) {
			a, err := actors.As[string](actors.Call(ctx, env.Sys, env.PID("echo"), "a"))
			if err != nil {
				return nil, err
			}
			b, err := actors.As[string](actors.Call(ctx, env.Sys, env.PID("echo"), "b"))
			return a + b, err
		}, "ab"},
		{"call to nobody", func(ctx context.Context, env actors.Env) (any, error) {
			return actors.Call(ctx, env.Sys, env.PID("absent"), "hello")
		}, "NotFound: absent not found"},
		{"call, then panic", func(ctx context.Context, env actors.Env) (any, error) {
			_, _ = actors.Call(ctx, env.Sys, env.PID("echo"), "hello")
			panic("broken")
		}, "Internal: worker panicked: broken"},
		{"answer of another type", func(ctx context.Context, env actors.Env) (any, error) {
			return actors.As[int](actors.Call(ctx, env.Sys, env.PID("echo"), "hello"))
		}, "Internal: answer of type string in place of int"},
		{"goroutine", func(ctx context.Context, _ actors.Env) (any, error) {
			return actors.Await(ctx, func() (any, error) { return "done", nil })
		}, "done"},
		{"goroutine that fails", func(ctx context.Context, _ actors.Env) (any, error) {
			return actors.Await(ctx, func() (any, error) { return nil, errors.New("no") })
		}, "Internal: no"},
		{"goroutine that panics", func(ctx context.Context, _ actors.Env) (any, error) {
			return actors.Await(ctx, func() (any, error) { panic("broken") })
		}, "Internal: panic: broken"},
		{"until, at once", func(ctx context.Context, _ actors.Env) (any, error) {
			return actors.Until(ctx, func(done func(any)) { done("now") })
		}, "now"},
		{"until, an error", func(ctx context.Context, _ actors.Env) (any, error) {
			return actors.Until(ctx, func(done func(any)) { done(errors.New("no")) })
		}, "Internal: no"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			worker := component("worker", func(env actors.Env, req *actors.Request) {
				env.Cell.Serve(req, func(ctx context.Context) (any, error) { return tc.do(ctx, env) })
			})
			n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{echo(), worker}})
			for range 2 { // it goes on afterwards
				v, err := actorstest.Ask(t, n, "worker", "go")
				got := fmt.Sprint(v)
				if err != nil {
					e := messages.AsError(err)
					got = e.Kind + ": " + e.Error()
				}
				if first, _, _ := strings.Cut(got, "\n"); first != tc.want {
					t.Errorf("got %s, want %s", first, tc.want)
				}
			}
		})
	}
}

// While a script waits, the actor goes on; answers find their script.
func TestScriptsDoNotBlock(t *testing.T) {
	worker := component("worker", func(env actors.Env, req *actors.Request) {
		env.Cell.Serve(req, func(ctx context.Context) (any, error) {
			return actors.Call(ctx, env.Sys, env.PID("echo"), req.Body)
		})
	})
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{echo(), worker}})
	first := make(chan any, 1)
	go func() {
		v, _ := actors.Call(t.Context(), n.Sys, n.PID("worker"), "later")
		first <- v
	}()
	actorstest.Until(t, n, "the first script waits", func() bool {
		v, err := actorstest.Ask(t, n, "worker", "next")
		if err != nil || v != "next" {
			t.Fatalf("got %v, %v", v, err)
		}
		return len(first) == 1
	})
	if v := <-first; v != "at last" {
		t.Errorf("got %v", v)
	}
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stop func()
		worker := component("worker", func(env actors.Env, req *actors.Request) {
			switch d := req.Body.(type) {
			case time.Duration:
				env.Cell.Serve(req, func(ctx context.Context) (any, error) { return "woken", actors.Sleep(ctx, d) })
			case string:
				stop = env.Cell.After(time.Second, func() { t.Error("it fired although it was stopped") })
				stop()
				stop()
				req.Done()
			}
		})
		n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{worker}})
		begin := time.Now()
		if v, err := actorstest.Ask(t, n, "worker", 3*time.Second); v != "woken" || err != nil {
			t.Errorf("got %v, %v", v, err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("it took %s", took)
		}
		actorstest.Must[*messages.Done](t, n, "worker", "stop it")
		actorstest.Must[string](t, n, "worker", 2*time.Second)
	})
}

// An actor that stops ends its scripts, and nobody waits for them for ever.
func TestStopEndsScripts(t *testing.T) {
	worker := component("worker", func(env actors.Env, req *actors.Request) {
		switch req.Body {
		case "stop":
			env.Cell.Context().Stop(env.Cell.Self())
			req.Done()
		default:
			env.Cell.Serve(req, func(ctx context.Context) (any, error) {
				_, err := actors.Until(ctx, func(func(any)) {})
				if again := actors.Sleep(ctx, time.Hour); !messages.IsKind(again, messages.Canceled) {
					t.Errorf("waiting again gave %v", again)
				}
				return nil, err
			})
		}
	})
	n := actorstest.Node(t, actorstest.Parts{})
	pid, err := n.Sys.Root.SpawnNamed(n.SpawnProps("worker", registry.Entry{}, true, worker.New), "worker")
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := actors.Call(t.Context(), n.Sys, pid, "wait")
		answer <- err
	}()
	actorstest.Until(t, n, "the actor is gone", func() bool {
		_, err := actors.Call(t.Context(), n.Sys, pid, "stop")
		return messages.IsKind(err, messages.NotFound)
	})
	if err := <-answer; !messages.IsKind(err, messages.Canceled) && !messages.IsKind(err, messages.NotFound) {
		t.Errorf("got %v", err)
	}
}

// An answer to an actor that is gone is none for the one that has its name now.
func TestAnswersOfTheOneBefore(t *testing.T) {
	asker := component("asker", func(env actors.Env, req *actors.Request) {
		switch body := req.Body.(string); body {
		case "stop":
			env.Cell.Context().Stop(env.Cell.Self())
			req.Done()
		default:
			env.Cell.Ask(env.PID("echo"), body, func(v any, err error) { req.Reply(v) })
		}
	})
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{echo()}})
	spawn := func() *actor.PID {
		pid, err := n.Sys.Root.SpawnNamed(n.SpawnProps("asker", registry.Entry{}, true, asker.New), "asker")
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	pid := spawn()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = actors.Call(ctx, n.Sys, pid, "later") // nobody waits for it
	actorstest.Until(t, n, "the actor is gone", func() bool {
		_, err := actors.Call(t.Context(), n.Sys, pid, "stop")
		return messages.IsKind(err, messages.NotFound)
	})
	// Its first question is answered behind that of the one before.
	if v, err := actors.Call(t.Context(), n.Sys, spawn(), "mine"); v != "mine" || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
}

// A component that panics keeps its state and goes on; who asked gets an error.
func TestComponentsSurvivePanics(t *testing.T) {
	count := 0
	worker := component("worker", func(_ actors.Env, req *actors.Request) {
		count++
		if req.Body == "panic" {
			panic("broken")
		}
		req.Reply(count)
	})
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{worker}})
	if _, err := actorstest.Ask(t, n, "worker", "panic"); !messages.IsKind(err, messages.Internal) || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
	if got := actorstest.Must[int](t, n, "worker", "count"); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestCallGivesUpWithItsContext(t *testing.T) {
	abandoned := make(chan uint64, 1)
	worker := actors.Component{Name: "worker", New: func(actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if m, ok := ctx.Message().(*actors.Abandon); ok {
				abandoned <- m.Tag
			}
		})
	}}
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{worker}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := actors.Call(ctx, n.Sys, n.PID("worker"), "hello"); !messages.IsKind(err, messages.Canceled) {
		t.Errorf("got %v", err)
	}
	<-abandoned
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := actors.Call(ctx, n.Sys, n.PID("worker"), "hello"); !messages.IsKind(err, messages.Timeout) {
		t.Errorf("got %v", err)
	}
}

func TestAsk(t *testing.T) {
	c := echo()
	c.Handles = []any{"a command"}
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{c}})
	if v, err := n.Ask(t.Context(), "hello"); v != "hello" || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := n.Ask(t.Context(), 7); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := n.AskEntry(t.Context(), "app:absent", "hello"); !messages.IsKind(err, messages.NotFound) || !strings.Contains(err.Error(), "app:absent not found") {
		t.Errorf("got %v", err)
	}
	if _, err := n.AskEntry(t.Context(), "app:absent", &messages.Spawn{}); !messages.IsKind(err, messages.NotFound) || err.Error() != "host not found: app:absent" {
		t.Errorf("got %v", err)
	}
}

func TestCommandsAreSealed(t *testing.T) {
	cs := actors.NewCommands()
	a, b := actor.NewPID("x", "a"), actor.NewPID("x", "b")
	cs.Register("text", a)
	panics(t, "dispatcher: string is handled by a and b", func() { cs.Register("other text", b) })
	if err := cs.Freeze([]any{"text", 7}); err == nil || !strings.Contains(err.Error(), "no component handles int") {
		t.Errorf("got %v", err)
	}
	if err := cs.Freeze([]any{"text"}); err != nil {
		t.Error(err)
	}
	panics(t, "dispatcher: handler of int registered after activation", func() { cs.Register(7, a) })
	if cs.Lookup("any text") != a || cs.Lookup(7) != nil {
		t.Error("looked up the wrong one")
	}
}

func TestAppContextIsSealed(t *testing.T) {
	app := actors.NewAppContext()
	one, two, same := actors.NewKey[int]("one"), actors.NewKey[string]("two"), actors.NewKey[int]("one")
	one.Set(app, 1)
	panics(t, "app context: one is set twice", func() { one.Set(app, 2) })
	same.Set(app, 3)
	app.Seal()
	panics(t, "app context: two is set after the context was sealed", func() { two.Set(app, "x") })
	panics(t, "app context: two is not set", func() { two.Get(app) })
	if v, ok := one.Lookup(app); v != 1 || !ok || same.Get(app) != 3 || app.Len() != 2 {
		t.Errorf("got %v %v", v, ok)
	}
	if actors.App(actors.WithApp(t.Context(), app)) != app || actors.App(t.Context()) != nil {
		t.Error("the context carries the wrong one")
	}
}

func panics(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
			t.Errorf("panicked with %q, want %q", got, want)
		}
	}()
	f()
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		var begin time.Time
		policy := &messages.RetryPolicy{MaxAttempts: 4, Initial: time.Second, Max: 3 * time.Second, Factor: 2}
		worker := component("worker", func(env actors.Env, req *actors.Request) {
			begin, at = time.Now(), nil
			good := req.Body.(int)
			env.Cell.Serve(req, func(ctx context.Context) (any, error) {
				return actors.Retry(ctx, policy, env.Random, func() (any, error) {
					at = append(at, time.Since(begin))
					if len(at) == good {
						return "done", nil
					}
					return nil, fmt.Errorf("attempt %d", len(at))
				})
			})
		})
		n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{worker}})
		if v, err := actorstest.Ask(t, n, "worker", 3); v != "done" || fmt.Sprint(at) != "[0s 1s 3s]" {
			t.Errorf("got %v, %v at %v", v, err, at)
		}
		if _, err := actorstest.Ask(t, n, "worker", 9); err == nil || err.Error() != "attempt 4" || fmt.Sprint(at) != "[0s 1s 3s 6s]" {
			t.Errorf("got %v at %v", err, at)
		}
	})
}
