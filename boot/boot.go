package boot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Runtime is a running node. Its methods may be used by many goroutines at once.
type Runtime struct {
	node      *actors.Node
	opt       options
	parts     Parts
	root      *actor.PID
	scheduler Scheduler
	stream    *actors.LogStream
	base      context.Context // of Start, for what waits without a context

	infra  []actors.Component
	levels [][]actors.Component

	mu       sync.Mutex
	plan     Plan
	running  []string // components whose actor lives, in the order of their start
	started  map[string]bool
	services bool // the supervisor was asked to start them
	ready    bool // the start is over
	code     int
	leaving  bool
	stopping bool
	stopped  chan struct{}
	stopErr  error

	apply sync.Mutex       // one Apply at a time
	files registry.Entries // as they were last read
}

// componentTimeout is the longest time for the load, start or stop of one
// component.
const componentTimeout = 30 * time.Second

// logQueue is how many log lines wait to become events.
const logQueue = 1024

// Start brings a node up and runs the application in app: infrastructure,
// components level by level, activation, entries and services. app may be nil if
// WithSources gives the entries. It returns once all required services run.
// When anything fails, what was started is stopped in reverse, and the error says
// all that was found. ctx bounds the start only.
func Start(ctx context.Context, app fs.FS, parts Parts, opts ...Option) (*Runtime, error) {
	var o options
	for _, f := range opts {
		f(&o)
	}
	o.fill()
	if app != nil {
		o.sources = append([]registry.Source{{FS: app}}, o.sources...)
	}
	parts, err := parts.Resolve()
	if err != nil {
		return nil, err
	}
	rt := &Runtime{opt: o, parts: parts, base: context.WithoutCancel(ctx), infra: parts.Infrastructure, started: map[string]bool{}, stopped: make(chan struct{})}
	if rt.levels, err = rt.order(); err != nil {
		return nil, fmt.Errorf("ordering the components: %w", err)
	}
	begin := o.clock.Now()
	for _, phase := range []func(context.Context) error{rt.infrastructure, rt.components, rt.activation, rt.entries} {
		if err := phase(ctx); err != nil {
			if e := rt.StopContext(rt.base); e != nil {
				err = errors.Join(err, fmt.Errorf("stopping what was started: %w", e))
			}
			return nil, err
		}
	}
	rt.ready = true
	rt.node.Ready.Store(true)
	rt.plan.Total = o.clock.Now().Sub(begin)
	rt.node.Log.Info("application started", "logger", "boot", "node", rt.node.Procs.Node, "took", rt.plan.Total)
	return rt, nil
}

// order works out the levels and refuses commands with two handlers.
func (rt *Runtime) order() ([][]actors.Component, error) {
	var there []string
	for _, c := range rt.infra {
		there = append(there, c.Name)
		rt.plan.Infrastructure = append(rt.plan.Infrastructure, Step{Name: c.Name, DependsOn: c.DependsOn})
	}
	levels, err := Levels(rt.parts.Components, there...)
	if err != nil {
		return nil, err
	}
	handlers := map[string]string{}
	for _, level := range append([][]actors.Component{rt.infra}, levels...) {
		for _, c := range level {
			for _, body := range c.Handles {
				t := fmt.Sprintf("%T", body)
				if had := handlers[t]; had != "" {
					return nil, fmt.Errorf("command %s is handled by %s and by %s; leave one out", t, had, c.Name)
				}
				handlers[t] = c.Name
			}
		}
	}
	for _, level := range levels {
		var steps []Step
		for _, c := range level {
			steps = append(steps, Step{Name: c.Name, DependsOn: c.DependsOn})
		}
		rt.plan.Levels = append(rt.plan.Levels, steps)
	}
	return levels, nil
}

// infrastructure is the first phase: the actor system, the AppContext with
// transcoder and logger, and the actors that are there before any component.
func (rt *Runtime) infrastructure(ctx context.Context) error {
	o := &rt.opt
	rt.node = &actors.Node{}
	log := rt.logger(&rt.node.Output)
	sys := actor.NewActorSystem(
		actor.WithLoggerFactory(actors.FrameworkLog(log)),
		// Dead letters are answered, not logged; a short interval keeps no timer behind.
		actor.WithDeadLetterThrottleCount(0), actor.WithDeadLetterThrottleInterval(time.Millisecond),
	)
	actors.FailDeadLetters(sys)
	props := o.props
	if len(props) == 0 && rt.parts.Scheduler != nil {
		rt.scheduler = rt.parts.Scheduler()
		props = rt.scheduler.Props()
	}
	random := o.random
	if random == nil {
		random = rand.Float64
	}
	n := rt.node
	n.Sys, n.App, n.Log, n.Clock, n.Procs = sys, actors.NewAppContext(), log, o.clock, actors.NewProcs(o.node)
	n.Kinds, n.Config, n.Strict = rt.parts.KindsByName(), o.config.Flat(), o.config.Bool("security.strict_mode")
	n.Props, n.Exit, n.Random, n.Spawn = props, rt.exit, random, o.spawn
	if rt.scheduler != nil {
		n.Load = rt.scheduler.Load
	}
	n.Commands, n.Interceptors = actors.NewCommands(), o.interceptors
	actors.TranscoderKey.Set(rt.node.App, messages.NewTranscoder())
	dirs := map[string]string{}
	for _, m := range o.modules {
		if m.Dir == "" {
			continue
		}
		dir, err := filepath.Abs(m.Dir)
		if err != nil {
			return fmt.Errorf("finding the folder of module %s: %w", m.Name, err)
		}
		dirs[m.Name] = dir
	}
	actors.ModuleDirsKey.Set(rt.node.App, dirs)
	for _, set := range o.values {
		set(rt.node.App)
	}
	root, err := sys.Root.SpawnNamed(rootProps(props), rootName)
	if err != nil {
		return fmt.Errorf("starting the root actor: %w", err)
	}
	rt.root = root
	for _, c := range rt.infra { // one after the other: each may use those before it
		if err := rt.load(ctx, []actors.Component{c}); err != nil {
			return err
		}
	}
	if rt.stream != nil {
		go rt.stream.Run(rt.node.Publish)
	}
	return nil
}

