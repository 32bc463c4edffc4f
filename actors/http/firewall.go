package http

import (
	"encoding/json"
	nethttp "net/http"

	"github.com/troupe-go/troupe/actors"
)

// newEndpointFirewall checks an action on the id of the endpoint.
func newEndpointFirewall(env actors.Env, o *options) middleware {
	action := o.text("endpoint_firewall.action", "endpoint_action", "access")
	return firewall(env, action, func(r *nethttp.Request) string { return endpointOf(r.Context()) })
}

// newResourceFirewall checks an action on a resource of the router's choice.
func newResourceFirewall(env actors.Env, o *options) middleware {
	action := o.text("resource_firewall.action", "resource_action", "access")
	target := o.text("resource_firewall.target", "resource_target", "")
	if target == "" {
		o.wrong("resource_firewall.target", target, "the name of a resource")
	}
	return firewall(env, action, func(*nethttp.Request) string { return target })
}

func firewall(env actors.Env, action string, resource func(*nethttp.Request) string) middleware {
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			as := identity(r.Context())
			switch {
			case as == nil || as.Actor == nil:
				refuse(w, nethttp.StatusUnauthorized, "Authentication required", "the request has no actor")
			case as.Scope == nil || !as.May(true, action, resource(r), nil):
				refuse(w, nethttp.StatusForbidden, "Access denied", "no permission for "+action+" on "+resource(r))
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

func refuse(w nethttp.ResponseWriter, status int, text, details string) {
	b, err := json.Marshal(map[string]any{"success": false, "error": text, "details": details})
	if err != nil {
		b = []byte(`{"success":false}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may be gone
}
