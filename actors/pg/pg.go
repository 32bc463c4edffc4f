// Package pg has process groups: processes that are reached together under a
// name.
package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Kinds are the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Scope} }

// ScopeConfig are the fields of pg.scope.
type ScopeConfig struct {
	ProtocolTimeout         time.Duration    `yaml:"protocol_timeout" default:"5s" doc:"Accepted. What nodes tell each other of groups is sent again until it has come, or the node is lost."`
	BroadcastTimeout        time.Duration    `yaml:"broadcast_timeout" default:"5s" doc:"Accepted. A recipient is never waited for."`
	AntiEntropyInterval     time.Duration    `yaml:"anti_entropy_interval" default:"30s" doc:"Accepted. Nodes do not drift apart: changes come in order, each once."`
	CircuitBreakerFailures  int              `yaml:"circuit_breaker_failures" default:"3" min:"0" doc:"Accepted. A node that is lost is left out at once."`
	CircuitBreakerResetTime time.Duration    `yaml:"circuit_breaker_reset_time" default:"10s" doc:"Accepted. A node that comes back tells of its groups anew."`
	MaxRetries              int              `yaml:"max_retries" default:"3" min:"0" doc:"Accepted. The way to a node repeats what got lost."`
	RetryBaseDelay          time.Duration    `yaml:"retry_base_delay" default:"100ms" doc:"Accepted."`
	RetryMaxDelay           time.Duration    `yaml:"retry_max_delay" default:"1s" doc:"Accepted."`
	ActionQueueSize         int              `yaml:"action_queue_size" default:"256" min:"0" doc:"Accepted; not more than action_queue_max_size."`
	ActionQueueMaxSize      int              `yaml:"action_queue_max_size" default:"1024" min:"0" doc:"Accepted. The way to a node has bounds of its own."`
	MonitorBuffer           int              `yaml:"monitor_buffer" default:"64" min:"0" doc:"Accepted. No event is ever dropped, however many wait."`
	MaxGroups               int              `yaml:"max_groups" default:"0" min:"0" doc:"Most groups at a time; 0 for no limit."`
	MaxMembersPerGroup      int              `yaml:"max_members_per_group" default:"0" min:"0" doc:"Most memberships of a group at a time, on all nodes; 0 for no limit. They are counted where a process joins: two that join on two nodes at the same time can go past it."`
	Lifecycle               actors.Lifecycle `yaml:"lifecycle" doc:"When it runs. Its groups end when it stops."`
}

// Validate implements registry.Validator.
func (c *ScopeConfig) Validate() error {
	if c.ActionQueueSize > c.ActionQueueMaxSize {
		return &registry.FieldError{
			Path: []string{"action_queue_size"}, Text: fmt.Sprintf("%d is more than action_queue_max_size, %d", c.ActionQueueSize, c.ActionQueueMaxSize), Hint: "lower it or raise action_queue_max_size",
		}
	}
	return nil
}

// Scope is a set of groups, independent of those of other scopes.
var Scope = actors.Define(actors.Spec[ScopeConfig]{
	Name: "pg.scope", Doc: "A scope of process groups, over all nodes of a cluster that have a scope of the same id.", Service: true,
	Serve: func(env actors.Env, _ ScopeConfig) actor.Actor {
		return &scope{env: env, subscribers: map[string][]*subscriber{}, watching: map[string][]*subscriber{}}
	},
})

// ended tells that a process has.
type ended struct{ pid string }

// Load implements actors.Loader.
func (s *scope) Load(ctx context.Context) (context.Context, error) {
	return ctx, s.Update(ctx, s.env.Entry)
}

// Update implements actors.Updater: groups stay, also those past a new limit.
func (s *scope) Update(ctx context.Context, e registry.Entry) error {
	c, err := actors.Configure[ScopeConfig](ctx, s.env, e)
	if err != nil {
		return err
	}
	s.maxGroups, s.maxMembers = c.MaxGroups, c.MaxMembersPerGroup
	return nil
}

// Start implements actors.Starter: the members at other nodes are there when it
// returns.
func (s *scope) Start(ctx context.Context) error {
	s.groups, s.joined = map[string]*group{}, map[string]map[string]bool{}
	if !s.env.Procs.Joined() {
		return nil
	}
	known, err := actors.As[[]*messages.Membership](actors.Call(ctx, s.env.Sys, s.env.PID("cluster"), &messages.PGShare{Scope: s.env.ID}))
	if err != nil {
		s.groups, s.joined = nil, nil
		return err
	}
	for _, m := range known {
		s.away(m)
	}
	return nil
}

// Stop implements actors.Stopper. Subscriptions outlive it: they see all members
// leave, and join again once it was started again.
func (s *scope) Stop(ctx context.Context) error {
	if s.groups != nil && s.env.Procs.Joined() {
		if _, err := actors.Call(ctx, s.env.Sys, s.env.PID("cluster"), &messages.PGShare{Scope: s.env.ID, Off: true}); err != nil {
			return err
		}
	}
	for _, pid := range sorted(s.joined) {
		s.leaveAll(pid)
	}
	s.groups, s.joined = nil, nil
	return nil
}

// Receive implements actor.Actor.
func (s *scope) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *ended:
		s.leaveAll(m.pid)
		s.unsubscribe(m.pid, 0)
	case *actors.Request:
		if b, ok := m.Body.(*messages.Membership); ok { // the component cluster tells
			s.away(b)
			return
		}
		switch v, err := s.request(m.Body); {
		case err != nil:
			m.Reply(err)
		case v == nil:
			m.Done()
		default:
			m.Reply(v)
		}
	}
}

func (s *scope) request(body any) (any, error) {
	if b, ok := body.(*messages.PGUnsubscribe); ok {
		s.unsubscribe(b.By, b.Tag)
		return nil, nil
	}
	if s.groups == nil {
		return nil, messages.Errorf(messages.Unavailable, "process group scope %s is not running", s.env.ID)
	}
	switch b := body.(type) {
	case *messages.PGOpen:
		return nil, nil
	case *messages.PGJoin:
		return nil, s.join(b)
	case *messages.PGLeave:
		return nil, s.leave(b)
	case *messages.PGMembers:
		return s.groups[b.Group].pids(b.Local), nil
	case *messages.PGGroups:
		return s.names(b.Local), nil
	case *messages.PGBroadcast:
		s.broadcast(b)
		return nil, nil
	case *messages.PGSubscribe:
		return s.subscribe(b)
	}
	return nil, actors.NotAnswered(s.env.ID, body)
}