// logger is the one of the options, with a copy of its lines on the bus where
// the configuration asks for it.
func (rt *Runtime) logger(gate *actors.LogGate) *slog.Logger {
	c := rt.opt.config
	h := gate.Handler(rt.opt.log.Handler())
	if !c.Bool("logmanager.propagate_downstream") {
		h = slog.DiscardHandler
	}
	if c.Bool("logmanager.stream_to_events") {
		rt.stream = actors.NewLogStream(h, LogLevel(c.Int("logmanager.min_level")), logQueue)
		h = rt.stream
	}
	return slog.New(h)
}

// LogLevel is the level of a number as logmanager.min_level has it.
func LogLevel(n int) slog.Level { return slog.Level(4 * max(-1, min(n, 2))) }

// components is the second phase: each level is loaded once the one below it is.
func (rt *Runtime) components(ctx context.Context) error {
	for _, level := range rt.levels {
		if err := rt.load(ctx, level); err != nil {
			return err
		}
	}
	return nil
}

// activation is the third phase: nothing is registered after it.
func (rt *Runtime) activation(ctx context.Context) error {
	if err := rt.node.Commands.Freeze(rt.parts.Needs); err != nil {
		return err
	}
	rt.node.App.Seal()
	for _, c := range rt.infra {
		if err := rt.begin(ctx, []actors.Component{c}); err != nil {
			return err
		}
	}
	for _, level := range rt.levels {
		if err := rt.begin(ctx, level); err != nil {
			return err
		}
	}
	return nil
}

// load spawns the actors of a level and has them all Load at once.
func (rt *Runtime) load(ctx context.Context, level []actors.Component) error {
	for _, c := range level {
		props := rt.node.SpawnProps(c.Name, registry.Entry{}, true, c.New)
		if _, err := actors.Call(ctx, rt.node.Sys, rt.root, &grow{name: c.Name, props: props}); err != nil {
			return fmt.Errorf("starting component %s: %w", c.Name, err)
		}
		rt.running = append(rt.running, c.Name)
	}
	return rt.each(ctx, level, "loading", func(ctx context.Context, c actors.Component) error {
		begin := rt.node.Clock.Now()
		_, err := actors.Call(ctx, rt.node.Sys, rt.node.PID(c.Name), &actors.Load{})
		if err != nil {
			return err
		}
		for _, body := range c.Handles {
			rt.node.Commands.Register(body, rt.node.PID(c.Name))
		}
		rt.note(func() { rt.plan.step(c.Name).Load = rt.node.Clock.Now().Sub(begin) })
		return nil
	})
}

// begin has the components of a level Start.
func (rt *Runtime) begin(ctx context.Context, level []actors.Component) error {
	return rt.each(ctx, level, "starting", func(ctx context.Context, c actors.Component) error {
		begin := rt.node.Clock.Now()
		_, err := actors.Call(ctx, rt.node.Sys, rt.node.PID(c.Name), &actors.Start{})
		if err != nil {
			return err
		}
		rt.note(func() {
			rt.plan.step(c.Name).Start = rt.node.Clock.Now().Sub(begin)
			rt.started[c.Name] = true
		})
		return nil
	})
}

func (rt *Runtime) note(f func()) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	f()
}

// each does something with every component of a level, in parallel, and returns
// all errors. A simulation has them one after the other.
func (rt *Runtime) each(ctx context.Context, level []actors.Component, doing string, f func(context.Context, actors.Component) error) error {
	ctx, cancel := context.WithTimeout(ctx, componentTimeout)
	defer cancel()
	errs := make([]error, len(level))
	one := func(i int) {
		if err := f(ctx, level[i]); err != nil {
			errs[i] = fmt.Errorf("%s component %s: %w", doing, level[i].Name, err)
		}
	}
	if actors.Pump(ctx) != nil || len(level) == 1 {
		for i := range level {
			one(i)
		}
		return errors.Join(errs...)
	}
	var wg sync.WaitGroup
	for i := range level {
		wg.Go(func() { one(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
