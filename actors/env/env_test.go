package env

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func node(t *testing.T, entries string) *actors.Node {
	t.Helper()
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component, actorstest.Entries}, Kinds: append(Kinds(), client)})
	if err := actorstest.Create(t, n, entries); err != nil {
		t.Fatal(err)
	}
	return n
}

// clientConfig is a kind that takes values from the environment.
type clientConfig struct {
	URL  string `yaml:"url" required:"true"`
	Port int    `yaml:"port" default:"80"`
}

var client = actors.Define(actors.Spec[clientConfig]{
	Name:  "test.client",
	Serve: func(env actors.Env, _ clientConfig) actor.Actor { return &clientActor{env: env} },
})

type clientActor struct {
	env    actors.Env
	config clientConfig
}

func (c *clientActor) Load(ctx context.Context) (context.Context, error) {
	var err error
	c.config, err = actors.Configure[clientConfig](ctx, c.env, c.env.Entry)
	return ctx, err
}

func (c *clientActor) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		req.Reply(&c.config)
	}
}

// outcome is what a question gave, on one line.
func outcome(v any, err error) string {
	if err != nil {
		e := messages.AsError(err)
		return e.Kind + ": " + e.Error()
	}
	if s, ok := v.(string); ok {
		return s
	}
	return "done"
}

const storages = `
  - {name: memory, kind: env.storage.memory}
  - {name: static, kind: env.storage.static, values: {FIRST: one, EMPTY: ""}}
`

func TestGetAndSet(t *testing.T) {
	t.Setenv("TROUPE_TEST_OS", "from the system")
	n := node(t, storages+`
  - {name: os, kind: env.storage.os}
  - {name: first, kind: env.variable, storage: static, variable: FIRST}
  - {name: empty, kind: env.variable, storage: static, variable: EMPTY}
  - {name: second, kind: env.variable, storage: memory, variable: SECOND, default: two}
  - {name: number, kind: env.variable, storage: memory, default: 3}
  - {name: private, kind: env.variable, storage: "app:memory"}
  - {name: fixed, kind: env.variable, storage: memory, variable: FIXED, default: stays, readonly: true}
  - {name: system, kind: env.variable, storage: os, variable: TROUPE_TEST_OS}
`)
	get := func(name, ns string) string {
		return outcome(actorstest.Ask(t, n, "env", &messages.EnvGet{Name: name, NS: ns}))
	}
	set := func(name, value string) string {
		return outcome(actorstest.Ask(t, n, "env", &messages.EnvSet{Name: name, NS: "app", Value: value}))
	}
	const missing = "NotFound: environment variable not found"
	for _, step := range []struct{ got, want string }{
		{get("FIRST", ""), "one"},
		{get("app:first", ""), "one"},
		{get("first", "app"), "one"},
		{get("first", "other"), missing},
		{get("first", ""), missing},
		{get("app:FIRST", "app"), missing},
		{get("EMPTY", "app"), missing},
		{get("SECOND", "app"), "two"},
		{get("number", "app"), "3"},
		{get("TROUPE_TEST_OS", ""), "from the system"},
		{get("PATH", "app"), missing}, // only what is declared exists
		{get("", "app"), "Invalid: environment variable name cannot be empty"},
		{get("private", "app"), missing},
		{set("private", "secret"), "done"},
		{get("private", "app"), "secret"},
		{set("SECOND", "changed"), "done"},
		{get("SECOND", "app"), "changed"},
		{set("SECOND", ""), "done"},
		{get("SECOND", "app"), "two"},
		{set("FIXED", "x"), "PermissionDenied: environment variable is read-only"},
		{set("FIRST", "x"), "PermissionDenied: storage is read-only"},
		{set("TROUPE_TEST_OS", "x"), "PermissionDenied: storage is read-only"},
		{set("NONE", "x"), missing},
		{set("", "x"), "Invalid: environment variable name cannot be empty"},
	} {
		if step.got != step.want {
			t.Errorf("got %q, want %q", step.got, step.want)
		}
	}
	all := actorstest.Must[map[string]string](t, n, "env", &messages.EnvAll{})
	want := map[string]string{"FIRST": "one", "SECOND": "two", "FIXED": "stays", "app:number": "3", "app:private": "secret", "TROUPE_TEST_OS": "from the system"}
	if !maps.Equal(all, want) {
		t.Errorf("all: got %v, want %v", all, want)
	}
	if _, err := actorstest.Ask(t, n, "app:memory", &messages.EnvDelete{Key: "app:private"}); err != nil {
		t.Error(err)
	}
	if got := get("private", "app"); got != missing {
		t.Errorf("deleted: %s", got)
	}
	if got := outcome(actorstest.Ask(t, n, "app:static", &messages.EnvDelete{Key: "FIRST"})); got != "PermissionDenied: storage is read-only" {
		t.Errorf("delete from static: %s", got)
	}
}

