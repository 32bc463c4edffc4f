package security

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// TokenStoreConfig are the fields of security.token_store.
type TokenStoreConfig struct {
	Store             string        `yaml:"store" required:"true" ref:"store.*" doc:"Store entry that holds the tokens."`
	TokenLength       int           `yaml:"token_length" default:"32" min:"1" max:"1024" doc:"Random bytes of a token; at least 16 keep it from being guessed."`
	DefaultExpiration time.Duration `yaml:"default_expiration" default:"24h" min:"1ms" doc:"Lifetime of tokens that are made without one."`
	TokenKey          string        `yaml:"token_key" doc:"Key for signing: with it tokens are base64.signature (HMAC-SHA256), otherwise base64. token_key_env takes it from an environment variable."`
}

// TokenStore is the kind security.token_store.
var TokenStore = actors.Define(actors.Spec[TokenStoreConfig]{
	Name:  "security.token_store",
	Doc:   "Makes and checks tokens that stand for an actor with a scope. They are kept in a store, as hashes.",
	Serve: func(env actors.Env, _ TokenStoreConfig) actor.Actor { return &tokenStore{env: env} },
})

type tokenStore struct {
	env    actors.Env
	config TokenStoreConfig
}

// Load implements actors.Loader.
func (s *tokenStore) Load(ctx context.Context) (context.Context, error) {
	return ctx, s.configure(ctx, s.env.Entry)
}

// Update implements actors.Updater: tokens stay valid as long as store and key
// stay.
func (s *tokenStore) Update(ctx context.Context, e registry.Entry) error { return s.configure(ctx, e) }

func (s *tokenStore) configure(ctx context.Context, e registry.Entry) error {
	c, err := actors.Configure[TokenStoreConfig](ctx, s.env, e)
	if err != nil {
		return err
	}
	for _, field := range []string{"token_key", "token_key_env"} {
		if _, given := e.Fields()[field]; given && c.TokenKey == "" {
			// Tokens without a signature, where signed ones are wanted, would go unnoticed.
			return messages.Errorf(messages.NotFound, "token store %s: %s gives no key; give it a value, or leave both fields out for tokens without signature", s.env.ID, field)
		}
	}
	s.config = c
	return nil
}

// Receive implements actor.Actor.
func (s *tokenStore) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	switch b := req.Body.(type) {
	case *messages.TokenStoreInfo:
		req.Done()
	case *messages.TokenCreate:
		s.env.Cell.Serve(req, func(ctx context.Context) (any, error) { return s.create(ctx, b) })
	case *messages.TokenValidate:
		s.env.Cell.Serve(req, func(ctx context.Context) (any, error) { return s.validate(ctx, b.Token) })
	case *messages.TokenRevoke:
		s.env.Cell.Serve(req, func(ctx context.Context) (any, error) { return s.revoke(ctx, b.Token) })
	default:
		actors.Unknown(req, s.env.ID)
	}
}

func (s *tokenStore) create(ctx context.Context, b *messages.TokenCreate) (any, error) {
	lifetime := b.Expires
	if lifetime == 0 {
		lifetime = s.config.DefaultExpiration
	}
	secret := make([]byte, s.config.TokenLength)
	rand.Read(secret) // it never fails
	_, err := s.ask(ctx, &messages.StorePut{
		Key: s.key(secret), Value: record(b, s.env.Clock.Now().Add(lifetime)), TTL: lifetime,
	})
	if err != nil {
		return nil, messages.Wrap(err, "keeping the token in "+s.config.Store)
	}
	return s.text(secret), nil
}

func (s *tokenStore) validate(ctx context.Context, token string) (any, error) {
	secret, err := s.secret(token)
	if err != nil {
		return nil, err
	}
	e, err := actors.As[*messages.StoreEntry](s.ask(ctx, &messages.StoreGet{Key: s.key(secret)}))
	if isAbsent(err) {
		return nil, errNoToken
	}
	if err != nil {
		return nil, messages.Because(messages.Unavailable, "reading the token from "+s.config.Store, err)
	}
	identity, policies, expires := identityOf(e.Value)
	if identity == nil {
		return nil, messages.Errorf(messages.Internal, "store %s holds something else in place of a token", s.config.Store)
	}
	if !s.env.Clock.Now().Before(expires) { // some stores forget late
		return nil, errNoToken
	}
	scope, err := actors.As[*messages.Scope](actors.Call(ctx, s.env.Sys, s.env.PID("security"), &messages.ScopeOf{Policies: policies}))
	if err != nil {
		// Without one of its policies, perhaps one that denies, the scope would allow
		// something else than what the token was made for.
		return nil, messages.Because(messages.Unavailable, "the scope of the token", err)
	}
	identity.Scope = scope
	return identity, nil
}

