// Package http serves Lua functions over HTTP: servers, routers with middleware,
// endpoints and files. The actor of an entry declares it to the component, which
// keeps the routes; the actor of a server owns its listener.
package http

import (
	"context"
	nethttp "net/http"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component keeps the routes of all servers of a node.
var Component = actors.Component{
	Name: "http", DependsOn: []string{"functions"},
	Doc: "Keeps the HTTP routes of the node.",
	New: func(env actors.Env) actor.Actor {
		return &component{env: env, sites: map[string]*site{}, routers: map[string]*router{}}
	},
}

// Kinds are the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{Service, Router, Endpoint, Static} }

// siteOf asks for the site of a server. Answered with *site.
type siteOf struct{ server string }

// putRouter makes a router known or takes its new version over. Answered with
// Done or an Error.
type putRouter struct {
	id, server, prefix string
	pre, post          []middleware
}

// dropRouter takes a router back. Answered with Done.
type dropRouter struct{ id string }

// putFiles makes the files of an http.static known or takes its new version
// over. Answered with Done or an Error.
type putFiles struct {
	id, server, path string
	handler          nethttp.Handler
}

// dropFiles takes them back. Answered with Done.
type dropFiles struct{ id string }

// dropEndpoint takes a route back. Answered with Done.
type dropEndpoint struct{ id string }

func tell(ctx context.Context, env actors.Env, body any) error {
	_, err := actors.Call(ctx, env.Sys, env.PID("http"), body)
	return err
}

type component struct {
	env     actors.Env
	sites   map[string]*site // by server
	routers map[string]*router
}

// Receive implements actor.Actor.
func (c *component) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	var err error
	switch b := req.Body.(type) {
	case *siteOf:
		req.Reply(c.site(b.server))
		return
	case *putRouter:
		err = c.putRouter(b)
	case *dropRouter:
		c.dropRouter(b.id)
	case *endpoint:
		err = c.putEndpoint(b)
	case *putFiles:
		err = c.putFiles(b)
	case *dropFiles:
		c.dropFiles(b.id, "")
	case *dropEndpoint:
		c.dropEndpoint(b.id, "")
	default:
		actors.Unknown(req, "the http component")
		return
	}
	if err != nil {
		req.Reply(err)
		return
	}
	req.Done()
}

func (c *component) site(server string) *site {
	s := c.sites[server]
	if s == nil {
		s = &site{}
		s.mounts.Store(&[]*mount{})
		c.sites[server] = s
	}
	return s
}

// putRouter keeps the routes of a router that was there.
func (c *component) putRouter(b *putRouter) error {
	old := c.routers[b.id]
	rt := newRouter(b.id, b.server, b.prefix, b.pre, b.post)
	m := &mount{id: b.id, prefix: b.prefix, handler: rt.handler, router: rt}
	if other := c.site(b.server).taken(m); other != "" {
		return messages.Errorf(messages.Conflict, "router %s has the prefix %q, as %s on the same server %s has; give one of them another", b.id, b.prefix, other, b.server)
	}
	if old != nil {
		rt.routes = old.routes
		if err := rt.build(nil, b.post, ""); err != nil {
			return err
		}
		if old.server != b.server {
			c.dropRouter(b.id)
		}
	}
	c.routers[b.id] = rt
	c.site(b.server).with(m)
	return nil
}

func (c *component) dropRouter(id string) {
	if rt := c.routers[id]; rt != nil {
		delete(c.routers, id)
		list := c.site(rt.server).without(id)
		c.site(rt.server).mounts.Store(&list)
	}
}

func (c *component) putFiles(b *putFiles) error {
	m := &mount{id: b.id, prefix: strings.TrimRight(b.path, "/"), handler: b.handler}
	if other := c.site(b.server).taken(m); other != "" {
		return messages.Errorf(messages.Conflict, "static %s has the path %q, as %s on the same server %s has; give one of them another", b.id, b.path, other, b.server)
	}
	c.site(b.server).with(m)
	c.dropFiles(b.id, b.server)
	return nil
}

// dropFiles takes files from every server but one.
func (c *component) dropFiles(id, but string) {
	for server, s := range c.sites {
		if server != but {
			list := s.without(id)
			s.mounts.Store(&list)
		}
	}
}

func (c *component) putEndpoint(e *endpoint) error {
	rt := c.routers[e.router]
	if rt == nil {
		return messages.Errorf(messages.NotFound, "endpoint %s: router %s not found", e.id, e.router)
	}
	if err := rt.put(e); err != nil {
		return err
	}
	c.dropEndpoint(e.id, e.router)
	return nil
}

// dropEndpoint takes a route from every router but one.
func (c *component) dropEndpoint(id, but string) {
	for _, rt := range c.routers {
		if _, there := rt.routes[id]; there && rt.id != but {
			rt.drop(id)
		}
	}
}
