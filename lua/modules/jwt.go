package modules

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var jwtFuncs = []lua.Func{
	{
		Sig: "encode(claims: table, key: string, alg?: string): string, error?",
		Doc: "Makes a signed token. The algorithm is HS256 (default), HS384, HS512, or RS256 with a private key in PEM. The field _header of the claims sets header fields.",
		Do: func(c *lua.Call) error {
			method, err := jwtMethod(c, 1, 2)
			if err != nil {
				return err
			}
			claims, err := jwtFields(c.Table(0))
			if err != nil {
				return err
			}
			token := jwt.New(method)
			if head, ok := claims["_header"].(map[string]any); ok {
				for k, v := range head {
					if k != "alg" { // it must name the method that signs
						token.Header[k] = v
					}
				}
			}
			delete(claims, "_header")
			token.Claims = claims
			var key any = []byte(c.String(1))
			if method == jwt.SigningMethodRS256 {
				if key, err = jwt.ParseRSAPrivateKeyFromPEM([]byte(c.String(1))); err != nil {
					return messages.Errorf(messages.Invalid, "the key is not an RSA private key in PEM: %s", err)
				}
			}
			text, err := token.SignedString(key)
			if err != nil {
				return messages.Errorf(messages.Internal, "signing a token: %s", err)
			}
			return c.Return(text)
		},
		Try: `return crypto.jwt.encode({sub = "ann"}, "key")`, Gives: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ.HYl7YunO5Rohhr3JEVx5eimO6xeIIC3T-H0448pgNfk",
	},
	{
		Sig: "verify(token: string, key: string, alg?: string, require_exp?: boolean): table, error?",
		Doc: "Checks the signature and times of a token and returns its claims. RS256 takes a public key in PEM. A token without exp is refused unless require_exp is false.",
		Do: func(c *lua.Call) error {
			method, err := jwtMethod(c, 1, 2)
			if err != nil {
				return err
			}
			var key any = []byte(c.String(1))
			if method == jwt.SigningMethodRS256 {
				if key, err = jwt.ParseRSAPublicKeyFromPEM([]byte(c.String(1))); err != nil {
					return messages.Errorf(messages.Invalid, "the key is not an RSA public key in PEM: %s", err)
				}
			}
			now := c.Host().Now()
			opts := []jwt.ParserOption{jwt.WithValidMethods([]string{method.Alg()}), jwt.WithTimeFunc(func() time.Time { return now })}
			if !c.Has(3) || c.Bool(3) {
				opts = append(opts, jwt.WithExpirationRequired())
			}
			claims := jwt.MapClaims{}
			if _, err := jwt.ParseWithClaims(c.String(0), claims, func(*jwt.Token) (any, error) { return key, nil }, opts...); err != nil {
				return messages.Errorf(messages.Internal, "verifying a token: %s", err)
			}
			return c.Return(messages.ValueOf(map[string]any(claims)))
		},
		Try: `local t = crypto.jwt.encode({sub = "ann", exp = 1800000000}, "key"); return crypto.jwt.verify(t, "key").sub, (crypto.jwt.verify(t, "other"))`, Gives: "ann, nil",
	},
}

// jwtMethod is the algorithm argument alg names; the key must not be empty.
func jwtMethod(c *lua.Call, key, alg int) (jwt.SigningMethod, error) {
	if c.String(key) == "" {
		return nil, emptyKey()
	}
	switch name := c.String(alg); name {
	case "", "HS256":
		return jwt.SigningMethodHS256, nil
	case "HS384":
		return jwt.SigningMethodHS384, nil
	case "HS512":
		return jwt.SigningMethodHS512, nil
	case "RS256":
		return jwt.SigningMethodRS256, nil
	default:
		return nil, messages.Errorf(messages.Invalid, "unknown algorithm %q: use HS256, HS384, HS512 or RS256", name)
	}
}

// jwtFields reads claims by way of JSON, which keeps numbers as they are written.
func jwtFields(t *messages.Table) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	if t.Len() == 0 {
		return claims, nil
	}
	text, err := messages.EncodeJSON(t)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&claims); err != nil {
		return nil, messages.Errorf(messages.Invalid, "the claims must have names, a list has none: %s", err)
	}
	return claims, nil
}
