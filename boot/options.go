package boot

import (
	"io/fs"
	"log/slog"
	"os"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/registry"
)

// Option changes how a runtime is started.
type Option func(*options)

type options struct {
	sources      []registry.Source
	modules      []registry.Module
	config       Config
	overrides    []registry.Overriding
	log          *slog.Logger
	clock        actors.Clock
	random       func() float64
	node         string
	exit         func(code int)
	props        []actor.PropsOption
	spawn        func(func())
	interceptors []actors.Interceptor
	strict       bool
	linked       bool
	values       []func(*actors.AppContext)
	checks       []func(registry.Entries) error
}

// WithSources adds folders with entry files behind the file system given to
// Start, in order; of several definitions of an entry the last one counts.
func WithSources(sources ...registry.Source) Option {
	return func(o *options) { o.sources = append(o.sources, sources...) }
}

// WithModules tells which modules are among the sources, so that every
// ns.dependency can be checked and a file system can begin at the folder of its
// module. A Dir is relative to the working directory here.
func WithModules(modules ...registry.Module) Option {
	return func(o *options) { o.modules = append(o.modules, modules...) }
}

// WithConfig sets the configuration of the node: what ReadConfig or NewConfig
// returned. Without it everything has its default.
func WithConfig(c Config) Option { return func(o *options) { o.config = c } }

// WithOverrides changes fields of entries, after the override section of the
// configuration.
func WithOverrides(list ...registry.Overriding) Option {
	return func(o *options) { o.overrides = append(o.overrides, list...) }
}

// WithLogger sets where log lines go. Without it there are none.
func WithLogger(log *slog.Logger) Option { return func(o *options) { o.log = log } }

// WithClock sets the time of the node.
func WithClock(c actors.Clock) Option { return func(o *options) { o.clock = c } }

// WithRandom sets the dice of the node: numbers in [0, 1).
func WithRandom(random func() float64) Option { return func(o *options) { o.random = random } }

// WithNode names the node; the name stands over relay.node_name of the
// configuration.
func WithNode(name string) Option { return func(o *options) { o.node = name } }

// WithExit is told when something inside asks for the end of the program
// (system.exit). It must not wait for the runtime to stop: the runtime stops by
// itself, and Wait returns the code.
func WithExit(exit func(code int)) Option { return func(o *options) { o.exit = exit } }

// WithProps puts every actor on a dispatcher and mailbox of the caller's, in
// place of the scheduler of the parts. For simulations.
func WithProps(props ...actor.PropsOption) Option {
	return func(o *options) { o.props = append(o.props, props...) }
}

// WithSpawn runs blocking calls of libraries in place of a goroutine for each.
// For simulations.
func WithSpawn(spawn func(func())) Option { return func(o *options) { o.spawn = spawn } }

// WithInterceptor puts an interceptor around every function call; the first one
// given is the outermost, and all stand around the retries of a call.
func WithInterceptor(i actors.Interceptor) Option {
	return func(o *options) { o.interceptors = append(o.interceptors, i) }
}

// WithStrict makes every warning about configuration and entries an error.
func WithStrict() Option { return func(o *options) { o.strict = true } }

// WithLinked says that the entries have been through the stage link already: an
// application archive holds them as they are after it.
func WithLinked() Option { return func(o *options) { o.linked = true } }

// WithEmbedded gives the files of fs.embed entries, by their ids.
func WithEmbedded(files map[string]fs.FS) Option { return WithValue(actors.EmbeddedKey, files) }

// WithCheck looks at the entries of the files before the registry is given them;
// its error ends the start before any service runs.
func WithCheck(check func(registry.Entries) error) Option {
	return func(o *options) { o.checks = append(o.checks, check) }
}

// WithValue leaves a value in the AppContext before any component is loaded.
func WithValue[T any](key *actors.Key[T], v T) Option {
	return func(o *options) {
		o.values = append(o.values, func(app *actors.AppContext) { key.Set(app, v) })
	}
}

func (o *options) fill() {
	if o.log == nil {
		o.log = actors.SilentLog()
	}
	if o.clock == nil {
		o.clock = actors.SystemClock{}
	}
	if o.node == "" && o.config.Bool("cluster.enabled") {
		o.node = o.config.String("cluster.name")
	}
	if o.node == "" {
		o.node = o.config.String("relay.node_name")
	}
	if o.node == "" {
		if o.node, _ = os.Hostname(); o.node == "" {
			o.node = "local"
		}
	}
}
