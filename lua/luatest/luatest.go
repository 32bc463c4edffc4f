// Package luatest runs Lua code in a process of its own for the tests of
// modules: on a virtual clock, with answers that the test gives, and with a
// record of all that the process wanted.
package luatest

import (
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// Options of Run.
type Options struct {
	// Modules are those of the engine; the code may use all of them.
	Modules []lua.Module

	// Answer gives the answer of a command: an error fails it, Unanswered leaves
	// it open. Without it every command fails. Command.Go runs at once.
	Answer func(cmd *lua.Command) any

	Self lua.Self         // Entry is "app:test" unless it is set
	Args []messages.Value // of the code, as ...

	// Lag is how late timers fire.
	Lag time.Duration

	Limits lua.Limits // of the process

	// Engine runs the code, in place of one made for this Run; it has Modules.
	Engine *lua.Engine

	// Events is how many answers and timers the process gets at most before it
	// counts as one that waits for ever; 0 for any number.
	Events int
}

// patience is how long one Run may take in real time.
const patience = 30 * time.Second

// Run runs source as the body of the function of entry app:test; its first line
// is line 1. It returns what the function returned, or the error it ended with.
// When the process waits and nothing can wake it any more the error is Timeout
// "waits for ever". Code that does not compile or never rests fails the test.
func Run(t testing.TB, opt Options, source string) ([]messages.Value, *messages.Error, *Host) {
	t.Helper()
	eng := opt.Engine
	if eng == nil {
		var err error
		if eng, err = lua.NewEngine(lua.Options{Modules: opt.Modules}); err != nil {
			t.Fatal(err)
		}
	}
	if opt.Self.Entry == "" {
		opt.Self.Entry, opt.Self.Host = "app:test", "app:procs"
	}
	unit := lua.Unit{ID: opt.Self.Entry, Source: "return function(...) " + source + "\nend", Method: "main", Limits: opt.Limits}
	for _, m := range opt.Modules {
		unit.Modules = append(unit.Modules, m.Name)
	}
	p, err := eng.Compile(unit)
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{opt: opt, now: Epoch}
	h.vm = eng.NewVM(p, h)
	defer h.vm.Close()
	s := &slot{events: make(chan bool), over: make(chan struct{})}
	defer close(s.over)
	h.vm.Start(opt.Args)
	for events := 1; h.vm.Ended() == nil; events++ {
		if !s.run(h.vm) {
			h.vm.Kill(messages.Errorf(messages.Timeout, "the test has waited too long"))
			<-s.events // so that nothing else touches the VM
			t.Fatal("the code does not come to rest")
		}
		if h.vm.Ended() == nil && !h.vm.Runnable() && (events == opt.Events || !h.step()) {
			return nil, messages.Errorf(messages.Timeout, "waits for ever"), h
		}
	}
	end := h.vm.Ended()
	if end.Upgrade != nil {
		return nil, messages.Errorf(messages.Canceled, "upgrades to %q", end.Upgrade.ID), h
	}
	return end.Values, end.Err, h
}

// slot lets the goroutines of one VM run one at a time.
type slot struct {
	events chan bool     // a goroutine has come to rest
	over   chan struct{} // nobody listens any more
}

// run drives the VM until it rests. It reports false if that takes too long.
func (s *slot) run(vm *lua.VM) bool {
	go func() {
		if vm.Run(s) {
			s.rest()
		}
	}()
	select {
	case <-s.events:
		return true
	case <-time.After(patience):
		return false
	}
}

func (s *slot) rest() {
	select {
	case s.events <- true:
	case <-s.over:
	}
}

// Preempt implements lua.Slot: there is nobody to give way to.
func (s *slot) Preempt() {}

// NewParking implements lua.Slot.
func (s *slot) NewParking() any { return make(chan bool, 1) }

// Park implements lua.Slot.
func (s *slot) Park(parking any) bool {
	s.rest()
	return <-parking.(chan bool)
}

// Unpark implements lua.Slot.
func (s *slot) Unpark(parking any) { parking.(chan bool) <- true }

// Abandon implements lua.Slot.
func (s *slot) Abandon(parking any) { parking.(chan bool) <- false }
