package lua

import (
	"runtime"
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

func benchVM(b testing.TB, src string) (*VM, *testSlot) {
	b.Helper()
	eng, err := NewEngine(Options{Modules: []Module{testModule}})
	if err != nil {
		b.Fatal(err)
	}
	p, err := eng.Compile(Unit{ID: "app:bench", Source: src, Method: "main"})
	if err != nil {
		b.Fatal(err)
	}
	h := &testHost{now: time.Unix(0, 0)}
	vm := eng.NewVM(p, h)
	h.vm = vm
	vm.Start(nil)
	slot := &testSlot{events: make(chan string, 16)}
	vm.Run(slot)
	return vm, slot
}

const receiver = `return function() local inbox = test.inbox() while true do local m = inbox:receive() end end`

// One message to a process that waits for it, without an actor around it.
func BenchmarkDeliver(b *testing.B) {
	vm, slot := benchVM(b, receiver)
	m := messages.NewMail("", "t", 1.0)
	b.ReportAllocs()
	for b.Loop() {
		vm.Deliver(m)
		vm.Run(slot)
	}
}

// A function call on a state that is used again.
func BenchmarkCall(b *testing.B) {
	vm, slot := benchVM(b, `return function(a) return a end`)
	args := []messages.Value{1.0}
	b.ReportAllocs()
	for b.Loop() {
		vm.Recycle()
		vm.Start(args)
		vm.Run(slot)
	}
}

func BenchmarkPcall(b *testing.B) {
	vm, slot := benchVM(b, `return function(n) local f = function() end for i = 1, n or 0 do pcall(f) end end`)
	vm.Recycle()
	vm.Start([]messages.Value{float64(b.N)})
	b.ReportAllocs()
	b.ResetTimer()
	vm.Run(slot)
}

func BenchmarkStart(b *testing.B) {
	eng, _ := NewEngine(Options{Modules: []Module{testModule}})
	p, _ := eng.Compile(Unit{ID: "app:bench", Source: receiver, Method: "main"})
	slot := &testSlot{events: make(chan string, 16)}
	h := &testHost{}
	b.ReportAllocs()
	for b.Loop() {
		vm := eng.NewVM(p, h)
		h.vm = vm
		vm.Start(nil)
		vm.Run(slot)
		vm.Close()
	}
}

// What the VM of an idle process costs; bench/ measures it with its actor.
func BenchmarkIdleBytes(b *testing.B) {
	eng, _ := NewEngine(Options{Modules: []Module{testModule}})
	p, _ := eng.Compile(Unit{ID: "app:bench", Source: receiver, Method: "main"})
	slot := &testSlot{events: make(chan string, 16)}
	h := &testHost{}
	const n = 20_000
	for b.Loop() {
		vms := make([]*VM, 0, n)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range n {
			vm := eng.NewVM(p, h)
			h.vm = vm
			vm.Start(nil)
			vm.Run(slot)
			vms = append(vms, vm)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/idle")
		b.ReportMetric(float64(after.HeapObjects-before.HeapObjects)/n, "objects/idle")
		runtime.KeepAlive(vms)
	}
}

// A thread as gopher-lua makes it, and as the engine does.
func BenchmarkThread(b *testing.B) {
	eng, err := NewEngine(Options{Modules: []Module{testModule}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("gopher-lua", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			eng.tmpl.NewThread()
		}
	})
	b.Run("engine", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newThread(eng.pristine)
		}
	})
}

// A program that computes.
func BenchmarkCompute(b *testing.B) {
	vm, slot := benchVM(b, `return function(n) local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end for i = 1, n or 0 do fib(15) end end`)
	vm.Recycle()
	vm.Start([]messages.Value{float64(b.N)})
	b.ResetTimer()
	vm.Run(slot)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(vm.Instructions()), "ns/instruction")
}
