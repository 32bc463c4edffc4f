package registry

// Stage is a step between reading the entries and using them. It must not write
// into the entries it is given (Clone them first) but may return the same set.
type Stage interface {
	// Name is a word for messages and logs.
	Name() string
	// Apply returns the entries as they are after the step. With an error among the
	// problems the entries are as far as the step came.
	Apply(Entries) (Entries, Problems)
}

// StageFunc makes a stage of a function.
func StageFunc(name string, apply func(Entries) (Entries, Problems)) Stage {
	return stageFunc{name, apply}
}

type stageFunc struct {
	name  string
	apply func(Entries) (Entries, Problems)
}

func (s stageFunc) Name() string                         { return s.name }
func (s stageFunc) Apply(es Entries) (Entries, Problems) { return s.apply(es) }

// Pipeline is stages one after the other.
type Pipeline []Stage

// Apply runs all stages, also after one that found problems, so that one run shows
// them all. The set it is given stays as it is.
func (p Pipeline) Apply(es Entries) (Entries, Problems) {
	var problems Problems
	es = es.Clone()
	for _, stage := range p {
		var found Problems
		es, found = stage.Apply(es)
		problems = append(problems, found...)
	}
	problems.Sort()
	return es, problems
}

// After returns the pipeline with a stage put in behind the one of that name, or at
// the end if there is none.
func (p Pipeline) After(name string, stage Stage) Pipeline {
	out := make(Pipeline, 0, len(p)+1)
	placed := false
	for _, s := range p {
		out = append(out, s)
		if s.Name() == name && !placed {
			out = append(out, stage)
			placed = true
		}
	}
	if !placed {
		out = append(out, stage)
	}
	return out
}
