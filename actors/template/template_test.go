package template

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// templates makes a set of named sources with the default settings.
func templates(t testing.TB, e *Engine, sources map[string]string) *set {
	t.Helper()
	if e == nil {
		e = &Engine{}
	}
	if e.Delimiters == (Delimiters{}) {
		e.Delimiters = Delimiters{"{{", "}}", "{*", "*}"}
	}
	s := &set{id: "app:views", templates: map[string]source{}}
	s.configure(e)
	for name, text := range sources {
		if err := s.put(&define{id: "app:" + name, set: s.id, name: name, source: text}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

var testData = &messages.Table{
	Keys: []messages.Value{"name", "n", "half", "list", "map", "yes", "html"},
	Vals: []messages.Value{
		"Ann", 3.0, 2.5, &messages.Table{Array: []messages.Value{"a", 2.0, true}},
		(&messages.Table{Object: true}).Set("b", 1.0).Set("a", "x").Set("c", &messages.Table{Array: []messages.Value{1.0}}), true, "<b>",
	},
}

func TestRender(t *testing.T) {
	for _, tt := range []struct{ name, source, want string }{
		{"text", "hello", "hello"},
		{"variable", "{{ name }} {{ .name }}", "Ann Ann"},
		{"whole numbers", "{{ n }} {{ .n + 1 }} {{ n * 2 }} {{ 4 / 2 }} {{ list[1] }}", "3 4 6 2 2"},
		{"fractions", "{{ half }} {{ n * 1.5 }}", "2.5 4.5"},
		{"escaped", "{{ html }} {{ html | raw }} {{ html | unsafe }}", "&lt;b&gt; <b> <b>"},
		{"range of a list", "{{ range i, v := list }}{{ i }}={{ v }} {{ end }}", "0=a 1=2 2=true "},
		{"range of a map is in order", "{{ range k, v := map }}{{ k }}={{ v }} {{ end }}", "a=x b=1 c=[1] "},
		{"range with the context", "{{ range .list }}{{ . }} {{ end }}", "a 2 true "},
		{"range else", "{{ range v := split(\"\", \"x\")[1:] }}{{ v }}{{ else }}none{{ end }}", "none"},
		{"ints", "{{ range i := ints(2, 5) }}{{ i }}{{ end }}", "012"},
		{"if", "{{ if yes && n > 2 }}A{{ else }}B{{ end }}{{ if isset(nope) }}C{{ else if n == 3 }}D{{ end }}", "AD"},
		{"ternary and not", `{{ !yes ? "a" : "b" }}`, "b"},
		{"assignment", `{{ x := 1 }}{{ x = x + 2 }}{{ x }}{{ y, ok := map["zz"] }}{{ ok }}`, "3false"},
		{"map and slice", `{{ m := map("k", slice(1, "two"), "l", .list) }}{{ m.k[1] }}{{ m.n = name }}{{ m.n }}{{ len(m.l) }}`, "twoAnn3"},
		{"an assigned table is a copy", `{{ m := map("a", 1) }}{{ m.self = m }}{{ m }}`, "map[a:1 self:map[a:1]]"},
		{"pipes", `{{ name | upper | lower }} {{ name | replace: "A", "O", -1 }} {{ "ab" | repeat: 2 }}`, "ann Onn abab"},
		{"functions", `{{ lower("AB") }}{{ trimSpace(" x ") }}{{ url("a b") }}{{ hasPrefix(name, "A") }}{{ len(name) }}{{ split("a,b", ",")[1] }}`, "abxa+btrue3b"},
		{"json", "{{ json(.list) | raw }} {{ writeJson(.map) }}", "[\"a\",2,true] {\"a\":\"x\",\"b\":1,\"c\":[1]}\n"},
		{"block", `{{ block item(label="none") }}[{{ label }}{{ yield content }}]{{ end }}{{ yield item(label="x") content }}!{{ end }}`, "[none][x!]"},
		{"block with content", `{{ block a() }}<{{ yield content }}>{{ content }}dflt{{ end }}`, "<dflt>"},
		{"include", `{{ include "part" list }}`, "(3)"},
		{"include with an extension", `{{ include "page" }}`, "jet"},
		{"include if it exists", `{{ includeIfExists("nope") }}{{ includeIfExists("part", list) }}`, "(3)"},
		{"exec", `{{ exec("returns") }}`, "7"},
		{"try", `{{ try }}a{{ nope }}{{ catch err }}{{ len(err.Error()) > 50 }}{{ end }}`, "true"},
		{"try without an error", `{{ try }}a{{ name }}{{ catch }}b{{ end }}`, "aAnn"},
		{"comment", `a{* {{ nope }} *}b`, "ab"},
		{"trim", "a {{- n -}} b", "a3b"},
		{"extends", `{{ extends "base" }}{{ block body() }}mine {{ name }}{{ end }}`, "<mine Ann>"},
		{"import", `{{ import "blocks" }}{{ yield hi(to=name) }}`, "hi Ann"},
		{"dump does not fail", `{{ x := 1 }}{{ len(dump()) > 10 }}`, "true"},
		{"names of functions", `{{ len(map) }} {{ map.a }} {{ html }} {{ html("<") }} {{ url }} {{ "a b" | url }} {{ range k := map }}{{ k }}{{ end }} {{ upper := "x" }}{{ upper }}`, "3 x &lt;b&gt; &amp;lt; /u a+b abc x"},
		{"functions as values", `{{ f := lower }}{{ f("A") }}{{ lower == nil }}`, "afalse"},
		{"global", `{{ site }} {{ links.home }}`, "Shop /"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, development := range []bool{false, true} {
				s := templates(t, &Engine{Development: development, Extensions: []string{".jet"}, Globals: map[string]any{"site": "Shop", "links": map[string]any{"home": "/"}, "name": "hidden", "url": "/u"}}, map[string]string{
					"main": tt.source, "part": "({{ len(.) }})", "page.jet": "jet", "returns": "{{ return 7 }}",
					"base": "<{{ block body() }}none{{ end }}>", "blocks": `{{ block hi(to) }}hi {{ to }}{{ end }}`,
				})
				for range 2 {
					if got, err := s.render(nil, "main", testData); got != tt.want || err != nil {
						t.Errorf("got %q, %v, want %q", got, err, tt.want)
					}
				}
			}
		})
	}
}

func TestOtherDelimiters(t *testing.T) {
	s := templates(t, &Engine{Delimiters: Delimiters{"[[", "]]", "<#", "#>"}}, map[string]string{
		"base": "<[[ block b() ]][[ end ]]>", "main": `[[ extends "base" ]][[ block b() ]][[ name ]] {{ name }}<# no #>[[ end ]]`, "comment": "a<# last #>",
	})
	for name, want := range map[string]string{"main": "<Ann {{ name }}>", "comment": "a"} {
		if got, err := s.render(nil, name, testData); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}

// Whatever a template does, its render ends with an error and takes little.
func TestHostile(t *testing.T) {
	for name, source := range map[string]string{
		"syntax":                 "{{ if }}",
		"open action":            "{{ name",
		"catch of nothing":       "{{ try }}{{ catch + }}{{ end }}",
		"unknown name":           "{{ nope }}",
		"unknown template":       `{{ include "nope" }}`,
		"file":                   `{{ include "/etc/passwd" }}`,
		"file from above":        `{{ include "../../../../etc/passwd" }}`,
		"extends a file":         `{{ extends "/etc/passwd" }}`,
		"call of text":           `{{ name() }}`,
		"includes itself":        `{{ include "main" }}`,
		"extends itself":         `{{ extends "main" }}`,
		"imports itself":         `{{ import "main" }}`,
		"extends in a circle":    `{{ extends "circle" }}`,
		"runs itself":            `{{ exec("main") }}`,
		"includes if it exists":  `{{ includeIfExists("main") }}`,
		"block in itself":        `{{ block a() }}{{ yield a() }}{{ end }}`,
		"parameter in itself":    `{{ block a(x=exec("main")) }}{{ end }}`,
		"catches and goes on":    `{{ block a() }}{{ try }}{{ yield a() }}{{ catch }}{{ yield a() }}{{ end }}{{ end }}`,
		"catch in itself":        `{{ block a() }}{{ try }}{{ nope }}{{ catch }}{{ yield a() }}{{ end }}{{ end }}`,
		"much text":              `{{ range ints(0, 1000000000) }}some text that is written again and again{{ end }}`,
		"much buffered text":     `{{ try }}{{ range ints(0, 1000000000) }}some text that is written again and again{{ end }}{{ end }}`,
		"much caught":            `{{ range ints(0, 1000000000) }}{{ try }}{{ repeat("x", 100000) }}{{ nope }}{{ catch }}{{ end }}{{ end }}`,
		"doubling text":          `{{ s := "x" }}{{ range ints(0, 100) }}{{ s = s + s }}{{ end }}`,
		"doubling in one line":   `{{ s := repeat("x", 1000000) }}{{ s = s+s+s+s+s+s+s+s+s+s+s+s+s+s+s+s+s+s }}{{ s = s+s+s+s+s+s }}`,
		"doubling lists":         `{{ s := slice(1) }}{{ range ints(0, 100) }}{{ s = slice(s, s) }}{{ end }}{{ s }}`,
		"doubling maps":          `{{ m := map("a", 1) }}{{ range ints(0, 100) }}{{ m.b = m }}{{ m.a = m }}{{ end }}{{ m }}`,
		"list that changes":      `{{ m := map("a", 1) }}{{ l := slice(m, m) }}{{ m.l = l }}{{ l = slice(m, l) }}{{ m.l = l }}{{ range ints(0, 100) }}{{ m.l = slice(m, l) }}{{ l = m.l }}{{ end }}`,
		"range into a table":     `{{ range .self = slice(.) }}{{ end }}`,
		"repeat":                 `{{ repeat("xxxxxxxxxx", 100000000000) }}`,
		"repeat a little often":  `{{ s := repeat("x", 10000000) }}{{ range i := ints(0, 1000) }}{{ t := upper(s) }}{{ end }}`,
		"replace":                `{{ replace(repeat("x", 1000000), "", repeat("y", 1000000), -1) }}`,
		"split":                  `{{ split(repeat("x", 100000000), "") }}`,
		"nested brackets":        "{{ " + strings.Repeat("(", 40_000) + "1" + strings.Repeat(")", 40_000) + "+ nope }}",
		"much source":            strings.Repeat("x", 2_000_000),
		"many brackets":          "{{ " + strings.Repeat("(", 4_000_000),
		"nested not":             "{{ " + strings.Repeat("!", 40_000) + "1 }}",
		"long sum":               "{{ 1" + strings.Repeat("+1", 200_000) + " }}",
		"long ternary":           "{{ " + strings.Repeat("1?1:", 40_000) + "1 }}",
		"nested if":              strings.Repeat("{{ if 1 }}", 20_000) + strings.Repeat("{{ end }}", 20_000),
		"else if":                "{{ if 0 }}" + strings.Repeat("{{ else if 0 }}", 40_000) + "{{ end }}",
		"long index":             "{{ list" + strings.Repeat("[0]", 40_000) + " }}",
		"number of the stack":    `{{ name.a.b.c }}`,
		"division":               `{{ 1 / 0 }}`,
		"method of nothing":      `{{ nil.x }}`,
		"slice out of range":     `{{ list[5:2] }}`,
		"wrong arguments":        `{{ hasPrefix(list, 1) }}`,
		"a range without end":    `{{ range ints(5, 1) }}{{ end }}`,
		"render of the render":   `{{ ints(0, 3).Render(1) }}`,
		"arguments of the wrong": `{{ repeat("a", -1) }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := templates(t, nil, map[string]string{"main": source, "circle": `{{ extends "main" }}`})
			got, err := s.render(nil, "main", testData)
			var e *messages.Error
			if got != "" || !errors.As(err, &e) || e.Kind != messages.Internal || len(e.Message) > maxError+100 {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			if strings.Contains(e.Error(), "\n\n") || strings.Contains(e.Error(), "goroutine") {
				t.Errorf("the error is more than a line: %s", e)
			}
		})
	}
}

// A render that would never end does with its process.
func TestCanceled(t *testing.T) {
	for name, source := range map[string]string{
		"range":        `{{ range ints(0, 1000000000000000000) }}{{ end }}`,
		"isset":        `{{ range ints(0, 1000000000000000000) }}{{ isset(exec("again").x) }}{{ end }}`,
		"nested":       `{{ range list }}` + strings.Repeat(`{{ range ints(0, 1000) }}`, 20) + strings.Repeat(`{{ end }}`, 20) + `{{ end }}`,
		"with catches": `{{ range ints(0, 1000000000000000000) }}{{ try }}{{ range ints(0, 1000000000000000000) }}{{ end }}{{ catch }}{{ end }}{{ end }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := templates(t, nil, map[string]string{"main": source, "again": "{{ range ints(0, 1000000000000000000) }}{{ end }}"})
			done := make(chan struct{})
			time.AfterFunc(20*time.Millisecond, func() { close(done) })
			_, err := s.render(done, "main", testData)
			if e := messages.AsError(err); e == nil || e.Kind != messages.Canceled {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	s := templates(t, nil, map[string]string{"a": "A"})
	for _, name := range []string{"b", "", "/", "../a/..", "a/b"} {
		if _, err := s.render(nil, name, nil); messages.AsError(err) == nil || messages.AsError(err).Kind != messages.NotFound {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if got, err := s.render(nil, "/x/../a", nil); got != "A" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := s.put(&define{id: "app:other", name: "/a"}); messages.AsError(err) == nil || messages.AsError(err).Kind != messages.AlreadyExists {
		t.Errorf("two templates of one name: %v", err)
	}
	s.configure(nil)
	if _, err := s.render(nil, "a", nil); messages.AsError(err).Kind != messages.NotFound {
		t.Errorf("a set that is gone: %v", err)
	}
}

// Data with shared parts can stand for more than fits into any memory.
func TestLargeData(t *testing.T) {
	s := templates(t, nil, map[string]string{"a": "{{ . }}"})
	shared := &messages.Table{Array: []messages.Value{"x"}}
	for range 60 {
		shared = &messages.Table{Array: []messages.Value{shared, shared}}
	}
	if _, err := s.render(nil, "a", shared); messages.AsError(err) == nil || messages.AsError(err).Kind != messages.Internal {
		t.Errorf("got %v", err)
	}
	cycle := &messages.Table{}
	cycle.Set("me", cycle).Set(" render", "mine").Set(" step", "mine")
	if got, err := s.render(nil, "a", cycle); err != nil || !strings.HasPrefix(got, "map[ render:mine") {
		t.Errorf("got %q, %v", got, err)
	}
}

// What a render that failed leaves in Jet's pool is not in a later one.
func TestFailuresLeaveNothing(t *testing.T) {
	s := templates(t, nil, map[string]string{
		"fails": `{{ block a() }}{{ nope }}{{ end }}{{ yield a() content }}secret{{ end }}`,
		"later": `{{ yield content }}.`,
	})
	for range 100 {
		_, _ = s.render(nil, "fails", nil)
		if got, err := s.render(nil, "later", nil); got != "." || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

// Renders run while templates change, and give what one of the versions gives.
func TestConcurrent(t *testing.T) {
	s := templates(t, &Engine{Globals: map[string]any{"g": map[string]any{"n": 0}}}, map[string]string{"a": `{{ g.n = g.n + 1 }}{{ include "b" }}{{ g.n }}`, "b": "B"})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if got, err := s.render(nil, "a", nil); err != nil || got != "B1" && got != "C1" {
					t.Errorf("got %q, %v", got, err)
					return
				}
			}
		})
	}
	for i := range 100 {
		if err := s.put(&define{id: "app:b", name: "b", source: []string{"B", "C"}[i%2]}); err != nil {
			t.Error(err)
		}
		runtime.Gosched()
	}
	wg.Wait()
}

// No text and no data make a render fail in another way than with an error.
func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"{{ name }}", `{{ extends "other" }}{{ block b() }}x{{ end }}`, `{{ import "other" }}{{ yield b() }}`, `{{ include "main" }}`,
		"{{ range i, v := list }}{{ i + 1 }}{{ v }}{{ end }}", "{{ try }}{{ nope }}{{ catch e }}{{ e }}{{ end }}", "{{ m := map(\"a\", 1) }}{{ m.a = m }}{{ m }}",
		"{{ if n > 1 && !yes }}{{ else if list[0:1] }}{{ end }}", "{{- name | upper -}}", "{* c *}{{ dump() }}", "{{ x := .map.a ? 1 : -2.5e3 }}{{ x * x / x % 3 }}",
		"{{ return 1 }}{{ 'a' }}{{ `raw` }}{{ 1i }}", "{{ writeJson(.) }}{{ json(map) }}", "{{ repeat(name, 3) | replace: \"A\", \"B\", 1 }}", "{{ exec(\"other\", _) }}", "{{ & }}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		done := make(chan struct{})
		stop := time.AfterFunc(200*time.Millisecond, func() { close(done) })
		defer stop.Stop()
		s := templates(t, nil, map[string]string{"main": text, "other": "{{ block b() }}{{ yield content }}{{ end }}"})
		_, err := s.render(done, "main", testData)
		if e := messages.AsError(err); e != nil && e.Kind != messages.Internal && e.Kind != messages.Canceled {
			t.Errorf("got %v", err)
		}
	})
}
