package http

import (
	"context"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// RouterConfig are the fields of http.router.
type RouterConfig struct {
	Server         string            `yaml:"meta.server" required:"true" ref:"http.service" doc:"The server."`
	Prefix         string            `yaml:"prefix" doc:"Path prefix of all routes."`
	Middleware     []string          `yaml:"middleware" doc:"Middleware that runs before a route is looked for, in this order."`
	Options        map[string]string `yaml:"options" doc:"Options of the middleware, by dotted keys."`
	PostMiddleware []string          `yaml:"post_middleware" doc:"Middleware that runs once a route has matched: endpoint_firewall, resource_firewall, sse_relay, websocket_relay."`
	PostOptions    map[string]string `yaml:"post_options" doc:"Options of the post middleware, by dotted keys. Of the relays: wsrelay.allowed.origins and sserelay.allowed.origins; wsrelay.queue.bytes and sserelay.queue.bytes, how much may wait for a client (default 67108864) before it is given up: then it still gets what waits, and the connection is closed."`
}

// Router is the kind http.router.
var Router = actors.Define(actors.Spec[RouterConfig]{
	Name:  "http.router",
	Doc:   "Routes of an HTTP server below a common prefix, with their middleware.",
	Serve: func(env actors.Env, c RouterConfig) actor.Actor { return &routerActor{env, c} },
})

type routerActor struct {
	env    actors.Env
	config RouterConfig
}

// Load implements actors.Loader.
func (a *routerActor) Load(ctx context.Context) (context.Context, error) {
	return ctx, a.put(ctx, a.config)
}

// Update implements actors.Updater: requests that run keep what they have.
func (a *routerActor) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[RouterConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	return a.put(ctx, c)
}

// Unload implements actors.Unloader.
func (a *routerActor) Unload(ctx context.Context) error {
	return tell(ctx, a.env, &dropRouter{a.env.ID})
}

func (a *routerActor) put(ctx context.Context, c RouterConfig) error {
	prefix := strings.TrimRight(c.Prefix, "/")
	if prefix != "" && prefix[0] != '/' {
		prefix = "/" + prefix
	}
	if strings.ContainsAny(prefix, "{}: \t") {
		return messages.Errorf(messages.Invalid, "router %s: prefix %q contains a parameter or a space; put parameters into the paths of the endpoints", a.env.ID, c.Prefix)
	}
	pre, err := before.build(a.env, c.Middleware, c.Options)
	if err != nil {
		return messages.Wrap(err, "router "+a.env.ID+": middleware")
	}
	post, err := after.build(a.env, c.PostMiddleware, c.PostOptions)
	if err != nil {
		return messages.Wrap(err, "router "+a.env.ID+": post_middleware")
	}
	return tell(ctx, a.env, &putRouter{id: a.env.ID, server: c.Server, prefix: prefix, pre: pre, post: post})
}

// Receive implements actor.Actor.
func (a *routerActor) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, a.env.ID)
	}
}
