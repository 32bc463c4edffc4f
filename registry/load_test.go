package registry

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// files makes a file system of names and contents.
func files(pairs ...string) fs.FS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func loadText(t *testing.T, pairs ...string) (Entries, Problems) {
	t.Helper()
	return Load([]Source{{FS: files(pairs...), Name: "src"}})
}

func id(s string) ID {
	v, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return v
}

func wantProblems(t *testing.T, got Problems, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	lines := []string{}
	for _, p := range got {
		lines = append(lines, p.Severity.String()+" "+p.String())
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

func TestLoadForms(t *testing.T) {
	es, problems := loadText(t,
		"_index.yaml", `
version: "1.0"
namespace: app.users
meta: {team: accounts, type: none}
entries:
  - name: list
    kind: function.lua
    meta: {type: handler}
    source: file://lua/list.lua
    modules: [json, sql]
    nested: {deep: ["file:///top.txt", plain]}
  - name: cache
    kind: store.memory
    data: {max_size: 500, kind: odd}
  - name: bare
    kind: registry.entry
`,
		"lua/list.lua", "return 1\n", "top.txt", "top",
		"sub/one.yaml", "namespace: app\nname: one\nkind: registry.entry\nrequirements: [x]\nversion: '2'\nvalue: 7\n",
		"sub/two.json", `{"namespace":"app","entries":[{"name":"two","kind":"registry.entry","a":1,"b":1.0,"c":"\ud83d\ude00"}]}`,
		"foreign.yaml", "services: [a]\n",
		"kustomization.yaml", "namespace: prod\nresources: [a]\n",
		"node_modules/x/y.yaml", "namespace: no\nname: x\nkind: y\n",
		"notes.txt", "namespace: no\nname: x\nkind: y\n",
	)
	wantProblems(t, problems)
	want := map[string]Entry{
		"app.users:list": {
			ID: id("app.users:list"), Kind: "function.lua", Meta: map[string]any{"team": "accounts", "type": "handler"},
			Data: map[string]any{"source": "return 1\n", "modules": []any{"json", "sql"}, "nested": map[string]any{"deep": []any{"top", "plain"}}},
		},
		"app.users:cache": {
			ID: id("app.users:cache"), Kind: "store.memory", Meta: map[string]any{"team": "accounts", "type": "none"},
			Data: map[string]any{"max_size": int64(500), "kind": "odd"},
		},
		"app.users:bare": {
			ID: id("app.users:bare"), Kind: "registry.entry", Meta: map[string]any{"team": "accounts", "type": "none"}, Data: map[string]any{},
		},
		"app:one": {ID: id("app:one"), Kind: "registry.entry", Data: map[string]any{"value": int64(7)}},
		"app:two": {ID: id("app:two"), Kind: "registry.entry", Data: map[string]any{"a": int64(1), "b": 1.0, "c": "😀"}},
	}
	if len(es) != len(want) {
		t.Errorf("got %v", es.IDs())
	}
	for name, w := range want {
		got := es[id(name)]
		if !got.Equal(w) {
			t.Errorf("%s: got %#v, want %#v", name, got, w)
		}
	}
	list := es[id("app.users:list")]
	for path, want := range map[string]string{
		"source": "src/_index.yaml:9:5", "modules.1": "src/_index.yaml:10:21", "nested.deep.0": "src/_index.yaml:11:21",
		"meta.team": "src/_index.yaml:4:8", "meta.type": "src/_index.yaml:8:12", "kind": "src/_index.yaml:7:5", "absent": "src/_index.yaml:6:5",
	} {
		if got := list.At(strings.Split(path, ".")...).String(); got != want {
			t.Errorf("At(%s) = %s, want %s", path, got, want)
		}
	}
	if f, ok := list.Inlined("source"); f != "src/lua/list.lua" || !ok {
		t.Errorf("Inlined(source) = %q, %v", f, ok)
	}
	if f, ok := list.Inlined("nested", "deep", "1"); ok {
		t.Errorf("Inlined of a plain value = %q", f)
	}
	if got := es[id("app:two")].At("b").String(); got != "src/sub/two.json:1:75" {
		t.Errorf("position in JSON: %s", got)
	}
}

func TestLoadValues(t *testing.T) {
	for text, want := range map[string]any{
		"0600": int64(384), "0o600": int64(384), "0x1F": int64(31), "007x": "007x", ":8080": ":8080", "yes": "yes", "no": "no",
		"true": true, "1.5": 1.5, "1e3": 1000.0, "-7": int64(-7), "0": int64(0), "~": nil, "2020-01-02": "2020-01-02",
		`"12"`: "12", "8080:80": "8080:80", "18446744073709551615": 18446744073709551615.0, "!!binary aGk=": "hi",
		"|\n      a\n      b\n": "a\nb\n", "!custom x": "x", "1e999": "1e999",
	} {
		es, problems := loadText(t, "a.yaml", "namespace: a\nentries:\n  - name: x\n    kind: k\n    v: "+text+"\n")
		wantProblems(t, problems)
		if got := es[id("a:x")].Fields()["v"]; !equalValues(got, want) {
			t.Errorf("%q: got %#v, want %#v", text, got, want)
		}
	}
}

func TestLoadMergesAndAliases(t *testing.T) {
	es, problems := loadText(t, "a.yaml", `
namespace: a
base: &base {kind: store.memory, size: 1, opts: &o {x: 1}}
entries:
  - <<: *base
    name: one
    size: 2
  - {name: two, kind: k, opts: *o, more: {<<: [*o, {y: 2}], x: 9}}
`)
	wantProblems(t, problems)
	one, two := es[id("a:one")], es[id("a:two")]
	if one.Kind != "store.memory" || !equalValues(one.Data, map[string]any{"size": int64(2), "opts": map[string]any{"x": int64(1)}}) {
		t.Errorf("one: %#v", one)
	}
	if !equalValues(two.Data, map[string]any{"opts": map[string]any{"x": int64(1)}, "more": map[string]any{"x": int64(9), "y": int64(2)}}) {
		t.Errorf("two: %#v", two.Data)
	}
}

func TestLoadProblems(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"tab":            {"namespace: a\nentries:\n\t- {name: b, kind: k}", []string{"warning src/f.yaml:3:2: cannot be parsed: line 3: found character that cannot start any token (indent with spaces, not tabs); the whole file is skipped"}},
		"not yaml":       {"a: b\n  c: [", []string{"warning src/f.yaml:2:3: cannot be parsed: line 2: mapping values are not allowed in this context; the whole file is skipped"}},
		"namespace":      {"namespace: 5\nentries: []\n", []string{"error src/f.yaml:1:12: namespace is not a name; expected a string without colons, such as app.users"}},
		"no name":        {"namespace: a\nentries:\n  - kind: k\n", []string{`error src/f.yaml:3:5: an entry has no usable name; expected "name:" with a string without colons`}},
		"number as name": {"namespace: a\nentries:\n  - {name: 1, kind: k}\n", []string{`error src/f.yaml:3:12: an entry has no usable name; expected "name:" with a string without colons`}},
		"no kind":        {"namespace: a\nentries:\n  - name: x\n", []string{`error src/f.yaml:3:5: a:x: the entry has no kind; expected "kind:" with a string such as function.lua`}},
		"meta":           {"namespace: a\nentries:\n  - {name: x, kind: k, meta: 1}\n", []string{"error src/f.yaml:3:24: a:x: meta is not a map; write its fields by name"}},
		"entries":        {"namespace: a\nentries: {}\n", []string{`error src/f.yaml:2:1: "entries" is not a list; write each entry as an element, beginning with "- name:"`}},
		"entires":        {"namespace: a\nentires: []\n", []string{`warning src/f.yaml:2:1: unknown key "entires"; did you mean "entries"?`}},
		"twice":          {"namespace: a\nentries:\n  - {name: x, kind: k}\n  - {name: x, kind: l}\n", []string{"warning src/f.yaml:4:5: a:x: declared twice: this definition is used, not the one at src/f.yaml:3:5; remove or rename one of them"}},
		"kind twice":     {"namespace: a\nentries:\n  - {name: x, kind: k, kind: l}\n", []string{`error src/f.yaml:3:24: a:x: "kind" is given twice; remove one of them`}},
		"entries twice":  {"namespace: a\nentries: []\nentries:\n  - {name: x, kind: k}\n", []string{`error src/f.yaml:3:1: "entries" is given twice; remove one of them`}},
		"field twice":    {"namespace: a\nentries:\n  - {name: x, kind: k, v: 1, v: 2}\n", []string{`error src/f.yaml:3:30: a:x: field "v" is given twice; remove one of them`}},
		"escape":         {"namespace: a\nentries:\n  - {name: x, kind: k, v: 'file://../x'}\n", []string{`error src/f.yaml:3:27: a:x: field "v": file://../x leaves the loaded folder; name a file inside it`}},
		"escape root":    {"namespace: a\nentries:\n  - {name: x, kind: k, v: ['file:///../x']}\n", []string{`error src/f.yaml:3:28: a:x: field "v[0]": file:///../x leaves the loaded folder; name a file inside it`}},
		"missing file":   {"namespace: a\nentries:\n  - {name: x, kind: k, v: 'file://x.lua'}\n", []string{`error src/f.yaml:3:27: a:x: field "v": cannot read src/x.lua; check that the file exists; read entries: file does not exist`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := loadText(t, "f.yaml", c.text)
			wantProblems(t, problems, c.want...)
		})
	}
}

func TestLoadBadJSON(t *testing.T) {
	for text, want := range map[string]string{
		"{\n  \"namespace\": \"a\",\n  oops}": "warning src/f.json:3:3: cannot be parsed: invalid character 'o'; the whole file is skipped",
		"{\"namespace\": \"a\"":               "warning src/f.json:1:18: cannot be parsed: the file ends too early; the whole file is skipped",
		"{\"namespace\": \"a\"} []":           "warning src/f.json:1:21: cannot be parsed: there is more after the end of the value; the whole file is skipped",
		strings.Repeat("[", 5000):             "",
		strings.Repeat("{\"a\":", 5000) + "1": "",
	} {
		_, problems := loadText(t, "f.json", text)
		if len(problems) != 1 || problems[0].Severity != Warning {
			t.Errorf("%.40q: %v", text, problems)
			continue
		}
		if got := problems[0]; want != "" && (got.Pos.String() != strings.Fields(want)[1][:len(strings.Fields(want)[1])-1]) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestLoadHostile(t *testing.T) {
	bomb := "namespace: a\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n"
	}
	bomb += "entries:\n  - {name: x, kind: k, v: *i}\n"
	for name, text := range map[string]string{
		"alias bomb":      bomb,
		"alias of itself": "namespace: a\nentries:\n  - {name: x, kind: k, v: &v [*v, *v]}\n",
		"merge of itself": "namespace: a\nentries:\n  - {name: x, kind: k, v: &v {<<: *v, a: 1}}\n",
		"entry of itself": "namespace: a\nentries:\n  - &e {name: x, kind: k, <<: *e, v: *e}\n",
		"deep":            "namespace: a\nentries:\n  - {name: x, kind: k, v: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}\n",
		"map as key":      "namespace: a\nentries:\n  - {name: x, kind: k, v: {{a: b}: 1}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := loadText(t, "f.yaml", text)
			if problems.Err() == nil || len(problems) > 5 {
				t.Errorf("got %d problems: %v", len(problems), problems)
			}
		})
	}
}

