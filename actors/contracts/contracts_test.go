package contracts

import (
	"reflect"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

const entries = `
  - {name: f, kind: function.lua}
  - {name: g, kind: function.lua}
  - name: greeter
    kind: contract.definition
    methods:
      - name: greet
        description: Says hello.
        input_schemas: [{format: application/schema+json, definition: {type: string}}]
      - name: part
  - {name: logger, kind: contract.definition, methods: [{name: log}, {name: part}]}
  - {name: alone, kind: contract.definition}
  - name: one
    kind: contract.binding
    contracts: [{contract: greeter, methods: {greet: f}, context_required: [user], default: true}]
  - name: two
    kind: contract.binding
    contracts:
      - {contract: "app:greeter", methods: {greet: "app:g"}}
      - {contract: logger, methods: {log: f, part: g}}
`

func node(t *testing.T) *actors.Node {
	t.Helper()
	function := actors.Define(actors.Spec[struct{}]{Name: "function.lua", Serve: func(actors.Env, struct{}) actor.Actor {
		return actorstest.Answers(func(actor.Context, any) any { return nil })
	}})
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component, actorstest.Entries}, Kinds: append(Kinds(), function)})
	if err := actorstest.Create(t, n, entries); err != nil {
		t.Fatal(err)
	}
	return n
}

func failure(err error) string {
	if err == nil {
		return ""
	}
	e := messages.AsError(err)
	return e.Kind + ": " + e.Error()
}

func TestContracts(t *testing.T) {
	n := node(t)
	d := actorstest.Must[*messages.ContractData](t, n, "contracts", &messages.ContractGet{ID: "app:greeter"})
	want := &messages.ContractData{ID: "app:greeter", Methods: []messages.MethodData{
		{Name: "greet", Description: "Says hello.", Input: []any{map[string]any{"format": "application/schema+json", "definition": map[string]any{"type": "string"}}}},
		{Name: "part"},
	}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v, want %+v", d, want)
	}
	for _, c := range []struct {
		ask  messages.ContractOpen
		want messages.InstanceData
	}{
		{messages.ContractOpen{Contract: "app:greeter"}, messages.InstanceData{
			Binding: "app:one", Contracts: []string{"app:greeter"}, Methods: map[string]string{"greet": "app:f", "part": ""},
			Owner: map[string]string{"greet": "app:greeter", "part": "app:greeter"}, Required: map[string][]string{"app:greeter": {"user"}},
		}},
		{messages.ContractOpen{Binding: "app:two"}, messages.InstanceData{
			Binding: "app:two", Contracts: []string{"app:greeter", "app:logger"}, Methods: map[string]string{"greet": "app:g", "log": "app:f", "part": "app:g"},
			Owner: map[string]string{"greet": "app:greeter", "log": "app:logger", "part": "app:logger"}, Required: map[string][]string{},
		}},
	} {
		got := actorstest.Must[*messages.InstanceData](t, n, "contracts", &c.ask)
		if !reflect.DeepEqual(got, &c.want) {
			t.Errorf("%+v:\ngot  %+v\nwant %+v", c.ask, got, c.want)
		}
	}
	for id, want := range map[string][]string{"app:greeter": {"app:one", "app:two"}, "app:logger": {"app:two"}, "app:alone": {}} {
		if got := actorstest.Must[[]string](t, n, "contracts", &messages.ContractImplementations{ID: id}); !reflect.DeepEqual(got, want) {
			t.Errorf("implementations of %s: %v", id, got)
		}
	}
}

