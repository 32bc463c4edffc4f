package lua

import (
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/stdlib"
	"github.com/troupe-go/troupe/messages"
)

// Sandbox bounds a program whose source is not trusted. Its libraries keep their
// modules to themselves.
type Sandbox struct {
	Forbid []Class // modules of these classes are absent, also those that other programs always have
	Steps  int64   // VM instructions after which it is ended with ErrSteps
}

// ErrSteps ends a program that has used up the steps of its Sandbox.
var ErrSteps = messages.Errorf(messages.Internal, "eval exceeded maximum step limit")

// steps is how many instructions a run of the program may take, 0 for no limit.
func (p *Program) steps() int64 {
	if p.Sandbox != nil {
		return p.Sandbox.Steps
	}
	return p.Limits.Instructions
}

// spent is the error of a run that took more.
func (p *Program) spent() *messages.Error {
	if p.Sandbox != nil {
		return ErrSteps
	}
	return messages.Errorf(messages.Unavailable, "instruction limit exceeded: %d instructions; do the work in parts, or raise limits.instructions of %s", p.Limits.Instructions, p.ID)
}

// Forbidden is the first of the forbidden classes that a module has, "" for none.
func (m Module) Forbidden(forbid []Class) Class {
	for _, c := range m.Class {
		if slices.Contains(forbid, c) {
			return c
		}
	}
	return ""
}

// reduced is the module as sandboxed programs always have it.
func (b *boundModule) reduced(L *state) glua.LValue {
	whole, out := stdlib.Contents(b.value.(*glua.LTable)), L.CreateTable(0, len(b.Sandbox))
	for _, name := range b.Sandbox {
		out.RawSetString(name, whole.RawGetString(name))
	}
	stdlib.Freeze(L, out)
	return out
}

// sandboxGlobals makes the globals of one sandboxed program.
func (e *Engine) sandboxGlobals(names map[string]bool, s *Sandbox) *glua.LTable {
	t := e.tmpl.CreateTable(0, 64)
	e.globals.ForEach(func(k, v glua.LValue) { t.RawSet(k, v) })
	for name, m := range e.modules {
		switch {
		case m.Global && m.sandbox != nil:
			t.RawSetString(name, m.sandbox)
		case m.Global && m.Forbidden(s.Forbid) != "":
			t.RawSetString(name, glua.LNil)
			for _, f := range m.Funcs {
				if global, _, _ := strings.Cut(f.Sig, "("); f.Global {
					t.RawSetString(global, glua.LNil)
				}
			}
		case names[name]:
			t.RawSetString(name, m.value)
		}
	}
	return t
}

// Uncopied says where in the table that is argument i, under key, is the first
// value that a copy would lose: a function, thread, channel or object. It is ""
// if there is none.
func (c *Call) Uncopied(i int, key string) string {
	t, ok := c.at(i).(*glua.LTable)
	if !ok {
		return ""
	}
	return uncopied(stdlib.Contents(t).RawGetString(key), key, map[*glua.LTable]bool{}, 0)
}

func uncopied(lv glua.LValue, path string, seen map[*glua.LTable]bool, depth int) (found string) {
	t, ok := lv.(*glua.LTable)
	switch {
	case !ok && lv != glua.LNil && fromLua(lv) == nil:
		return path + " is a " + lv.Type().String()
	case !ok || seen[t]:
		return ""
	case depth > maxCopyDepth:
		return path + " is nested too deeply"
	}
	seen[t] = true
	from := stdlib.Contents(t)
	from.ForEach(func(k, v glua.LValue) {
		if found == "" {
			found = uncopied(v, path+"."+k.String(), seen, depth+1)
		}
	})
	if meta, ok := t.Metatable.(*glua.LTable); ok && found == "" && from == t {
		found = uncopied(meta, "the metatable of "+path, seen, depth+1)
	}
	return found
}
