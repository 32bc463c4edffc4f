//go:build unix

package standard_test

import (
	_ "embed"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

//go:embed testdata/hostile.txt
var hostile string

const (
	nodeMemory = 512 << 20
	// A single instruction can add one string of twice the size to what is there,
	// before anybody can look; so a process may go past its limit by that much.
	memoryMargin = 2 * nodeMemory

	// How long a script that never ends may run: on all processors that this
	// program gets, so that it does not depend on what else the machine does.
	patience = 400 * time.Millisecond
	// When to give up. A collector that is short of memory or processors makes
	// everybody slow; that is not what is looked for here.
	stuck = 2 * time.Minute
)

// processMemory leaves most of the node to what the scripts before have left
// and to garbage, however many processors and so scripts at once there are:
// beside a limit of Go's that is nearly reached, the collector runs all the time.
func processMemory() int { return nodeMemory / 4 / scriptsAtOnce() }

func scriptsAtOnce() int { return 2 * runtime.GOMAXPROCS(0) }

// cpuTime is how long this program has run on each processor, on average.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano()+u.Stime.Nano()) / time.Duration(runtime.GOMAXPROCS(0))
}

// liveHeap is what the last collection has left. Garbage does not count: how
// much of it there is depends on how soon the collector gets to run.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Every script of the corpus runs beside a process that answers: the node
// outlives it, keeps answering, stays within its memory, and can end it.
func TestHostileScripts(t *testing.T) {
	before := debug.SetMemoryLimit(nodeMemory)
	gc := debug.SetGCPercent(400) // as the program has it
	defer func() {
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(gc)
	}()
	scripts := regexp.MustCompile(`(?m)^-- (.*) --\n`).Split(hostile, -1)[1:]
	names := regexp.MustCompile(`(?m)^-- (.*) --\n`).FindAllStringSubmatch(hostile, -1)
	app := hostEntry + proc("idle", `return { main = function() process.inbox():receive() end }`) +
		"\n  - {name: echo, kind: function.lua, method: main, source: \"return { main = function(x) return x end }\"}\n"
	for i, src := range scripts {
		app += "\n  - name: bad" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "\n    kind: process.lua\n    method: main\n    modules: [json, time]\n    limits: {memory: " + strconv.Itoa(processMemory()) + "}\n    source: |\n      return { main = function()\n      " + strings.ReplaceAll(strings.TrimSpace(src), "\n", "\n      ") + "\n      end }\n"
	}
	rt := start(t, app)
	var most atomic.Uint64
	over := make(chan struct{})
	go func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(5 * time.Millisecond):
				if live := liveHeap(); live > most.Load() {
					most.Store(live)
				}
			}
		}
	}()
	defer close(over)
	for i := range scripts {
		id := "app:bad" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		t.Run(names[i][1], func(t *testing.T) {
			most.Store(0)
			var pids []string
			for range scriptsAtOnce() {
				pid, err := rt.Spawn(t.Context(), id, "app:a_host")
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
			alive := func() bool {
				for _, pid := range pids {
					if rt.Node().Procs.Find(pid) != nil {
						return true
					}
				}
				return false
			}
			// Scripts that only wait use no processor; 4 * patience ends them.
			for began, used := time.Now(), cpuTime(); alive() && cpuTime()-used < patience && time.Since(began) < 4*patience; {
				if v, err := call(t, rt, "app:echo", "x"); v != "x" || err != nil {
					t.Fatalf("the node answers %v, %v", v, err)
				}
				time.Sleep(time.Millisecond)
			}
			for _, pid := range pids {
				if p := rt.Node().Procs.Find(pid); p != nil {
					p.Kill(messages.Errorf(messages.Canceled, "enough"))
				}
			}
			for began := time.Now(); alive(); {
				if time.Since(began) > stuck {
					t.Fatal("it cannot be ended")
				}
				time.Sleep(time.Millisecond)
			}
			if most := most.Load(); most > memoryMargin {
				t.Errorf("the heap grew to %d MB", most>>20)
			}
		})
	}
}
