package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

type testLifecycle struct {
	AutoStart bool          `yaml:"auto_start" doc:"Start with the application."`
	Timeout   time.Duration `yaml:"start_timeout" default:"10s" min:"1ms" doc:"Longest start."`
	Requires  []ID          `yaml:"requires" ref:"*" doc:"What must run before."`
}

type testRoute struct {
	Path string `yaml:"path" required:"true" doc:"The path."`
	Func string `yaml:"func" ref:"function.*" doc:"The function."`
}

func (r testRoute) Validate() error {
	if !strings.HasPrefix(r.Path, "/") {
		return &FieldError{Path: []string{"path"}, Text: "it does not begin with a slash", Hint: "write /" + r.Path}
	}
	return nil
}

type testShared struct {
	Network string `yaml:"network" ref:"?network" doc:"The way out."`
}

type testLevel string

func (l *testLevel) UnmarshalText(b []byte) error {
	if string(b) == "bad" {
		return errors.New("no such level")
	}
	*l = testLevel("<" + string(b) + ">")
	return nil
}

type testConfig struct {
	testShared
	Server    string            `yaml:"meta.server" ref:"http.service" required:"true" doc:"The server."`
	Addr      string            `yaml:"addr" required:"true" doc:"Where to listen."`
	Size      int               `yaml:"size" default:"10" min:"1" max:"100" doc:"How many."`
	Port      uint16            `yaml:"port" doc:"The port."`
	Rate      float64           `yaml:"rate" default:"0.5" doc:"How often."`
	Mode      string            `yaml:"mode" default:"fast" oneof:"fast|slow" doc:"How."`
	Tags      []string          `yaml:"tags" default:"a, b" max:"3" doc:"Words."`
	Options   map[string]string `yaml:"options" doc:"Options."`
	Lifecycle testLifecycle     `yaml:"lifecycle" doc:"The life."`
	Routes    []testRoute       `yaml:"routes" doc:"The routes."`
	Extra     *testRoute        `yaml:"extra" doc:"One more."`
	Flag      *bool             `yaml:"flag" doc:"Yes, no or nothing."`
	Any       any               `yaml:"any" doc:"Anything."`
	Level     testLevel         `yaml:"level" default:"info" doc:"A level."`
}

func decodeText(t *testing.T, text string) (testConfig, []Ref, Problems) {
	t.Helper()
	var e Entry
	for _, e = range must(t, "namespace: app\nentries:\n  - name: x\n    kind: test\n"+text) {
	}
	return Decode[testConfig](e)
}

