// Package template renders Jet templates: sets of them, and the component that
// keeps both.
package template

import (
	"context"
	"path"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Component keeps the template sets and their templates.
var Component = actors.Component{
	Name:      "templates",
	Doc:       "Keeps template sets and their templates.",
	DependsOn: []string{"functions"},
	Handles:   []any{(*messages.TemplateOpen)(nil)},
	New: func(env actors.Env) actor.Actor {
		return &component{sets: map[string]*set{}, at: map[string]string{}}
	},
}

// Kinds are the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Set, Jet} }

// SetConfig are the fields of template.set.
type SetConfig struct {
	Engine Engine `yaml:"engine" doc:"How the templates of the set are read and rendered."`
}

// Engine are the settings of a set.
type Engine struct {
	Development bool           `yaml:"development_mode" doc:"Do not keep compiled templates: each render compiles again. A changed template is seen in either mode."`
	Delimiters  Delimiters     `yaml:"delimiters" doc:"What marks actions and comments."`
	Extensions  []string       `yaml:"extensions" default:".jet, .html.jet, .jet.html" doc:"Extensions tried for a template name, after the name as it is."`
	Globals     map[string]any `yaml:"globals" doc:"Variables visible in every template; data of the same name wins."`
}

// Delimiters are the marks of a set.
type Delimiters struct {
	Left         string `yaml:"left" default:"{{" doc:"Begin of an action."`
	Right        string `yaml:"right" default:"}}" doc:"End of an action."`
	CommentLeft  string `yaml:"comment_left" default:"{*" doc:"Begin of a comment."`
	CommentRight string `yaml:"comment_right" default:"*}" doc:"End of a comment."`
}

// Validate implements registry.Validator.
func (d *Delimiters) Validate() error {
	for _, f := range []struct{ name, value string }{{"left", d.Left}, {"right", d.Right}, {"comment_left", d.CommentLeft}, {"comment_right", d.CommentRight}} {
		if f.value == "" {
			return &registry.FieldError{Path: []string{f.name}, Text: "a delimiter cannot be empty", Hint: "leave the field out for the default"}
		}
	}
	return nil
}

// Set is a set of templates that can extend, include and import one another.
var Set = actors.Define(actors.Spec[SetConfig]{
	Name: "template.set", Doc: "A set of templates that can extend, include and import one another.",
	Serve: func(env actors.Env, _ SetConfig) actor.Actor { return &setEntry{env} },
})

// JetConfig are the fields of template.jet.
type JetConfig struct {
	Source string `yaml:"source" required:"true" doc:"The template, in the language of Jet."`
	Set    string `yaml:"set" required:"true" ref:"template.set" doc:"The set it belongs to."`
	Name   string `yaml:"meta.name" doc:"Its name in the set; the name of the entry if left out."`
}

// Jet is one template.
var Jet = actors.Define(actors.Spec[JetConfig]{
	Name: "template.jet", Doc: "One template of a set, in the language of Jet.",
	Serve: func(env actors.Env, c JetConfig) actor.Actor { return &jetEntry{env, c} },
})

// defineSet makes a set known or takes its new settings over; one without
// settings is taken back. Answered with Done.
type defineSet struct {
	id     string
	engine *Engine
}

// define makes a template known or takes its new version over; one without a
// set is taken back. Answered with Done, or AlreadyExists where another one has
// the name.
type define struct{ id, set, name, source string }

// component has templates also for sets that it does not know: a set that is
// made anew has its templates again.
type component struct {
	sets map[string]*set
	at   map[string]string // id of a template → its set
}

// Receive implements actor.Actor.
func (c *component) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *defineSet:
		c.set(b.id).configure(b.engine)
		c.tidy(b.id)
		req.Done()
	case *define:
		if err := c.define(b); err != nil {
			req.Reply(err)
			return
		}
		req.Done()
	case *messages.TemplateOpen:
		s := c.sets[b.Set]
		if s == nil || !s.defined() {
			req.Reply(messages.Errorf(messages.NotFound, "template set not found: %s", b.Set))
			return
		}
		req.Reply(&messages.TemplateSet{ID: b.Set, Render: s.render})
	default:
		actors.Unknown(req, "the templates component")
	}
}

func (c *component) set(id string) *set {
	s := c.sets[id]
	if s == nil {
		s = &set{id: id, templates: map[string]source{}}
		c.sets[id] = s
	}
	return s
}

func (c *component) define(b *define) error {
	if b.set != "" {
		if err := c.set(b.set).put(b); err != nil {
			c.tidy(b.set)
			return err
		}
	}
	if old := c.at[b.id]; old != "" && old != b.set {
		c.sets[old].remove(b.id)
		c.tidy(old)
	}
	if b.set == "" {
		delete(c.at, b.id)
	} else {
		c.at[b.id] = b.set
	}
	return nil
}

// tidy forgets a set that has neither settings nor templates.
func (c *component) tidy(id string) {
	if s := c.sets[id]; s != nil && s.empty() {
		delete(c.sets, id)
	}
}

func tell(ctx context.Context, env actors.Env, body any) error {
	_, err := actors.Call(ctx, env.Sys, env.PID("templates"), body)
	return err
}

type setEntry struct{ env actors.Env }

// Load implements actors.Loader.
func (s *setEntry) Load(ctx context.Context) (context.Context, error) {
	return ctx, s.Update(ctx, s.env.Entry)
}

// Update implements actors.Updater.
func (s *setEntry) Update(ctx context.Context, e registry.Entry) error {
	c, err := actors.Configure[SetConfig](ctx, s.env, e)
	if err != nil {
		return err
	}
	return tell(ctx, s.env, &defineSet{s.env.ID, &c.Engine})
}

// Unload implements actors.Unloader.
func (s *setEntry) Unload(ctx context.Context) error {
	return tell(ctx, s.env, &defineSet{id: s.env.ID})
}

// Receive implements actor.Actor.
func (s *setEntry) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, s.env.ID)
	}
}

type jetEntry struct {
	env    actors.Env
	config JetConfig
}

func (j *jetEntry) define(ctx context.Context, c JetConfig) error {
	id, err := registry.ResolveID(c.Set, j.env.Entry.ID.NS)
	if err != nil {
		return messages.Errorf(messages.Invalid, "template %s: set %q: %s", j.env.ID, c.Set, err)
	}
	name := c.Name
	if name == "" {
		name = j.env.Entry.ID.Name
	}
	if path.Join("/", name) == "/" {
		return messages.Errorf(messages.Invalid, "template %s: meta.name %q names no template", j.env.ID, c.Name)
	}
	return tell(ctx, j.env, &define{j.env.ID, id.String(), name, c.Source})
}

// Load implements actors.Loader.
func (j *jetEntry) Load(ctx context.Context) (context.Context, error) {
	return ctx, j.define(ctx, j.config)
}

// Update implements actors.Updater.
func (j *jetEntry) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[JetConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	return j.define(ctx, c)
}

// Unload implements actors.Unloader.
func (j *jetEntry) Unload(ctx context.Context) error { return tell(ctx, j.env, &define{id: j.env.ID}) }

// Receive implements actor.Actor.
func (j *jetEntry) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, j.env.ID)
	}
}
