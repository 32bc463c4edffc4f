package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

var errBoom = errors.New("boom")

func TestOrder(t *testing.T) {
	for _, tc := range []struct {
		name     string
		services []string
		pairs    string // of needs: "a<b" says that b starts before a and stops after it
	}{
		{"chain", []string{"a<b", "b<c", "c"}, "a<b b<c a<c"},
		{"diamond", []string{"a<b,c", "b<d", "c<d", "d"}, "a<b a<c b<d c<d"},
		{"not started by itself but needed", []string{"a<b", "b !auto"}, "a<b"},
		{"two trees", []string{"a<b", "b", "x<y", "y"}, "a<b x<y"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			seeds(t, func(t *testing.T, seed uint64) {
				w := newWorld(t, seed, tc.services...)
				w.onStart = func(ctx context.Context, _ string, _ int) error { return actors.Sleep(ctx, time.Second) }
				w.startAll()
				for _, s := range tc.services {
					if got := w.state(s[:1]); got.Status != "running" || got.Desired != "running" {
						t.Errorf("%s is %+v", s[:1], got)
					}
				}
				if _, err := w.ask(&actors.StopAll{Reason: "enough"}); err != nil {
					t.Fatal(err)
				}
				for _, pair := range strings.Fields(tc.pairs) {
					a, b, _ := strings.Cut(pair, "<")
					if !w.before("start "+b, "start "+a) || !w.before("stop "+a, "stop "+b) {
						t.Errorf("%s: %s", pair, w.story())
					}
				}
				if n := strings.Count(w.story(), "s"); n == 0 || len(w.journal) != 2*len(tc.services) {
					t.Errorf("each should start and stop once: %s", w.story())
				}
				if got := w.history("a"); got != "starting running stopping stopped" {
					t.Errorf("a went through %s", got)
				}
			})
		})
	}
}

func TestIndependentServicesStartAtOnce(t *testing.T) {
	w := newWorld(t, 1, "a", "b", "c")
	w.onStart = func(ctx context.Context, _ string, _ int) error { return actors.Sleep(ctx, 3*time.Second) }
	w.startAll()
	if took := w.n.Clock.Now().Sub(w.begin); took != 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestCrashLoop(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a startup=optional max_attempts=5")
		w.onStart = func(context.Context, string, int) error { return errBoom }
		w.startAll()
		d := w.until("a", "exited")
		if got := fmt.Sprint(w.times("start a")); got != "[0 1 3 7 15]" {
			t.Errorf("started at %s", got)
		}
		if d.Retries != 5 || d.Details != "boom" {
			t.Errorf("state %+v", d)
		}
		if got := w.history("a"); got != strings.TrimSpace(strings.Repeat("starting failed ", 4)+"starting exited") {
			t.Errorf("went through %s", got)
		}
	})
}

func TestEnds(t *testing.T) {
	for _, tc := range []struct {
		name   string
		err    *messages.Error
		status string
		starts int
	}{
		{"normal", nil, "exited", 1},
		{"failure", messages.Errorf(messages.Internal, "boom"), "running", 2},
		{"terminated", messages.Errorf(messages.Canceled, "process was terminated"), "running", 2},
		{"cancelled", messages.Errorf(messages.Canceled, "enough"), "exited", 1},
		{"final", messages.Errorf(messages.Internal, "boom").WithRetry(false), "exited", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			seeds(t, func(t *testing.T, seed uint64) {
				w := newWorld(t, seed, "a")
				w.startAll()
				w.tell(&actors.ServiceEnded{ID: "app:a", Err: tc.err})
				actorstest.Until(t, w.n, "it is noticed", func() bool { return w.state("a").Status != "running" })
				w.until("a", tc.status)
				if got := w.starts["a"]; got != tc.starts {
					t.Errorf("%d starts", got)
				}
			})
		})
	}
}

func TestStableRunsForgetFailures(t *testing.T) {
	w := newWorld(t, 1, "a")
	w.startAll()
	for i := range 3 {
		at := w.n.Clock.Now()
		w.n.Clock.AfterFunc(5*time.Second, func() {
			w.tell(&actors.ServiceEnded{ID: "app:a", Err: messages.Errorf(messages.Internal, "boom")})
		})
		actorstest.Until(t, w.n, "it runs again", func() bool { return w.starts["a"] == i+2 })
		if took := w.n.Clock.Now().Sub(at); took != 6*time.Second {
			t.Errorf("restart %d after %s", i, took)
		}
		w.until("a", "running")
	}
}