func TestDecode(t *testing.T) {
	got, refs, problems := decodeText(t, `
    meta: {server: gateway}
    addr: ":80"
    network: net
    size: 5.0
    port: 80
    rate: 2
    mode: slow
    tags: []
    options: {a: b}
    lifecycle: {auto_start: true, requires: [db, "other:db"]}
    routes: [{path: /a, func: f}, {path: /b}]
    flag: false
    any: {x: [1]}
    level: x
`)
	wantProblems(t, problems)
	no := false
	want := testConfig{
		testShared: testShared{Network: "net"}, Server: "app:gateway", Addr: ":80", Size: 5, Port: 80, Rate: 2, Mode: "slow", Tags: []string{}, Options: map[string]string{"a": "b"},
		Lifecycle: testLifecycle{AutoStart: true, Timeout: 10 * time.Second, Requires: []ID{{"app", "db"}, {"other", "db"}}},
		Routes:    []testRoute{{"/a", "app:f"}, {"/b", ""}}, Flag: &no, Any: map[string]any{"x": []any{int64(1)}}, Level: "<x>",
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(testConfig{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var lines []string
	for _, r := range refs {
		lines = append(lines, sprintf("%s %s %q %v", FieldPath(r.Path...), r.ID, r.Kinds, r.Must))
	}
	wantLines(t, lines, `network app:net "network" false`, `meta.server app:gateway "http.service" true`, `lifecycle.requires[0] app:db "" true`,
		`lifecycle.requires[1] other:db "" true`, `routes[0].func app:f "function.*" true`)

	got, _, problems = decodeText(t, "    meta: {server: 'a:b'}\n    addr_env: ADDR\n    port: null\n")
	wantProblems(t, problems)
	want = testConfig{Server: "a:b", Size: 10, Rate: 0.5, Mode: "fast", Tags: []string{"a", "b"}, Lifecycle: testLifecycle{Timeout: 10 * time.Second}, Level: "<info>"}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(testConfig{})); d != "" {
		t.Errorf("defaults (-want +got):\n%s", d)
	}
}

func TestDecodeProblems(t *testing.T) {
	for text, want := range map[string]string{
		"adr: x":                           `warning app.yaml:7:5: app:x: unknown field "adr"; did you mean "addr"?`,
		"something: x":                     `warning app.yaml:7:5: app:x: unknown field "something"; it has no effect`,
		"lifecycle: {auto_strat: true}":    `warning app.yaml:7:17: app:x: unknown field "lifecycle.auto_strat"; did you mean "auto_start"?`,
		"size: big":                        `error app.yaml:7:5: app:x: field "size" is a string; expected an integer`,
		"size: 1.5":                        `error app.yaml:7:5: app:x: field "size" is a number; expected an integer`,
		"size: 0":                          `error app.yaml:7:5: app:x: field "size" is out of bounds; expected at least 1`,
		"size: 101":                        `error app.yaml:7:5: app:x: field "size" is out of bounds; expected at most 100`,
		"port: 70000":                      `error app.yaml:7:5: app:x: field "port" is out of bounds: 70000; expected a smaller number, or one that is not negative`,
		"port: -1":                         `error app.yaml:7:5: app:x: field "port" is out of bounds: -1; expected a smaller number, or one that is not negative`,
		"rate: x":                          `error app.yaml:7:5: app:x: field "rate" is a string; expected a number`,
		"mode: fsat":                       `error app.yaml:7:5: app:x: field "mode" is "fsat"; expected one of fast, slow; did you mean "fast"?`,
		"tags: one":                        `error app.yaml:7:5: app:x: field "tags" is a string; expected a list of string; write it as [one]`,
		"tags: [a, 1]":                     `error app.yaml:7:15: app:x: field "tags[1]" is an integer; expected a string; put it in quotes`,
		"tags: [a, b, c, d]":               `error app.yaml:7:5: app:x: field "tags" is out of bounds; expected at most 3 elements`,
		"options: {a: true}":               `error app.yaml:7:15: app:x: field "options.a" is a boolean; expected a string; put it in quotes`,
		"lifecycle: {start_timeout: 5}":    `error app.yaml:7:17: app:x: field "lifecycle.start_timeout" is an integer; expected a duration such as "500ms" or "1h30m"; give the unit, as in "5s"`,
		"lifecycle: {start_timeout: 5x}":   `error app.yaml:7:17: app:x: field "lifecycle.start_timeout" is not a duration: "5x"; expected a duration such as "500ms" or "1h30m"`,
		"lifecycle: {auto_start: yes}":     `error app.yaml:7:17: app:x: field "lifecycle.auto_start" is a string; expected true or false; write true or false`,
		"lifecycle: [1]":                   `error app.yaml:7:5: app:x: field "lifecycle" is a list; expected an object`,
		"routes: [{func: f}]":              `error app.yaml:7:14: app:x: missing field "routes[0].path"; expected a string`,
		"routes: [{path: a}]":              `error app.yaml:7:15: app:x: field "routes[0].path": it does not begin with a slash; write /a`,
		"extra: {path: /a, func: 'a:b:c'}": `error app.yaml:7:23: app:x: field "extra.func" is "a:b:c"; expected an id such as "namespace:name"`,
		"lifecycle: {requires: ['a:b:c']}": `error app.yaml:7:28: app:x: field "lifecycle.requires[0]" is "a:b:c"; expected an id such as "namespace:name"`,
		"level: bad":                       `error app.yaml:7:5: app:x: field "level": no such level`,
	} {
		_, _, problems := decodeText(t, "    meta: {server: a}\n    addr: x\n    "+text+"\n")
		wantProblems(t, problems, want)
	}
	_, _, problems := decodeText(t, "    addr: ''\n")
	wantProblems(t, problems,
		`error app.yaml:3:5: app:x: missing field "meta.server"; expected an id such as "namespace:name"`,
		`error app.yaml:5:5: app:x: missing field "addr"; expected a string`)
	_, _, problems = Decode[testConfig](Entry{ID: id("a:b")})
	wantProblems(t, problems, "error a:b: configuration data required; give the entry its fields")
	_, _, problems = Decode[testConfig](Entry{ID: id("a:b"), Data: "x"})
	wantProblems(t, problems, "error a:b: the configuration must be a map, not a string; write its fields by name")
}

func TestSchemaMistakesPanic(t *testing.T) {
	type recursive struct {
		Kids []testRoute    `yaml:"kids"`
		Chan map[string]any `yaml:"x"`
		C    chan int       `yaml:"c"`
	}
	for name, f := range map[string]func(){
		"not a struct": func() { SchemaOf[int]() },
		"no tag":       func() { SchemaOf[struct{ A int }]() },
		"bad type":     func() { SchemaOf[recursive]() },
		"bad default": func() {
			SchemaOf[struct {
				A int `yaml:"a" default:"x"`
			}]()
		},
		"default not allowed": func() {
			SchemaOf[struct {
				A string `yaml:"a" oneof:"x|y" default:"z"`
			}]()
		},
		"bad bound": func() {
			SchemaOf[struct {
				A time.Duration `yaml:"a" min:"1"`
			}]()
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "registry.SchemaOf: ") {
					t.Errorf("panic %v", r)
				}
			}()
			f()
		})
	}
}

