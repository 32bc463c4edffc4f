package modules

import (
	"fmt"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var payloadModule = lua.Module{
	Name:   "payload",
	Doc:    "Values with the format they are in.",
	Class:  []lua.Class{lua.Encoding, lua.Deterministic},
	Global: true,
	Funcs: []lua.Func{{
		Sig: "new(value: any): Payload",
		Doc: "Makes a payload of the format lua/any; of an error object golang/error.",
		Do: func(c *lua.Call) error {
			v := c.Value(0)
			if p, ok := v.(*messages.Payload); ok {
				return c.Return(p)
			}
			format := messages.FormatLua
			if _, ok := v.(*messages.Error); ok {
				format = messages.FormatError
			}
			return c.Return(&messages.Payload{Format: format, Data: v})
		},
		Try: `local p = payload.new({a = 1}); return tostring(p), p:data().a, p:transcode(payload.format.JSON):data()`, Gives: `payload{format=lua/any}, 1, {"a":1}`,
	}},
	Tables: []lua.Table{{Name: "format", Doc: "The formats.", Consts: []lua.Const{
		{Name: "JSON", Value: messages.FormatJSON},
		{Name: "YAML", Value: messages.FormatYAML},
		{Name: "STRING", Value: messages.FormatString},
		{Name: "BYTES", Value: messages.FormatBytes},
		{Name: "MSGPACK", Value: messages.FormatMsgpack},
		{Name: "LUA", Value: messages.FormatLua},
		{Name: "GOLANG", Value: messages.FormatGo},
		{Name: "ERROR", Value: messages.FormatError},
	}}},
	Types: []lua.Type{{
		Name: "Payload",
		Doc:  "A value with its format. It is no table and has no fields.",
		Of:   (*messages.Payload)(nil),
		Text: func(v any) string { return fmt.Sprintf("payload{format=%s}", v.(*messages.Payload).Format) },
		Methods: []lua.Func{
			{Sig: "get_format(): string", Doc: "The format.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Payload).Format) }},
			{Sig: "data(): any, error?", Doc: "The value; of the encoded formats the encoded text.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Payload).Data) }},
			{Sig: "unmarshal(): any, error?", Doc: "The value, decoded.", Do: func(c *lua.Call) error {
				v, err := messages.Decode(c.Self().(*messages.Payload))
				if err != nil {
					return err
				}
				return c.Return(v)
			}},
			{Sig: "transcode(format: string): Payload, error?", Doc: "The payload in another format.", Do: func(c *lua.Call) error {
				p, err := messages.Transcode(c.Self().(*messages.Payload), c.String(0))
				if err != nil {
					return err
				}
				return c.Return(p)
			}},
		},
	}},
}
