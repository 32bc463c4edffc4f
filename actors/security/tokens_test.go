package security

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

// shelf is a store that never forgets and can be told to fail.
type shelf struct {
	items map[string]messages.Value
	fails error
	last  *messages.StorePut
}

func (s *shelf) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.StorePut:
		if s.fails != nil {
			req.Reply(s.fails)
			return
		}
		s.items[b.Key], s.last = b.Value, b
		req.Reply(&messages.StoreEntry{Key: b.Key, Value: b.Value})
	case *messages.StoreGet:
		v, there := s.items[b.Key]
		switch {
		case s.fails != nil:
			req.Reply(s.fails)
		case !there:
			req.Reply(messages.Errorf(messages.NotFound, "key not found"))
		default:
			req.Reply(&messages.StoreEntry{Key: b.Key, Value: v})
		}
	case *messages.StoreDelete:
		_, there := s.items[b.Key]
		delete(s.items, b.Key)
		req.Reply(there)
	default:
		req.Done()
	}
}

// later is a clock that a test sets.
type later struct {
	actors.SystemClock
	by time.Duration
}

func (l *later) Now() time.Time { return time.Now().Add(l.by) }

const tokenStores = policies + `
  - {name: shelf, kind: store.test}
  - {name: tokens, kind: security.token_store, store: shelf}
  - {name: signed, kind: security.token_store, store: shelf, token_key: secret, token_length: 16, default_expiration: 1m}
`

func tokenNode(t *testing.T) (*actors.Node, *shelf, *later) {
	t.Helper()
	s, clock := &shelf{items: map[string]messages.Value{}}, &later{}
	kinds := append(Kinds(), actors.Define(actors.Spec[struct{}]{
		Name: "store.test", Doc: "A store.", Serve: func(actors.Env, struct{}) actor.Actor { return s },
	}))
	n := actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{Component, actorstest.Entries}, Kinds: kinds,
		Change: func(n *actors.Node) { n.Clock = clock },
	})
	if err := actorstest.Create(t, n, tokenStores); err != nil {
		t.Fatal(err)
	}
	return n, s, clock
}

// swap changes the first character of a text.
func swap(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func TestTokens(t *testing.T) {
	n, s, clock := tokenNode(t)
	scope := actorstest.Must[*messages.Scope](t, n, "security", &messages.ScopeOf{Policies: []string{"app:read", "app:never"}})
	who := &messages.Actor{ID: "ann", Meta: table(map[string]any{"role": "x"})}
	create := func(store string, expires time.Duration) string {
		t.Helper()
		return actorstest.Must[string](t, n, store, &messages.TokenCreate{Actor: who, Scope: scope, Expires: expires, Meta: table(map[string]any{"ip": "::1"})})
	}
	check := func(store, token string) string {
		t.Helper()
		v, err := actorstest.Ask(t, n, store, &messages.TokenValidate{Token: token})
		if err != nil {
			return err.Error()
		}
		as := v.(*messages.Context)
		return as.Actor.ID + " " + as.Actor.Meta.Get("role").(string) + " " + ids(as.Scope, nil)
	}
	const fine = "ann x app:never app:read"

	plain, signed := create("app:tokens", 0), create("app:signed", time.Hour)
	if len(plain) != 43 || strings.Contains(plain, ".") {
		t.Errorf("a plain token is %q", plain)
	}
	head, tail, _ := strings.Cut(signed, ".")
	if len(head) != 22 || len(tail) != 43 {
		t.Errorf("a signed token is %q", signed)
	}
	if s.last.TTL != time.Hour || s.last.Value.(*messages.Table).Get("meta").(*messages.Table).Get("ip") != "::1" {
		t.Errorf("stored %v", s.last)
	}
	for key := range s.items {
		if strings.Contains(key, plain) || strings.Contains(key, head) {
			t.Errorf("the key %s tells a token", key)
		}
	}
	const unknown, form, forged = "the token is not known, has expired or was revoked", "the token does not have the form of those of ", "the signature of the token is wrong"
	for _, c := range []struct{ store, token, want string }{
		{"app:tokens", plain, fine},
		{"app:signed", signed, fine},
		{"app:tokens", head, unknown}, // of another store
		{"app:signed", plain, form + "app:signed"},
		{"app:tokens", signed, form + "app:tokens"},
		{"app:signed", head, form + "app:signed"},
		{"app:signed", head + ".", forged},
		{"app:signed", head + "." + head, forged},
		{"app:signed", signed + ".x", forged},
		{"app:signed", swap(head) + "." + tail, forged},
		{"app:signed", head + "." + swap(tail), forged},
		{"app:signed", "." + tail, form + "app:signed"},
		{"app:tokens", "", form + "app:tokens"},
		{"app:tokens", "no base64!", form + "app:tokens"},
		{"app:tokens", plain[:41], form + "app:tokens"}, // no text of that length is base64
		{"app:tokens", plain + "\n", form + "app:tokens"},
	} {
		if got := check(c.store, c.token); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.store, c.token, got, c.want)
		}
	}

	if err := actorstest.Update(t, n, "app:signed", strings.Replace(tokenStores, "token_key: secret", "token_key: another", 1)); err != nil {
		t.Fatal(err)
	}
	if got := check("app:signed", signed); got != forged {
		t.Errorf("with another key: %s", got)
	}

	brief := create("app:tokens", time.Minute)
	clock.by = time.Minute - time.Second
	if got := check("app:tokens", brief); got != fine {
		t.Errorf("before its end: %s", got)
	}
	clock.by = time.Minute
	if got := check("app:tokens", brief); got != unknown {
		t.Errorf("after its end: %s", got)
	}
	if revoked := actorstest.Must[bool](t, n, "app:tokens", &messages.TokenRevoke{Token: brief}); !revoked {
		t.Error("nothing was revoked")
	}
	if again := actorstest.Must[bool](t, n, "app:tokens", &messages.TokenRevoke{Token: brief}); again {
		t.Error("revoked twice")
	}
	if _, err := actorstest.Ask(t, n, "app:tokens", &messages.TokenRevoke{Token: "!"}); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("revoking nonsense: %v", err)
	}

	// A policy that changes counts as it is now; one that is gone ends the token.
	changed := strings.Replace(policies, "name: never, kind: security.policy, policy: {actions: \"*\"", "name: never, kind: security.policy, policy: {actions: read", 1)
	if err := actorstest.Update(t, n, "app:never", changed); err != nil {
		t.Fatal(err)
	}
	if got := check("app:tokens", plain); got != fine {
		t.Errorf("with a changed policy: %s", got)
	}
	actorstest.Remove(t, n, "app:never")
	_, err := actorstest.Ask(t, n, "app:tokens", &messages.TokenValidate{Token: plain})
	if !messages.IsKind(err, messages.Unavailable) || !strings.Contains(err.Error(), "policy not found: app:never") {
		t.Errorf("without a policy: %v", err)
	}

	for key := range s.items {
		s.items[key] = "something else"
	}
	if _, err := actorstest.Ask(t, n, "app:tokens", &messages.TokenValidate{Token: plain}); !messages.IsKind(err, messages.Internal) {
		t.Errorf("something else in the store: %v", err)
	}
	s.fails = messages.Errorf(messages.NotFound, "app:shelf not found")
	if _, err := actorstest.Ask(t, n, "app:tokens", &messages.TokenValidate{Token: plain}); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("without its store: %v", err)
	}
	if _, err := actorstest.Ask(t, n, "app:tokens", &messages.TokenCreate{Actor: who, Scope: scope}); err == nil {
		t.Error("a token that was not kept")
	}
}

