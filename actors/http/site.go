package http

import (
	"cmp"
	"fmt"
	nethttp "net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// site is what one server serves. The component changes it; requests read it
// without a lock, so that a change never stands in their way.
type site struct {
	mounts atomic.Pointer[[]*mount] // longest prefix first, files behind a router
}

// mount is what a site serves below a path prefix.
type mount struct {
	id, prefix string
	handler    nethttp.Handler
	router     *router // nil for the files of an http.static
}

// ServeHTTP gives a request to the mount with the longest prefix of its path. A
// router leaves to files with the same prefix what it has no route for.
func (s *site) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	list := *s.mounts.Load()
	for i, m := range list {
		if !below(r.URL.Path, m.prefix) {
			continue
		}
		shared := m.router != nil && i+1 < len(list) && list[i+1].prefix == m.prefix
		if shared && !m.router.knows(r) {
			continue
		}
		m.handler.ServeHTTP(w, r)
		return
	}
	nethttp.NotFound(w, r)
}

func below(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// with makes a mount one of the site's, in place of the one with its id.
func (s *site) with(m *mount) {
	list := append(s.without(m.id), m)
	slices.SortFunc(list, func(a, b *mount) int {
		return cmp.Or(cmp.Compare(len(b.prefix), len(a.prefix)), strings.Compare(a.prefix, b.prefix), cmp.Compare(a.rank(), b.rank()))
	})
	s.mounts.Store(&list)
}

func (m *mount) rank() int {
	if m.router != nil {
		return 0
	}
	return 1
}

func (s *site) without(id string) []*mount {
	return slices.DeleteFunc(slices.Clone(*s.mounts.Load()), func(m *mount) bool { return m.id == id })
}

// taken is the id of another mount of the same sort with the prefix of m, "" for
// none.
func (s *site) taken(m *mount) string {
	for _, other := range *s.mounts.Load() {
		if other.id != m.id && other.prefix == m.prefix && other.rank() == m.rank() {
			return other.id
		}
	}
	return ""
}

// router is a prefix with its middleware and routes.
type router struct {
	id      string
	server  string
	prefix  string
	post    []middleware
	mux     atomic.Pointer[nethttp.ServeMux]
	handler nethttp.Handler // middleware around serve
	routes  map[string]*endpoint
}

// endpoint is a route as it was declared.
type endpoint struct {
	env     actors.Env
	id      string
	router  string
	method  string
	path    string
	handler *route
}

func newRouter(id, server, prefix string, pre, post []middleware) *router {
	rt := &router{id: id, server: server, prefix: prefix, post: post, routes: map[string]*endpoint{}}
	rt.mux.Store(nethttp.NewServeMux())
	rt.handler = chain(nethttp.HandlerFunc(rt.serve), pre)
	return rt
}

func (rt *router) serve(w nethttp.ResponseWriter, r *nethttp.Request) {
	mux := rt.mux.Load()
	if r.Method == nethttp.MethodOptions {
		if _, pattern := mux.Handler(r); pattern == "" {
			if allowed := rt.methods(mux, r); len(allowed) > 0 {
				w.Header().Set("Allow", strings.Join(append(allowed, nethttp.MethodOptions), ", "))
				w.WriteHeader(nethttp.StatusNoContent)
				return
			}
		}
	}
	mux.ServeHTTP(w, r)
}

// knows reports whether the path of r has a route.
func (rt *router) knows(r *nethttp.Request) bool {
	mux := rt.mux.Load()
	_, pattern := mux.Handler(r)
	return pattern != "" || len(rt.methods(mux, r)) > 0
}

// methods are those the path of r has a route for.
func (rt *router) methods(mux *nethttp.ServeMux, r *nethttp.Request) []string {
	var out []string
	probe := *r
	for _, m := range knownMethods {
		probe.Method = m
		if _, pattern := mux.Handler(&probe); pattern != "" {
			out = append(out, m)
		}
	}
	return out
}

var knownMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"}

// put adds a route or replaces it. After an error the routes are as before.
func (rt *router) put(e *endpoint) error {
	_, had := rt.routes[e.id]
	if !had { // the usual case at start: no need to build the others anew
		if err := rt.mount(rt.mux.Load(), e); err != nil {
			return rt.explain(e, err)
		}
		rt.routes[e.id] = e
		return nil
	}
	return rt.build(e, rt.post, "")
}

// drop takes a route back; requests that run finish.
func (rt *router) drop(id string) {
	if rt.build(nil, rt.post, id) == nil {
		delete(rt.routes, id)
	}
}

// build makes all routes anew, with one put in place and one left out, and then
// puts them to use at once.
func (rt *router) build(put *endpoint, post []middleware, leave string) error {
	before := rt.post
	rt.post = post
	mux := nethttp.NewServeMux()
	for id, e := range rt.routes {
		if id == leave || (put != nil && put.id == id) {
			continue
		}
		if err := rt.mount(mux, e); err != nil {
			rt.post = before
			return rt.explain(e, err)
		}
	}
	if put != nil {
		if err := rt.mount(mux, put); err != nil {
			rt.post = before
			return rt.explain(put, err)
		}
		rt.routes[put.id] = put
	}
	rt.mux.Store(mux)
	return nil
}

func (rt *router) pattern(e *endpoint) string { return e.method + " " + rt.prefix + e.path }

// mount makes a route part of a mux, which panics where it cannot.
func (rt *router) mount(mux *nethttp.ServeMux, e *endpoint) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	h := chain(e.handler, rt.post)
	if len(rt.post) > 0 { // nobody else asks, and the note costs a copy of the request
		h = matched(e.id, h)
	}
	mux.Handle(rt.pattern(e), h)
	return nil
}

// explain says what is wrong with a route that could not be mounted.
func (rt *router) explain(e *endpoint, err error) error {
	where := fmt.Sprintf("route %q of %s", rt.pattern(e), e.id)
	if alone := rt.mount(nethttp.NewServeMux(), e); alone != nil {
		return messages.Errorf(messages.Invalid, "%s: %s; write parameters as {name} or :name, each once, and {name...} only at the end", where, err)
	}
	ids := make([]string, 0, len(rt.routes))
	for id := range rt.routes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		other := rt.routes[id]
		mux := nethttp.NewServeMux()
		if id == e.id || rt.mount(mux, other) != nil || rt.mount(mux, e) == nil {
			continue
		}
		if shape(rt.pattern(e)) == shape(rt.pattern(other)) {
			return messages.Errorf(messages.Conflict, "%s: %s has the same method and path %q; change one of them", where, id, rt.pattern(other))
		}
		return messages.Errorf(messages.Conflict, "%s overlaps with %q of %s: some requests match both and neither is more specific; change one of the paths", where, rt.pattern(other), id)
	}
	return messages.Errorf(messages.Invalid, "%s: %s", where, err)
}

// shape is a pattern without the names of its parameters.
func shape(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") && p != "{$}" {
			parts[i] = "{}"
			if strings.HasSuffix(p, "...}") {
				parts[i] = "{...}"
			}
		}
	}
	return strings.Join(parts, "/")
}
