package registry

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func levelText(levels [][]ID) string {
	var parts []string
	for _, level := range levels {
		var names []string
		for _, id := range level {
			names = append(names, id.String())
		}
		parts = append(parts, strings.Join(names, " "))
	}
	return strings.Join(parts, " | ")
}

func TestReferences(t *testing.T) {
	e := must(t, `
namespace: app
entries:
  - name: x
    kind: k
    meta: {parent: p, depends_on: [d1, "o:d2"], server: s, temporal: {activity: {worker: w}}, db_env: e1, title: no}
    data:
      lifecycle: {requires: [r], depends_on: [dep], security: {policies: [pol], groups: [g]}}
      pool: {depends_on: pd, size: 3}
      security: {policies: [sp], x: sx}
      imports: {a: lib, b: ":sql", c: "o:lib"}
      func: f
      storages: [st1, st2]
      database: db
      dead_letter: {queue: dlq}
      tls: {cert_env: c1, cert: no}
      host_env: h1
      contracts: [{contract: con, methods: {m: fm}}]
      client: cl
      other: nothing
      middleware: [cors, 5]
      env: {A: no}
`)[id("app:x")]
	var got []string
	for _, r := range Kinds(nil).References(e) {
		got = append(got, FieldPath(r.Path...)+"="+r.ID.String())
	}
	wantLines(t, got, "meta.parent=app:p", "meta.depends_on[0]=app:d1", "meta.depends_on[1]=o:d2", "meta.server=app:s",
		"meta.temporal.activity.worker=app:w", "meta.db_env=app:e1",
		"data.lifecycle.depends_on[0]=app:dep", "data.pool.depends_on=app:pd", "data.lifecycle.requires[0]=app:r", "data.lifecycle.depends_on[0]=app:dep",
		"data.lifecycle.security.policies[0]=app:pol", "data.lifecycle.security.groups[0]=app:g", "data.security.policies[0]=app:sp", "data.security.x=app:sx",
		"data.imports.a=app:lib", "data.imports.c=o:lib", "data.func=app:f", "data.storages[0]=app:st1", "data.storages[1]=app:st2", "data.database=app:db",
		"data.dead_letter.queue=app:dlq", "data.middleware[0]=app:cors", "data.tls.cert_env=app:c1", "data.host_env=app:h1",
		"data.contracts[0].contract=app:con", "data.contracts[0].methods.m=app:fm", "data.client=app:cl")
}

func TestLevels(t *testing.T) {
	es := must(t, `
namespace: a
entries:
  - {name: endpoint, kind: k, func: f, meta: {router: router}}
  - {name: router, kind: k, meta: {server: server}}
  - {name: server, kind: k}
  - {name: f, kind: k, imports: {l: lib, me: f, gone: nowhere}}
  - {name: lib, kind: k}
  - {name: alone, kind: k}
`)
	levels, err := Kinds(nil).Levels(es)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := levelText(levels), "a:alone a:lib a:server | a:f a:router | a:endpoint"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	g := Kinds(nil).Graph(es)
	if d := cmp.Diff([]ID{id("a:f"), id("a:router")}, g.Needs(id("a:endpoint"))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]ID{id("a:endpoint"), id("a:f")}, g.Dependents(id("a:lib"))); d != "" {
		t.Error(d)
	}
}

// The variable of a field "x_env" or a placeholder is needed under its public name,
// which does not count where it makes a circle.
func TestLevelsOfVariables(t *testing.T) {
	type reader struct {
		URL string `yaml:"url"`
	}
	es := must(t, `
namespace: app
entries:
  - {name: a, kind: reader, url_env: URL}
  - {name: b, kind: reader, url: "${env:HOST}/x"}
  - {name: host, kind: env.variable, storage: s, variable: HOST}
  - {name: s, kind: store}
  - {name: url, kind: env.variable, storage: s, variable: URL, url: "${env:HOST}"}
`)
	ks := Kinds{"reader": {Schema: SchemaOf[reader]()}, "env.variable": {Schema: OpenSchemaOf[reader]()}, "store": {Schema: OpenSchemaOf[struct{}]()}}
	levels, err := ks.Levels(es)
	if got := levelText(levels); err != nil || got != "app:s | app:host | app:b app:url | app:a" {
		t.Errorf("%s, %v", got, err)
	}
	es[id("app:host")].Data.(map[string]any)["url"] = "${env:URL}"
	if levels, err := ks.Levels(es); err != nil {
		t.Errorf("a circle of variables: %s, %v", levelText(levels), err)
	}
}

