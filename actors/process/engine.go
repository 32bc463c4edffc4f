// Package process runs Lua: it is the actor around lua.VM, the hosts that
// processes run on, and the pools that functions run in.
package process

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Runtime is the part of a node that runs Lua: the engine and the compiled code
// of every Lua entry. One is made for each node.
type Runtime struct {
	Engine *lua.Engine

	workers atomic.Uint64 // of functions, so far

	mu   sync.RWMutex
	code map[string]*definition
}

// New makes the Lua part of a node.
func New(opt lua.Options) (*Runtime, error) {
	eng, err := lua.NewEngine(opt)
	if err != nil {
		return nil, fmt.Errorf("building the Lua engine: %w", err)
	}
	return &Runtime{Engine: eng, code: map[string]*definition{}}, nil
}

// Kinds lists the entry kinds of this package.
func (rt *Runtime) Kinds() []actors.Kind {
	return []actors.Kind{
		rt.libraryKind(), rt.processKind(), rt.functionKind(), rt.workflowKind(),
		rt.libraryBytecodeKind(), rt.processBytecodeKind(), rt.functionBytecodeKind(),
		rt.hostKind(), rt.terminalKind(), rt.serviceKind(),
	}
}

// definition is the compiled code of one Lua entry.
type definition struct {
	entry      registry.Entry
	source     Source
	program    *lua.Program
	generation int
	version    uint64 // of the registry
}

// is reports whether the entry is of a kind, as source or compiled.
func (d *definition) is(kind string) bool { return strings.TrimSuffix(d.entry.Kind, ".bc") == kind }

// Source are the fields of every kind of Lua source.
type Source struct {
	Source string `yaml:"source" required:"true" verbatim:"true" doc:"Lua source text, normally file://name.lua."`
	Uses   `yaml:",inline"`
}

// Uses says what code can use.
type Uses struct {
	Modules []string          `yaml:"modules" doc:"Built-in modules made visible to the code."`
	Imports map[string]string `yaml:"imports" ref:"library.lua|library.lua.bc" doc:"Alias → entry id of a library.lua, or :module for a built-in module."`
}

func (rt *Runtime) lookup(id string) *definition {
	rt.mu.RLock()
	defer rt.mu.RUnlock()
	return rt.code[id]
}

func (rt *Runtime) store(id string, d *definition) (had *definition) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	had = rt.code[id]
	if d == nil {
		delete(rt.code, id)
		return had
	}
	if had != nil {
		d.generation = had.generation + 1
	}
	rt.code[id] = d
	return had
}

// importers are the ids of the entries that import id directly, in order.
func (rt *Runtime) importers(id string) []string {
	rt.mu.RLock()
	defer rt.mu.RUnlock()
	var out registry.Entries = registry.Entries{}
	for _, d := range rt.code {
		for _, target := range d.source.Imports {
			if ref, err := registry.ResolveID(target, d.entry.ID.NS); err == nil && ref.String() == id {
				out[d.entry.ID] = d.entry
			}
		}
	}
	ids := make([]string, 0, len(out))
	for _, i := range out.IDs() {
		ids = append(ids, i.String())
	}
	return ids
}

