package modules

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"

	"github.com/google/uuid"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// Limits of module crypto.
const (
	maxRandom     = 1 << 20
	maxIterations = 10_000_000
	maxDerived    = 64 << 10
)

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var cryptoModule = lua.Module{
	Name:  "crypto",
	Doc:   "Random values, authenticated encryption, HMAC, key derivation and JSON web tokens. Bad lengths, empty keys and keys of a wrong size are Invalid errors; decryption and verification that fail are Internal.",
	Class: []lua.Class{lua.Security, lua.Nondeterministic, lua.Workflow},
	Funcs: []lua.Func{
		{
			Sig: "pbkdf2(password: string, salt: string, iterations: integer, length: integer, hash?: string): string, error?",
			Doc: "Derives a key of length bytes (1 to 65536) from a password, in 1 to 10000000 iterations, with sha256 (default) or sha512.",
			Ask: deriveKey,
			Try: `local k = crypto.pbkdf2("password", "salt", 2, 4); return k:byte(1), k:byte(2), k:byte(3), k:byte(4)`, Gives: "174, 77, 12, 149",
		},
		{
			Sig: "constant_time_compare(a: string, b: string): boolean", Doc: "Reports whether two strings are equal, in a time that depends on their length only.",
			Do: func(c *lua.Call) error {
				return c.Return(subtle.ConstantTimeCompare([]byte(c.String(0)), []byte(c.String(1))) == 1)
			},
			Try: `return crypto.constant_time_compare("a", "a"), crypto.constant_time_compare("a", "b")`, Gives: "true, false",
		},
	},
	Tables: []lua.Table{
		{Name: "random", Doc: "Random values, fit for secrets.", Funcs: []lua.Func{
			{
				Sig: "bytes(n: integer): string, error?", Doc: "Returns n random bytes, 1 to 1048576.",
				Do: func(c *lua.Call) error {
					n := c.Int(0)
					if n < 1 || n > maxRandom {
						return badRandom(n)
					}
					return c.Return(c.Record(func() string { return string(randomBytes(n)) }))
				},
				Try: `return #crypto.random.bytes(16)`, Gives: "16",
			},
			{
				Sig: "string(n: integer, charset?: string): string, error?", Doc: "Returns n random characters, 1 to 1048576, letters and digits if there is no charset.",
				Do: func(c *lua.Call) error {
					n, set := c.Int(0), []rune(alphanumeric)
					if n < 1 || n > maxRandom {
						return badRandom(n)
					}
					if c.Has(1) {
						set = []rune(c.String(1))
					}
					if len(set) == 0 {
						return messages.Errorf(messages.Invalid, "the charset is empty; give at least one character")
					}
					return c.Return(c.Record(func() string { return randomText(n, set) }))
				},
				Try: `return crypto.random.string(3, "x"), #crypto.random.string(20)`, Gives: "xxx, 20",
			},
			{
				Sig: "uuid(): string, error?", Doc: "Returns a random UUID.",
				Do: func(c *lua.Call) error {
					return c.Return(c.Record(uuid.NewString))
				},
				Try: `return #crypto.random.uuid()`, Gives: "36",
			},
		}},
		{Name: "hmac", Doc: "Keyed hashes in lower-case hex.", Funcs: []lua.Func{
			cryptoHMAC("sha256", sha256.New, "5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0"),
			cryptoHMAC("sha512", sha512.New, "3c5953a18f7303ec653ba170ae334fafa08e3846f2efe317b87efce82376253cb52a8c31ddcde5a3a2eee183c2b34cb91f85e64ddbc325f7692b199473579c58"),
		}},
		{Name: "encrypt", Doc: "Authenticated encryption. The nonce is random and stands in front of the result; aad is protected but not part of it.", Funcs: []lua.Func{
			seal("aes", "AES-GCM with a key of 16, 24 or 32 bytes.", newGCM),
			seal("chacha20", "ChaCha20-Poly1305 with a key of 32 bytes.", newChaCha),
		}},
		{Name: "decrypt", Doc: "The opposite of encrypt: it needs the same key and aad.", Funcs: []lua.Func{
			unseal("aes", newGCM), unseal("chacha20", newChaCha),
		}},
		{Name: "jwt", Doc: "JSON web tokens.", Funcs: jwtFuncs},
	},
}

func badRandom(n int) error {
	return messages.Errorf(messages.Invalid, "length %d is out of range: use 1 to %d", n, maxRandom)
}