func TestSchemaDocs(t *testing.T) {
	s := SchemaOf[struct {
		Routes []testRoute    `yaml:"routes" min:"1" doc:"The routes."`
		Mode   string         `yaml:"mode" default:"a" oneof:"a|b" doc:"How."`
		Wait   time.Duration  `yaml:"wait" default:"5s" doc:"How long."`
		Server string         `yaml:"meta.server" required:"true" ref:"http.service" doc:"Where."`
		Rest   map[string]any `yaml:",inline" doc:"More."`
	}]()
	want := "| Field | Type | Default | Meaning |\n|---|---|---|---|\n" +
		"| `routes` | list of object, at least 1 | – | The routes. |\n" +
		"| `routes[].path`\\* | string | – | The path. |\n" +
		"| `routes[].func` | string, names function.* | – | The function. |\n" +
		"| `mode` | string: a, b | `a` | How. |\n" +
		"| `wait` | duration | `5s` | How long. |\n" +
		"| `meta.server`\\* | string, names http.service | – | Where. |\n" +
		"| *others* | map of any | – | More. |\n"
	if d := cmp.Diff(want, s.Markdown()); d != "" {
		t.Error(d)
	}
	wantJSON := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": []any{"meta"},
		"properties": map[string]any{
			"routes": map[string]any{
				"type": "array", "minItems": int64(1), "description": "The routes.",
				"items": map[string]any{
					"type": "object", "required": []any{"path"}, "additionalProperties": false,
					"properties": map[string]any{"path": map[string]any{"type": "string", "description": "The path."}, "func": map[string]any{"type": "string", "description": "The function."}},
				},
			},
			"mode": map[string]any{"type": "string", "enum": []any{"a", "b"}, "default": "a", "description": "How."},
			"wait": map[string]any{"type": []any{"string", "integer"}, "pattern": `^(0|[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`, "minimum": int64(0), "maximum": int64(0), "default": "5s", "description": "How long."},
			"meta": map[string]any{"type": "object", "required": []any{"server"}, "properties": map[string]any{"server": map[string]any{"type": "string", "description": "Where."}}},
		},
	}
	if d := cmp.Diff(wantJSON, s.JSONSchema()); d != "" {
		t.Error(d)
	}
}

func TestKindsCheck(t *testing.T) {
	type handler struct {
		Func string `yaml:"func" ref:"function.lua|function.wasm" doc:"What to call."`
	}
	kinds := Primitives()
	kinds["http.endpoint"] = KindInfo{Schema: SchemaOf[handler]()}
	kinds["function.lua"] = KindInfo{Schema: SchemaOf[struct{}]()}
	problems := kinds.Check(must(t, `
namespace: app
entries:
  - {name: good, kind: http.endpoint, func: users}
  - {name: built_in, kind: http.endpoint, func: ":x"}
  - {name: missing, kind: http.endpoint, func: usres}
  - {name: wrong, kind: http.endpoint, func: good}
  - {name: users, kind: function.lua}
  - {name: spelling, kind: function.lau}
  - {name: strange, kind: zzz}
`))
	wantProblems(t, problems,
		`error app.yaml:6:42: app:missing: func refers to "app:usres", which does not exist; did you mean "app:users"?`,
		`error app.yaml:7:40: app:wrong: func refers to "app:good", which is a http.endpoint; expected an entry of kind function.lua|function.wasm`,
		`error app.yaml:9:22: app:spelling: unknown kind "function.lau"; did you mean "function.lua"?`,
		`error app.yaml:10:21: app:strange: unknown kind "zzz"; use one of the kinds this runtime has`)
}
