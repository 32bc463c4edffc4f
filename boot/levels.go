package boot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/registry"
)

// Levels sorts components so that each comes in a later level than all it
// depends on, and in the earliest one possible. Components of one level do not
// need each other and are in the order of their names. there are the names that
// exist already. A dependency that does not exist and a circle are errors that
// print what is wrong.
func Levels(cs []actors.Component, there ...string) ([][]actors.Component, error) {
	byName := map[string]actors.Component{}
	names := slices.Clone(there)
	for _, c := range cs {
		byName[c.Name] = c
		names = append(names, c.Name)
	}
	l := leveller{components: byName, level: map[string]int{}}
	for _, name := range there {
		l.level[name] = -1
	}
	var levels [][]actors.Component
	for _, c := range cs {
		for _, need := range c.DependsOn {
			if !slices.Contains(names, need) {
				hint := registry.DidYouMean(need, names)
				if hint == "" {
					hint = "add it to the parts"
				}
				return nil, fmt.Errorf("component %s depends on %s, which is not among the parts; %s", c.Name, need, hint)
			}
		}
	}
	for _, c := range cs {
		n, err := l.of(c.Name, nil)
		if err != nil {
			return nil, err
		}
		for len(levels) <= n {
			levels = append(levels, nil)
		}
		levels[n] = append(levels[n], c)
	}
	for _, level := range levels {
		slices.SortFunc(level, func(a, b actors.Component) int { return strings.Compare(a.Name, b.Name) })
	}
	return levels, nil
}

type leveller struct {
	components map[string]actors.Component
	level      map[string]int
}

// of is the level of a component: one more than the highest it depends on. path
// is how it was reached.
func (l *leveller) of(name string, path []string) (int, error) {
	if n, ok := l.level[name]; ok {
		return n, nil
	}
	if i := slices.Index(path, name); i >= 0 {
		circle := append(slices.Clone(path[i:]), name)
		return 0, fmt.Errorf("components depend on each other in a circle: %s; take one of these out of DependsOn", strings.Join(circle, " → "))
	}
	n := 0
	for _, need := range l.components[name].DependsOn {
		m, err := l.of(need, append(path, name))
		if err != nil {
			return 0, err
		}
		n = max(n, m+1)
	}
	l.level[name] = n
	return n, nil
}
