package process

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// ServiceConfig are the fields of process.service.
type ServiceConfig struct {
	Process   string           `yaml:"process" required:"true" ref:"process.lua|process.lua.bc" doc:"The process to run."`
	Host      string           `yaml:"host" required:"true" ref:"process.host|terminal.host" doc:"Where it runs."`
	Input     []any            `yaml:"input" doc:"Arguments of the process."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs, and what happens when it fails."`
}

func (rt *Runtime) serviceKind() actors.Kind {
	return actors.Define(actors.Spec[ServiceConfig]{
		Name: "process.service", Doc: "One supervised process.", Service: true,
		Serve: func(env actors.Env, c ServiceConfig) actor.Actor {
			return &service{env: env, config: c}
		},
	})
}

// service is the actor of a process.service: it starts its process and tells
// the supervisor when that ends by itself.
type service struct {
	env    actors.Env
	config ServiceConfig
	pid    string // of the process, "" if none runs
	ended  func() // called when it has ended during Stop
}

// Start implements actors.Starter.
func (s *service) Start(ctx context.Context) error {
	as, err := actors.ResolveRunAs(ctx, s.env, s.config.Lifecycle.Security)
	if err != nil {
		return err
	}
	args := make([]messages.Value, len(s.config.Input))
	for i, v := range s.config.Input {
		args[i] = messages.ValueOf(v)
	}
	got, err := actors.As[*messages.Spawned](actors.Call(ctx, s.env.Sys, s.env.PID(s.config.Host), &actors.SpawnFor{
		Spawn:  &messages.Spawn{Process: s.config.Process, Host: s.config.Host, Args: args, Context: as},
		Notify: s.env.Cell.Self(),
	}))
	if err != nil {
		return messages.Wrap(err, "starting process "+s.config.Process)
	}
	s.pid = got.PID
	return nil
}

// Stop implements actors.Stopper: the process gets CANCEL and ends when it
// likes; the supervisor says how long that may take.
func (s *service) Stop(ctx context.Context) error {
	if s.pid == "" {
		return nil
	}
	p := s.env.Procs.Find(s.pid)
	if p == nil {
		s.pid = ""
		return nil
	}
	listens, err := actors.As[bool](actors.Call(ctx, s.env.Sys, p.Actor, &stopService{}))
	if s.pid == "" || messages.IsKind(err, messages.NotFound) {
		return nil
	}
	if !listens && actors.StopReason(ctx) == actors.Shutdown {
		return nil // it does not read its events: the stop of its host ends it
	}
	_, err = actors.Until(ctx, func(done func(any)) {
		s.ended = func() { done(nil) }
	})
	return err
}

// Receive implements actor.Actor.
func (s *service) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actors.Ended:
		if m.PID != s.pid && s.pid != "" {
			return
		}
		s.pid = ""
		if f := s.ended; f != nil {
			s.ended = nil
			f()
			return
		}
		s.env.Cell.Tell(s.env.PID("supervisor"), &actors.ServiceEnded{ID: s.env.ID, Err: m.Err})
	case *actors.Request:
		m.Reply(actors.NotAnswered(s.env.ID, m.Body))
	}
}
