package lua

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/lua/stdlib"
	"github.com/troupe-go/troupe/messages"
)

type boundType struct {
	Type
	module string
	meta   *glua.LTable
}

// bindType makes the metatable of a type.
func (e *Engine) bindType(m Module, t Type) error {
	rt := reflect.TypeOf(t.Of)
	if rt == nil {
		return fmt.Errorf("module %s: type %s does not say what it is Of", m.Name, t.Name)
	}
	if had := e.types[rt]; had != nil {
		return fmt.Errorf("modules %s and %s both declare a type of %s", had.module, m.Name, rt)
	}
	meta := e.tmpl.CreateTable(0, 6)
	methods := e.tmpl.CreateTable(0, max(1, len(t.Methods)))
	for _, f := range t.Methods {
		name, fn, err := e.bindFunc(m.Name+"."+t.Name+":", f, rt)
		if err != nil {
			return err
		}
		methods.RawSetString(name, fn)
	}
	meta.RawSetString("__index", methods)
	meta.RawSetString("__metatable", glua.LFalse)
	b := &boundType{Type: t, module: m.Name, meta: meta}
	if b.Text == nil {
		name := m.Name + "." + t.Name
		b.Text = func(v any) string { return fmt.Sprintf("%s: %p", name, ptr(v)) }
	}
	L := e.tmpl
	meta.RawSetString("__tostring", L.NewFunction(func(L *state) int {
		s, _ := e.textOf(L.Get(1))
		L.Push(glua.LString(s))
		return 1
	}))
	meta.RawSetString("__concat", L.NewFunction(func(L *state) int {
		L.Push(glua.LString(e.text(L.Get(1)) + e.text(L.Get(2))))
		return 1
	}))
	compare := func(name string, f func(a, b any) bool) {
		if f == nil {
			return
		}
		meta.RawSetString(name, L.NewFunction(func(L *state) int {
			a, aok := L.Get(1).(*glua.LUserData)
			b, bok := L.Get(2).(*glua.LUserData)
			L.Push(glua.LBool(aok && bok && reflect.TypeOf(a.Value) == rt && reflect.TypeOf(b.Value) == rt && f(a.Value, b.Value)))
			return 1
		}))
	}
	compare("__eq", t.Equal)
	compare("__lt", t.Less)
	if t.Less != nil {
		compare("__le", func(a, b any) bool { return !t.Less(b, a) })
	}
	if t.Index != nil {
		meta.RawSetString("__index", L.NewFunction(func(L *state) int {
			name := L.CheckString(2)
			if v := methods.RawGetString(name); v != glua.LNil {
				L.Push(v)
				return 1
			}
			f := t.Index(L.Get(1).(*glua.LUserData).Value, name)
			if f == nil {
				L.Push(glua.LNil)
				return 1
			}
			_, fn, err := e.bindFunc(m.Name+"."+t.Name+":", *f, rt)
			if err != nil {
				L.RaiseError("%s", err.Error())
			}
			L.Push(fn)
			return 1
		}))
	}
	e.types[rt] = b
	return nil
}

func ptr(v any) any {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer {
		return v
	}
	return &v
}

// bindModule makes the value of a module: a read-only table, or an object.
func (e *Engine) bindModule(m Module) (*boundModule, error) {
	if m.Value != nil {
		return &boundModule{Module: m, value: e.toLua(m.Value)}, nil
	}
	t, err := e.bindTable(m.Name, m.Funcs, m.Consts, len(m.Tables))
	if err != nil {
		return nil, err
	}
	for _, sub := range m.Tables {
		inner, err := e.bindTable(m.Name+"."+sub.Name, sub.Funcs, sub.Consts, 0)
		if err != nil {
			return nil, err
		}
		stdlib.Freeze(e.tmpl, inner)
		t.RawSetString(sub.Name, inner)
	}
	stdlib.Freeze(e.tmpl, t)
	return &boundModule{Module: m, value: t}, nil
}

func (e *Engine) bindTable(prefix string, funcs []Func, consts []Const, more int) (*glua.LTable, error) {
	t := e.tmpl.CreateTable(0, len(funcs)+len(consts)+more+1)
	for _, f := range funcs {
		name, fn, err := e.bindFunc(prefix+".", f, nil)
		if err != nil {
			return nil, err
		}
		t.RawSetString(name, fn)
	}
	for _, c := range consts {
		t.RawSetString(c.Name, e.toLua(c.Value))
	}
	return t, nil
}

