package modules

import (
	"encoding/base64"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var base64Module = lua.Module{
	Name:  "base64",
	Doc:   "Base64 with the standard alphabet and padding (RFC 4648).",
	Class: []lua.Class{lua.Encoding, lua.Deterministic},
	Funcs: []lua.Func{
		{
			Sig: "encode(data: any): string, error?", Doc: "Writes bytes as base64. Anything but a string is an Invalid error.",
			Do: func(c *lua.Call) error {
				s, err := textArg(c, 0, "data")
				if err != nil {
					return err
				}
				return c.Return(base64.StdEncoding.EncodeToString([]byte(s)))
			},
			Try: `return base64.encode("hello"), base64.encode("")`, Gives: "aGVsbG8=, ",
		},
		{
			Sig: "decode(text: any): string, error?", Doc: "Reads base64. Wrong characters or padding are an Invalid error.",
			Do: func(c *lua.Call) error {
				s, err := textArg(c, 0, "text")
				if err != nil {
					return err
				}
				b, err := base64.StdEncoding.DecodeString(s)
				if err != nil {
					return messages.Errorf(messages.Invalid, "decoding base64: %s; use the standard alphabet with padding", err)
				}
				return c.Return(string(b))
			},
			Try: `return base64.decode("aGVsbG8=")`, Gives: "hello",
		},
	},
}
