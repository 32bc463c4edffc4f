package temporal

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// slot is the place a machine runs in: its goroutines run one at a time, and step
// returns when all have come to rest.
type slot struct {
	rested chan any      // nil, or what a goroutine panicked with
	over   chan struct{} // nobody listens any more
}

func newSlot() *slot { return &slot{rested: make(chan any), over: make(chan struct{})} }

// step drives the machine until it waits or has ended, and ends it when that takes
// longer than limit.
func (s *slot) step(vm *lua.VM, limit time.Duration) {
	late := time.AfterFunc(limit, func() {
		vm.Kill(messages.Errorf(messages.Timeout, "the workflow computes for more than %s without waiting; let an activity do that, or raise worker_options.deadlock_detection_timeout", limit))
	})
	defer late.Stop()
	go func() {
		defer func() {
			if p := recover(); p != nil {
				s.rest(p)
			}
		}()
		if vm.Run(s) {
			s.rest(nil)
		}
	}()
	if p := <-s.rested; p != nil {
		panic(p)
	}
}

func (s *slot) rest(p any) {
	select {
	case s.rested <- p:
	case <-s.over:
	}
}

// Preempt implements lua.Slot: there is nobody to give way to.
func (s *slot) Preempt() {}

// NewParking implements lua.Slot.
func (s *slot) NewParking() any { return make(chan bool, 1) }

// Park implements lua.Slot.
func (s *slot) Park(parking any) bool {
	s.rest(nil)
	return <-parking.(chan bool)
}

// Unpark implements lua.Slot.
func (s *slot) Unpark(parking any) { parking.(chan bool) <- true }

// Abandon implements lua.Slot.
func (s *slot) Abandon(parking any) { parking.(chan bool) <- false }
