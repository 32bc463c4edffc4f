package modules

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The functions of this file ask Go's runtime directly: nothing of the
// application owns what they tell or change.

func memStats() *runtime.MemStats {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return &m
}

// memoryLimit is a limit of Go's runtime as programs see it: -1 for none.
func memoryLimit(n int64) any {
	if n == math.MaxInt64 {
		return -1
	}
	return n
}

var systemMemory = lua.Table{Name: "memory", Doc: "Memory of the whole program, in bytes or counts.", Funcs: []lua.Func{
	systemDo("stats(): table, error?", "All figures at once.", actRead, "memory", func(*lua.Call) (any, error) {
		m := memStats()
		return tableOf("alloc", m.Alloc, "total_alloc", m.TotalAlloc, "sys", m.Sys, "heap_alloc", m.HeapAlloc, "heap_sys", m.HeapSys,
			"heap_idle", m.HeapIdle, "heap_in_use", m.HeapInuse, "heap_released", m.HeapReleased, "heap_objects", m.HeapObjects,
			"stack_in_use", m.StackInuse, "stack_sys", m.StackSys, "mspan_in_use", m.MSpanInuse, "mspan_sys", m.MSpanSys,
			"num_gc", m.NumGC, "next_gc", m.NextGC), nil
	}),
	systemDo("allocated(): integer, error?", "Bytes of live and not yet collected objects.", actRead, "memory", func(*lua.Call) (any, error) {
		return memStats().Alloc, nil
	}),
	systemDo("heap_objects(): integer, error?", "How many objects there are.", actRead, "memory", func(*lua.Call) (any, error) {
		return memStats().HeapObjects, nil
	}),
	systemDo("set_limit(bytes: integer): integer, error?", "Sets a soft limit, -1 for none, and returns the one before.", actControl, "memory_limit", func(c *lua.Call) (any, error) {
		n := c.Number(0)
		switch {
		case n < -1:
			return nil, messages.Errorf(messages.Invalid, "memory limit must not be negative; -1 is no limit")
		case n == -1 || n >= math.MaxInt64:
			return memoryLimit(debug.SetMemoryLimit(math.MaxInt64)), nil
		}
		return memoryLimit(debug.SetMemoryLimit(int64(n))), nil
	}),
	systemDo("get_limit(): integer, error?", "The soft limit, -1 for none.", actRead, "memory_limit", func(*lua.Call) (any, error) {
		return memoryLimit(debug.SetMemoryLimit(-1)), nil
	}),
}}

// gcPercent reads the percentage without changing it; -1 if collection is off.
func gcPercent() any {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	if n := s[0].Value.Uint64(); n <= math.MaxInt32 {
		return n
	}
	return -1
}

var systemGC = lua.Table{Name: "gc", Doc: "The garbage collector of the whole program.", Funcs: []lua.Func{
	{
		Sig: "collect(): boolean, error?", Doc: "Runs a collection and waits for it.", Permission: actGC,
		Ask: func(c *lua.Call) (*lua.Command, error) {
			if err := systemAllowed(c, actGC, "gc"); err != nil {
				return nil, err
			}
			return &lua.Command{
				Go:   func(<-chan struct{}) (any, error) { runtime.GC(); return true, nil },
				Then: func(c *lua.Call, done any) error { return c.Return(done, nil) },
			}, nil
		},
	},
	systemDo("set_percent(percent: integer): integer, error?", "Sets how much the heap grows before a collection, negative for never, and returns the value before.", actGC, "gc_percent", func(c *lua.Call) (any, error) {
		return debug.SetGCPercent(int(max(-1, min(c.Number(0), math.MaxInt32)))), nil
	}),
	systemDo("get_percent(): integer, error?", "The value of set_percent.", actRead, "gc_percent", func(*lua.Call) (any, error) { return gcPercent(), nil }),
}}

var systemRuntime = lua.Table{Name: "runtime", Doc: "Go's scheduler.", Funcs: []lua.Func{
	systemDo("goroutines(): integer, error?", "How many goroutines there are.", actRead, "goroutines", func(*lua.Call) (any, error) { return runtime.NumGoroutine(), nil }),
	{
		Sig: "max_procs(n?: integer): integer, error?", Doc: "How many processors run Go code at once; with n it is changed and the value before returned.", Permission: actControl,
		Do: func(c *lua.Call) error {
			if !c.Has(0) {
				if err := systemAllowed(c, actRead, "gomaxprocs"); err != nil {
					return err
				}
				return c.Return(runtime.GOMAXPROCS(0), nil)
			}
			if err := systemAllowed(c, actControl, "gomaxprocs"); err != nil {
				return err
			}
			n := c.Number(0)
			if n <= 0 || n > maxProcs {
				return messages.Errorf(messages.Invalid, "max_procs: n must be from 1 to %d", maxProcs)
			}
			return c.Return(runtime.GOMAXPROCS(int(n)), nil)
		},
	},
	systemDo("cpu_count(): integer, error?", "How many processors the machine has.", actRead, "cpu", func(*lua.Call) (any, error) { return runtime.NumCPU(), nil }),
}}

// maxProcs bounds what a program can ask of Go's scheduler, which allocates for
// each.
const maxProcs = 1024
