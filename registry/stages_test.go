package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func must(t *testing.T, text string) Entries {
	t.Helper()
	es, problems := ReadFile("app.yaml", []byte(text), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return es
}

func TestOverride(t *testing.T) {
	es := must(t, `
namespace: app
entries:
  - {name: gateway, kind: http.service, addr: ":1", kind2: x, tls: {a: 1, b: {c: 2}}, list: [1, {x: 1}], meta: {m: 1}}
  - {name: raw, kind: registry.entry, data: text}
`)
	before := es.Clone()
	var list []Overriding
	for _, s := range []string{
		"app:gateway:addr=:8080", "app:gateway:tls.b.d=true", "app:gateway:new.x.y=1.50", "app:gateway:meta.a.b=-3", "app:gateway:meta.m=007",
		"app:gateway:list.1.x=a=b", "app:gateway:data.kind=odd", "app:gateway:kind=http.other", "app:gateway:data.tls.a=", "app:raw:data=1e3",
	} {
		o, err := ParseOverride(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	section, problems := Overrides(map[string]any{"app:gateway:tls": map[string]any{"b": map[string]any{"c": 9}, "e": []string{"x"}}, "bad": 1}, "troupe.yaml")
	wantProblems(t, problems, `error troupe.yaml: read override "bad": write namespace:entry:path, for example app:gateway:addr`)
	out, problems := Pipeline{Override(append(section, list...)...)}.Apply(es)
	wantProblems(t, problems)
	want := Entry{
		ID: id("app:gateway"), Kind: "http.other",
		Meta: map[string]any{"m": "007", "a": map[string]any{"b": int64(-3)}},
		Data: map[string]any{
			"addr": ":8080", "kind2": "x", "kind": "odd", "new": map[string]any{"x": map[string]any{"y": 1.5}}, "list": []any{int64(1), map[string]any{"x": "a=b"}},
			"tls": map[string]any{"a": "", "b": map[string]any{"c": int64(9), "d": true}, "e": []any{"x"}},
		},
	}
	if got := out[want.ID]; !got.Equal(want) {
		t.Errorf("got %v", cmp.Diff(want.Data, got.Data))
	}
	if got := out[id("app:raw")].Data; got != "1e3" {
		t.Errorf("raw: %#v", got)
	}
	for key, e := range must(t, "namespace: app\nentries:\n  - {name: gateway, kind: http.service, addr: ':1', kind2: x, tls: {a: 1, b: {c: 2}}, list: [1, {x: 1}], meta: {m: 1}}\n") {
		if !before[key].Equal(e) || !es[key].Equal(e) {
			t.Error("the stage wrote into the entries it was given")
		}
	}
	for text, want := range map[string]string{
		"app:gatway:addr=1":     `error app:gatway: override "addr": there is no such entry; did you mean "app:gateway"?`,
		"app:gateway:kind=":     `error app:gateway: override "kind": the kind must be a string that is not empty`,
		"app:gateway:kind=1":    `error app:gateway: override "kind": the kind must be a string that is not empty`,
		"app:gateway:addr.x=1":  `error app:gateway: override "addr.x": "x" cannot be set inside a string; only maps and lists have fields`,
		"app:gateway:list.9=1":  `error app:gateway: override "list[9]": "9" is not an element of a list of 2; use an index from 0`,
		"app:gateway:meta=1":    `error app:gateway: override "meta": the metadata cannot be an integer; only a map`,
		"app:raw:x=1":           `error app:raw: override "x": "x" cannot be set inside a string; only maps and lists have fields`,
		"other:gateway:addr=:1": `error other:gateway: override "addr": there is no such entry; did you mean "app:gateway"?`,
	} {
		o, err := ParseOverride(text)
		if err != nil {
			t.Error(err)
		}
		_, problems := Override(o).Apply(es)
		wantProblems(t, problems, want)
	}
	for _, bad := range []string{"", "a", "a:b=1", "a:b:=1", ":b:c=1", "a::c=1", "a:b:c", "a:b:c..d=1"} {
		if _, err := ParseOverride(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzOverride(f *testing.F) {
	f.Add("app:a:x.0.y=1")
	f.Add("app:a:meta.z=true")
	f.Add("app:a:kind=k")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOverride(text)
		if err != nil {
			return
		}
		e := Entry{ID: o.ID, Kind: "k", Meta: map[string]any{"z": "1"}, Data: map[string]any{"x": []any{map[string]any{"y": int64(1)}}}}
		was := e.Clone()
		out, problems := Override(o, o).Apply(EntriesOf(e))
		if !e.Equal(was) {
			t.Error("the entry was written into")
		}
		if got := out[o.ID]; problems.Err() == nil && len(o.Path) > 0 && o.Path[0] != "kind" && !equalValues(lookupAny(got, o.Path), o.Value) {
			t.Errorf("%q set %#v", text, lookupAny(got, o.Path))
		}
	})
}

func TestDisable(t *testing.T) {
	es := must(t, "namespace: app\nentries:\n  - {name: a, kind: k}\n  - {name: debug_page, kind: k}\n  - {name: s, kind: k, meta: {env: staging}}\n  - {name: l, kind: k, meta: {env: [staging]}}\n")
	for _, ns := range []string{"legacy", "legacy.x.y", "lab.z", "other"} {
		es[ID{ns, "e"}] = Entry{ID: ID{ns, "e"}, Kind: "k"}
	}
	out, problems := Disable(DisableRules{
		Namespaces: []string{"legacy.**"}, Entries: []string{"app:debug_page", "lab.**:*"}, Meta: map[string]any{"env": []any{"staging"}},
	}).Apply(es)
	wantProblems(t, problems)
	var names []string
	for _, id := range out.IDs() {
		names = append(names, id.String())
	}
	wantLines(t, names, "app:a", "app:l", "other:e")
	if len(es) != 8 {
		t.Error("the stage changed the set it was given")
	}
	_, problems = Disable(DisableRules{Namespaces: []string{"("}, Entries: []string{"a"}, Meta: map[string]any{"x": 1}}).Apply(es)
	wantProblems(t, problems,
		`error disable entries: namespaces: compile pattern "(": "(" is not closed; add a ")"`,
		`error disable entries: entries: compile pattern "a": write "namespace:name"; both halves may contain *, ** and (a|b)`,
		"error disable entries: meta.x is not a string or a list of strings; write the values as strings",
	)
}

const linkApp = `
namespace: http
entries:
  - {name: definition, kind: ns.definition, module: acme/http}
  - {name: port, kind: ns.requirement, default: 80, targets: [{entry: gateway, path: .addr}, {entry: "http:gateway", path: .meta.port}]}
  - {name: guards, kind: ns.requirement, targets: [{entry: gateway, path: ".middleware +="}]}
  - {name: empty, kind: ns.requirement, default: "", targets: [{entry: gateway, path: .x.y}]}
  - {name: gateway, kind: http.service, addr: old, middleware: [cors]}
  - {name: use, kind: ns.dependency, component: acme/http, version: "*", parameters: [%s]}
`

func link(t *testing.T, parameters string, opt LinkOptions) (Entry, Problems) {
	t.Helper()
	es := must(t, sprintf(linkApp, parameters))
	out, problems := Link(opt).Apply(es)
	if es[id("http:gateway")].Fields()["addr"] != "old" {
		t.Error("the stage wrote into the entries it was given")
	}
	return out[id("http:gateway")], problems
}

func TestLink(t *testing.T) {
	got, problems := link(t, `{name: port, value: 8080}, {name: "http:guards", value: auth}`, LinkOptions{})
	wantProblems(t, problems)
	if !equalValues(got.Data, map[string]any{"addr": int64(8080), "middleware": []any{"cors", "auth"}, "x": map[string]any{"y": ""}}) || got.Meta["port"] != int64(8080) {
		t.Errorf("%#v %#v", got.Data, got.Meta)
	}
	got, problems = link(t, "", LinkOptions{})
	wantProblems(t, problems, `warning app.yaml:6:5: http:guards: the requirement has no value; give it a default, or the parameter "guards" in an ns.dependency on its module`)
	if got.Fields()["addr"] != int64(80) {
		t.Errorf("the default did not count: %#v", got.Data)
	}
	if _, problems = link(t, "", LinkOptions{Strict: true}); problems.Err() == nil {
		t.Error("a strict link accepted a requirement without value")
	}
	_, problems = link(t, "{name: port, value: 1}, {name: guards, value: a}, {name: 'http:port', value: 2}", LinkOptions{})
	wantProblems(t, problems, `error app.yaml:9:137: http:use: parameter "http:port" of acme/http is 2 here and 1 in http:use (app.yaml:9:5); give it one value`)
	_, problems = link(t, "{name: prt, value: 1}, {name: guards, value: a}, {name: 'http:none', value: 2}", LinkOptions{})
	wantProblems(t, problems,
		`warning app.yaml:9:87: http:use: module acme/http has no parameter "prt"; did you mean "port"?`,
		`warning app.yaml:9:136: http:use: module acme/http has no parameter "http:none"; did you mean "http:port"?`)
	es := must(t, `
namespace: m
entries:
  - {name: a, kind: ns.requirement, default: 1, targets: [{entry: servr, path: .x}, {entry: server, path: ..x}, {entry: server, path: .s.x}, {entry: server, path: ".s +="}, {entry: server, path: .meta}]}
  - {name: server, kind: k, s: text}
`)
	_, problems = Link(LinkOptions{}).Apply(es)
	wantProblems(t, problems,
		`error app.yaml:4:60: m:a: target "m:servr" does not exist; did you mean "m:server"?`,
		`error app.yaml:4:101: m:a: path "..x" of m:server: it has an empty part; write .field.sub, .meta.x or ".list +="`,
		`error app.yaml:4:129: m:a: path ".s.x" of m:server: "x" cannot be set inside a string; only maps and lists have fields`,
		`error app.yaml:4:158: m:a: path ".s +=" of m:server: cannot append to a string; only to a list`,
		`error app.yaml:4:190: m:a: path ".meta" of m:server: it names all metadata; name one field, as in .meta.x`,
	)
}

func TestPipeline(t *testing.T) {
	var ran []string
	stage := func(name string) Stage {
		return StageFunc(name, func(es Entries) (Entries, Problems) {
			ran = append(ran, name)
			return es, Problems{{Text: name}}
		})
	}
	_, problems := Pipeline{stage("a"), stage("c")}.After("a", stage("b")).After("none", stage("d")).Apply(nil)
	wantLines(t, ran, "a", "b", "c", "d")
	if len(problems) != 4 {
		t.Errorf("%v", problems)
	}
}
