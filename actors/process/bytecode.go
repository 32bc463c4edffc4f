package process

import (
	"errors"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/registry"
)

// Bytecode are the fields of every kind of compiled Lua code.
type Bytecode struct {
	Source string `yaml:"source" verbatim:"true" doc:"Compiled code as 'troupe pack --bytecode' writes it, in base64."`
	Uses   `yaml:",inline"`
	FS     string `yaml:"fs" doc:"File system of compiled code of another engine, which is refused."`
	Path   string `yaml:"path" doc:"File of compiled code of another engine, which is refused."`
	Hash   string `yaml:"hash" doc:"Check sum of compiled code of another engine, which is refused."`
}

// Validate implements registry.Validator.
func (b *Bytecode) Validate() error {
	if b.Source == "" || b.FS != "" || b.Path != "" || b.Hash != "" {
		return errors.New("precompiled Lua in a file cannot run: the byte format belongs to another Lua engine; use the source form, for example function.lua in place of function.lua.bc, and compile it with 'troupe pack --bytecode'")
	}
	return nil
}

func (b *Bytecode) code() Source { return Source{Source: b.Source, Uses: b.Uses} }

// isBytecode reports whether the source of an entry is bytecode.
func isBytecode(e registry.Entry) bool { return strings.HasSuffix(e.Kind, ".bc") }

// LibraryBytecode are the fields of library.lua.bc.
type LibraryBytecode struct {
	Bytecode `yaml:",inline"`
}

// ProcessBytecode are the fields of process.lua.bc.
type ProcessBytecode struct {
	Bytecode        `yaml:",inline"`
	ProcessSettings `yaml:",inline"`
}

func (c *ProcessBytecode) config() ProcessConfig { return ProcessConfig{c.code(), c.ProcessSettings} }

// FunctionBytecode are the fields of function.lua.bc.
type FunctionBytecode struct {
	Bytecode         `yaml:",inline"`
	FunctionSettings `yaml:",inline"`
}

func (c *FunctionBytecode) config() FunctionConfig {
	return FunctionConfig{c.code(), c.FunctionSettings}
}

func (rt *Runtime) libraryBytecodeKind() actors.Kind {
	return actors.Define(actors.Spec[LibraryBytecode]{
		Name: "library.lua.bc", Doc: "A library.lua in compiled form.",
		Serve: func(env actors.Env, c LibraryBytecode) actor.Actor { return rt.newLibrary(env, c.code()) },
	})
}

func (rt *Runtime) processBytecodeKind() actors.Kind {
	return actors.Define(actors.Spec[ProcessBytecode]{
		Name: "process.lua.bc", Doc: "A process.lua in compiled form.",
		Serve: func(env actors.Env, c ProcessBytecode) actor.Actor { return rt.newProcess(env, c.config()) },
	})
}

func (rt *Runtime) functionBytecodeKind() actors.Kind {
	return actors.Define(actors.Spec[FunctionBytecode]{
		Name: "function.lua.bc", Doc: "A function.lua in compiled form.",
		Serve: func(env actors.Env, c FunctionBytecode) actor.Actor { return rt.newFunction(env, c.config()) },
	})
}

// librarySource reads an entry of either kind of library.
func librarySource(e registry.Entry) Source {
	if isBytecode(e) {
		c, _, _ := registry.Decode[LibraryBytecode](e)
		return c.code()
	}
	c, _, _ := registry.Decode[LibraryConfig](e)
	return c.Source
}

// processConfig reads an entry of either kind of process.
func processConfig(e registry.Entry) ProcessConfig {
	if isBytecode(e) {
		c, _, _ := registry.Decode[ProcessBytecode](e)
		return c.config()
	}
	c, _, _ := registry.Decode[ProcessConfig](e)
	return c
}

// functionConfig reads an entry of either kind of function.
func functionConfig(e registry.Entry) FunctionConfig {
	if isBytecode(e) {
		c, _, _ := registry.Decode[FunctionBytecode](e)
		return c.config()
	}
	c, _, _ := registry.Decode[FunctionConfig](e)
	return c
}
