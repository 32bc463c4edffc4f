package modules

import (
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// exprCache bounds the compiled expressions that eval keeps.
const exprCache = 5000

// exprProgram is a compiled expression.
type exprProgram struct{ program *vm.Program }

// exprModule makes the module; each has a cache of compiled expressions of its
// own.
func exprModule() lua.Module {
	cache := &expressions{known: map[string]*exprProgram{}}
	return lua.Module{
		Name:  "expr",
		Doc:   "Expressions in the language expr: arithmetic, comparison, &&, ||, !, in, contains, matches, ?:, lists, maps and functions such as len, max, sum, upper and filter.",
		Class: []lua.Class{lua.Deterministic},
		Funcs: []lua.Func{
			{
				Sig: "eval(text: string, env?: table): any, error?",
				Doc: "Evaluates an expression with the names of env. An empty text is an Invalid error, all other failures are Internal.",
				Do: func(c *lua.Call) error {
					p, err := cache.get(c.String(0))
					if err != nil {
						return err
					}
					return p.run(c, 1)
				},
				Try: `return expr.eval("a * 2 + len(list)", {a = 20, list = {1, 2}}), expr.eval("name in ['x', 'y'] ? 1 : 2", {name = "x"})`, Gives: "42, 1",
			},
			{
				Sig: "compile(text: string, env?: table): Program, error?",
				Doc: "Compiles an expression. With env its names and their types are checked now.",
				Do: func(c *lua.Call) error {
					var opts []expr.Option
					if c.Has(1) {
						opts = append(opts, expr.Env(exprEnv(c, 1)))
					}
					p, err := compileExpr(c.String(0), opts...)
					if err != nil {
						return err
					}
					return c.Return(p)
				},
				Try: `local p = expr.compile("price * n"); return p:run({price = 2.5, n = 4}), p:run({price = 1, n = 3})`, Gives: "10, 3",
			},
		},
		Types: []lua.Type{{
			Name: "Program", Doc: "A compiled expression.", Of: (*exprProgram)(nil),
			Methods: []lua.Func{{
				Sig: "run(env?: table): any, error?", Doc: "Evaluates the expression with the names of env.",
				Do: func(c *lua.Call) error { return c.Self().(*exprProgram).run(c, 0) },
			}},
		}},
	}
}

func compileExpr(text string, opts ...expr.Option) (*exprProgram, error) {
	if text == "" {
		return nil, messages.Errorf(messages.Invalid, "compiling an expression: it is empty; give its text")
	}
	v, err := guarded(func() (any, error) { return expr.Compile(text, opts...) })
	if err != nil {
		return nil, messages.Errorf(messages.Internal, "compiling an expression: %s", err)
	}
	return &exprProgram{v.(*vm.Program)}, nil
}

func exprEnv(c *lua.Call, i int) map[string]any {
	env, _ := messages.Native(c.Value(i)).(map[string]any)
	if env == nil {
		env = map[string]any{}
	}
	return env
}

func (p *exprProgram) run(c *lua.Call, env int) error {
	v, err := guarded(func() (any, error) { return expr.Run(p.program, exprEnv(c, env)) })
	if err != nil {
		return messages.Errorf(messages.Internal, "evaluating an expression: %s", err)
	}
	return c.Return(messages.ValueOf(v))
}

// expressions keeps compiled expressions by their text.
type expressions struct {
	mu    sync.Mutex
	known map[string]*exprProgram
}

func (e *expressions) get(text string) (*exprProgram, error) {
	e.mu.Lock()
	p := e.known[text]
	e.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := compileExpr(text)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.known) >= exprCache {
		clear(e.known)
	}
	e.known[text] = p
	return p, nil
}