func TestErrors(t *testing.T) {
	n := node(t)
	for _, c := range []struct {
		body any
		want string
	}{
		{&messages.ContractGet{ID: "app:none"}, "NotFound: contract definition 'app:none' not found"},
		{&messages.ContractGet{ID: "app:one"}, "NotFound: contract definition 'app:one' not found"},
		{&messages.ContractGet{ID: "none"}, `Invalid: invalid contract definition ID "none" (namespace:name required)`},
		{&messages.ContractImplementations{ID: "app:none"}, "NotFound: contract definition 'app:none' not found"},
		{&messages.ContractImplementations{ID: ""}, `Invalid: invalid contract definition ID "" (namespace:name required)`},
		{&messages.ContractOpen{Binding: "app:none"}, "NotFound: contract binding 'app:none' not found"},
		{&messages.ContractOpen{Binding: "x"}, `Invalid: invalid contract binding ID "x" (namespace:name required)`},
		{&messages.ContractOpen{}, `Invalid: invalid contract binding ID "" (namespace:name required)`},
		{&messages.ContractOpen{Contract: "app:logger"}, "NotFound: no default binding for contract 'app:logger'"},
		{&messages.ContractOpen{Contract: "app:none"}, "NotFound: contract definition 'app:none' not found"},
		{"nonsense", "Invalid: the contracts component does not answer string"},
	} {
		if _, err := actorstest.Ask(t, n, "contracts", c.body); failure(err) != c.want {
			t.Errorf("%+v: got %s, want %s", c.body, failure(err), c.want)
		}
	}
}

func TestChanges(t *testing.T) {
	n := node(t)
	clash := &bind{"app:three", []Implementation{{Contract: "app:greeter", Default: true}}}
	if _, err := actorstest.Ask(t, n, "contracts", clash); failure(err) != "AlreadyExists: app:one and app:three are both the default binding of contract 'app:greeter'; set default on one of them only" {
		t.Errorf("two defaults: %s", failure(err))
	}
	if err := actorstest.Update(t, n, "app:one", strings.Replace(entries, "greet: f}, context_required: [user]", "greet: g}", 1)); err != nil {
		t.Fatal(err)
	}
	if err := actorstest.Update(t, n, "app:greeter", strings.Replace(entries, "      - name: part\n", "      - name: more\n", 1)); err != nil {
		t.Fatal(err)
	}
	got := actorstest.Must[*messages.InstanceData](t, n, "contracts", &messages.ContractOpen{Contract: "app:greeter"})
	if want := map[string]string{"greet": "app:g", "more": ""}; !reflect.DeepEqual(got.Methods, want) || len(got.Required) != 0 {
		t.Errorf("after the update: %+v", got)
	}
	actorstest.Remove(t, n, "app:one")
	if _, err := actorstest.Ask(t, n, "contracts", &messages.ContractOpen{Contract: "app:greeter"}); failure(err) != "NotFound: no default binding for contract 'app:greeter'" {
		t.Errorf("after the removal: %s", failure(err))
	}
	actorstest.Remove(t, n, "app:greeter")
	if _, err := actorstest.Ask(t, n, "contracts", &messages.ContractOpen{Binding: "app:two"}); failure(err) != "NotFound: contract definition 'app:greeter' not found" {
		t.Errorf("without the definition: %s", failure(err))
	}
}

func TestMistakes(t *testing.T) {
	n := node(t)
	for entry, want := range map[string]string{
		"kind: contract.definition, methods: [{description: x}]":                                `missing field "methods[0].name"`,
		"kind: contract.definition, methods: [{name: a}, {name: a}]":                            `field "methods[1].name": method "a" is defined twice; give it another name`,
		"kind: contract.binding":                                                                `missing field "contracts"`,
		"kind: contract.binding, contracts: []":                                                 `field "contracts" is out of bounds; expected at least 1 elements`,
		"kind: contract.binding, contracts: [{}]":                                               `missing field "contracts[0].contract"`,
		"kind: contract.binding, contracts: [{contract: greter}]":                               `contracts[0].contract refers to "app:greter", which does not exist; did you mean "app:greeter"?`,
		"kind: contract.binding, contracts: [{contract: f}]":                                    `contracts[0].contract refers to "app:f", which is a function.lua; expected an entry of kind contract.definition`,
		"kind: contract.binding, contracts: [{contract: greeter, methods: {greet: ff}}]":        `contracts[0].methods.greet refers to "app:ff", which does not exist; did you mean "app:f"?`,
		"kind: contract.binding, contracts: [{contract: greeter}, {contract: \"app:greeter\"}]": `field "contracts[1].contract": contract "app:greeter" is implemented twice; put the methods together`,
	} {
		_, problems := actorstest.Read(n, entries+"  - {name: new, "+entry+"}\n")
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: got %v, want %s", entry, problems, want)
		}
	}
}
