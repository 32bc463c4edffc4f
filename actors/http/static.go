package http

import (
	"context"
	"fmt"
	"maps"
	nethttp "net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// StaticConfig are the fields of http.static.
type StaticConfig struct {
	Server     string         `yaml:"meta.server" required:"true" ref:"http.service" doc:"The server."`
	Path       string         `yaml:"path" required:"true" doc:"Path prefix, which is not part of the names of files."`
	FS         string         `yaml:"fs" required:"true" ref:"fs.*" doc:"The file system."`
	Directory  string         `yaml:"directory" doc:"Accepted without effect. To serve a part of a file system, declare an fs.directory for it."`
	Static     StaticOptions  `yaml:"static_options" doc:"What is sent."`
	Middleware []string       `yaml:"middleware" doc:"Middleware that runs before a file is looked for, in this order."`
	Options    map[string]any `yaml:"options" doc:"Options of the middleware, by dotted keys. Also spa, index and cache, as in static_options."`
}

// StaticOptions say what is sent for a request.
type StaticOptions struct {
	SPA   bool   `yaml:"spa" doc:"Send the index file for every path that is not a file."`
	Index string `yaml:"index" doc:"The file that is sent for a folder: index.html where nothing is said. Required with spa."`
	Cache string `yaml:"cache" doc:"Value of the header Cache-Control."`
}

// Validate implements registry.Validator.
func (c *StaticConfig) Validate() error {
	if !strings.HasPrefix(c.Path, "/") {
		return &registry.FieldError{Path: []string{"path"}, Text: "the path " + c.Path + " must begin with /", Hint: "write /" + c.Path}
	}
	o, _, err := c.settings()
	if err != nil {
		return err
	}
	if _, ok := fileName(o.Index); !ok {
		return &registry.FieldError{Path: []string{"static_options", "index"}, Text: fmt.Sprintf("%q is not the name of a file", o.Index), Hint: "write it as in index.html"}
	}
	if o.SPA && o.Index == "" {
		return &registry.FieldError{Path: []string{"static_options", "index"}, Text: "spa needs an index file", Hint: "add index: index.html"}
	}
	return nil
}

// settings are what is sent and the options of the middleware, which may stand
// together under options.
func (c *StaticConfig) settings() (StaticOptions, map[string]string, error) {
	o, rest := c.Static, map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(c.Options)) {
		switch v := c.Options[key].(type) {
		case map[string]any, []any:
			return o, nil, &registry.FieldError{Path: []string{"options", key}, Text: "an option is one value, not a list or map", Hint: "write nested keys with dots"}
		default:
			rest[key] = fmt.Sprint(v)
		}
	}
	o.SPA = o.SPA || rest["spa"] == "true"
	if o.Index == "" {
		o.Index = rest["index"]
	}
	if o.Cache == "" {
		o.Cache = rest["cache"]
	}
	maps.DeleteFunc(rest, func(k, _ string) bool { return k == "spa" || k == "index" || k == "cache" })
	return o, rest, nil
}

// Static is the kind http.static.
var Static = actors.Define(actors.Spec[StaticConfig]{
	Name:  "http.static",
	Doc:   "Files of a file system, below a path of an HTTP server. Beside a router the longer prefix counts; with the same one a router comes first, and files get what it has no route for.",
	Serve: func(env actors.Env, c StaticConfig) actor.Actor { return &staticActor{env, c} },
})

type staticActor struct {
	env    actors.Env
	config StaticConfig
}

// Load implements actors.Loader.
func (a *staticActor) Load(ctx context.Context) (context.Context, error) {
	return ctx, a.put(ctx, a.config)
}

// Update implements actors.Updater: requests that run finish as they began.
func (a *staticActor) Update(ctx context.Context, e registry.Entry) error {
	c, _, problems := registry.Decode[StaticConfig](e)
	if err := problems.Err(); err != nil {
		return messages.Errorf(messages.Invalid, "%s", err)
	}
	return a.put(ctx, c)
}

// Unload implements actors.Unloader.
func (a *staticActor) Unload(ctx context.Context) error {
	return tell(ctx, a.env, &dropFiles{a.env.ID})
}

func (a *staticActor) put(ctx context.Context, c StaticConfig) error {
	o, options, err := c.settings()
	if err != nil {
		return messages.Errorf(messages.Invalid, "static %s: %s", a.env.ID, err)
	}
	wrap, err := before.build(a.env, c.Middleware, options)
	if err != nil {
		return messages.Wrap(err, "static "+a.env.ID+": middleware")
	}
	if c.Directory != "" && c.Directory != "." && c.Directory != "/" {
		a.env.Log.Warn("field directory of an http.static has no effect; declare an fs.directory for that folder", "entry", a.env.ID, "directory", c.Directory)
	}
	index, _ := fileName(o.Index)
	h := &staticFiles{env: a.env, prefix: strings.TrimRight(c.Path, "/"), fs: c.FS, spa: o.SPA, index: index, cache: o.Cache}
	return tell(ctx, a.env, &putFiles{id: a.env.ID, server: c.Server, path: c.Path, handler: chain(h, wrap)})
}

// Receive implements actor.Actor.
func (a *staticActor) Receive(ctx actor.Context) {
	if req, ok := ctx.Message().(*actors.Request); ok {
		actors.Unknown(req, a.env.ID)
	}
}

// staticFiles serves the files of one http.static.
type staticFiles struct {
	env        actors.Env
	prefix, fs string
	spa        bool
	index      string // "." for none
	cache      string
}

// ServeHTTP implements net/http.Handler. There are no lists of folders.
func (s *staticFiles) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	switch r.Method {
	case nethttp.MethodGet, nethttp.MethodHead:
	case nethttp.MethodOptions:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(nethttp.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		nethttp.Error(w, "only GET and HEAD are possible here", nethttp.StatusMethodNotAllowed)
		return
	}
	rest := strings.TrimPrefix(r.URL.Path, s.prefix)
	name, ok := fileName(rest)
	if !ok || hidesSlash(r.URL.RawPath) {
		nethttp.Error(w, "invalid path", nethttp.StatusBadRequest)
		return
	}
	if err := s.serve(w, r, name, strings.HasSuffix(rest, "/")); err != nil {
		fileFailed(w, s.env, err)
	}
}

// hidesSlash reports whether an escaped path has a separator in one of its
// elements: no name of a file has one.
func hidesSlash(raw string) bool {
	raw = strings.ToLower(raw)
	return strings.Contains(raw, "%2f") || strings.Contains(raw, "%5c")
}

func (s *staticFiles) serve(w nethttp.ResponseWriter, r *nethttp.Request, name string, asFolder bool) error {
	files, err := openFiles(r.Context(), s.env, s.fs)
	if err != nil {
		return err
	}
	info, err := files.Stat(name)
	switch {
	case err != nil && (!s.spa || !messages.IsKind(err, messages.NotFound)):
		return err
	case err == nil && info.Mode().IsRegular() && !asFolder:
	case s.spa:
		name = s.index
	case !info.IsDir():
		return notFile(name)
	case !strings.HasSuffix(r.URL.Path, "/"): // relative links in the index begin there
		to := &url.URL{Path: path.Base(r.URL.Path) + "/", RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", to.String())
		w.WriteHeader(nethttp.StatusMovedPermanently)
		return nil
	case s.index == ".":
		name = path.Join(name, "index.html")
	default:
		name = path.Join(name, s.index)
	}
	return sendFile(w, r, files, name, s.cache, true)
}