func TestCircles(t *testing.T) {
	for text, want := range map[string]string{
		"{name: a, kind: k, func: 'n:b'}, {name: b, kind: k, func: 'n:c'}, {name: c, kind: k, func: 'n:a'}, {name: d, kind: k, func: 'n:b'}": "app.yaml:2:11: order entries: they need each other in a circle: n:a -> n:b -> n:c -> n:a; remove one of these references",
		"{name: z, kind: k, func: 'n:a'}, {name: a, kind: k, func: 'n:b'}, {name: b, kind: k, func: 'n:a'}":                                  "app.yaml:2:44: order entries: they need each other in a circle: n:a -> n:b -> n:a; remove one of these references",
		// Bare names and metadata give way.
		"{name: a, kind: k, middleware: [b]}, {name: b, kind: k, func: 'n:a'}":       "n:a | n:b",
		"{name: a, kind: k, meta: {parent: 'n:b'}}, {name: b, kind: k, func: 'n:a'}": "n:a | n:b",
	} {
		levels, err := Kinds(nil).Levels(must(t, "namespace: n\nentries: ["+text+"]\n"))
		got := levelText(levels)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		var ce *CycleError
		if err != nil && !errors.As(err, &ce) {
			t.Errorf("%T", err)
		}
	}
}

// randomEntries makes entries that refer only to those before them.
func randomEntries(r *rand.Rand, n int) []Entry {
	var list []Entry
	for i := range n {
		e := Entry{ID: ID{"n" + utoa(uint64(r.IntN(3))), "e" + utoa(uint64(i))}, Kind: "k"}
		var deps []any
		for range r.IntN(3) {
			if i > 0 {
				deps = append(deps, list[r.IntN(i)].ID.String())
			}
		}
		e.Data = map[string]any{"storages": deps}
		list = append(list, e)
	}
	return list
}

func TestOrderOfShuffles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	list := randomEntries(r, 40)
	half := EntriesOf(list[:20]...)
	var wantLevels, wantOps string
	for round := range 1000 {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		es := EntriesOf(list...)
		levels, err := Kinds(nil).Levels(es)
		if err != nil {
			t.Fatal(err)
		}
		ops := Delta(half, es)
		r.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
		ordered, err := Kinds(nil).Order(half, es, ops)
		if err != nil {
			t.Fatal(err)
		}
		gotOps := ""
		for _, op := range ordered {
			gotOps += op.String() + ";"
		}
		if round == 0 {
			wantLevels, wantOps = levelText(levels), gotOps
		}
		if got := levelText(levels); got != wantLevels || gotOps != wantOps {
			t.Fatalf("round %d: got %s %s, want %s %s", round, got, gotOps, wantLevels, wantOps)
		}
	}
}

func TestOrderRespectsReferences(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		list := randomEntries(r, 30)
		before, after := EntriesOf(list[:15]...), EntriesOf(list[15:]...)
		for _, e := range list[:8] { // some stay, changed
			e.Kind = "changed"
			after[e.ID] = e
		}
		ops, err := Kinds(nil).Order(before, after, Delta(before, after))
		if err != nil {
			t.Fatal(err)
		}
		at := map[ID]int{}
		for i, op := range ops {
			at[op.Entry.ID] = i
			if i > 0 && op.Kind == Delete && ops[i-1].Kind != Delete {
				t.Fatal("a deletion comes after another change")
			}
		}
		for _, op := range ops {
			for _, ref := range Kinds(nil).References(op.Entry) {
				other, ok := at[ref.ID]
				if !ok || (op.Kind == Delete) != (ops[other].Kind == Delete) {
					continue
				}
				if (op.Kind == Delete) != (at[op.Entry.ID] < other) {
					t.Fatalf("%s is on the wrong side of %s", op, ops[other])
				}
			}
		}
	}
}

func TestFilesInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	list := randomEntries(r, 12)
	want := ""
	for round := range 1000 {
		// The entries stand in other files each time, and in another order there.
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		fsys := fstest.MapFS{}
		for i, e := range list {
			name := utoa(uint64(r.IntN(4))) + "/" + utoa(uint64(i)) + ".yaml"
			text := "namespace: " + e.ID.NS + "\nname: " + e.ID.Name + "\nkind: k\nstorages: ["
			for _, dep := range e.Data.(map[string]any)["storages"].([]any) {
				text += "'" + dep.(string) + "',"
			}
			fsys[name] = &fstest.MapFile{Data: []byte(text + "]\n")}
		}
		es, problems := Load([]Source{{FS: fsys}})
		levels, err := Kinds(nil).Levels(es)
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		got := levelText(levels)
		if round == 0 {
			want = got
		}
		if got != want || len(slices.Concat(levels...)) != len(list) {
			t.Fatalf("round %d: got %s, want %s", round, got, want)
		}
	}
}