func (s *tokenStore) revoke(ctx context.Context, token string) (any, error) {
	secret, err := s.secret(token)
	if err != nil {
		return nil, err
	}
	was, err := actors.As[bool](s.ask(ctx, &messages.StoreDelete{Key: s.key(secret)}))
	if err != nil {
		return nil, messages.Because(messages.Unavailable, "deleting the token from "+s.config.Store, err)
	}
	return was, nil
}

func (s *tokenStore) ask(ctx context.Context, body any) (any, error) {
	return actors.Call(ctx, s.env.Sys, s.env.PID(s.config.Store), body)
}

var errNoToken = messages.Errorf(messages.Invalid, "the token is not known, has expired or was revoked")

// isAbsent tells a key that is not there from a store that is not.
func isAbsent(err error) bool {
	return messages.IsKind(err, messages.NotFound) && err.Error() == "key not found"
}

// key is where the record of a token stands: whoever reads the store learns no
// token, and a token counts only in the token store that made it.
func (s *tokenStore) key(secret []byte) string {
	sum := sha256.Sum256(secret)
	return "token/" + s.env.ID + "/" + hex.EncodeToString(sum[:])
}

// encoding needs no escapes in headers, URLs and cookies.
var encoding = base64.RawURLEncoding.Strict()

// text is the token of a secret.
func (s *tokenStore) text(secret []byte) string {
	token := encoding.EncodeToString(secret)
	if s.config.TokenKey == "" {
		return token
	}
	return token + "." + encoding.EncodeToString(s.signature(secret))
}

func (s *tokenStore) signature(secret []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.config.TokenKey))
	mac.Write(secret)
	return mac.Sum(nil)
}

// secret takes a token apart and checks its signature.
func (s *tokenStore) secret(token string) ([]byte, error) {
	head, tail, signed := strings.Cut(token, ".")
	secret, err := encoding.DecodeString(head)
	if err != nil || len(secret) == 0 || signed != (s.config.TokenKey != "") || strings.ContainsAny(token, "\r\n") { // base64 skips these
		return nil, messages.Errorf(messages.Invalid, "the token does not have the form of those of %s", s.env.ID)
	}
	if !signed {
		return secret, nil
	}
	if given, err := encoding.DecodeString(tail); err != nil || !hmac.Equal(given, s.signature(secret)) {
		return nil, messages.Errorf(messages.Invalid, "the signature of the token is wrong")
	}
	return secret, nil
}

// record is what the store keeps of a token: plain data, as any store can keep
// it. Of the scope it has the ids, so that changes of a policy count.
func record(b *messages.TokenCreate, expires time.Time) *messages.Table {
	who := (&messages.Table{}).Set("id", b.Actor.ID)
	if b.Actor.Meta != nil {
		who.Set("meta", b.Actor.Meta)
	}
	ids := &messages.Table{}
	for _, p := range b.Scope.Policies {
		ids.Array = append(ids.Array, p.ID())
	}
	out := (&messages.Table{}).Set("actor", who).Set("policies", ids).Set("expires", float64(expires.UnixMilli()))
	if b.Meta != nil {
		out.Set("meta", b.Meta)
	}
	return out
}

// identityOf reads a record; the identity is nil where it is none.
func identityOf(v messages.Value) (identity *messages.Context, policies []string, expires time.Time) {
	t, _ := v.(*messages.Table)
	if t == nil {
		return nil, nil, expires
	}
	who, _ := t.Get("actor").(*messages.Table)
	ids, _ := t.Get("policies").(*messages.Table)
	until, ok := t.Get("expires").(float64)
	if who == nil || ids == nil || !ok {
		return nil, nil, expires
	}
	a := &messages.Actor{}
	if a.ID, ok = who.Get("id").(string); !ok {
		return nil, nil, expires
	}
	a.Meta, _ = who.Get("meta").(*messages.Table)
	for _, item := range ids.Array {
		id, ok := item.(string)
		if !ok {
			return nil, nil, expires
		}
		policies = append(policies, id)
	}
	return &messages.Context{Actor: a}, policies, time.UnixMilli(int64(until))
}
