package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var ttyModule = lua.Module{
	Name:  "tty",
	Doc:   "Terminal user interfaces, on a terminal.host: keys, mouse and window as events, styled text and its layout. Elsewhere the functions that need a terminal give nil and Unavailable \"no terminal context\".",
	Class: []lua.Class{lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig: "start(): boolean, error?", Doc: "Switches raw input on: from now on keys, mouse and window are events, the first one {type = \"start\", width, height}. The end of the process switches it off.",
			Ask: func(c *lua.Call) (*lua.Command, error) { return terminalCommand(c, &messages.TerminalKeys{}) },
		},
		{
			Sig: "stop(): boolean, error?", Doc: "Switches raw input off.",
			Ask: func(c *lua.Call) (*lua.Command, error) { return terminalCommand(c, &messages.TerminalKeys{Off: true}) },
		},
		{
			Sig: "events(): Channel, error?",
			Doc: "A channel of events: {type = \"key\", key, key_type, action, alt, ctrl, shift}, where key is such as \"a\", \"enter\" or \"ctrl+c\", key_type \"rune\" or the name of the key, and action press or release; {type = \"mouse\", action, button, x, y, alt, ctrl, shift}, with action press, release, motion or wheel; {type = \"resize\", width, height}; {type = \"focus\", focused}; {type = \"paste\", text}. Those that came before are delivered first.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				ch, tag := c.NewStream(func() {})
				cmd, err := terminalCommand(c, &messages.TerminalEvents{By: c.Host().PID(), Tag: tag})
				if err != nil {
					ch.Close()
					return nil, err
				}
				cmd.Then = func(c *lua.Call, _ any) error { return c.Return(ch, nil) }
				return cmd, nil
			},
		},
		{
			Sig: "screen_size(): integer, integer, error?", Doc: "Columns and rows of the screen.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				cmd, err := terminalCommand(c, &messages.TerminalSize{})
				if err != nil {
					return nil, c.Return(nil, nil, messages.AsError(err))
				}
				cmd.Then = func(c *lua.Call, answer any) error {
					size := answer.([2]int)
					return c.Return(size[0], size[1], nil)
				}
				cmd.Catch = func(c *lua.Call, err *messages.Error) error { return c.Return(nil, nil, err) }
				return cmd, nil
			},
		},
		{
			Sig: "mouse(on?: boolean): boolean, error?", Doc: "Has the terminal report the mouse between start and stop, or with false no more.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				return terminalCommand(c, &messages.TerminalMouse{On: !c.Has(0) || c.Bool(0)})
			},
		},
		{
			Sig: "bind(binding: table): KeyBinding", Doc: "Names keys that mean the same: {keys = {\"q\", \"ctrl+c\"}, help = {key = \"q\", desc = \"quit\"}}.",
			Do: func(c *lua.Call) error {
				t := c.Table(0)
				b := &keyBinding{enabled: true, keys: map[string]bool{}}
				keys, ok := t.Get("keys").(*messages.Table)
				if !ok || len(keys.Array) == 0 {
					return lua.ArgError(1, "keys: a list of strings expected")
				}
				for _, k := range keys.Array {
					s, ok := k.(string)
					if !ok {
						return lua.ArgError(1, "keys: a list of strings expected")
					}
					b.keys[s] = true
				}
				b.help, _ = t.Get("help").(*messages.Table)
				return c.Return(b)
			},
			Try: `local quit = tty.bind{keys = {"q", "ctrl+c"}, help = {key = "q", desc = "quit"}}; return quit:matches{type = "key", key = "q"}, quit:matches{type = "key", key = "x"}, quit:help().desc`, Gives: "true, false, quit",
		},
		{
			Sig: "style(): Style", Doc: "A style without properties.",
			Do:  func(c *lua.Call) error { return c.Return(&ttyStyle{}) },
			Try: `return tty.style():width(5):align(tty.align.RIGHT):render("ab")`, Gives: "   ab",
		},
	},
	Tables: []lua.Table{
		{Name: "borders", Consts: []lua.Const{{Name: "NORMAL", Value: "normal"}, {Name: "ROUNDED", Value: "rounded"}, {Name: "THICK", Value: "thick"}, {Name: "DOUBLE", Value: "double"}, {Name: "HIDDEN", Value: "hidden"}}},
		{Name: "align", Consts: []lua.Const{{Name: "LEFT", Value: 0.0}, {Name: "CENTER", Value: 0.5}, {Name: "RIGHT", Value: 1.0}}},
		ttyText,
	},
	Types: []lua.Type{keyBindingType, styleType},
}

// keyBinding is what tty.bind makes.
type keyBinding struct {
	keys    map[string]bool
	help    *messages.Table
	enabled bool
}

var keyBindingType = lua.Type{
	Name: "KeyBinding", Doc: "Keys that mean the same.", Of: (*keyBinding)(nil),
	Methods: []lua.Func{
		{Sig: "matches(event: table): boolean", Doc: "Reports whether an event is one of the keys being pressed; false while the binding is disabled.", Do: func(c *lua.Call) error {
			b, e := c.Self().(*keyBinding), c.Table(0)
			key, _ := e.Get("key").(string)
			return c.Return(b.enabled && e.Get("type") == "key" && e.Get("action") != "release" && b.keys[key])
		}},
		{Sig: "set_enabled(on: boolean)", Doc: "Enables or disables the binding.", Do: func(c *lua.Call) error {
			c.Self().(*keyBinding).enabled = c.Bool(0)
			return nil
		}},
		{Sig: "is_enabled(): boolean", Doc: "Reports whether it is enabled.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*keyBinding).enabled) }},
		{Sig: "help(): table?", Doc: "The {key, desc} it was made with.", Do: func(c *lua.Call) error {
			if h := c.Self().(*keyBinding).help; h != nil {
				return c.Return(h)
			}
			return c.Return(nil)
		}},
	},
}
