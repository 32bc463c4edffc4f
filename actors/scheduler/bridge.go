package scheduler

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
)

// runnerOf returns the actor as a Runner, nil if it is none. An actors.Runner
// does not know this package: it is given its slot through the interface of
// package actors.
func runnerOf(a actor.Actor) Runner {
	switch r := a.(type) {
	case actors.Runner:
		return bridged{r}
	case Runner:
		return r
	}
	return nil
}

type bridged struct{ actors.Runner }

func (b bridged) Run(s Slot) bool { return b.Runner.Run((*place)(s.(*carrier))) }

// place is a carrier as an actors.Slot.
type place carrier

func (p *place) Preempt()        { (*carrier)(p).Preempt() }
func (p *place) NewParking() any { return &Parking{} }
func (p *place) Park(parking any) bool {
	return (*carrier)(p).Park(parking.(*Parking))
}
func (p *place) Unpark(parking any)  { (*carrier)(p).Unpark(parking.(*Parking)) }
func (p *place) Abandon(parking any) { parking.(*Parking).Abandon() }
