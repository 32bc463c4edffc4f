package temporal

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// WorkerConfig are the fields of temporal.worker.
type WorkerConfig struct {
	Client    string           `yaml:"client" required:"true" ref:"temporal.client" doc:"The connection it uses."`
	TaskQueue string           `yaml:"task_queue" required:"true" doc:"The queue it takes tasks from, behind the prefix of the client."`
	Options   WorkerOptions    `yaml:"worker_options" doc:"How it works."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// WorkerOptions say how a worker works. Where a number or time is 0 the SDK
// chooses.
type WorkerOptions struct {
	Identity string `yaml:"identity" doc:"The name of the worker for people."`

	Activities      int `yaml:"max_concurrent_activity_execution_size" default:"1000" min:"0" doc:"How many activities run at the same time."`
	WorkflowTasks   int `yaml:"max_concurrent_workflow_task_execution_size" default:"1000" min:"0" doc:"How many tasks of workflows."`
	LocalActivities int `yaml:"max_concurrent_local_activity_execution_size" default:"1000" min:"0" doc:"How many local activities."`
	Sessions        int `yaml:"max_concurrent_session_execution_size" default:"1000" min:"0" doc:"How many sessions."`
	EagerActivities int `yaml:"max_concurrent_eager_activity_execution_size" default:"0" min:"0" doc:"How many activities that were given out with a task of a workflow; 0 for no limit."`
	ActivityPollers int `yaml:"max_concurrent_activity_task_pollers" default:"20" min:"0" doc:"How many ask the server for activities."`
	WorkflowPollers int `yaml:"max_concurrent_workflow_task_pollers" default:"20" min:"0" doc:"How many ask the server for tasks of workflows."`

	ActivityRate float64 `yaml:"worker_activities_per_second" default:"0" min:"0" doc:"Activities that this worker starts in a second; 0 for no limit."`
	LocalRate    float64 `yaml:"worker_local_activities_per_second" default:"0" min:"0" doc:"Local activities that it starts in a second; 0 for no limit."`
	QueueRate    float64 `yaml:"task_queue_activities_per_second" default:"0" min:"0" doc:"Activities that all workers of the queue start in a second; 0 for no limit."`

	Sticky           time.Duration `yaml:"sticky_schedule_to_start_timeout" default:"5s" min:"0s" doc:"How long the server waits for the worker that has a workflow in memory before it takes another one."`
	StopTimeout      time.Duration `yaml:"worker_stop_timeout" default:"0s" min:"0s" doc:"How long activities that run may take when the worker stops."`
	Deadlock         time.Duration `yaml:"deadlock_detection_timeout" default:"0s" min:"0s" doc:"How long a workflow may compute without waiting; 0 for one second."`
	MaxThrottle      time.Duration `yaml:"max_heartbeat_throttle_interval" default:"0s" min:"0s" doc:"Longest time between two heartbeats that are sent."`
	DefaultThrottle  time.Duration `yaml:"default_heartbeat_throttle_interval" default:"0s" min:"0s" doc:"Time between two heartbeats of an activity without a heartbeat timeout."`
	LogReplay        bool          `yaml:"enable_logging_in_replay" doc:"Write the log lines of a workflow again when it is run again."`
	SessionWorker    bool          `yaml:"enable_session_worker" doc:"Take part in sessions."`
	NoWorkflows      bool          `yaml:"disable_workflow_worker" doc:"Run no workflows."`
	LocalOnly        bool          `yaml:"local_activity_worker_only" doc:"Run workflows and their local activities only."`
	NoEager          bool          `yaml:"disable_eager_activities" doc:"Take no activities with tasks of workflows."`
	NoAliases        bool          `yaml:"disable_registration_aliasing" doc:"Accepted: activities and workflows have one name each."`
	Versioning       bool          `yaml:"use_versioning" doc:"Take part in worker versioning; needs deployment_name and build_id."`
	Deployment       string        `yaml:"deployment_name" doc:"The deployment that the worker belongs to."`
	BuildID          string        `yaml:"build_id" doc:"Which build of the code it is."`
	BuildIDEnv       string        `yaml:"build_id_env" doc:"Environment variable with the build id."`
	DefaultBehaviour string        `yaml:"default_versioning_behavior" oneof:"pinned|auto_upgrade" doc:"What workflows that run do when there is a new build: stay with theirs or change over."`
}

// Validate implements registry.Validator.
func (o *WorkerOptions) Validate() error {
	wrong := func(field, text, hint string) error {
		return &registry.FieldError{Path: []string{field}, Text: text, Hint: hint}
	}
	switch {
	case o.WorkflowTasks == 1:
		return wrong("max_concurrent_workflow_task_execution_size", "1 is too few: one place is for workflows that are in memory", "write 2 or more")
	case o.WorkflowPollers == 1:
		return wrong("max_concurrent_workflow_task_pollers", "1 is too few: one asks for workflows that are in memory", "write 2 or more")
	case o.Versioning && (o.Deployment == "" || o.BuildID == "" && o.BuildIDEnv == ""):
		return wrong("use_versioning", "deployment_name or build_id is missing", "write both")
	}
	return nil
}

func (o *WorkerOptions) sdk() sdk.Options {
	out := sdk.Options{
		Identity: o.Identity,

		MaxConcurrentActivityExecutionSize:      o.Activities,
		MaxConcurrentWorkflowTaskExecutionSize:  o.WorkflowTasks,
		MaxConcurrentLocalActivityExecutionSize: o.LocalActivities,
		MaxConcurrentSessionExecutionSize:       o.Sessions,
		MaxConcurrentEagerActivityExecutionSize: o.EagerActivities,
		MaxConcurrentActivityTaskPollers:        o.ActivityPollers,
		MaxConcurrentWorkflowTaskPollers:        o.WorkflowPollers,
		WorkerActivitiesPerSecond:               o.ActivityRate,
		WorkerLocalActivitiesPerSecond:          o.LocalRate,
		TaskQueueActivitiesPerSecond:            o.QueueRate,
		StickyScheduleToStartTimeout:            o.Sticky,
		WorkerStopTimeout:                       o.StopTimeout,
		DeadlockDetectionTimeout:                o.Deadlock,
		MaxHeartbeatThrottleInterval:            o.MaxThrottle,
		DefaultHeartbeatThrottleInterval:        o.DefaultThrottle,
		EnableLoggingInReplay:                   o.LogReplay,
		EnableSessionWorker:                     o.SessionWorker,
		DisableWorkflowWorker:                   o.NoWorkflows,
		LocalActivityWorkerOnly:                 o.LocalOnly,
		DisableEagerActivities:                  o.NoEager,
		DisableRegistrationAliasing:             o.NoAliases,

		Interceptors: []interceptor.WorkerInterceptor{&inboxes{}},
	}
	if o.Versioning {
		out.DeploymentOptions = sdk.DeploymentOptions{
			UseVersioning:             true,
			Version:                   sdk.WorkerDeploymentVersion{DeploymentName: o.Deployment, BuildID: o.BuildID},
			DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
		}
		if o.DefaultBehaviour == "pinned" {
			out.DeploymentOptions.DefaultVersioningBehavior = workflow.VersioningBehaviorPinned
		}
	}
	return out
}

func workerKind(code Code) actors.Kind {
	return actors.Define(actors.Spec[WorkerConfig]{
		Name: "temporal.worker", Doc: "A worker of a Temporal server: a host of workflows, and what runs activities.", Service: true,
		Serve: func(env actors.Env, _ WorkerConfig) actor.Actor { return newWorker(env, code) },
	})
}

// worker is the actor of a temporal.worker. To processes it is a host, on which
// workflows are started.
type worker struct {
	env     actors.Env
	code    Code
	catalog catalog
	traced  bool

	up    bool
	conn  *connection   // nil while it does not run, or the client does not
	gone  client.Client // a connection that was closed
	queue string
	sdk   sdk.Worker
	life  context.Context // ends with Stop
	end   context.CancelFunc
	runs  map[string]*execution // workflows that somebody has to do with, by id
	calls map[callKey]context.CancelFunc
}

func newWorker(env actors.Env, code Code) *worker {
	w := &worker{env: env, code: code, catalog: catalog{env}, runs: map[string]*execution{}, calls: map[callKey]context.CancelFunc{}}
	w.traced, _ = env.Config["otel.temporal.enabled"].(bool)
	return w
}

// Load makes the workflows of the worker reachable by their PIDs.
func (w *worker) Load(ctx context.Context) (context.Context, error) {
	w.env.Procs.Host(w.env.ID, w.guest)
	return ctx, nil
}

// Unload implements actors.Unloader.
func (w *worker) Unload(context.Context) error {
	w.env.Procs.Host(w.env.ID, nil)
	return nil
}

// Start implements actors.Starter.
func (w *worker) Start(ctx context.Context) error {
	if err := w.work(ctx); err != nil {
		return err
	}
	w.up = true
	return nil
}

// work takes the connection of the client and begins to take tasks.
func (w *worker) work(ctx context.Context) error {
	c, err := actors.Configure[WorkerConfig](ctx, w.env, w.env.Entry)
	if err != nil {
		return err
	}
	conn, err := actors.As[*connection](actors.Call(ctx, w.env.Sys, w.env.PID(c.Client), &connect{w.env.Cell.Self()}))
	if err != nil {
		return messages.Wrap(err, "starting worker "+w.env.ID)
	}
	r := &runner{env: w.env, code: w.code, catalog: w.catalog, traced: w.traced, options: c.Options, queue: conn.prefix + c.TaskQueue, client: conn.id}
	self, sys, id := w.env.Cell.Self(), w.env.Sys, w.env.ID
	v, err := actors.Await(ctx, func() (any, error) {
		opt := c.Options.sdk()
		opt.OnFatalError = func(err error) { sys.Root.Send(self, &broken{err}) }
		s := sdk.New(conn.Client, r.queue, opt)
		r.register(s)
		if err := s.Start(); err != nil {
			return nil, messages.Because(messages.Unavailable, "starting worker "+id, fromTemporal(err)).WithRetry(true)
		}
		return s, nil
	})
	if err != nil {
		return err
	}
	switch {
	case w.sdk != nil: // it was started meanwhile
		w.env.Go(v.(sdk.Worker).Stop)
		return nil
	case w.gone == conn.Client:
		w.env.Go(v.(sdk.Worker).Stop)
		return messages.Errorf(messages.Unavailable, "starting worker %s: client %s was stopped", id, c.Client).WithRetry(true)
	}
	w.sdk, w.conn, w.queue = v.(sdk.Worker), conn, r.queue
	w.life, w.end = context.WithCancel(context.Background())
	for _, x := range w.runs {
		w.watch(x)
	}
	return nil
}

// broken tells that the SDK has given up.
type broken struct{ err error }

// Stop implements actors.Stopper: activities that run may finish for as long as
// worker_stop_timeout says.
func (w *worker) Stop(ctx context.Context) error {
	w.up = false
	s := w.halt()
	if s == nil {
		return nil
	}
	_, err := actors.Await(ctx, func() (any, error) {
		s.Stop()
		return nil, nil
	})
	return err
}

// again waits for a client that was replaced to be there again.
func (w *worker) again() {
	w.env.Cell.After(100*time.Millisecond, func() {
		w.env.Cell.Script(func(ctx context.Context) {
			if !w.up || w.sdk != nil {
				return
			}
			err := w.work(ctx)
			switch {
			case err != nil:
				w.again()
			case !w.up: // it was stopped meanwhile
				w.env.Go(w.halt().Stop)
			}
		})
	})
}

func (w *worker) halt() sdk.Worker {
	s := w.sdk
	if s == nil {
		return nil
	}
	w.end()
	w.sdk, w.conn = nil, nil
	return s
}

// Receive implements actor.Actor.
func (w *worker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		if s := w.halt(); s != nil { // it was never told to stop
			w.env.Go(s.Stop)
		}
	case *broken:
		if w.sdk != nil {
			w.env.Go(w.halt().Stop)
			w.up = false
			w.env.Cell.Tell(w.env.PID("supervisor"), &actors.ServiceEnded{ID: w.env.ID, Err: messages.Because(messages.Unavailable, "worker "+w.env.ID, fromTemporal(m.err))})
		}
	case *closed:
		w.gone = m.conn
		if w.conn != nil && w.conn.Client == m.conn && w.sdk != nil {
			w.env.Go(w.halt().Stop)
			w.again()
		}
	case *toRun:
		w.toRun(m)
	case *tied:
		w.tied(m)
	case *messages.Exit:
		w.linkEnded(m)
	case *actors.Abandon:
		if cancel := w.calls[callKey{m.From.Id, m.Tag}]; cancel != nil {
			cancel()
		}
	case *actors.Request:
		w.request(m)
	}
}

func (w *worker) request(m *actors.Request) {
	switch b := m.Body.(type) {
	case *messages.Monitor: // of a process that has ended and watched workflows
		for _, x := range w.runs {
			x.ties.Answer(&actors.Request{Body: &messages.Monitor{By: b.By, Off: true}, Sys: m.Sys}, x.pid)
			w.forget(x)
		}
		return
	case *messages.Signal:
		w.env.Signal(m, b)
		return
	}
	if w.conn == nil {
		m.Reply(messages.Errorf(messages.Unavailable, "host %s is not running", w.env.ID))
		return
	}
	switch b := m.Body.(type) {
	case *messages.Spawn:
		w.env.Cell.Serve(m, func(ctx context.Context) (any, error) { return w.spawn(ctx, b) })
	case *messages.Exec:
		w.exec(m, b.Spawn)
	default:
		m.Reply(actors.NotAnswered(w.env.ID, m.Body))
	}
}
