package lua

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Recorder is a Host whose process is run again later, over a record of what
// happened the first time: all that chance or the clock of the machine decides
// comes from there.
type Recorder interface {
	// Record gives what make returned the first time.
	Record(make func() string) string

	// Chance is where the numbers of math.random come from.
	Chance() *rand.Rand

	// Started is when the process was first started.
	Started() time.Time
}

// InWorkflows reports whether a program that is run again can use the module.
func (m Module) InWorkflows() bool {
	return m.Global || slices.Contains(m.Class, Deterministic) || slices.Contains(m.Class, Workflow)
}

// Record is make, or what it returned when the process first came here, where the
// process is one that is run again.
func (c *Call) Record(make func() string) string {
	if r, ok := c.vm.host.(Recorder); ok {
		return r.Record(make)
	}
	return make()
}

// Started is when the process was first started, or zero where its time is that
// of the machine.
func (c *Call) Started() (at time.Time) {
	if r, ok := c.vm.host.(Recorder); ok {
		at = r.Started()
	}
	return at
}

// chance is the source of math.random for a process that is run again, nil for
// others.
func chance(L *state) *rand.Rand {
	if r, ok := vmOf(L).host.(Recorder); ok {
		return r.Chance()
	}
	return nil
}
