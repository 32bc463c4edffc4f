// Package actors is how an actor of the runtime is declared, and what all of
// them share. The components live in the folders below; they know each other by
// message and name only and never import one another.
package actors

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component is one actor of the runtime itself. It runs once on each node.
type Component struct {
	Name      string
	Doc       string
	DependsOn []string
	Handles   []any // a value of each command body it answers
	New       func(Env) actor.Actor
}

// Kind is a kind of entry and the actor that serves each entry of it.
type Kind struct {
	Name     string
	Doc      string
	Schema   registry.Schema
	DataOnly bool // stored, never offered to an actor
	Service  bool // supervised: it is started and stopped
	Front    bool // work comes in through it: it is stopped first
	New      func(Env, registry.Entry) actor.Actor
}

// Spec declares a kind whose entries have the fields of C.
type Spec[C any] struct {
	Name    string
	Doc     string
	Service bool                     // C embeds or has a field of type Lifecycle
	Front   bool                     // a service through which work comes in: it is stopped before what the work may use
	Open    bool                     // unknown fields are no mistake
	Serve   func(Env, C) actor.Actor // nil for kinds that only carry data
}

// Define makes a Kind of its spec.
func Define[C any](s Spec[C]) Kind {
	schema := registry.SchemaOf[C]()
	if s.Open {
		schema = registry.OpenSchemaOf[C]()
	}
	k := Kind{Name: s.Name, Doc: s.Doc, Schema: schema, Service: s.Service, Front: s.Front, DataOnly: s.Serve == nil}
	if s.Serve != nil {
		k.New = func(env Env, e registry.Entry) actor.Actor {
			config, _, _ := schema.Decode(e) // the registry has checked it
			return s.Serve(env, config.(C))
		}
	}
	return k
}

// Lifecycle are the fields of every supervised service.
type Lifecycle struct {
	AutoStart       bool          `yaml:"auto_start" doc:"Start the service when the application starts."`
	Startup         string        `yaml:"startup" default:"required" oneof:"required|optional" doc:"required: a failure to start ends the boot; optional: it is logged."`
	Requires        []string      `yaml:"requires" ref:"*" doc:"Services that must be running before this one starts."`
	DependsOn       []string      `yaml:"depends_on" ref:"*" doc:"Older spelling of requires; both lists are joined."`
	StartTimeout    time.Duration `yaml:"start_timeout" default:"10s" doc:"Longest time for a start."`
	StopTimeout     time.Duration `yaml:"stop_timeout" default:"10s" doc:"Longest time for a stop."`
	StableThreshold time.Duration `yaml:"stable_threshold" default:"5s" doc:"A service that ran this long is stable: its failures are forgotten."`
	Restart         Restart       `yaml:"restart" doc:"When and how often it is started again after a failure."`
	Security        *RunAs        `yaml:"security" doc:"Actor and scope the service runs as."`
}

// Restart is the restart policy of a service.
type Restart struct {
	InitialDelay  time.Duration `yaml:"initial_delay" default:"1s" doc:"Delay before the first restart."`
	MaxDelay      time.Duration `yaml:"max_delay" default:"90s" doc:"Upper limit of the delay."`
	BackoffFactor float64       `yaml:"backoff_factor" default:"2.0" doc:"Factor between two delays."`
	Jitter        float64       `yaml:"jitter" default:"0.1" doc:"Random part of a delay, ± jitter × delay."`
	MaxAttempts   int           `yaml:"max_attempts" default:"0" doc:"Starts in a row before the service is given up; 0 for no limit."`
}

// RunAs is an actor with policies.
type RunAs struct {
	Actor    *RunAsActor `yaml:"actor" doc:"The actor."`
	Groups   []string    `yaml:"groups" doc:"Policy groups that form its scope."`
	Policies []string    `yaml:"policies" ref:"security.policy|security.policy.*" doc:"Single policies added to its scope."`
}

// RunAsActor names an actor.
type RunAsActor struct {
	ID   string         `yaml:"id" required:"true" doc:"The actor's id."`
	Meta map[string]any `yaml:"meta" doc:"Metadata that policies can ask for."`
}

// ErrReplace is what an Updater answers to be stopped and made anew.
var ErrReplace = messages.Errorf(messages.Unavailable, "the entry must be replaced")

