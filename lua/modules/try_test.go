package modules

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/lua"
)

// Every example of the modules gives what its page says.
func TestActorExamples(t *testing.T) {
	try := func(owner string, funcs []lua.Func) {
		for _, f := range funcs {
			if f.Doc == "" {
				t.Errorf("%s%s has no description", owner, f.Sig)
			}
			if f.Try == "" {
				continue
			}
			t.Run(owner+strings.Split(f.Sig, "(")[0], func(t *testing.T) {
				w := &world{answer: runtimeAnswer}
				got := w.run(t, "local function try() "+f.Try+" end; return show(try())")
				if got != f.Gives {
					t.Errorf("%s\n got %s\nwant %s", f.Try, got, f.Gives)
				}
			})
		}
	}
	for _, m := range actorModules()[:11] {
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