func TestDeclarations(t *testing.T) {
	n := node(t, storages+"  - {name: a, kind: env.variable, storage: static, variable: FIRST}\n")
	get := func(name string) string {
		return outcome(actorstest.Ask(t, n, "env", &messages.EnvGet{Name: name, NS: "app"}))
	}
	err := actorstest.Create(t, n, storages+"  - {name: b, kind: env.variable, storage: static, variable: FIRST}\n")
	if err == nil || !strings.Contains(err.Error(), "spawning app:memory") {
		t.Fatal("the entries are there already:", err)
	}
	es, _ := actorstest.Read(n, storages+"  - {name: b, kind: env.variable, storage: static, variable: FIRST}\n")
	b := &variable{id: es[len(es)-1].ID.String(), storage: "app:static", public: "FIRST"}
	want := `AlreadyExists: environment variable "FIRST" is declared by app:a and by app:b; give one of them another name in the field variable`
	if got := outcome(actorstest.Ask(t, n, "env", &declare{b})); got != want {
		t.Errorf("twice: got %s", got)
	}
	if err := actorstest.Update(t, n, "app:a", storages+"  - {name: a, kind: env.variable, storage: static, variable: EMPTY, default: now}\n"); err != nil {
		t.Error(err)
	}
	if got := get("EMPTY") + get("app:a") + get("FIRST"); got != "now"+"now"+"NotFound: environment variable not found" {
		t.Errorf("after the update: %s", got)
	}
	actorstest.Remove(t, n, "app:a")
	if got := get("EMPTY"); got != "NotFound: environment variable not found" {
		t.Errorf("after the removal: %s", got)
	}
	actorstest.Must[*messages.Done](t, n, "env", &declare{b})
}

func TestMistakes(t *testing.T) {
	n := node(t, "")
	for text, entries := range map[string]string{
		`missing field "storage"`: "  - {name: v, kind: env.variable}\n",
		`storage refers to "app:memry", which does not exist; did you mean "app:memory"?`:      storages + "  - {name: v, kind: env.variable, storage: memry}\n",
		`storage refers to "app:w", which is a env.variable`:                                   storages + "  - {name: v, kind: env.variable, storage: w}\n  - {name: w, kind: env.variable, storage: memory}\n",
		`field "variable": invalid variable name "A-B"; use only the characters a-z A-Z 0-9 _`: storages + "  - {name: v, kind: env.variable, storage: memory, variable: A-B}\n",
		`field "default": a list or map cannot be the value of a variable`:                     storages + "  - {name: v, kind: env.variable, storage: memory, default: [a]}\n",
		`unknown field "read_only"; did you mean "readonly"?`:                                  storages + "  - {name: v, kind: env.variable, storage: memory, read_only: true}\n",
		`missing field "file_path"`:                                                            "  - {name: f, kind: env.storage.file}\n",
		`field "file_mode": "yes" is no octal number; write permissions as in 0644`:            "  - {name: f, kind: env.storage.file, file_path: x, file_mode: \"yes\"}\n",
		`field "dir_mode": 01204 is no set of permissions`:                                     "  - {name: f, kind: env.storage.file, file_path: x, dir_mode: 644}\n",
		`missing field "storages"`:                                                             "  - {name: r, kind: env.storage.router}\n",
		`field "storages" is out of bounds; expected at least 1 elements`:                      "  - {name: r, kind: env.storage.router, storages: []}\n",
		`field "values.A" is an integer; expected a string; put it in quotes`:                  "  - {name: s, kind: env.storage.static, values: {A: 1}}\n",
		"storages[1] refers to the entry itself; name another one":                             storages + "  - {name: r, kind: env.storage.router, storages: [memory, r]}\n",
		"they need each other in a circle: app:q -> app:r -> app:q":                            "  - {name: r, kind: env.storage.router, storages: [q]}\n  - {name: q, kind: env.storage.router, storages: [r]}\n",
	} {
		_, problems := actorstest.Read(n, entries)
		if !strings.Contains(problems.Error(), text) {
			t.Errorf("got %v, want %s", problems, text)
		}
	}
}

