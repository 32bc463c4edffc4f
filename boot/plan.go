package boot

import "time"

// Plan is how a runtime was started: what ran in which order, and how long it
// took.
type Plan struct {
	Infrastructure []Step
	Levels         [][]Step // components, level by level
	Entries        []Step   // the steps of the last phase
	Total          time.Duration
}

// Step is one component, or one piece of work of a phase.
type Step struct {
	Name      string
	DependsOn []string
	Load      time.Duration // for pieces of work: the whole of it
	Start     time.Duration
}

func (p *Plan) step(name string) *Step {
	for i := range p.Infrastructure {
		if p.Infrastructure[i].Name == name {
			return &p.Infrastructure[i]
		}
	}
	for _, level := range p.Levels {
		for i := range level {
			if level[i].Name == name {
				return &level[i]
			}
		}
	}
	return nil
}
