package standard_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// related are entries that need each other in many ways; the services need each
// other in a row, so that there is one order in which they can start.
var related = []string{
	`{name: a_host, kind: process.host, lifecycle: {auto_start: true}}`,
	`{name: z_host, kind: process.host, lifecycle: {auto_start: true, depends_on: [a_host]}}`,
	`{name: alone, kind: registry.entry, n: 1}`,
	`{name: base, kind: library.lua, source: "return { n = 1 }"}`,
	`{name: above, kind: library.lua, imports: {base: base}, source: "local b = require('base') return { n = b.n + 1 }"}`,
	`{name: f, kind: function.lua, method: run, imports: {l: above}, source: "local l = require('l') return { run = function() return l.n end }"}`,
	`{name: idle, kind: process.lua, imports: {l: base}, source: "return { main = function() process.events():receive() end }"}`,
	`{name: b_store, kind: store.memory, lifecycle: {auto_start: true, depends_on: [z_host]}}`,
	`{name: m_first, kind: process.service, process: idle, host: z_host, lifecycle: {auto_start: true, depends_on: [b_store]}}`,
	`{name: c_second, kind: process.service, process: idle, host: a_host, lifecycle: {auto_start: true, depends_on: [m_first]}}`,
	`{name: y_third, kind: process.service, process: idle, host: a_host, lifecycle: {auto_start: true, depends_on: [c_second]}}`,
	`{name: d_fourth, kind: process.service, process: idle, host: z_host, lifecycle: {auto_start: true, depends_on: [y_third]}}`,
}

func shuffles(t *testing.T, many, few int) (int, *rand.Rand) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	if testing.Short() {
		return few, rand.New(rand.NewPCG(seed, 1))
	}
	return many, rand.New(rand.NewPCG(seed, 1))
}

// An application whose entries come in any order becomes the same state, and is
// carried out and started in the same order.
func TestChangesInAnyOrder(t *testing.T) {
	rounds, r := shuffles(t, 1000, 50)
	all, problems := registry.Load([]registry.Source{{FS: fstest.MapFS{"app.yaml": {Data: []byte(header + "  - " + strings.Join(related, "\n  - "))}}}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var create, update, remove []messages.EntryOp
	for _, e := range all.Sorted() {
		create = append(create, messages.EntryOp{Kind: "entry.create", Entry: actors.EntryData(e)})
		remove = append(remove, messages.EntryOp{Kind: "entry.delete", Entry: actors.EntryData(e)})
		if e.ID.Name != "alone" {
			e.Meta = map[string]any{"changed": true}
			update = append(update, messages.EntryOp{Kind: "entry.update", Entry: actors.EntryData(e)})
		}
	}
	update = append(update, messages.EntryOp{Kind: "entry.delete", Entry: actors.EntryData(all[registry.ID{NS: "app", Name: "alone"}])})

	rt := start(t, "  - {name: other, kind: registry.entry}\n")
	heard := make(chan string, 1000)
	stop, err := rt.Subscribe("(registry|supervisor).**", func(e *messages.Event) {
		if e.Kind != "entry.accept" && e.Kind != "service.start" && e.Kind != "registry.commit" {
			return
		}
		heard <- e.Kind + " " + e.Path
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	version := int64(0)
	// change makes one change in a random order and returns what happened, in order.
	change := func(ops []messages.EntryOp) string {
		t.Helper()
		r.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
		v, err := actors.As[*messages.VersionData](rt.Ask(t.Context(), &messages.RegistryApply{Base: version, Ops: slices.Clone(ops)}))
		if err != nil {
			t.Fatal(err)
		}
		if version++; v.ID != version || v.Parent != version-1 {
			t.Fatalf("version %d on %d, want %d", v.ID, v.Parent, version)
		}
		var story []string
		for {
			select {
			case line := <-heard:
				if line == fmt.Sprint("registry.commit ", version) {
					return strings.Join(story, "\n")
				}
				story = append(story, line)
			case <-t.Context().Done():
				t.Fatal("the change is not told")
			}
		}
	}
	state := func() string {
		t.Helper()
		list, err := rt.Find(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, e := range list {
			out = append(out, fmt.Sprint(*e))
		}
		slices.Sort(out) // a search promises no order
		services, err := rt.Services(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range services {
			out = append(out, s.ID+" "+s.Status)
		}
		if len(services) > 0 {
			v, err := rt.Call(t.Context(), "app:f")
			out = append(out, fmt.Sprint("f: ", v, err))
		}
		return strings.Join(out, "\n")
	}
	var want []string
	for round := range rounds {
		var got []string
		for _, ops := range [][]messages.EntryOp{create, update} {
			got = append(got, change(ops), state())
		}
		some := slices.Clone(remove)
		some = slices.DeleteFunc(some, func(op messages.EntryOp) bool { return op.Entry.ID == "app:alone" })
		got = append(got, change(some), state())
		if want == nil {
			want = got
			t.Log(want[0])
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("round %d: got\n%s\nwant\n%s", round, got[i], want[i])
			}
		}
	}
}

// The same application in other files each time, in another order there, starts
// in the same order.
func TestStartsInAnyOrder(t *testing.T) {
	rounds, r := shuffles(t, 50, 5)
	entries := slices.Clone(related)
	want := ""
	for round := range rounds {
		r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		texts := map[string]string{}
		for _, e := range entries {
			name := fmt.Sprintf("%d/_index.yaml", r.IntN(4))
			if texts[name] == "" {
				texts[name] = header
			}
			texts[name] += "  - " + e + "\n"
		}
		fsys := fstest.MapFS{}
		for name, text := range texts {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		rt, err := boot.Start(context.Background(), fsys, standard.Parts())
		if err != nil {
			t.Fatal(err)
		}
		got := startedInOrder(t, rt)
		if err := rt.Stop(); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("round %d: got %s, want %s", round, got, want)
		}
	}
}

// startedInOrder is the state of a runtime: its services by the time at which
// they started, its entries and its version.
func startedInOrder(t *testing.T, rt *boot.Runtime) string {
	t.Helper()
	services, err := rt.Services(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(services, func(a, b messages.ServiceData) int { return a.Started.Compare(b.Started) })
	out := ""
	for _, s := range services {
		out += s.ID + " " + s.Status + "; "
	}
	list, err := rt.Find(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := actors.As[*messages.VersionData](rt.Ask(t.Context(), &messages.RegistryVersion{}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := rt.Call(t.Context(), "app:f")
	return out + fmt.Sprint(len(list), " entries, version ", v.ID, ", ", f, " ", err)
}
