package boot

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Entries reads the entries of sources and takes them through all stages:
// override, disable, link and those of the parts. It starts nothing. The problems
// are all that was found, also warnings; checking against the kinds is left to
// Check.
func Entries(sources []registry.Source, parts Parts, opts ...Option) (registry.Entries, registry.Problems) {
	var o options
	for _, f := range opts {
		f(&o)
	}
	return o.entries(slices.Concat(sources, o.sources), parts.Stages)
}

// entries is the pipeline from files to what the registry is given.
func (o *options) entries(sources []registry.Source, stages []registry.Stage) (registry.Entries, registry.Problems) {
	es, problems := registry.Load(sources)
	overrides, found := o.config.Overrides()
	problems = append(problems, found...)
	rules, found := o.config.Disabled()
	problems = append(problems, found...)
	pipeline := registry.Pipeline{
		registry.Override(slices.Concat(overrides, o.overrides)...),
		registry.Disable(rules),
	}
	if !o.linked { // values that are appended must not be so twice
		pipeline = append(pipeline, registry.Link(registry.LinkOptions{Strict: o.strict}))
	}
	es, found = append(pipeline, stages...).Apply(es)
	problems = append(problems, found.WithoutFollowing(problems)...)
	problems = append(problems, registry.CheckDependencies(es, o.modules)...)
	problems.Sort()
	if o.strict {
		problems = problems.Strict()
	}
	return es, problems
}

// Check decodes every entry as its kind demands, follows its references and looks
// for Lua modules that do not exist.
func Check(es registry.Entries, parts Parts) registry.Problems {
	problems := append(parts.Schemas().Check(es), checkModules(es, parts)...)
	problems.Sort()
	return problems
}

// checkModules looks for modules that Lua entries list or import and that are not
// there, or not for entries of their kind.
func checkModules(es registry.Entries, parts Parts) registry.Problems {
	var problems registry.Problems
	names := parts.ModuleNames()
	outside := map[string]bool{} // not for workflows
	for _, m := range parts.Modules {
		outside[m.Name] = !m.Workflow
	}
	for _, e := range es.Sorted() {
		if !strings.HasSuffix(strings.TrimSuffix(e.Kind, ".bc"), ".lua") {
			continue
		}
		check := func(name string, path ...string) {
			if e.Kind == "workflow.lua" && outside[name] {
				problems = append(problems, registry.Problem{
					Pos: e.At(path...), Entry: e.ID, Field: registry.FieldPath(path...),
					Text: fmt.Sprintf("module %q cannot be used in workflows: it would not do the same when the workflow is run again", name),
					Hint: "call a function that uses it as an activity",
				})
			}
			if name == "" || slices.Contains(names, name) || slices.Contains(libraries, name) {
				return
			}
			hint := registry.DidYouMean(name, names)
			if hint == "" {
				hint = "remove it"
			}
			problems = append(problems, registry.Problem{
				Pos: e.At(path...), Entry: e.ID, Field: registry.FieldPath(path...), Text: fmt.Sprintf("there is no module %q", name), Hint: hint,
			})
		}
		list, _ := e.Fields()["modules"].([]any)
		for i, m := range list {
			name, _ := m.(string)
			check(name, "modules", strconv.Itoa(i))
		}
		imports, _ := e.Fields()["imports"].(map[string]any)
		for _, alias := range slices.Sorted(maps.Keys(imports)) {
			text, _ := imports[alias].(string)
			if name, ok := strings.CutPrefix(text, ":"); ok {
				check(name, "imports", alias)
			}
		}
	}
	return problems
}

// libraries are those of the language, which may be listed as modules.
var libraries = []string{"string", "table", "math", "coroutine", "os", "package", "channel"}

// read is entries and their check, with the warnings logged.
func (rt *Runtime) read(sources []registry.Source) (es registry.Entries, warnings registry.Problems, err error) {
	es, problems := rt.opt.entries(sources, rt.parts.Stages)
	found := Check(es, rt.parts)
	if rt.opt.strict {
		found = found.Strict()
	}
	problems = append(problems, found.WithoutFollowing(problems)...)
	problems.Sort()
	warnings = problems.Warnings()
	if errs := problems.Errors(); len(errs) > 0 {
		return nil, nil, append(errs, warnings...) // a file that was skipped may be why something is missing
	}
	for _, w := range warnings {
		rt.node.Log.Warn(w.String(), "logger", "boot")
	}
	return es, warnings, nil
}