// bindFunc makes a Lua function of a declared one: it checks the arguments by
// the signature, then answers or waits. recv is the type a method is for.
func (e *Engine) bindFunc(prefix string, f Func, recv reflect.Type) (string, *glua.LFunction, error) {
	sig, err := ParseSig(f.Sig)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", prefix, err)
	}
	kinds := 0
	for _, set := range []bool{f.Do != nil, f.Ask != nil, f.raw != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return "", nil, fmt.Errorf("%s%s: exactly one of Do and Ask must be set", prefix, sig.Name)
	}
	checks := make([]func(glua.LValue) bool, len(sig.Params))
	for i, p := range sig.Params {
		checks[i] = e.checker(p)
	}
	first := 1
	if recv != nil {
		first = 2
	}
	do, ask, raw := f.Do, f.Ask, f.raw
	full := prefix + sig.Name
	return sig.Name, e.tmpl.NewFunction(func(L *state) int {
		vm := vmOf(L)
		if recv != nil {
			if ud, ok := L.Get(1).(*glua.LUserData); !ok || reflect.TypeOf(ud.Value) != recv {
				raiseArg(L, 1, full, "it is a method: call it with a colon on its object")
			}
		}
		if raw != nil {
			return raw(vm, L)
		}
		for i, fits := range checks {
			if v := L.Get(first + i); fits != nil && !fits(v) {
				p := sig.Params[i]
				got := v.Type().String()
				if first+i > L.GetTop() {
					got = "no value"
				}
				raiseArg(L, first+i, sig.Name, fmt.Sprintf("%s: %s expected, got %s", p.Name, p.Type, got))
			}
		}
		c := &vm.rc.call
		if c.L != nil { // a Do further down is at work
			c = &Call{}
		}
		c.vm, c.L, c.first, c.pushed, c.name, c.collect = vm, L, first, 0, sig.Name, false
		defer func() { c.L, c.raised = nil, nil }()
		if do != nil {
			c.fail(do(c))
			if c.raised != nil {
				v := c.raised
				c.L, c.raised = nil, nil
				raiseValue(L, v)
			}
			return c.pushed
		}
		cmd, err := ask(c)
		if err != nil || cmd == nil {
			c.fail(err)
			if c.raised != nil {
				v := c.raised
				c.L, c.raised = nil, nil
				raiseValue(L, v)
			}
			return c.pushed
		}
		c.L = nil
		return vm.ask(L, cmd)
	}), nil
}

// checker returns what a parameter must be, or nil if it may be anything.
func (e *Engine) checker(p Param) func(glua.LValue) bool {
	if p.Type == "any" {
		return nil
	}
	var alts []func(glua.LValue) bool
	for _, t := range strings.Split(p.Type, "|") {
		alts = append(alts, e.typeCheck(t))
	}
	optional := p.Optional
	if len(alts) == 1 {
		one := alts[0]
		return func(v glua.LValue) bool { return optional && v == glua.LNil || one(v) }
	}
	return func(v glua.LValue) bool {
		if optional && v == glua.LNil {
			return true
		}
		for _, a := range alts {
			if a(v) {
				return true
			}
		}
		return false
	}
}

func (e *Engine) typeCheck(name string) func(glua.LValue) bool {
	switch name {
	case "any":
		return func(glua.LValue) bool { return true }
	case "string": // error objects stand for their text, as numbers do
		return func(v glua.LValue) bool {
			switch v.(type) {
			case glua.LString, glua.LNumber:
				return true
			}
			_, isErr := errorOf(v)
			return isErr
		}
	case "number":
		return func(v glua.LValue) bool { _, ok := v.(glua.LNumber); return ok }
	case "integer":
		return func(v glua.LValue) bool {
			n, ok := v.(glua.LNumber)
			return ok && n == glua.LNumber(int64(n))
		}
	case "boolean":
		return func(v glua.LValue) bool { _, ok := v.(glua.LBool); return ok }
	case "table", "list":
		return func(v glua.LValue) bool { _, ok := v.(*glua.LTable); return ok }
	case "function":
		return func(v glua.LValue) bool { _, ok := v.(*glua.LFunction); return ok }
	case "nil":
		return func(v glua.LValue) bool { return v == glua.LNil }
	case "duration":
		return func(v glua.LValue) bool {
			switch v.(type) {
			case glua.LNumber, glua.LString, *glua.LUserData:
				return true
			}
			return false
		}
	}
	return func(v glua.LValue) bool {
		ud, ok := v.(*glua.LUserData)
		if !ok {
			return false
		}
		b := e.types[reflect.TypeOf(ud.Value)]
		return b != nil && b.Name == name
	}
}

// fail turns what a Do returned into results or something to raise.
func (c *Call) fail(err error) {
	if err == nil {
		return
	}
	var r raise
	var a argError
	switch {
	case errors.As(err, &a):
		c.raised = glua.LString(c.where() + badArgument(a.n, c.name, a.what))
	case errors.As(err, &r):
		var e *messages.Error
		if errors.As(r.error, &e) {
			c.raised = c.vm.eng.toLua(e)
		} else {
			c.raised = glua.LString(c.where() + r.Error())
		}
	default:
		c.pushed, c.out = 0, c.out[:0]
		_ = c.Return(nil, messages.AsError(err))
	}
}

func (c *Call) where() string {
	if c.L == nil {
		return ""
	}
	return where(c.L)
}
