package standard_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/process"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

// simulated are the examples that run under permuted schedules: the command's
// entry and what it prints.
var simulated = []struct{ dir, entry, arg, prints string }{
	{"hello", "app:hello", "Ada", "Hello, Ada!\n"},
	{"functions", "app:totals", "", ""},
	{"ping-pong", "app:ping", "3", "ping 1 -> pong 1\nping 2 -> pong 2\nping 3 -> pong 3\n"},
	{"worker-pool", "app:pool", "", "squares: 1 4 9 16 25 36 49 64\nworkers lost: 1\n"},
	{"supervision", "app:crash", "", ""},
	{"dynamic-registry", "app:evolve", "", ""},
	{"event-bus", "app:listen", "", ""},
	{"pipeline", "app:words", "", ""},
	{"key-value", "app:main", "", ""},
}

// simulate boots an example and runs its command, all under one seed.
func simulate(t *testing.T, dir, entry, arg string, seed uint64) (printed string, trace []string) {
	t.Helper()
	sim := actorstest.NewSim(seed)
	var out strings.Builder
	ctx := sim.Context(context.Background())
	rt, err := boot.Start(ctx, os.DirFS(filepath.Join("../../examples", dir, "src")), standard.Parts(),
		boot.WithProps(sim.Props()...), boot.WithClock(sim), boot.WithRandom(sim.Random), boot.WithSpawn(sim.Go),
		boot.WithValue(process.ConsoleKey, process.Console{In: strings.NewReader(""), Out: &out, Err: &out}))
	if err != nil {
		t.Fatalf("seed %d: boot: %v", seed, err)
	}
	s := &messages.Spawn{Process: entry, Host: "app:terminal"}
	if arg != "" {
		s.Args = []messages.Value{arg}
	}
	if _, err := rt.Node().AskEntry(ctx, "app:terminal", &messages.Exec{Spawn: s}); err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, out.String())
	}
	if err := rt.StopContext(ctx); err != nil {
		t.Fatalf("seed %d: stop: %v", seed, err)
	}
	return out.String(), sim.Trace
}

// Every order of messages gives the same result. A failure names its seed;
// the same seed gives the same run again.
func TestSeeds(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 4
	}
	for i, ex := range simulated {
		t.Run(ex.dir, func(t *testing.T) {
			t.Parallel()
			from := uint64(i) * 1000 // seeds of its own
			want := ex.prints
			orders := map[string]bool{}
			for seed := from; seed < from+seeds; seed++ {
				got, trace := simulate(t, ex.dir, ex.entry, ex.arg, seed)
				if want == "" {
					want = got
				}
				if got != want {
					t.Fatalf("seed %d prints\n%s\nin place of\n%s", seed, got, want)
				}
				orders[strings.Join(trace, "\n")] = true
			}
			_, first := simulate(t, ex.dir, ex.entry, ex.arg, 1)
			_, again := simulate(t, ex.dir, ex.entry, ex.arg, 1)
			if !slices.Equal(first, again) {
				t.Errorf("seed 1 is not the same twice")
			}
			if uint64(len(orders)) < seeds/2 {
				t.Errorf("%d seeds gave only %d different orders", seeds, len(orders))
			}
		})
	}
}
