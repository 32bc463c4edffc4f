package http

import (
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// checker stands for a token store: a token is the id of its actor.
type checker struct{}

func (checker) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b, _ := req.Body.(*messages.TokenValidate); {
	case b == nil:
		req.Done()
	case strings.HasPrefix(b.Token, "bad"):
		req.Reply(messages.Errorf(messages.Invalid, "no"))
	case b.Token == "broken":
		req.Reply(messages.Errorf(messages.Unavailable, "no"))
	default:
		req.Reply(&messages.Context{Actor: &messages.Actor{ID: b.Token}, Scope: &messages.Scope{}})
	}
}

func TestTokenAuth(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{actorstest.Entries},
		Kinds: []actors.Kind{actors.Define(actors.Spec[struct{}]{
			Name: "token.test", Doc: "A token store.", Serve: func(actors.Env, struct{}) actor.Actor { return checker{} },
		})},
	})
	if err := actorstest.Create(t, n, "  - {name: tokens, kind: token.test}\n"); err != nil {
		t.Fatal(err)
	}
	env := actors.Env{Node: n, ID: "app:api", Entry: registry.Entry{ID: registry.ID{NS: "app", Name: "api"}}}
	serve := func(options map[string]string, r *nethttp.Request) string {
		t.Helper()
		list, err := before.build(env, []string{"token_auth"}, options)
		if err != nil {
			t.Fatal(err)
		}
		who := "server"
		h := nethttp.HandlerFunc(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
			if as := identity(r.Context()); as == nil {
				who = ""
			} else {
				who = as.Actor.ID
			}
		})
		server := &messages.Context{Actor: &messages.Actor{ID: "server"}, Scope: &messages.Scope{}}
		w := httptest.NewRecorder()
		chain(h, list).ServeHTTP(w, r.WithContext(withIdentity(r.Context(), server)))
		return who
	}
	request := func(target string, header ...string) *nethttp.Request {
		r := httptest.NewRequest("GET", "/"+target, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		return r
	}
	plain := map[string]string{"token_auth.store": "app:tokens"}
	other := map[string]string{
		"token_auth.store": "tokens", "token_auth.header.name": "X-Key", "token_auth.header.prefix": "", "token_auth.query.param": "t", "token_auth.cookie.name": "sid",
	}
	older := map[string]string{"token_store": "app:tokens", "header_name": "X-Key", "header_prefix": "Key ", "query_param": "t", "cookie_name": "sid"}
	for _, c := range []struct {
		options map[string]string
		r       *nethttp.Request
		want    string
	}{
		{plain, request(""), ""},
		{plain, request("", "Authorization", "Bearer ann"), "ann"},
		{plain, request("", "Authorization", "bearer  ann "), "ann"},
		{plain, request("", "Authorization", "Basic ann"), ""},
		{plain, request("", "Authorization", "Bearer "), ""},
		{plain, request("?x-auth-token=bob"), "bob"},
		{plain, request("", "Cookie", "x-auth-token=eve"), "eve"},
		{plain, request("?x-auth-token=bob", "Authorization", "Bearer ann", "Cookie", "x-auth-token=eve"), "ann"},
		{plain, request("?x-auth-token=bob", "Authorization", "Basic ann", "Cookie", "x-auth-token=eve"), "bob"},
		{plain, request("?x-auth-token=bob", "Authorization", "Bearer bad"), ""},
		{plain, request("?x-auth-token=broken"), ""},
		{map[string]string{"token_auth.store": "app:none"}, request("?x-auth-token=bob"), ""},
		{other, request("", "X-Key", "ann"), "ann"},
		{other, request("?t=bob", "Authorization", "Bearer ann"), "bob"},
		{other, request("", "Cookie", "sid=eve"), "eve"},
		{older, request("", "X-Key", "Key ann"), "ann"},
		{older, request("?t=bob"), "bob"},
		{older, request("", "Cookie", "sid=eve"), "eve"},
	} {
		if got := serve(c.options, c.r); got != c.want {
			t.Errorf("%v %s %v: got %q, want %q", c.options, c.r.URL, c.r.Header, got, c.want)
		}
	}
	for _, options := range []map[string]string{nil, {"token_auth.store": "a:b:c"}} {
		if _, err := before.build(env, []string{"token_auth"}, options); !messages.IsKind(err, messages.Invalid) || !strings.Contains(err.Error(), "token_auth.store") {
			t.Errorf("%v gives %v", options, err)
		}
	}
}
