package http

import (
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/actors"
)

// newCORS lets pages of other origins use the routes, and answers preflights.
func newCORS(_ actors.Env, o *options) middleware {
	origins := o.list("cors.allow.origins", "allow_origins", "*")
	methods := strings.Join(o.list("cors.allow.methods", "allow_methods", "GET,POST,PUT,DELETE,OPTIONS,PATCH"), ", ")
	headers := strings.Join(o.list("cors.allow.headers", "allow_headers", "Origin,Content-Type,Accept,Authorization,X-Requested-With"), ", ")
	expose := strings.Join(o.list("cors.expose.headers", "expose_headers", ""), ", ")
	credentials := o.flag("cors.allow.credentials", "allow_credentials")
	age := o.text("cors.max.age", "max_age", "86400")
	private := o.flag("cors.allow.private.network", "allow_private_network")
	any := slices.Contains(origins, "*")
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			origin, h := r.Header.Get("Origin"), w.Header()
			preflight := r.Method == nethttp.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
			if !any || credentials {
				h.Add("Vary", "Origin")
			}
			if origin != "" && allowedOrigin(origins, origin) {
				if any && !credentials {
					origin = "*"
				}
				h.Set("Access-Control-Allow-Origin", origin)
				if credentials {
					h.Set("Access-Control-Allow-Credentials", "true")
				}
				if expose != "" && !preflight {
					h.Set("Access-Control-Expose-Headers", expose)
				}
				if preflight {
					h.Set("Access-Control-Allow-Methods", methods)
					h.Set("Access-Control-Allow-Headers", headers)
					h.Set("Access-Control-Max-Age", age)
					if private && r.Header.Get("Access-Control-Request-Private-Network") == "true" {
						h.Set("Access-Control-Allow-Private-Network", "true")
					}
				}
			}
			if preflight {
				w.WriteHeader(nethttp.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// allowedOrigin reports whether an origin is one of the list: exact ones, "*",
// "*.example.com", or "localhost" for any port of it.
func allowedOrigin(list []string, origin string) bool {
	u, err := url.Parse(origin)
	host := ""
	if err == nil {
		host = u.Hostname()
	}
	for _, p := range list {
		suffix, wild := strings.CutPrefix(p, "*.")
		switch {
		case p == "*", strings.EqualFold(p, origin), p == "localhost" && host == "localhost":
			return true
		case wild && strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(suffix)):
			return true
		}
	}
	return false
}