// randomText draws from set without preferring any of its characters: draws
// above the largest multiple of its size are thrown away.
func randomText(n int, set []rune) string {
	size := uint64(len(set))
	limit := (1 << 32) / size * size
	out := make([]rune, 0, n)
	buf := make([]byte, 4*min(n, 1024))
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails
		for i := 0; i < len(buf) && len(out) < n; i += 4 {
			x := uint64(buf[i])<<24 | uint64(buf[i+1])<<16 | uint64(buf[i+2])<<8 | uint64(buf[i+3])
			if x < limit {
				out = append(out, set[x%size])
			}
		}
	}
	return string(out)
}

func emptyKey() error { return messages.Errorf(messages.Invalid, "the key is empty; give a key") }

func cryptoHMAC(name string, make func() hash.Hash, gives string) lua.Func {
	f := lua.Func{
		Sig: name + "(key: string, data: string): string, error?", Doc: "The HMAC of data.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			key, data := c.String(0), c.String(1)
			if key == "" {
				return nil, emptyKey()
			}
			return offload(c, len(data)/16, func() (any, error) {
				h := hmac.New(make, []byte(key))
				h.Write([]byte(data))
				return hex.EncodeToString(h.Sum(nil)), nil
			})
		},
	}
	f.Try, f.Gives = `return crypto.hmac.`+name+`("key", "data")`, gives
	return f
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "a key of %d bytes does not fit AES: use 16, 24 or 32 bytes", len(key))
	}
	return cipher.NewGCM(block)
}

func newChaCha(key []byte) (cipher.AEAD, error) {
	a, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "a key of %d bytes does not fit ChaCha20: use %d bytes", len(key), chacha20poly1305.KeySize)
	}
	return a, nil
}

func seal(name, doc string, make func(key []byte) (cipher.AEAD, error)) lua.Func {
	return lua.Func{
		Sig: name + "(data: string, key: string, aad?: string): string, error?", Doc: doc,
		Ask: func(c *lua.Call) (*lua.Command, error) {
			data, aad := []byte(c.String(0)), []byte(c.String(2))
			a, err := make([]byte(c.String(1)))
			if err != nil {
				return nil, err
			}
			nonce := []byte(c.Record(func() string { return string(randomBytes(a.NonceSize())) }))
			return offload(c, len(data)/16, func() (any, error) {
				return string(a.Seal(nonce, nonce, data, aad)), nil
			})
		},
		Try: `local k = ("k"):rep(32); return crypto.decrypt.` + name + `(crypto.encrypt.` + name + `("secret", k), k)`, Gives: "secret",
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func unseal(name string, make func(key []byte) (cipher.AEAD, error)) lua.Func {
	return lua.Func{
		Sig: name + "(data: string, key: string, aad?: string): string, error?", Doc: "Decrypts what encrypt." + name + " made.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			data, aad := []byte(c.String(0)), []byte(c.String(2))
			a, err := make([]byte(c.String(1)))
			if err != nil {
				return nil, err
			}
			n := a.NonceSize()
			return offload(c, len(data)/16, func() (any, error) {
				if len(data) < n+a.Overhead() {
					return nil, messages.Errorf(messages.Internal, "decryption failed: %d bytes are too few for encrypted data", len(data))
				}
				out, err := a.Open(nil, data[:n], data[n:], aad)
				if err != nil {
					return nil, messages.Errorf(messages.Internal, "decryption failed: the data was changed, or key or aad are not those of encryption")
				}
				return string(out), nil
			})
		},
		Try: `local x, err = crypto.decrypt.` + name + `("x", ("k"):rep(32)); return x, err:kind()`, Gives: "nil, Internal",
	}
}

func deriveKey(c *lua.Call) (*lua.Command, error) {
	password, salt, n, length := c.String(0), []byte(c.String(1)), c.Int(2), c.Int(3)
	make := sha256.New
	switch name := c.String(4); name {
	case "", "sha256":
	case "sha512":
		make = sha512.New
	default:
		return nil, messages.Errorf(messages.Invalid, "unknown hash %q: use sha256 or sha512", name)
	}
	switch {
	case password == "":
		return nil, messages.Errorf(messages.Invalid, "the password is empty; give a password")
	case n < 1 || n > maxIterations:
		return nil, messages.Errorf(messages.Invalid, "%d iterations are out of range: use 1 to %d", n, maxIterations)
	case length < 1 || length > maxDerived:
		return nil, messages.Errorf(messages.Invalid, "length %d is out of range: use 1 to %d", length, maxDerived)
	}
	return offload(c, n*(1+length/32), func() (any, error) {
		key, err := pbkdf2.Key(make, password, salt, n, length)
		if err != nil {
			return nil, messages.Errorf(messages.Internal, "deriving a key: %s", err)
		}
		return string(key), nil
	})
}