// entries is the last phase: files, stages, registry, services.
func (rt *Runtime) entries(ctx context.Context) error {
	var es registry.Entries
	var warnings registry.Problems
	err := rt.timed("read and check entries", func() (err error) {
		es, warnings, err = rt.read(rt.opt.sources)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the entries:\n%w", err)
	}
	rt.files = es
	for _, check := range rt.opt.checks {
		if err := check(es); err != nil {
			if len(warnings) > 0 { // the log may be off, and what is missed may be in a file that was skipped
				return fmt.Errorf("%w\nbefore that, reading the entries:\n%s", err, warnings.Error())
			}
			return err
		}
	}
	err = rt.timed("create entries", func() error {
		_, err := actors.Call(ctx, rt.node.Sys, rt.node.PID("registry"), &actors.Boot{Entries: es})
		return err
	})
	if err != nil {
		return fmt.Errorf("creating the entries: %w", err)
	}
	rt.services = true
	err = rt.timed("start services", func() error {
		_, err := actors.Call(ctx, rt.node.Sys, rt.node.PID("supervisor"), &actors.StartAll{})
		return err
	})
	if err != nil {
		return fmt.Errorf("starting the services: %w", err)
	}
	return nil
}

func (rt *Runtime) timed(name string, f func() error) error {
	begin := rt.node.Clock.Now()
	err := f()
	rt.plan.Entries = append(rt.plan.Entries, Step{Name: name, Load: rt.node.Clock.Now().Sub(begin)})
	return err
}

// Applied is what an Apply did.
type Applied struct {
	Version                   int64
	Created, Updated, Deleted []string
	Changes                   []registry.Change // field by field, in order of the ids
	Took                      time.Duration
}

// Changed reports whether anything was different.
func (a Applied) Changed() bool { return len(a.Created)+len(a.Updated)+len(a.Deleted) > 0 }

// Apply carries what is different in app, which takes the place of the file
// system given to Start, over to the registry; entries that programs made or
// changed meanwhile stay unless the files have changed them too. All is checked
// first, and after an error nothing has changed. It blocks until everything new
// can be used. A nil app means that the sources have changed and are read again.
func (rt *Runtime) Apply(ctx context.Context, app fs.FS) (Applied, error) {
	rt.apply.Lock()
	defer rt.apply.Unlock()
	var out Applied
	if err := rt.up(); err != nil {
		return out, err
	}
	begin := rt.node.Clock.Now()
	sources := slices.Clone(rt.opt.sources)
	if len(sources) == 0 {
		sources = []registry.Source{{}}
	}
	if app != nil {
		sources[0].FS = app
	}
	want, _, err := rt.read(sources)
	if err != nil {
		return out, fmt.Errorf("reading the entries:\n%w", err)
	}
	have, base, err := rt.current()
	if err != nil {
		return out, fmt.Errorf("comparing with the entries in use: %w", err)
	}
	out.Version = base
	target := maps.Clone(have)
	for _, op := range registry.Delta(rt.files, want) {
		if op.Kind == registry.Delete {
			delete(target, op.Entry.ID)
		} else {
			target[op.Entry.ID] = op.Entry
		}
	}
	ops := registry.Delta(have, target)
	for _, op := range ops {
		list := map[registry.OpKind]*[]string{registry.Create: &out.Created, registry.Update: &out.Updated, registry.Delete: &out.Deleted}[op.Kind]
		*list = append(*list, op.Entry.ID.String())
	}
	if len(ops) > 0 {
		v, err := actors.As[*messages.VersionData](rt.ask(ctx, &messages.RegistryApply{Base: base, Ops: entryOps(ops), Author: "files"}))
		if err != nil {
			return Applied{Version: base}, fmt.Errorf("applying the changes: %w", err)
		}
		out.Version = v.ID
		out.Changes = registry.Diff(have, target)
	}
	rt.opt.sources, rt.files = sources, want
	out.Took = rt.node.Clock.Now().Sub(begin)
	return out, nil
}

// current is the state of the registry and its version.
func (rt *Runtime) current() (registry.Entries, int64, error) {
	snapshots, ok := actors.SnapshotsKey.Lookup(rt.node.App)
	if !ok || snapshots.Now() == nil {
		return nil, 0, messages.Errorf(messages.Unavailable, "the registry has no state yet")
	}
	now := snapshots.Now()
	return now.Entries(), int64(now.Version().Number), nil
}

func entryOps(ops []registry.Op) []messages.EntryOp {
	out := make([]messages.EntryOp, len(ops))
	for i, op := range ops {
		out[i] = messages.EntryOp{Kind: op.Kind.String(), Entry: actors.EntryData(op.Entry)}
	}
	return out
}
