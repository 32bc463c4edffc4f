package http

import (
	"context"
	nethttp "net/http"
	"strings"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// tokenTime is how long a request waits for the check of its token.
const tokenTime = 10 * time.Second

// newTokenAuth gives a request the actor and scope of its token, in place of those
// of the server. A request without a valid one goes on without actor and scope;
// to refuse it is the business of a firewall.
func newTokenAuth(env actors.Env, o *options) middleware {
	find := tokenFinder(o)
	name := o.text("token_auth.store", "token_store", "")
	id, err := registry.ResolveID(name, env.Entry.ID.NS)
	if err != nil {
		o.wrong("token_auth.store", name, "the id of a security.token_store")
	}
	store := id.String()
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			var as *messages.Context
			if token := find(r); token != "" {
				ctx, cancel := context.WithTimeout(r.Context(), tokenTime)
				var err error
				as, err = actors.As[*messages.Context](env.AskEntry(ctx, store, &messages.TokenValidate{Token: token}))
				cancel()
				if err != nil && !messages.IsKind(err, messages.Invalid) && r.Context().Err() == nil {
					env.Log.Warn("a token could not be checked; the request goes on without actor", "router", env.ID, "store", store, "error", err.Error())
				}
			}
			next.ServeHTTP(w, r.WithContext(withIdentity(r.Context(), as)))
		})
	}
}

// tokenFinder reads the token of a request: from the header, else the query, else
// the cookie; "" if it has none.
func tokenFinder(o *options) func(*nethttp.Request) string {
	header := o.text("token_auth.header.name", "header_name", "Authorization")
	prefix := o.text("token_auth.header.prefix", "header_prefix", "Bearer ")
	query := o.text("token_auth.query.param", "query_param", "x-auth-token")
	cookie := o.text("token_auth.cookie.name", "cookie_name", "x-auth-token")
	return func(r *nethttp.Request) string {
		// The scheme of an Authorization may be written in capitals or not.
		if v := r.Header.Get(header); len(v) > len(prefix) && strings.EqualFold(v[:len(prefix)], prefix) {
			return strings.TrimSpace(v[len(prefix):])
		}
		if v := r.URL.Query().Get(query); v != "" {
			return v
		}
		if c, err := r.Cookie(cookie); err == nil {
			return c.Value
		}
		return ""
	}
}
