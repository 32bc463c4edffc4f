package modules

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// smallModules need nothing of the runtime.
func smallModules() []lua.Module {
	return []lua.Module{base64Module, compressModule, cryptoModule, exprModule(), hashModule, htmlModule, httpClientModule, metricsModule, textModule, websocketModule, yamlModule}
}

// runSmall executes a program with the small modules and returns its first
// result as text.
func runSmall(t *testing.T, w *world, source string) string {
	t.Helper()
	mods := append(smallModules(), errorsModule, payloadModule, streamModule)
	eng, err := lua.NewEngine(lua.Options{Modules: mods})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range mods {
		names = append(names, m.Name)
	}
	src := strings.ReplaceAll(strings.Replace(prelude, "local function text(", "local function words(", 1), "\n", " ")
	src = strings.ReplaceAll(strings.ReplaceAll(src, " text(", " words("), "(text(", "(words(")
	p, err := eng.Compile(lua.Unit{ID: "app:test", Source: src + "return function(...) " + source + "\nend", Method: "main", Modules: names})
	if err != nil {
		t.Fatal(err)
	}
	w.self.Entry, w.self.Host = "app:test", "app:procs"
	w.vm = eng.NewVM(p, w)
	defer w.vm.Close()
	w.vm.Start(nil)
	for w.vm.Ended() == nil {
		if !w.vm.Run(w) {
			t.Fatal("a wait inside a nested call is not for these tests")
		}
		if w.vm.Ended() != nil || w.vm.Runnable() {
			continue
		}
		if len(w.queue) == 0 {
			return "WAITS"
		}
		next := w.queue[0]
		w.queue = w.queue[1:]
		next()
	}
	end := w.vm.Ended()
	if end.Err != nil {
		return "FAILED " + end.Err.Error()
	}
	if len(end.Values) == 0 {
		return ""
	}
	return messages.Text(end.Values[0])
}

func small(t *testing.T, list []example) {
	t.Helper()
	for _, e := range list {
		t.Run(e.name, func(t *testing.T) {
			w := &world{answer: e.answer}
			if got := runSmall(t, w, e.source); got != e.want {
				t.Errorf("%s\n got %s\nwant %s", e.source, got, e.want)
			}
			if e.check != nil {
				e.check(t, w)
			}
		})
	}
}

// Every example of the modules gives what its page says.
func TestSmallExamples(t *testing.T) {
	try := func(owner string, funcs []lua.Func) {
		for _, f := range funcs {
			if f.Doc == "" {
				t.Errorf("%s%s has no description", owner, f.Sig)
			}
			if f.Try == "" {
				continue
			}
			t.Run(owner+strings.Split(f.Sig, "(")[0], func(t *testing.T) {
				w := &world{answer: func(*lua.Command) any { return &messages.Done{} }}
				got := runSmall(t, w, "local function try() "+f.Try+" end; return show(try())")
				if got != f.Gives {
					t.Errorf("%s\n got %s\nwant %s", f.Try, got, f.Gives)
				}
			})
		}
	}
	for _, m := range smallModules() {
		try(m.Name+".", m.Funcs)
		for _, sub := range m.Tables {
			try(m.Name+"."+sub.Name+".", sub.Funcs)
		}
		for _, typ := range m.Types {
			try(m.Name+"."+typ.Name+":", typ.Methods)
		}
		if !strings.Contains(m.Page(), m.Doc) || !strings.Contains(m.Stub(), m.Name) {
			t.Errorf("module %s has no page or stub", m.Name)
		}
	}
}