// Clock is the time of a node; a simulation has its own.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// SystemClock is the time of the machine.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (SystemClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// Node is what all actors of a runtime share. Its fields are set before the
// first actor is spawned.
type Node struct {
	Sys    *actor.ActorSystem
	App    *AppContext
	Log    *slog.Logger
	Output LogGate // of the lines of Log
	Clock  Clock
	Procs  *Procs
	Kinds  map[string]Kind
	Config map[string]any // the node's configuration, flattened to dotted keys
	Strict bool           // security.strict_mode
	Props  []actor.PropsOption
	Load   func() (stolen, waiting int) // of the scheduler that all hosts share; nil without one
	Exit   func(code int)               // begins the shutdown; returns at once
	Random func() float64               // in [0, 1)

	Interceptors []Interceptor // around every function call, the first one outermost

	Commands  *Commands
	Ready     atomic.Bool  // the application has started
	Listeners atomic.Int64 // subscriptions of the event bus: frequent events are skipped without any
	work      sync.WaitGroup
	bus       atomic.Pointer[actor.PID] // remembers its actor, so that events need not look it up

	// Spawn, where set, runs the functions given to Go: a simulation does.
	Spawn func(func())
}

// Go runs f on a goroutine that Wait waits for.
func (n *Node) Go(f func()) {
	if n.Spawn != nil {
		n.Spawn(f)
		return
	}
	n.work.Go(f)
}

// Wait waits for the goroutines of Go.
func (n *Node) Wait() { n.work.Wait() }

// Env is what an actor is given besides its config.
type Env struct {
	*Node
	ID    string // its own entry id or component name
	Entry registry.Entry
	Cell  *Cell
}

// PID is the address of a component or entry of this node.
func (n *Node) PID(name string) *actor.PID { return PID(n.Sys, name) }

// Publish puts an event on the bus.
func (n *Node) Publish(e *messages.Event) {
	bus := n.bus.Load()
	if bus == nil {
		bus = n.PID("bus")
		n.bus.Store(bus)
	}
	n.Sys.Root.Send(bus, e)
}

// Ask sends a command to the component that handles its type and waits for the
// answer.
func (n *Node) Ask(ctx context.Context, body any) (any, error) {
	to := n.Commands.Lookup(body)
	if to == nil {
		return nil, messages.Errorf(messages.Unavailable, "nothing handles %T", body)
	}
	return Call(ctx, n.Sys, to, body)
}

// AskEntry sends a command to the actor of an entry and waits for the answer.
func (n *Node) AskEntry(ctx context.Context, id string, body any) (any, error) {
	return Call(ctx, n.Sys, n.PID(id), body)
}

// SpawnProps are the props of the cell around an actor that make makes.
func (n *Node) SpawnProps(id string, e registry.Entry, component bool, create func(Env) actor.Actor, opts ...actor.PropsOption) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor {
		c := &Cell{Sys: n.Sys, Log: n.Log, App: n.App, node: n, resume: component}
		c.env = Env{Node: n, ID: id, Entry: e, Cell: c}
		c.inner = create(c.env)
		return c
	}, append(append([]actor.PropsOption{}, n.Props...), opts...)...)
}

func (c *Cell) try(ctx context.Context, f func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = messages.Errorf(messages.Internal, "%s panicked: %v", c.env.ID, r)
			c.Log.Error("actor panicked", "actor", c.env.ID, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	return f(ctx)
}

// Commands says which actor handles which command. It is filled while
// components load, then frozen and read without a lock.
type Commands struct {
	mu     sync.Mutex
	table  map[reflect.Type]*actor.PID
	frozen bool
}

// NewCommands returns an empty, unfrozen table.
func NewCommands() *Commands { return &Commands{table: map[reflect.Type]*actor.PID{}} }

// Register makes to the handler of commands of body's type. It panics after
// Freeze and for a type that has a handler: both are mistakes in the program.
func (cs *Commands) Register(body any, to *actor.PID) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	t := reflect.TypeOf(body)
	if cs.frozen {
		panic(fmt.Sprintf("dispatcher: handler of %s registered after activation", t))
	}
	if had := cs.table[t]; had != nil {
		panic(fmt.Sprintf("dispatcher: %s is handled by %s and %s", t, had.Id, to.Id))
	}
	cs.table[t] = to
}

// Freeze ends registration. It fails if one of the needed commands has no
// handler.
func (cs *Commands) Freeze(needed []any) error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	var missing []string
	for _, n := range needed {
		if cs.table[reflect.TypeOf(n)] == nil {
			missing = append(missing, reflect.TypeOf(n).String())
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("freezing the dispatcher: no component handles %s; add the component that does", strings.Join(missing, ", "))
	}
	cs.frozen = true
	return nil
}

// Lookup returns the handler of a command, or nil. After Freeze it takes no lock.
func (cs *Commands) Lookup(body any) *actor.PID { return cs.table[reflect.TypeOf(body)] }

// Types lists the commands that have a handler.
func (cs *Commands) Types() map[reflect.Type]*actor.PID { return cs.table }
