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
	ProtocolTimeout         time.Duration    `yaml:"protocol_timeout" default:"5s" doc:"Timeout of synchronisation between nodes. A scope is on one node yet: no effect."`
	BroadcastTimeout        time.Duration    `yaml:"broadcast_timeout" default:"5s" doc:"Timeout for one recipient on another node. No effect yet: a recipient on the same node is never waited for."`
	AntiEntropyInterval     time.Duration    `yaml:"anti_entropy_interval" default:"30s" doc:"How often nodes are compared, one at a time. No effect yet."`
	CircuitBreakerFailures  int              `yaml:"circuit_breaker_failures" default:"3" min:"0" doc:"Failures before another node is skipped. No effect yet."`
	CircuitBreakerResetTime time.Duration    `yaml:"circuit_breaker_reset_time" default:"10s" doc:"Time until a skipped node is tried again. No effect yet."`
	MaxRetries              int              `yaml:"max_retries" default:"3" min:"0" doc:"Retries of a broadcast to another node that failed. No effect yet."`
	RetryBaseDelay          time.Duration    `yaml:"retry_base_delay" default:"100ms" doc:"Delay before the first retry. No effect yet."`
	RetryMaxDelay           time.Duration    `yaml:"retry_max_delay" default:"1s" doc:"Longest delay between retries. No effect yet."`
	ActionQueueSize         int              `yaml:"action_queue_size" default:"256" min:"0" doc:"Warning level of the queue between nodes; not more than action_queue_max_size. No effect yet."`
	ActionQueueMaxSize      int              `yaml:"action_queue_max_size" default:"1024" min:"0" doc:"Capacity of the queue between nodes. No effect yet."`
	MonitorBuffer           int              `yaml:"monitor_buffer" default:"64" min:"0" doc:"Event buffer of a subscriber on another node. No effect yet: on the same node no event is ever dropped, however many wait."`
	MaxGroups               int              `yaml:"max_groups" default:"0" min:"0" doc:"Most groups at a time; 0 for no limit."`
	MaxMembersPerGroup      int              `yaml:"max_members_per_group" default:"0" min:"0" doc:"Most memberships of a group at a time; 0 for no limit."`
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
	Name: "pg.scope", Doc: "A scope of process groups on this node.", Service: true,
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

// Start implements actors.Starter.
func (s *scope) Start(context.Context) error {
	s.groups, s.joined = map[string]*group{}, map[string]map[string]bool{}
	return nil
}

// Stop implements actors.Stopper. Subscriptions outlive it: they see all members
// leave, and join again once it was started again.
func (s *scope) Stop(context.Context) error {
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
		return s.groups[b.Group].pids(), nil
	case *messages.PGGroups:
		return sorted(s.groups), nil
	case *messages.PGBroadcast:
		s.broadcast(b)
		return nil, nil
	case *messages.PGSubscribe:
		return s.subscribe(b)
	}
	return nil, actors.NotAnswered(s.env.ID, body)
}
