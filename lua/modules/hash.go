package modules

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // offered for checksums of existing formats
	"crypto/sha1" //nolint:gosec // offered for checksums of existing formats
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"hash/fnv"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var hashModule = lua.Module{
	Name:  "hash",
	Doc:   "Hashes and HMACs. Arguments of a wrong type are an Invalid error.",
	Class: []lua.Class{lua.Encoding, lua.Security, lua.Deterministic},
	Funcs: []lua.Func{
		digest("md5", md5.New, "900150983cd24fb0d6963f7d28e17f72"),
		digest("sha1", sha1.New, "a9993e364706816aba3e25717850c26c9cd0d89d"),
		digest("sha256", sha256.New, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
		digest("sha512", sha512.New, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
		keyed("md5", md5.New, "80070713463e7749b90c2dc24911e275"),
		keyed("sha1", sha1.New, "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"),
		keyed("sha256", sha256.New, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
		keyed("sha512", sha512.New, "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a"),
		{
			Sig: "fnv32(data: any): number, error?", Doc: "The 32-bit FNV-1 hash.",
			Do: func(c *lua.Call) error {
				s, err := textArg(c, 0, "data")
				if err != nil {
					return err
				}
				h := fnv.New32()
				h.Write([]byte(s))
				return c.Return(float64(h.Sum32()))
			},
			Try: `return hash.fnv32("a")`, Gives: "84696446",
		},
		{
			Sig: "fnv64(data: any): number, error?", Doc: "The 64-bit FNV-1 hash, rounded to what a number can hold.",
			Do: func(c *lua.Call) error {
				s, err := textArg(c, 0, "data")
				if err != nil {
					return err
				}
				h := fnv.New64()
				h.Write([]byte(s))
				return c.Return(float64(h.Sum64()))
			},
			Try: `return hash.fnv64("a") == 12638153115695167422`, Gives: "true",
		},
	},
}

func digest(name string, make func() hash.Hash, ofABC string) lua.Func {
	return lua.Func{
		Sig: name + "(data: any, raw?: any): string, error?",
		Doc: "The hash of data as lower-case hex, or as bytes if raw is true.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			data, err := textArg(c, 0, "data")
			if err != nil {
				return nil, err
			}
			return sum(c, make, data, 1)
		},
		Try: `return hash.` + name + `("abc")`, Gives: ofABC,
	}
}

func keyed(name string, make func() hash.Hash, ofFox string) lua.Func {
	f := lua.Func{
		Sig: "hmac_" + name + "(data: any, secret: any, raw?: any): string, error?",
		Doc: "The HMAC of data with a secret, as lower-case hex, or as bytes if raw is true.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			data, err := textArg(c, 0, "data")
			if err != nil {
				return nil, err
			}
			secret, err := textArg(c, 1, "secret")
			if err != nil {
				return nil, err
			}
			return sum(c, func() hash.Hash { return hmac.New(make, []byte(secret)) }, data, 2)
		},
	}
	f.Try, f.Gives = `return hash.hmac_`+name+`("The quick brown fox jumps over the lazy dog", "key")`, ofFox
	return f
}

// sum answers with the hash of data; argument raw says in which form.
func sum(c *lua.Call, make func() hash.Hash, data string, raw int) (*lua.Command, error) {
	if t := c.TypeOf(raw); c.Has(raw) && t != "boolean" {
		return nil, messages.Errorf(messages.Invalid, "raw: boolean expected, got %s", t)
	}
	bytes := c.Bool(raw)
	return offload(c, len(data)/16, func() (any, error) {
		h := make()
		h.Write([]byte(data))
		out := h.Sum(nil)
		if bytes {
			return string(out), nil
		}
		return hex.EncodeToString(out), nil
	})
}