func TestRequiredAndOptional(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a", "bad", "c<bad")
		w.onStart = func(_ context.Context, id string, _ int) error {
			if id == "bad" {
				return errBoom
			}
			return nil
		}
		_, err := w.ask(&actors.StartAll{})
		if err == nil || err.Error() != "required service app:bad did not start: boom" {
			t.Errorf("got %v", err)
		}
		if w.starts["c"] != 0 || w.starts["bad"] != 1 {
			t.Errorf("story: %s", w.story())
		}
	})
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a", "bad startup=optional", "c<bad startup=optional", "d<bad startup=optional")
		w.onStart = func(_ context.Context, id string, n int) error {
			if id == "bad" && n < 3 {
				return errBoom
			}
			return nil
		}
		w.startAll()
		if got := w.state("c"); got.Status != "failed" || got.Details != "it needs app:bad: boom" {
			t.Errorf("c: %+v", got)
		}
		if w.starts["bad"] != 1 {
			t.Errorf("what needs it made it start again: %s", w.story())
		}
		for _, id := range []string{"bad", "c", "d"} {
			w.until(id, "running")
		}
		if w.starts["bad"] != 3 || w.starts["c"] != 1 || w.starts["d"] != 1 {
			t.Errorf("story: %s", w.story())
		}
	})
}

func TestWhatEndedNormallyIsNotStartedAgain(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "once", "a<once !auto")
		w.startAll()
		w.tell(&actors.ServiceEnded{ID: "app:once"})
		w.until("once", "exited")
		if _, err := w.ask(&actors.ServiceStart{ID: "app:a"}); err != nil {
			t.Fatal(err)
		}
		if w.starts["once"] != 1 || w.state("a").Status != "running" {
			t.Errorf("story: %s", w.story())
		}
	})
}

func TestWhatWasGivenUpIsNotStartedAgain(t *testing.T) {
	w := newWorld(t, 1, "bad startup=optional max_attempts=1", "a<bad !auto")
	w.onStart = func(_ context.Context, id string, _ int) error { return errBoom }
	w.startAll()
	w.until("bad", "exited")
	if _, err := w.ask(&actors.ServiceStart{ID: "app:a"}); !messages.IsKind(err, messages.Unavailable) || !strings.Contains(err.Error(), "it needs app:bad: boom") {
		t.Errorf("got %v", err)
	}
	if w.starts["bad"] != 1 {
		t.Errorf("story: %s", w.story())
	}
}

func TestStopWhileStarting(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a !auto")
		w.onStart = func(ctx context.Context, _ string, _ int) error { return actors.Sleep(ctx, 5*time.Second) }
		w.startAll()
		w.tell(&actors.ServiceStart{ID: "app:a"})
		actorstest.Until(t, w.n, "it starts", func() bool { return w.starts["a"] == 1 })
		w.tell(&actors.ServiceStop{ID: "app:a"})
		if _, err := w.ask(&actors.ServiceStop{ID: "app:a"}); err != nil {
			t.Fatal(err)
		}
		w.until("a", "stopped")
		if got := w.story(); got != "start a, stop a" {
			t.Errorf("got %s", got)
		}
	})
}

func TestStopWaitsForNoRestart(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a startup=optional", "b")
		w.onStart = func(_ context.Context, id string, _ int) error {
			if id == "a" {
				return errBoom
			}
			return nil
		}
		w.startAll()
		for range 2 {
			if _, err := w.ask(&actors.ServiceStop{ID: "app:a"}); err != nil {
				t.Fatal(err)
			}
		}
		n := w.starts["a"]
		over := false
		w.n.Clock.AfterFunc(10*time.Minute, func() { over = true })
		actorstest.Until(t, w.n, "time goes by", func() bool { return over })
		if got := w.state("a"); got.Status != "stopped" || got.Desired != "stopped" || w.starts["a"] != n {
			t.Errorf("%+v: %s", got, w.story())
		}
	})
}

func TestStopTakesDependantsAlong(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a<b", "b<c", "c", "x")
		w.startAll()
		if _, err := w.ask(&actors.ServiceStop{ID: "app:c"}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(w.story(), "stop a, stop b, stop c") || w.state("x").Status != "running" {
			t.Errorf("got %s", w.story())
		}
		if _, err := w.ask(&actors.ServiceStart{ID: "app:a"}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(w.story(), "start c, start b, start a") {
			t.Errorf("got %s", w.story())
		}
	})
}

func TestStartTimeout(t *testing.T) {
	w := newWorld(t, 1, "a start_timeout=2s max_attempts=1")
	w.onStart = func(ctx context.Context, _ string, _ int) error { return actors.Sleep(ctx, 5*time.Second) }
	_, err := w.ask(&actors.StartAll{})
	if !messages.IsKind(err, messages.Timeout) || !strings.Contains(err.Error(), "start timeout") {
		t.Errorf("got %v", err)
	}
	actorstest.Until(t, w.n, "the late start is taken back", func() bool { return w.before("start a", "stop a") })
}