func TestTokenStoreMistakes(t *testing.T) {
	n, _, _ := tokenNode(t)
	for fields, want := range map[string]string{
		"token_length: 4":                       `missing field "store"`,
		"store: shelf, token_length: 0":         `field "token_length"`,
		"store: shelf, token_length: 9999":      `field "token_length"`,
		"store: shelf, default_expiration: 0s":  `field "default_expiration"`,
		"store: tokens":                         `expected an entry of kind store.*`,
		"store: shelf, token_key: \"\"":         "token_key gives no key",
		"store: shelf, default_expiration: day": `field "default_expiration"`,
	} {
		es, problems := actorstest.Read(n, tokenStores+"  - {name: t, kind: security.token_store, "+fields+"}\n")
		got := problems.Error()
		for _, e := range es {
			if e.ID.Name == "t" && got == "" {
				made := TokenStore.New(actors.Env{Node: n, ID: "app:t", Entry: e}, e)
				if _, err := made.(actors.Loader).Load(context.Background()); err != nil {
					got = err.Error()
				}
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", fields, got, want)
		}
	}
}

// No token and no record can do more than be refused.
func FuzzTokens(f *testing.F) {
	f.Add("YQ", "ann")
	f.Add("YQ.YQ", "")
	f.Fuzz(func(t *testing.T, token, id string) {
		for _, key := range []string{"", "k"} {
			s := &tokenStore{config: TokenStoreConfig{TokenKey: key}}
			if secret, err := s.secret(token); err == nil && s.text(secret) != token {
				t.Errorf("%q is accepted for %q", token, s.text(secret))
			}
		}
		who := &messages.TokenCreate{Actor: &messages.Actor{ID: id}, Scope: &messages.Scope{}}
		if as, policies, _ := identityOf(record(who, time.Now())); as == nil || as.Actor.ID != id || len(policies) != 0 {
			t.Errorf("%q did not survive", id)
		}
		for _, v := range []messages.Value{nil, token, table(map[string]any{id: token}), table(map[string]any{"actor": table(map[string]any{"id": 1}), "policies": []any{1}, "expires": 1})} {
			if as, _, _ := identityOf(v); as != nil {
				t.Errorf("%v is a record", v)
			}
		}
	})
}