// compile builds the code of an entry from its source and the libraries it
// imports, which must be known already.
func (rt *Runtime) compile(e registry.Entry, s Source, method string, limits lua.Limits) (*definition, error) {
	u := lua.Unit{ID: e.ID.String(), Source: s.Source, Method: method, Modules: s.Modules, Limits: limits}
	if isBytecode(e) {
		var err error
		if u.Bytecode, err = base64.StdEncoding.DecodeString(s.Source); err != nil {
			return nil, messages.Errorf(messages.Invalid, "%s: the bytecode is not base64: %s; pack the application again", at(e, "source"), err)
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(s.Imports)) {
		target := s.Imports[alias]
		ref, err := registry.ResolveID(target, e.ID.NS)
		if err != nil {
			return nil, messages.Errorf(messages.Invalid, "%s: import %s: %s", at(e, "imports", alias), alias, err)
		}
		if ref.NS == "" {
			u.Imports = append(u.Imports, lua.Import{Alias: alias, Module: ref.Name})
			continue
		}
		lib := rt.lookup(ref.String())
		if lib == nil {
			return nil, messages.Errorf(messages.NotFound, "%s: import %s: library %s not found", at(e, "imports", alias), alias, ref)
		}
		u.Imports = append(u.Imports, lua.Import{Alias: alias, Library: lib.program})
	}
	p, err := rt.Engine.Compile(u)
	if err != nil {
		file := at(e)
		if name, ok := e.Inlined("source"); ok {
			file = name
		}
		if file == u.ID { // the error begins with it
			return nil, err
		}
		return nil, messages.Wrap(err, file)
	}
	return &definition{entry: e, source: s, program: p}, nil
}

// at is where a field of an entry was written, for messages.
func at(e registry.Entry, path ...string) string {
	if pos := e.At(path...); !pos.IsZero() {
		return pos.String()
	}
	return e.ID.String()
}

// rebuild asks an importer to compile itself anew: a library below it changed.
type rebuild struct{}

// code is the actor of a Lua entry: it keeps the entry's definition in step.
// The kinds differ in what else they answer.
type code struct {
	rt     *Runtime
	env    actors.Env
	entry  registry.Entry
	source Source
	method string
	limits lua.Limits
	swap   func(*definition) // after a new definition is in place
}

// Load compiles the entry.
func (c *code) Load(ctx context.Context) (context.Context, error) {
	return ctx, c.build(ctx)
}

// Unload forgets the code; what runs keeps it.
func (c *code) Unload(context.Context) error {
	c.rt.store(c.entry.ID.String(), nil)
	return nil
}

// build compiles and, for an update, has everything that imports it built anew;
// if one of those fails, all is as it was.
func (c *code) build(ctx context.Context) error {
	d, err := c.rt.compile(c.entry, c.source, c.method, c.limits)
	if err != nil {
		return err
	}
	d.version = c.version()
	id := c.entry.ID.String()
	had := c.rt.store(id, d)
	if c.swap != nil {
		c.swap(d)
	}
	if had == nil {
		return nil
	}
	var done []string
	for _, importer := range c.rt.importers(id) {
		if _, err := actors.Call(ctx, c.env.Sys, c.env.PID(importer), &rebuild{}); err != nil {
			c.rt.store(id, had)
			if c.swap != nil {
				c.swap(had)
			}
			for _, again := range done {
				if _, e := actors.Call(ctx, c.env.Sys, c.env.PID(again), &rebuild{}); e != nil {
					c.env.Log.Error("going back to the code before", "entry", again, "error", e)
				}
			}
			return messages.Wrap(err, importer+" does not build with the new "+id)
		}
		done = append(done, importer)
	}
	return nil
}

// answer handles what all Lua entries answer.
func (c *code) answer(req *actors.Request) {
	switch req.Body.(type) {
	case *rebuild:
		if c.changing() { // its own change will find the new library
			req.Done()
			return
		}
		c.env.Cell.Script(func(ctx context.Context) {
			if err := c.build(ctx); err != nil {
				req.Reply(err)
				return
			}
			req.Done()
		})
	case *messages.FunctionCall:
		req.Reply(messages.Errorf(messages.NotFound, "function not found: %s is a %s, which cannot be called", c.env.ID, c.entry.Kind))
	default:
		req.Reply(actors.NotAnswered(c.env.ID, req.Body))
	}
}

// changing reports whether the change under way brings other source for this entry.
// The old source never runs with the libraries that come with the new one.
func (c *code) changing() bool {
	s, ok := actors.SnapshotsKey.Lookup(c.env.App)
	if !ok || s.Now() == nil {
		return false
	}
	e, err := s.Now().Get(c.entry.ID)
	source, isText := e.Fields()["source"].(string)
	return err == nil && isText && source != c.source.Source
}

func (rt *Runtime) update(ctx context.Context, c *code, e registry.Entry, s Source, method string, limits lua.Limits) error {
	before := *c
	c.entry, c.source, c.method, c.limits = e, s, method, limits
	if err := c.build(ctx); err != nil {
		c.entry, c.source, c.method, c.limits = before.entry, before.source, before.method, before.limits
		return err
	}
	return nil
}

// LibraryConfig are the fields of library.lua.
type LibraryConfig struct {
	Source `yaml:",inline"`
}

func (rt *Runtime) libraryKind() actors.Kind {
	return actors.Define(actors.Spec[LibraryConfig]{
		Name: "library.lua", Doc: "Lua code that other code imports.",
		Serve: func(env actors.Env, c LibraryConfig) actor.Actor { return rt.newLibrary(env, c.Source) },
	})
}

func (rt *Runtime) newLibrary(env actors.Env, s Source) actor.Actor {
	return &library{code{rt: rt, env: env, entry: env.Entry, source: s}}
}

type library struct{ code }

func (l *library) Update(ctx context.Context, e registry.Entry) error {
	return l.rt.update(ctx, &l.code, e, librarySource(e), "", lua.Limits{})
}

func (l *library) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		l.answer(req)
	}
}

