package modules

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"
)

// A token of a private key is verified with the public one only, and the public
// key is no secret that could sign one.
func TestJWTWithRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	prefix := kindOf + fmt.Sprintf("local priv, pub = %q, %q; ", text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), text("PUBLIC KEY", pub))
	list := []example{
		{name: "verified", source: `local t = crypto.jwt.encode({sub = "ann", exp = 1800000000}, priv, "RS256"); return show(crypto.jwt.verify(t, pub, "RS256").sub)`, want: "ann"},
		{name: "public key as a secret", source: `local t = crypto.jwt.encode({sub = "ann", exp = 1800000000}, pub, "HS256"); return kind(crypto.jwt.verify(t, pub, "RS256"))`, want: "nil, Internal"},
		{name: "changed", source: `local t = crypto.jwt.encode({exp = 1800000000}, priv, "RS256"); local other = base64.encode('{"exp":1900000000}'):gsub("=", ""); local changed = t:gsub("%.[^.]+%.", "." .. other .. "."); return kind(crypto.jwt.verify(changed, pub, "RS256"))`, want: "nil, Internal"},
		{name: "not a public key", source: `return kind(crypto.jwt.verify("x", "y", "RS256"))`, want: "nil, Invalid"},
	}
	for i := range list {
		list[i].source = prefix + list[i].source
	}
	small(t, list)
}