func TestFileModes(t *testing.T) {
	n := node(t, "")
	_, problems := actorstest.Read(n, "  - {name: f, kind: env.storage.file, file_path: x, file_mode: 0600, dir_mode: \"0700\"}\n")
	if len(problems) > 0 {
		t.Error(problems)
	}
}

func TestRouter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "values.env")
	n := node(t, storages+`
  - {name: file, kind: env.storage.file, file_path: "`+path+`", auto_create: true}
  - {name: r, kind: env.storage.router, storages: [file, static, memory]}
`)
	ask := func(name string, body any) string { return outcome(actorstest.Ask(t, n, name, body)) }
	read := func(key string) string { return ask("app:r", &messages.EnvRead{Key: key}) }
	for _, step := range []struct{ got, want string }{
		{read("FIRST"), "one"},
		{read("NONE"), "NotFound: environment variable not found"},
		{ask("app:memory", &messages.EnvWrite{Key: "NONE", Value: "late"}), "done"},
		{read("NONE"), "late"},
		{ask("app:memory", &messages.EnvWrite{Key: "NONE", Value: "later"}), "done"},
		{read("NONE"), "late"}, // it was remembered
		{ask("app:r", &messages.EnvWrite{Key: "NONE", Value: "written"}), "done"},
		{read("NONE"), "written"},
		{ask("app:file", &messages.EnvRead{Key: "NONE"}), "written"}, // the first storage
		{ask("app:r", &messages.EnvDelete{Key: "NONE"}), "done"},
		{read("NONE"), "later"},
		{ask("app:r", &messages.EnvWrite{Key: "FIRST", Value: "file"}), "done"},
		{read("FIRST"), "file"},
		{read("EMPTY"), ""}, // a value all the same
	} {
		if step.got != step.want {
			t.Errorf("got %q, want %q", step.got, step.want)
		}
	}
	all := actorstest.Must[map[string]string](t, n, "app:r", &messages.EnvList{})
	if want := map[string]string{"FIRST": "file", "EMPTY": "", "NONE": "later"}; !maps.Equal(all, want) {
		t.Errorf("list: got %v, want %v", all, want)
	}
	// Any other error than "not found" ends the search.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := read("SECOND"); !strings.HasPrefix(got, "Internal: reading storage app:file: reading env file: ") {
		t.Errorf("a storage that fails: %s", got)
	}
}

func TestConfigure(t *testing.T) {
	n := node(t, storages+`
  - {name: port, kind: env.variable, storage: memory, variable: PORT, default: "8080"}
  - {name: host, kind: env.variable, storage: memory, default: localhost}
  - {name: void, kind: env.variable, storage: memory}
  - {name: c, kind: test.client, url: "http://${env:app:host}/${PATH_PART|x}", port_env: PORT}
  - {name: d, kind: test.client, url_env: host, port: 1, port_env: UNDECLARED}
  - {name: plain, kind: test.client, url: "$${x}"}
`)
	for id, want := range map[string]clientConfig{
		"app:c": {"http://localhost/x", 8080}, "app:d": {"localhost", 1}, "app:plain": {"${x}", 80},
	} {
		if got := actorstest.Must[*clientConfig](t, n, id, "config"); *got != want {
			t.Errorf("%s: got %+v, want %+v", id, *got, want)
		}
	}
	for want, entry := range map[string]string{
		`NotFound: reading the environment variables of app:e: "PROT" is not declared; did you mean "PORT"?`:            "url: x, port_env: PROT",
		`NotFound: reading the environment variables of app:e: "hots" is not declared; did you mean "host"?`:            "url_env: hots",
		`NotFound: reading the environment variables of app:e: "ZZZZZZ" is not declared; declare it as an env.variable`: `url: "${env:ZZZZZZ}"`,
		`field "url_env": environment variable "void" has no value; give it one, or write the field url`:                "url_env: void",
		`field "url": environment variable "void" has no value; give it one, or write a default: ${env:void|…}`:         `url: "${env:void}"`,
		`field "port" is a string; expected an integer`:                                                                 "url: x, port_env: host",
	} {
		if got := outcome(nil, actorstest.Create(t, n, "  - {name: e, kind: test.client, "+entry+"}\n")); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", entry, got, want)
		}
	}
}
