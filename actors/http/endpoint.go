package http

import (
	"context"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// EndpointConfig are the fields of http.endpoint.
type EndpointConfig struct {
	Router string `yaml:"meta.router" required:"true" ref:"http.router" doc:"The router."`
	Method string `yaml:"method" required:"true" doc:"GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS or TRACE."`
	Path   string `yaml:"path" required:"true" doc:"Path below the router's prefix; {name} matches a segment, {name...} the rest, a trailing / everything below."`
	Func   string `yaml:"func" required:"true" ref:"function.*" doc:"The function to call."`
}

var methods = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"}

// Validate implements registry.Validator.
func (c *EndpointConfig) Validate() error {
	if !slices.Contains(methods, c.Method) {
		return &registry.FieldError{Path: []string{"method"}, Text: "invalid HTTP method: " + c.Method, Hint: registry.DidYouMean(c.Method, methods)}
	}
	if !strings.HasPrefix(c.Path, "/") {
		return &registry.FieldError{Path: []string{"path"}, Text: "the path " + c.Path + " must begin with /", Hint: "write /" + c.Path}
	}
	return nil
}

// Endpoint is the kind http.endpoint.
var Endpoint = actors.Define(actors.Spec[EndpointConfig]{
	Name:  "http.endpoint",
	Doc:   "One route: method and path of requests that a function answers.",
	Serve: func(env actors.Env, c EndpointConfig) actor.Actor { return &endpointActor{env, c} },
})

type endpointActor struct {
	env    actors.Env
	config EndpointConfig
}

// Load implements actors.Loader.
func (a *endpointActor) Load(ctx context.Context) (context.Context, error) {
	return ctx, a.put(ctx, a.config)
}

// Update implements actors.Updater: requests that run finish where they are.
func (a *endpointActor) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[EndpointConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	return a.put(ctx, c)
}

// Unload implements actors.Unloader.
func (a *endpointActor) Unload(ctx context.Context) error {
	return tell(ctx, a.env, &dropEndpoint{a.env.ID})
}

func (a *endpointActor) put(ctx context.Context, c EndpointConfig) error {
	path, params := convert(c.Path)
	return tell(ctx, a.env, &endpoint{
		env: a.env, id: a.env.ID, router: c.Router, method: c.Method, path: path,
		handler: &route{env: a.env, id: a.env.ID, function: c.Func, to: a.env.PID(c.Func), params: params},
	})
}

// convert writes ":name" segments as "{name}", and lists the names of all
// parameters.
func convert(path string) (string, []string) {
	var params []string
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok && name != "" {
			part = "{" + name + "}"
			parts[i] = part
		}
		name, ok := strings.CutPrefix(part, "{")
		name, closed := strings.CutSuffix(name, "}")
		if name = strings.TrimSuffix(name, "..."); ok && closed && name != "$" && name != "" {
			params = append(params, name)
		}
	}
	return strings.Join(parts, "/"), params
}

// Receive implements actor.Actor.
func (a *endpointActor) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, a.env.ID)
	}
}
