package process

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// evalSteps is how many VM instructions evaluated code may execute: a second or
// so of plain computing.
const evalSteps = 20_000_000

// evalGrace is how long evaluated code may go on when the node stops.
const evalGrace = 5 * time.Second

// Eval is the component that runs Lua source which is not an entry.
func (rt *Runtime) Eval() actors.Component {
	return actors.Component{
		Name:    "eval",
		Doc:     "Compiles Lua source and runs it in processes of its own.",
		Handles: []any{(*messages.EvalRun)(nil), (*messages.EvalCompile)(nil)},
		New: func(env actors.Env) actor.Actor {
			return &evaluator{newNursery(rt, env, evalGrace)}
		},
	}
}

// evaluator is the host of evaluated code. A call of it has no process while its
// source is compiled.
type evaluator struct{ nursery }

// Start implements actors.Starter.
func (e *evaluator) Start(context.Context) error {
	e.up = true
	return nil
}

// Stop implements actors.Stopper.
func (e *evaluator) Stop(ctx context.Context) error { return e.close(ctx) }

// Receive implements actor.Actor.
func (e *evaluator) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Terminated:
		e.terminated(m)
	case *actors.Abandon:
		k := callKey{m.From.Id, m.Tag}
		if p := e.calls[k]; p != nil {
			p.Kill(messages.Errorf(messages.Canceled, "caller context canceled"))
		}
		delete(e.calls, k)
	case *actors.Request:
		switch b := m.Body.(type) {
		case *messages.EvalRun:
			e.run(m, b)
		case *messages.EvalCompile:
			e.compile(&b.EvalSource, func(_ *lua.Program, err error) {
				if err != nil {
					m.Reply(err)
					return
				}
				m.Done()
			})
		default:
			actors.Unknown(m, "the eval component")
		}
	}
}

// compile compiles off the worker, as source may be long, and calls then inside
// the actor.
func (e *evaluator) compile(s *messages.EvalSource, then func(*lua.Program, error)) {
	e.env.Cell.Go(func() (any, error) { return e.rt.evalProgram(s) }, func(v any, err error) {
		p, _ := v.(*lua.Program)
		then(p, err)
	})
}

func (e *evaluator) run(req *actors.Request, b *messages.EvalRun) {
	k := callKey{req.From.Id, req.Tag}
	e.calls[k] = nil
	e.compile(&b.EvalSource, func(program *lua.Program, err error) {
		if _, wanted := e.calls[k]; !wanted {
			return
		}
		delete(e.calls, k)
		if err != nil {
			req.Reply(err)
			return
		}
		d := &definition{program: program}
		s := &messages.Spawn{Process: b.ID, Args: b.Args, Context: b.Context, Parent: b.Parent}
		p, failed := e.launch(d, s, nil, func(sp *spawned) {
			sp.ended = func(_ string, v messages.Value, err *messages.Error) {
				if err != nil {
					req.Reply(runFailed(err))
					return
				}
				req.Reply(&ended{v})
			}
		})
		if failed != nil {
			req.Reply(failed)
			return
		}
		e.calls[k] = p
		e.begin(p)
	})
}

// runFailed says that it was evaluated code that failed. The step limit speaks
// for itself.
func runFailed(err *messages.Error) *messages.Error {
	if err == lua.ErrSteps {
		return err
	}
	out := *err
	out.Message = "run failed: " + err.Message
	if out.Kind == "" {
		out.Kind = messages.Internal
	}
	return &out
}

// evalProgram compiles evaluated source.
func (rt *Runtime) evalProgram(s *messages.EvalSource) (*lua.Program, error) {
	sandbox := &lua.Sandbox{Steps: evalSteps}
	for _, c := range s.Forbid {
		sandbox.Forbid = append(sandbox.Forbid, lua.Class(c))
	}
	u := lua.Unit{ID: s.ID, Source: s.Source, Method: s.Method, Modules: s.Modules, Sandbox: sandbox}
	for _, im := range s.Imports {
		made := lua.Import{Alias: im.Alias, Module: im.Module, Value: im.Value}
		if im.Library != "" {
			lib := rt.lookup(im.Library)
			if lib == nil || !lib.is("library.lua") {
				return nil, messages.Errorf(messages.NotFound, "import %s: library %s not found", im.Alias, im.Library)
			}
			made.Library = lib.program
			if im.Modules != nil {
				narrowed := *lib.program
				narrowed.Modules = im.Modules
				made.Library = &narrowed
			}
		}
		u.Imports = append(u.Imports, made)
	}
	p, err := rt.Engine.Compile(u)
	if err != nil && !messages.IsKind(err, messages.NotFound) {
		return nil, messages.Errorf(messages.Invalid, "compile failed: parse error: %s", err)
	}
	return p, err
}