func TestStopTimeout(t *testing.T) {
	w := newWorld(t, 1, "a stop_timeout=2s")
	w.onStop = func(ctx context.Context, _ string) error { return actors.Sleep(ctx, 5*time.Second) }
	w.startAll()
	_, err := w.ask(&actors.ServiceStop{ID: "app:a"})
	if !messages.IsKind(err, messages.Timeout) || !strings.Contains(err.Error(), "stop timeout after 2s") {
		t.Errorf("got %v", err)
	}
	if got := w.state("a"); got.Status != "failed" {
		t.Errorf("state %+v", got)
	}
	w.until("a", "stopped")
}

func TestAnActorThatFailsIsMadeAnew(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a")
		w.startAll()
		if _, err := actorstest.Ask(t, w.n, "app:a", "out of order"); err == nil {
			t.Fatal("it should panic")
		}
		actorstest.Until(t, w.n, "it runs again", func() bool { return w.starts["a"] == 2 && w.state("a").Status == "running" })
		if got := w.history("a"); got != "starting running failed starting running" {
			t.Errorf("went through %s", got)
		}
	})
}

func TestAnActorThatFailsWhileItStarts(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a startup=optional")
		w.onStart = func(ctx context.Context, id string, n int) error {
			if n == 1 {
				w.n.Sys.Root.Send(w.n.PID("app:a"), &actors.Request{Body: "out of order", Sys: w.n.Sys})
			}
			return actors.Sleep(ctx, time.Second)
		}
		w.startAll()
		if got := w.state("a"); got.Status != "failed" || !strings.Contains(got.Details, "panicked") {
			t.Errorf("state %+v", got)
		}
		w.until("a", "running")
	})
}

func TestChangesOfEntries(t *testing.T) {
	seeds(t, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "a", "b !auto")
		w.startAll()
		base := int64(0)
		apply := func(kind string, words string) {
			t.Helper()
			e := actors.EntryData(entry(words))
			v, err := actors.As[*messages.VersionData](actorstest.Ask(t, w.n, "registry", &messages.RegistryApply{
				Base: base, Ops: []messages.EntryOp{{Kind: kind, Entry: e}},
			}))
			if err != nil {
				t.Fatal(err)
			}
			base = v.ID
		}
		apply("entry.create", "c<a")
		if got := w.state("c").Status; got != "running" {
			t.Errorf("an apply ends before what is new runs: %s", got)
		}
		apply("entry.update", "b !auto behave=otherwise")
		if got := w.state("b").Status; got != "unknown" {
			t.Errorf("b is %s", got)
		}
		if _, err := w.ask(&actors.ServiceStart{ID: "app:b"}); err != nil {
			t.Fatal(err)
		}
		apply("entry.update", "b !auto behave=better")
		if got := w.state("b").Status; got != "running" || w.starts["b"] != 2 {
			t.Errorf("what ran before runs again: %s, %s", got, w.story())
		}
		apply("entry.delete", "c")
		if _, err := w.ask(&messages.ServiceState{ID: "app:c"}); !messages.IsKind(err, messages.NotFound) {
			t.Errorf("got %v", err)
		}
		if got := w.story(); got != "start a, start c, start b, stop b, start b, stop c" {
			t.Errorf("got %s", got)
		}
	})
}

func TestEventsOfStates(t *testing.T) {
	w := newWorld(t, 1, "a")
	var got []string
	sub := &actors.SubscribeGo{Pattern: "supervisor.**", Func: func(e *messages.Event) { got = append(got, e.Kind+" "+e.Path) }}
	actorstest.Must[*messages.Done](t, w.n, "bus", sub)
	w.startAll()
	if _, err := w.ask(&actors.ServiceStop{ID: "app:a"}); err != nil {
		t.Fatal(err)
	}
	want := "state.starting app:a, state.running app:a, service.start app:a, state.stopping app:a, state.stopped app:a, service.stop app:a"
	actorstest.Until(t, w.n, "all events came", func() bool { return strings.Join(got, ", ") == want })
}

func TestUnknownServices(t *testing.T) {
	w := newWorld(t, 1)
	for _, body := range []any{&messages.ServiceState{ID: "app:x"}, &actors.ServiceStart{ID: "app:x"}, &actors.ServiceStop{ID: "app:x"}} {
		if _, err := w.ask(body); !messages.IsKind(err, messages.NotFound) {
			t.Errorf("%T: got %v", body, err)
		}
	}
	if _, err := w.ask(&actors.ServiceRemove{ID: "app:x"}); err != nil {
		t.Errorf("removing what is not there: %v", err)
	}
	if _, err := w.ask("what?"); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("got %v", err)
	}
}
