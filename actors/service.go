package actors

import (
	"sync/atomic"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Boot makes entries version 0 of the registry and has every one of them taken
// up. Answered with Done, or with the first refusal.
type Boot struct{ Entries registry.Entries }

// Offer asks the factory to carry out one change of an entry. Answered with
// Done, or with an Error that refuses it.
type Offer struct {
	Op  registry.Op
	Old registry.Entry // what an update or deletion replaces
}

// Respawn asks the factory for the actor of an entry whose actor has failed.
// Answered with Done or an Error.
type Respawn struct{ ID string }

// ServiceAdd makes a service known to the supervisor, or changes what is known of
// it. One with auto_start that is new to a running application starts at once;
// the answer, Done, waits for this first start, but does not depend on it.
type ServiceAdd struct {
	ID        string
	Lifecycle Lifecycle
	Needs     []string // what it refers to, services or not
	Front     bool     // as in Kind
}

// ServiceRemove stops a service and forgets it. Answered with Done or an Error.
type ServiceRemove struct{ ID string }

// ServiceStart starts a service and what it needs. Answered once the start is
// over, with Done or an Error.
type ServiceStart struct{ ID string }

// ServiceStop stops a service and what depends on it. Answered with Done or an
// Error.
type ServiceStop struct{ ID, Reason string }

// StartAll starts every service with auto_start, in the order of what they need.
// Answered with Done, or with an Error that names a required service that did
// not start.
type StartAll struct{}

// StopAll stops every service, dependants first, and starts none again.
// Answered with Done, or an Error that names those that did not stop.
type StopAll struct{ Reason string }

// ServiceEnded tells the supervisor that what a service runs has ended by
// itself. A nil Err is a normal end. Gone says that the actor of the service has
// failed too and must be made anew.
type ServiceEnded struct {
	ID   string
	Err  *messages.Error
	Gone bool
}

// History answers the last states of a service as []messages.ServiceData, oldest
// first.
type History struct{ ID string }

// StateChanged tells the lifecycle that a service changed its state, or, with
// Removed, that it does not exist any more.
type StateChanged struct {
	State   messages.ServiceData
	Removed bool
}

// SubscribeGo has the events of a pattern over "system.kind" given to a Go
// function, inside the bus: it must not block. Answered with Done.
type SubscribeGo struct {
	Pattern string
	Func    func(*messages.Event)

	over atomic.Bool
	end  atomic.Pointer[func()]
}

// Stop ends the subscription: once it has returned, and the bus is done with an
// event it is at, Func is not called any more. Stopping again does nothing.
func (s *SubscribeGo) Stop() {
	if s.over.Swap(true) {
		return
	}
	if f := s.end.Load(); f != nil {
		(*f)()
	}
}

// Over reports whether Stop was called.
func (s *SubscribeGo) Over() bool { return s.over.Load() }

// OnStop is for the bus: f is called once when the subscription ends.
func (s *SubscribeGo) OnStop(f func()) { s.end.Store(&f) }

// Snapshots is where the registry leaves its newest state for all to read.
type Snapshots struct {
	now atomic.Pointer[registry.Snapshot]
}

// SnapshotsKey finds the Snapshots of a node.
var SnapshotsKey = NewKey[*Snapshots]("snapshots")

// Now is the newest state. It may be kept: it never changes.
func (s *Snapshots) Now() *registry.Snapshot { return s.now.Load() }

// Set is for the registry.
func (s *Snapshots) Set(snap *registry.Snapshot) { s.now.Store(snap) }
