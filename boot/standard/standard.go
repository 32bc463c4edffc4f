// Package standard is the list of everything that comes with Troupe.
package standard

import (
	"fmt"
	"slices"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/aws"
	"github.com/troupe-go/troupe/actors/bus"
	"github.com/troupe-go/troupe/actors/cluster"
	"github.com/troupe-go/troupe/actors/contracts"
	"github.com/troupe-go/troupe/actors/control"
	"github.com/troupe-go/troupe/actors/dispatcher"
	"github.com/troupe-go/troupe/actors/entries"
	"github.com/troupe-go/troupe/actors/env"
	"github.com/troupe-go/troupe/actors/exec"
	"github.com/troupe-go/troupe/actors/factory"
	"github.com/troupe-go/troupe/actors/files"
	"github.com/troupe-go/troupe/actors/finder"
	"github.com/troupe-go/troupe/actors/functions"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/actors/httpclient"
	"github.com/troupe-go/troupe/actors/lifecycle"
	"github.com/troupe-go/troupe/actors/metrics"
	"github.com/troupe-go/troupe/actors/network"
	"github.com/troupe-go/troupe/actors/pg"
	"github.com/troupe-go/troupe/actors/pidgen"
	"github.com/troupe-go/troupe/actors/process"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/actors/queue/amqp"
	"github.com/troupe-go/troupe/actors/queue/jetstream"
	"github.com/troupe-go/troupe/actors/registry"
	"github.com/troupe-go/troupe/actors/relay"
	"github.com/troupe-go/troupe/actors/scheduler"
	"github.com/troupe-go/troupe/actors/security"
	"github.com/troupe-go/troupe/actors/sql"
	"github.com/troupe-go/troupe/actors/store"
	"github.com/troupe-go/troupe/actors/supervisor"
	"github.com/troupe-go/troupe/actors/template"
	"github.com/troupe-go/troupe/actors/temporal"
	"github.com/troupe-go/troupe/actors/topology"
	"github.com/troupe-go/troupe/actors/tracing"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/modules"
	"github.com/troupe-go/troupe/lua/modules/excel"
	"github.com/troupe-go/troupe/messages"
)

// Modules lists the Lua modules.
func Modules() []lua.Module { return append(slices.Clone(modules.All), excel.Module) }

// Parts lists all components, kinds and modules, with Lua modules of the
// embedder's own. An embedder adds Go components and kinds to the result with
// its methods.
func Parts(extra ...lua.Module) boot.Parts {
	mods := append(Modules(), extra...)
	parts := boot.Parts{
		Scheduler:      func() boot.Scheduler { return scheduler.New(scheduler.Options{}) },
		Infrastructure: []actors.Component{bus.Component, relay.Component},
		Components: []actors.Component{
			pidgen.Component,
			dispatcher.Component,
			registry.Component,
			finder.Component, supervisor.Component,
			topology.Component,
			lifecycle.Component,
			factory.Component,
			functions.Component,
		},
		Needs:   needed(),
		PerNode: []func() (boot.Parts, error){func() (boot.Parts, error) { return runtime(mods) }},
	}
	for _, c := range []actors.Component{
		boot.NodeComponent,
		cluster.Component,
		control.Component,
		contracts.Component,
		env.Component,
		http.Component,
		httpclient.Component,
		metrics.Component,
		security.Component,
		template.Component,
		tracing.Component,
	} {
		parts.Components = append(parts.Components, service(c))
	}
	for _, m := range mods {
		parts.Modules = append(parts.Modules, boot.Module{Name: m.Name, Doc: m.Doc, Global: m.Global, Workflow: m.InWorkflows()})
	}
	return parts
}

// needed are the commands that modules send and leave to the dispatcher.
func needed() []any {
	return []any{
		(*messages.Register)(nil), (*messages.Unregister)(nil), (*messages.Lookup)(nil), (*messages.Signal)(nil),
		(*messages.Subscribe)(nil), (*messages.Unsubscribe)(nil), (*messages.FunctionCall)(nil),
		(*messages.RegistryGet)(nil), (*messages.RegistryFind)(nil), (*messages.RegistryVersions)(nil), (*messages.RegistryVersion)(nil),
		(*messages.RegistryApply)(nil), (*messages.RegistryGoto)(nil), (*messages.RegistryDelta)(nil),
		(*messages.EvalRun)(nil), (*messages.EvalCompile)(nil),
		(*messages.EnvGet)(nil), (*messages.EnvSet)(nil), (*messages.EnvAll)(nil),
		(*messages.ContractGet)(nil), (*messages.ContractOpen)(nil), (*messages.ContractImplementations)(nil),
		(*messages.PolicyGet)(nil), (*messages.ScopeGet)(nil),
		(*messages.ServiceState)(nil), (*messages.ServiceStates)(nil), (*messages.Processes)(nil), (*messages.Hosts)(nil),
		(*messages.LockAcquire)(nil), (*messages.LockRelease)(nil), (*messages.ClusterState)(nil), (*messages.SystemExit)(nil), (*messages.MetricUpdate)(nil), (*messages.HTTPPoolGet)(nil),
		(*messages.TemplateOpen)(nil),
	}
}

// service puts a component behind those of the system.
func service(c actors.Component) actors.Component {
	if !slices.Contains(c.DependsOn, "functions") {
		c.DependsOn = append(slices.Clone(c.DependsOn), "functions")
	}
	return c
}

// runtime is the part of a node that runs Lua.
func runtime(mods []lua.Module) (boot.Parts, error) {
	rt, err := process.New(lua.Options{Modules: mods})
	if err != nil {
		return boot.Parts{}, fmt.Errorf("with these Lua modules: %w", err)
	}
	kinds := slices.Concat(
		[]actors.Kind{amqp.Kind, jetstream.Kind},
		aws.Kinds(),
		contracts.Kinds(),
		env.Kinds(),
		exec.Kinds(),
		files.Kinds(),
		http.Kinds(),
		network.Kinds(),
		pg.Kinds(),
		queue.Kinds(),
		rt.Kinds(),
		security.Kinds(),
		sql.Kinds(),
		store.Kinds(),
		template.Kinds(),
		temporal.Kinds(rt),
	)
	return boot.Parts{Components: []actors.Component{service(rt.Watchdog()), service(rt.Eval())}, Kinds: append(kinds, entries.Kinds(kinds...)...)}, nil
}