func TestLoadSources(t *testing.T) {
	entry := func(name, v string) string { return "namespace: a\nname: " + name + "\nkind: k\nv: " + v + "\n" }
	exclude, err := NewExclude([]string{"a:hidden_*", "test/**", "*.skip.yaml"}, map[string][]string{"env": {"dev"}})
	if err != nil {
		t.Fatal(err)
	}
	es, problems := Load([]Source{
		{FS: files("x.yaml", entry("x", "1"), ".wippy/vendor/o/m/y.yaml", entry("y", "1"), ".git/z.yaml", entry("z", "1")), Skip: []string{".wippy"}},
		{
			FS: files("src/x.yaml", entry("x", "file:///v.txt"), "src/v.txt", "2", "src/hidden.yaml", entry("hidden_1", "1"),
				"src/test/a.yaml", entry("t", "1"), "src/b.skip.yaml", entry("s", "1"), "src/dev.yaml", "namespace: a\nname: d\nkind: k\nmeta: {env: dev}\n", "out.yaml", entry("out", "1")),
			Root: "src", Name: "../local/src", Exclude: exclude, Module: "o/m",
		},
		{FS: files("src/test/a.yaml", entry("t", "1"), "test/a.yaml", entry("u", "1")), Exclude: exclude}, // vendored
		{FS: files(), Root: "missing", Name: "gone"},
		{FS: files(), Root: "../up"},
	})
	if got := es.IDs(); len(got) != 1 || es[id("a:x")].Fields()["v"] != "2" || es[id("a:x")].Module() != "o/m" {
		t.Errorf("got %v %v", got, es)
	}
	wantProblems(t, problems,
		`error read entries: folder "../up" leaves the file system it is in; give a path below it`,
		"warning ../local/src/x.yaml:1:1: a:x: declared twice: this definition is used, not the one at x.yaml:1:1; remove or rename one of them",
		"error gone: read entries: file does not exist; check that it exists and may be read",
	)
}

func FuzzLoad(f *testing.F) {
	f.Add("a.yaml", "namespace: a\nentries:\n  - {name: x, kind: k, v: [1, file://a.yaml]}\n")
	f.Add("a.json", `{"namespace":"a","name":"x","kind":"k","v":[1,2.5,"x"]}`)
	f.Add("a.yaml", "namespace: a\nb: &b {<<: *b}\nentries: [*b]\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		if name != "a.json" {
			name = "a.yaml"
		}
		es, problems := ReadFile(name, []byte(text), files("a.yaml", "x"))
		again, _ := ReadFile(name, []byte(text), files("a.yaml", "x"))
		for key, e := range es {
			if e.Kind == "" || key != e.ID || key.NS == "" || key.Name == "" {
				t.Errorf("unusable entry %#v", e)
			}
			if !e.Equal(again[key]) {
				t.Errorf("%s differs the second time", key)
			}
			if n, err := Normalize(e.Data); err != nil || !equalValues(n, e.Data) {
				t.Errorf("%s is not plain data: %v", key, err)
			}
		}
		for _, p := range problems {
			if p.Text == "" || p.File == "" {
				t.Errorf("problem without text or file: %#v", p)
			}
		}
	})
}
