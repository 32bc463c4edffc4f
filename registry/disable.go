package registry

import (
	"maps"
	"slices"
)

// DisableRules say which entries are not used.
type DisableRules struct {
	Namespaces []string       `yaml:"namespaces" doc:"Patterns of namespaces."`
	Entries    []string       `yaml:"entries" doc:"Patterns of ids, namespace:name."`
	Meta       map[string]any `yaml:"meta" doc:"Values of top-level metadata fields."`
}

// Disable is the stage that removes entries. A pattern that cannot be read is an
// error when the stage runs.
func Disable(rules DisableRules) Stage {
	return StageFunc("disable", func(es Entries) (Entries, Problems) {
		var problems Problems
		fail := func(list string, err error) {
			problems = append(problems, Problem{Text: "disable entries: " + list + ": " + err.Error()})
		}
		var namespaces []Pattern
		for _, text := range rules.Namespaces {
			p, err := CompilePattern(text)
			if err != nil {
				fail("namespaces", err)
			}
			namespaces = append(namespaces, p)
		}
		var ids []IDPattern
		for _, text := range rules.Entries {
			p, err := CompileIDPattern(text)
			if err != nil {
				fail("entries", err)
			}
			ids = append(ids, p)
		}
		meta := map[string][]string{}
		for _, field := range slices.Sorted(maps.Keys(rules.Meta)) {
			list, ok := stringList(rules.Meta[field])
			if !ok {
				problems = append(problems, Problem{Text: "disable entries: meta." + field + " is not a string or a list of strings", Hint: "write the values as strings"})
			}
			meta[field] = list
		}
		es = es.Clone()
		for id, e := range es {
			if slices.ContainsFunc(namespaces, func(p Pattern) bool { return p.Match(id.NS) }) ||
				slices.ContainsFunc(ids, func(p IDPattern) bool { return p.Match(id) }) || metaMatches(e.Meta, meta) {
				delete(es, id)
			}
		}
		return es, problems
	})
}
