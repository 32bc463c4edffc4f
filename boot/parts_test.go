package boot

import (
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
)

func TestPartsResolve(t *testing.T) {
	build := func(actors.Env) actor.Actor { return nil }
	made := 0
	base := Parts{
		Components: []actors.Component{{Name: "a", New: build}},
		PerNode: []func() (Parts, error){func() (Parts, error) {
			made++
			return Parts{Kinds: []actors.Kind{{Name: "k"}}}, nil
		}},
	}
	for range 2 {
		p, err := base.Resolve()
		if err != nil || len(p.Kinds) != 1 || len(p.PerNode) != 0 {
			t.Fatalf("got %v, %v", p.Kinds, err)
		}
		if _, ok := p.Schemas()["ns.requirement"]; !ok {
			t.Error("the kinds of the registry itself are missing")
		}
	}
	if made != 2 {
		t.Errorf("the parts of a node were made %d times for two", made)
	}
	for _, tc := range []struct {
		parts Parts
		want  string
	}{
		{base.WithComponents(actors.Component{Name: "a", New: build}), "component a is in the parts twice"},
		{base.WithKinds(actors.Kind{Name: "k"}), "kind k is in the parts twice"},
		{base.With(Parts{Modules: []Module{{Name: "m"}, {Name: "m"}}}), "module m is in the parts twice"},
		{base.WithComponents(actors.Component{Name: "a:b", New: build}), `component "a:b" cannot be used`},
		{base.WithComponents(actors.Component{Name: "b"}), `component "b" cannot be used`},
	} {
		if _, err := tc.parts.Resolve(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %q", err, tc.want)
		}
	}
	if p := base.Without("a"); len(p.Components) != 0 || len(base.Components) != 1 {
		t.Error("Without changed what it was called on")
	}
}
