// Package exec runs programs of the operating system, without a shell.
package exec

import (
	"context"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Kinds are the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Native} }

// NativeConfig are the fields of exec.native.
type NativeConfig struct {
	WorkDir   string            `yaml:"default_work_dir" doc:"Working directory of commands that name none; that of the node if left out."`
	Env       map[string]string `yaml:"default_env" doc:"Environment of every command; a call can add to it and change values. Nothing else is in it: the node's own environment is not passed on."`
	Whitelist []string          `yaml:"command_whitelist" doc:"If set, only these exact command lines may run."`
}

// Native runs programs on the machine of the node.
var Native = actors.Define(actors.Spec[NativeConfig]{
	Name: "exec.native", Doc: "Runs programs on the machine of the node, without a shell and with an environment of their own.",
	Serve: func(env actors.Env, _ NativeConfig) actor.Actor { return &native{env: env} },
})

type native struct {
	env    actors.Env
	config NativeConfig
}

// Load implements actors.Loader.
func (n *native) Load(ctx context.Context) (context.Context, error) {
	return ctx, n.Update(ctx, n.env.Entry)
}

// Update implements actors.Updater: commands that run go on.
func (n *native) Update(ctx context.Context, e registry.Entry) error {
	c, err := actors.Configure[NativeConfig](ctx, n.env, e)
	if err != nil {
		return err
	}
	n.config = c
	return nil
}

// Receive implements actor.Actor.
func (n *native) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch req.Body.(type) {
	case *messages.ExecOpen:
		req.Reply(&executor{node: n.env.Node, id: n.env.ID, config: n.config})
	default:
		actors.Unknown(req, n.env.ID)
	}
}

// executor implements messages.Executor.
type executor struct {
	node   *actors.Node
	id     string
	config NativeConfig
}

// Command implements messages.Executor.
func (x *executor) Command(line, dir string, env map[string]string) (messages.Command, error) {
	if x.config.Whitelist != nil && !slices.Contains(x.config.Whitelist, line) {
		return nil, messages.Errorf(messages.Invalid, "command not allowed: %q is not in the command_whitelist of %s", line, x.id)
	}
	words, err := split(line)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		dir = x.config.WorkDir
	}
	all := make(map[string]string, len(x.config.Env)+len(env))
	maps.Copy(all, x.config.Env)
	maps.Copy(all, env)
	c := &command{node: x.node, words: words, dir: dir, env: all, exited: make(chan struct{})}
	return c, c.check()
}