// ProcessConfig are the fields of process.lua.
type ProcessConfig struct {
	Source          `yaml:",inline"`
	ProcessSettings `yaml:",inline"`
}

// ProcessSettings are the fields of processes apart from their code.
type ProcessSettings struct {
	Method      string         `yaml:"method" default:"main" doc:"The function to run."`
	Limits      Limits         `yaml:"limits" doc:"What a process may use; one that uses more ends."`
	Command     *Command       `yaml:"meta.command" doc:"Makes the process a command of the command line."`
	Options     map[string]any `yaml:"meta.options" doc:"Default options of calls: timeout, network, retry; and default_host: host on which the process is started when it is called like a function."`
	Activity    *Activity      `yaml:"meta.temporal.activity" doc:"Makes the process an activity of Temporal."`
	DefaultHost string         `yaml:"meta.default_host" ref:"?process.host|terminal.host" doc:"Same as meta.options.default_host."`
}

// Validate implements registry.Validator.
func (c *ProcessConfig) Validate() error { return checkOptions(c.Options) }

// Command describes a command of the command line.
type Command struct {
	Name     string        `yaml:"name" doc:"What is typed after run."`
	Short    string        `yaml:"short" doc:"Shown in the list of commands."`
	Main     bool          `yaml:"main" doc:"The default command."`
	UseCase  string        `yaml:"use_case" doc:"What it is for, such as test."`
	Security *actors.RunAs `yaml:"security" doc:"Actor and scope of its process."`
}

func (rt *Runtime) processKind() actors.Kind {
	return actors.Define(actors.Spec[ProcessConfig]{
		Name: "process.lua", Doc: "The definition of a Lua process.",
		Serve: func(env actors.Env, c ProcessConfig) actor.Actor { return rt.newProcess(env, c) },
	})
}

func (rt *Runtime) newProcess(env actors.Env, c ProcessConfig) actor.Actor {
	return &processDef{code: code{rt: rt, env: env, entry: env.Entry, source: c.Source, method: c.Method, limits: c.Limits.lua()}}
}

type processDef struct{ code }

func (p *processDef) Update(ctx context.Context, e registry.Entry) error {
	c := processConfig(e)
	return p.rt.update(ctx, &p.code, e, c.Source, c.Method, c.Limits.lua())
}

// Receive answers calls: a process with a default host can be called like a
// function.
func (p *processDef) Receive(ctx actor.Context) {
	if a, ok := ctx.Message().(*actors.Abandon); ok { // of a call that the host has
		if host := defaultHost(p.entry); host != "" {
			ctx.Send(p.env.PID(host), a)
		}
		return
	}
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	call, ok := req.Body.(*messages.FunctionCall)
	if !ok {
		p.answer(req)
		return
	}
	host := defaultHost(p.entry)
	if host == "" {
		req.Reply(messages.Errorf(messages.Invalid, "%s is a process without meta.default_host and cannot be called like a function", p.env.ID))
		return
	}
	req.Sys.Root.Send(p.env.PID(host), &actors.Request{Tag: req.Tag, From: req.From, By: req.By, Sys: req.Sys, Body: &callProcess{
		&messages.Spawn{Process: p.env.ID, Host: host, Args: call.Args, Context: call.Context, Parent: req.By, Options: call.Options.Over(callOptions(p.entry, 0))},
	}})
}

// callProcess starts a process for a caller of a function; the answer is its
// FunctionResult.
type callProcess struct{ *messages.Spawn }

func defaultHost(e registry.Entry) string {
	host, _ := e.Meta["default_host"].(string)
	if o, ok := e.Meta["options"].(map[string]any); ok {
		if h, ok := o["default_host"].(string); ok {
			host = h
		}
	}
	if host != "" && !strings.Contains(host, ":") {
		host = e.ID.NS + ":" + host
	}
	return host
}
