package modules

import (
	"slices"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// evalForbidden are the classes that evaluated code may not use unless its caller
// allows them.
var evalForbidden = []lua.Class{lua.Process, lua.Storage, lua.Network}

// evalProgram is source that was found to compile.
type evalProgram struct {
	method  string
	modules []string
}

var evalModule = lua.Module{
	Name:  "eval_runner",
	Doc:   "Runs Lua source in a process of its own, with the actor and scope of the caller. The code sees the modules, imports and values it is given, and a process module without starting, watching and ending others; it ends after 20 million instructions.",
	Class: []lua.Class{lua.Process, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig:        "run(config: table): any, error?",
			Doc:        "Runs source and returns what it returns first. Fields: source; method, the function in the table that it returns, without it the chunk itself runs; args, a list; modules, those it may use, by default all that the classes admit; imports, alias → id of a library or {id, modules}; context, values for ctx.get; allow_classes, classes of modules that are else forbidden (process, storage, network); custom_modules, alias → table of plain data, which is copied: functions belong to the caller and cannot go along.",
			Permission: "eval.run",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				source, _ := c.Field(0, "source").(string)
				method, err := evalText(c, 0, "method")
				if err != nil {
					return nil, err
				}
				s, err := evalSource(c, "eval.run", source, method, 0)
				if err != nil {
					return nil, err
				}
				b := &messages.EvalRun{EvalSource: *s, Parent: c.Host().PID()}
				if b.Args, err = evalArgs(c); err != nil {
					return nil, err
				}
				if b.Context, err = evalContext(c); err != nil {
					return nil, err
				}
				return &lua.Command{Body: b, Then: func(c *lua.Call, v any) error { return c.Return(v, nil) }}, nil
			},
		},
		{
			Sig:        "compile(source: string, method?: string, options?: table): Program, error?",
			Doc:        "Checks that source compiles with the modules, imports, allow_classes and custom_modules of the options.",
			Permission: "eval.compile",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				s, err := evalSource(c, "eval.compile", c.String(0), c.String(1), 2)
				if err != nil {
					return nil, err
				}
				p := &evalProgram{s.Method, s.Modules}
				return &lua.Command{Body: &messages.EvalCompile{EvalSource: *s}, Then: func(c *lua.Call, _ any) error { return c.Return(p, nil) }}, nil
			},
		},
	},
	Types: []lua.Type{{
		Name: "Program", Doc: "Source that was found to compile.", Of: (*evalProgram)(nil),
		Methods: []lua.Func{
			{Sig: "method(): string", Doc: "The function it would run, \"\" for the chunk itself.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*evalProgram).method) }},
			{Sig: "modules(): table", Doc: "The list of modules it may use.", Do: func(c *lua.Call) error {
				list := &messages.Table{}
				for _, name := range c.Self().(*evalProgram).modules {
					list.Array = append(list.Array, name)
				}
				return c.Return(list)
			}},
		},
	}},
}

// evalAllowed checks a permission of the caller.
func evalAllowed(c *lua.Call, action, resource string) error {
	if c.Allowed(action, resource) {
		return nil
	}
	if resource != "" {
		resource = " " + resource
	}
	return denied("permission denied: %s%s", action, resource)
}

// evalFilter decides which modules evaluated code may use.
type evalFilter struct {
	c      *lua.Call
	forbid []lua.Class
	known  map[string]lua.Module
}

func newEvalFilter(c *lua.Call, options int) (*evalFilter, error) {
	f := &evalFilter{c: c, forbid: slices.Clone(evalForbidden), known: map[string]lua.Module{}}
	for _, m := range c.Modules() {
		f.known[m.Name] = m
	}
	allowed, err := evalTexts(c.Field(options, "allow_classes"), "allow_classes")
	for _, class := range allowed {
		if err := evalAllowed(c, "eval.class", class); err != nil {
			return nil, err
		}
		f.forbid = slices.DeleteFunc(f.forbid, func(c lua.Class) bool { return string(c) == class })
	}
	return f, err
}

// check says why a module may not be used.
func (f *evalFilter) check(name string) error {
	if !f.c.HasModule(name) {
		return messages.Errorf(messages.NotFound, "module %q not found", name)
	}
	if class := f.known[name].Forbidden(f.forbid); class != "" {
		return messages.Errorf(messages.Invalid, "module %q has forbidden class %q", name, class)
	}
	return evalAllowed(f.c, "eval.module", name)
}

// modules reads a list of modules and checks them.
func (f *evalFilter) modules(v any, field string) ([]string, error) {
	names, err := evalTexts(v, field)
	for _, name := range names {
		if err := f.check(name); err != nil {
			return nil, err
		}
	}
	return names, err
}

