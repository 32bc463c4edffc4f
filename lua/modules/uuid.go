package modules

import (
	"github.com/google/uuid"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var uuidModule = lua.Module{
	Name:  "uuid",
	Doc:   "Universally unique identifiers (RFC 9562).",
	Class: []lua.Class{lua.Nondeterministic, lua.Workflow},
	Funcs: []lua.Func{
		makeUUID("v1", "from the time and this machine", uuid.NewUUID),
		makeUUID("v4", "at random", uuid.NewRandom),
		makeUUID("v7", "from the time and at random, so that later ones sort behind", uuid.NewV7),
		hashUUID("v3", "MD5", uuid.NewMD5),
		hashUUID("v5", "SHA-1", uuid.NewSHA1),
		{
			Sig: "validate(value: any): boolean, error?",
			Doc: "Reports whether value is a UUID.",
			Do: func(c *lua.Call) error {
				if c.TypeOf(0) != "string" {
					return messages.Errorf(messages.Invalid, "string expected, got %s", c.TypeOf(0))
				}
				return c.Return(uuid.Validate(c.String(0)) == nil)
			},
			Try: `return uuid.validate("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), uuid.validate("x")`, Gives: "true, false",
		},
		{
			Sig: "version(id: any): integer, error?", Doc: "The version of a UUID.",
			Do:  withUUID(func(c *lua.Call, id uuid.UUID) error { return c.Return(int(id.Version())) }),
			Try: `return uuid.version("6ba7b810-9dad-11d1-80b4-00c04fd430c8")`, Gives: "1",
		},
		{
			Sig: "variant(id: any): string, error?", Doc: "RFC4122, Reserved, Microsoft, Future or Invalid.",
			Do:  withUUID(func(c *lua.Call, id uuid.UUID) error { return c.Return(id.Variant().String()) }),
			Try: `return uuid.variant("6ba7b810-9dad-11d1-80b4-00c04fd430c8")`, Gives: "RFC4122",
		},
		{
			Sig: "parse(id: any): table, error?",
			Doc: "Returns {version, variant, timestamp?, node?}: the unix seconds of v1 and v7, the node of v1.",
			Do: withUUID(func(c *lua.Call, id uuid.UUID) error {
				out := map[string]any{"version": int(id.Version()), "variant": id.Variant().String()}
				if v := id.Version(); v == 1 || v == 7 {
					sec, _ := id.Time().UnixTime()
					out["timestamp"] = sec
				}
				if id.Version() == 1 {
					out["node"] = hexNode(id.NodeID())
				}
				return c.Return(out)
			}),
			Try: `local p = uuid.parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"); return p.version, p.variant, p.timestamp, p.node`, Gives: "1, RFC4122, 886630433, 00c04fd430c8",
		},
		{
			Sig: "format(id: any, form?: any): string, error?",
			Doc: `Writes a UUID as "standard" (where nothing is given), "simple" (without hyphens) or "urn".`,
			Do: withUUID(func(c *lua.Call, id uuid.UUID) error {
				switch c.String(1) {
				case "standard", "":
					return c.Return(id.String())
				case "simple":
					return c.Return(hexNode(id[:]))
				case "urn":
					return c.Return(id.URN())
				}
				return messages.Errorf(messages.Invalid, "unknown format %q: use standard, simple or urn", c.String(1))
			}),
			Try: `return uuid.format("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "simple")`, Gives: "6ba7b8109dad11d180b400c04fd430c8",
		},
	},
}

func hexNode(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, x := range b {
		out = append(out, digits[x>>4], digits[x&15])
	}
	return string(out)
}

func makeUUID(name, how string, make func() (uuid.UUID, error)) lua.Func {
	return lua.Func{Sig: name + "(): string, error?", Doc: "Makes a UUID " + how + ".", Do: func(c *lua.Call) error {
		var err error
		id := c.Record(func() string {
			var id uuid.UUID
			id, err = make()
			return id.String()
		})
		if err != nil {
			return messages.Errorf(messages.Internal, "making a UUID: %s", err)
		}
		return c.Return(id)
	}}
}

func hashUUID(name, hash string, make func(uuid.UUID, []byte) uuid.UUID) lua.Func {
	return lua.Func{
		Sig: name + "(namespace: any, name: any): string, error?",
		Doc: "Makes a UUID of a namespace UUID and a name, by " + hash + ": the same two give the same one.",
		Do: withUUID(func(c *lua.Call, ns uuid.UUID) error {
			if c.TypeOf(1) != "string" {
				return messages.Errorf(messages.Invalid, "name: string expected, got %s", c.TypeOf(1))
			}
			return c.Return(make(ns, []byte(c.String(1))).String())
		}),
		Try: `return uuid.version(uuid.` + name + `("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "a"))`, Gives: name[1:],
	}
}

// withUUID reads the UUID that is the first argument.
func withUUID(do func(c *lua.Call, id uuid.UUID) error) func(*lua.Call) error {
	return func(c *lua.Call) error {
		if c.TypeOf(0) != "string" {
			return messages.Errorf(messages.Invalid, "a UUID string is expected, got %s", c.TypeOf(0))
		}
		id, err := uuid.Parse(c.String(0))
		if err != nil {
			return messages.Errorf(messages.Invalid, "%q is not a UUID: %s", c.String(0), err)
		}
		return do(c, id)
	}
}
