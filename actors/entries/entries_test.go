package entries

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

func node(t *testing.T) *actors.Node {
	t.Helper()
	return actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: Kinds()})
}

func TestData(t *testing.T) {
	n := node(t)
	for entry, want := range map[string]string{
		"kind: registry.entry, anything: {at: [all]}":                                   "",
		"kind: ns.definition, module: a/b, license: MIT":                                "",
		"kind: ns.requirement, targets: [{entry: e, path: .x}], default: \"\"":          "",
		"kind: ns.requirement, targets: []":                                             `field "targets" is out of bounds; expected at least 1 elements`,
		"kind: ns.requirement":                                                          `missing field "targets"`,
		"kind: ns.dependency, component: a/b, version: ^1.0.0, parameters: [{name: p}]": "",
		"kind: ns.dependency":                                                           `missing field "component"`,
	} {
		_, problems := actorstest.Read(n, "  - {name: e, "+entry+"}\n")
		if got := problems.Error(); got != "" && want == "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", entry, got, want)
		}
		if want == "" {
			if err := actorstest.Create(t, n, "  - {name: e, "+entry+"}\n"); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	n := node(t)
	for _, k := range Refused() {
		want := "kind " + k.Name + " is not supported yet by this runtime; "
		switch {
		case k.Name == "module.lua":
			want = "kind module.lua is made by the runtime"
		case strings.HasSuffix(k.Name, ".bc"):
			want = "precompiled Lua cannot run: "
		case strings.Contains(k.Name, "wa"):
			want = "WebAssembly is not supported yet"
		}
		entry := fmt.Sprintf("  - {name: e, kind: %s, whatever: {it: says}}\n", k.Name)
		es, problems := actorstest.Read(n, entry)
		if got := problems.Error(); !strings.HasPrefix(got, "app.yaml:4:") || !strings.Contains(got, "app:e") || !strings.Contains(got, want) || len(problems) != 1 {
			t.Errorf("%s: got %q, want %q", k.Name, got, want)
		}
		// An entry that nobody checked is refused when it is loaded.
		made := k.New(actors.Env{Node: n, ID: "app:e"}, es[0])
		if _, err := made.(actors.Loader).Load(context.Background()); !messages.IsKind(err, messages.Unavailable) || !strings.HasPrefix(err.Error(), "app:e: "+want) {
			t.Errorf("%s: loading gave %v", k.Name, err)
		}
	}
}

// Every kind of the index is known, apart from those that other packages serve.
func TestKinds(t *testing.T) {
	known := registry.Kinds{}
	for _, k := range Kinds() {
		if _, twice := known[k.Name]; twice || k.Doc == "" {
			t.Errorf("kind %s is there twice, or has no description", k.Name)
		}
		known[k.Name] = registry.KindInfo{}
	}
	built := actors.Kind{Name: "pg.scope"}
	for _, k := range Kinds(built) {
		if k.Name == built.Name {
			t.Error("a kind that is built is refused")
		}
	}
}