// admitted are all modules that need to be listed and may be used.
func (f *evalFilter) admitted() []string {
	var names []string
	for _, m := range f.c.Modules() {
		if !m.Global && f.check(m.Name) == nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// evalSource reads what run and compile have in common from the table that is
// argument options.
func evalSource(c *lua.Call, action, source, method string, options int) (*messages.EvalSource, error) {
	if err := evalAllowed(c, action, ""); err != nil {
		return nil, err
	}
	if source == "" {
		return nil, messages.Errorf(messages.Invalid, "source is required")
	}
	f, err := newEvalFilter(c, options)
	if err != nil {
		return nil, err
	}
	s := &messages.EvalSource{ID: c.Process().Entry + "#eval", Source: source, Method: method}
	for _, class := range f.forbid {
		s.Forbid = append(s.Forbid, string(class))
	}
	if s.Modules, err = f.modules(c.Field(options, "modules"), "modules"); err != nil {
		return nil, err
	}
	if len(s.Modules) == 0 {
		s.Modules = f.admitted()
	}
	if s.Imports, err = f.imports(options); err != nil {
		return nil, err
	}
	custom, err := evalCustom(c, options)
	s.Imports = append(s.Imports, custom...)
	return s, err
}

// imports reads alias → id or {id, modules}. An id with an empty namespace is a
// module.
func (f *evalFilter) imports(options int) ([]messages.EvalImport, error) {
	var out []messages.EvalImport
	err := evalFields(f.c.Field(options, "imports"), "imports", func(alias string, v messages.Value) error {
		im := messages.EvalImport{Alias: alias}
		id, ok := v.(string)
		if t, isTable := v.(*messages.Table); isTable {
			id, ok = t.Get("id").(string)
			if only := t.Get("modules"); only != nil {
				names, err := f.modules(only, "modules of import "+alias)
				if err != nil {
					return err
				}
				im.Modules = append([]string{}, names...)
			}
		}
		ns, name, full := splitID(id)
		switch {
		case ok && full:
			im.Library = id
		case ok && ns == "" && name != "":
			if err := f.check(name); err != nil {
				return err
			}
			im.Module = name
		case ok && id != "" && id == ns:
			im.Library = ownNamespace(f.c) + ":" + id
		default:
			return messages.Errorf(messages.Invalid, "import %s: an id, or {id = …, modules = {…}} is expected", alias)
		}
		if im.Library != "" {
			if err := evalAllowed(f.c, "eval.import", im.Library); err != nil {
				return err
			}
		}
		out = append(out, im)
		return nil
	})
	return out, err
}

// evalCustom reads alias → table.
func evalCustom(c *lua.Call, options int) ([]messages.EvalImport, error) {
	if where := c.Uncopied(options, "custom_modules"); where != "" {
		return nil, messages.Errorf(messages.Invalid, "%s: only plain data can be given to evaluated code, as it runs in a process of its own; list a built-in module in modules, and put functions into a library for imports", where)
	}
	var out []messages.EvalImport
	err := evalFields(c.Field(options, "custom_modules"), "custom_modules", func(alias string, v messages.Value) error {
		if _, ok := v.(*messages.Table); !ok {
			return messages.Errorf(messages.Invalid, "custom_modules.%s: a table is expected", alias)
		}
		out = append(out, messages.EvalImport{Alias: alias, Value: v})
		return nil
	})
	return out, err
}

func evalArgs(c *lua.Call) ([]messages.Value, error) {
	switch v := c.Field(0, "args").(type) {
	case nil:
		return nil, nil
	case *messages.Table:
		return v.Array, nil
	}
	return nil, messages.Errorf(messages.Invalid, "args: a list is expected")
}

// evalContext is the actor and scope of the caller with the given values, and
// none of the caller's: what evaluated code learns is for the caller to say.
func evalContext(c *lua.Call) (*messages.Context, error) {
	out := &messages.Context{Values: map[string]messages.Value{}}
	if own := c.Process().Context; own != nil {
		out.Actor, out.Scope = own.Actor, own.Scope
	}
	err := evalFields(c.Field(0, "context"), "context", func(key string, v messages.Value) error {
		out.Values[key] = v
		return nil
	})
	return out, err
}

// evalFields calls f with each field of a table whose keys are texts.
func evalFields(v any, field string, f func(key string, v messages.Value) error) error {
	t, ok := v.(*messages.Table)
	if v != nil && (!ok || len(t.Array) > 0) {
		return messages.Errorf(messages.Invalid, "%s: a table with names as its keys is expected", field)
	}
	if v == nil {
		return nil
	}
	for i, k := range t.Keys {
		key, ok := k.(string)
		if !ok || key == "" {
			return messages.Errorf(messages.Invalid, "%s: a table with names as its keys is expected", field)
		}
		if err := f(key, t.Vals[i]); err != nil {
			return err
		}
	}
	return nil
}

func evalText(c *lua.Call, i int, field string) (string, error) {
	v := c.Field(i, field)
	s, ok := v.(string)
	if v != nil && !ok {
		return "", messages.Errorf(messages.Invalid, "%s: a string is expected", field)
	}
	return s, nil
}

func evalTexts(v any, field string) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	o := options{table: (&messages.Table{}).Set(field, v)}
	names := o.texts(field)
	if o.err != nil {
		return nil, o.err
	}
	return names, nil
}
