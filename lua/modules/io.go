package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// maxRead bounds one io.read: more would be memory for bytes nobody typed.
const maxRead = 1 << 20

// terminalCommand sends body to the terminal of the process. Failures are
// Internal.
func terminalCommand(c *lua.Call, body any) (*lua.Command, error) {
	t := c.Process().Terminal
	if t == nil {
		return nil, messages.Errorf(messages.Unavailable, "no terminal context")
	}
	return &lua.Command{
		To: t.Handler, Body: body,
		Then: func(c *lua.Call, answer any) error {
			if s, ok := answer.(string); ok {
				return c.Return(s, nil)
			}
			return c.Return(true, nil)
		},
		Catch: func(_ *lua.Call, err *messages.Error) error {
			if err.Kind == messages.Internal {
				return err
			}
			return messages.Because(messages.Internal, "terminal failed", err)
		},
	}, nil
}

// printTo makes the Ask of a function that writes its arguments.
func printTo(between, end string, toErr bool) func(*lua.Call) (*lua.Command, error) {
	return func(c *lua.Call) (*lua.Command, error) {
		var b strings.Builder
		for i := range c.Len() {
			if i > 0 {
				b.WriteString(between)
			}
			b.WriteString(c.Text(i))
		}
		b.WriteString(end)
		return terminalCommand(c, &messages.TerminalWrite{Text: b.String(), Error: toErr})
	}
}

var ioModule = lua.Module{
	Name:  "io",
	Doc:   "The terminal of a process on a terminal.host. Elsewhere every function but args gives nil and Unavailable \"no terminal context\".",
	Class: []lua.Class{lua.IO},
	Funcs: []lua.Func{
		{Sig: "write(...: any): boolean, error?", Doc: "Writes values without anything between or after them.", Ask: printTo("", "", false)},
		{Sig: "print(...: any): boolean, error?", Doc: "Writes values with tabs between them and a newline.", Ask: printTo("\t", "\n", false)},
		{Sig: "eprint(...: any): boolean, error?", Doc: "The same as print, to standard error.", Ask: printTo("\t", "\n", true)},
		{
			Sig: "read(n?: integer): string, error?", Doc: "Reads up to n bytes, 1024 if n is left out or not positive, at most a MiB.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				n := c.Number(0)
				if n <= 0 {
					n = 1024
				}
				return terminalCommand(c, &messages.TerminalRead{Max: int(min(n, maxRead))})
			},
		},
		{
			Sig: "readline(): string, error?", Doc: "Reads a line and returns it without its newline; at the end of input nil and an error.",
			Ask: func(c *lua.Call) (*lua.Command, error) { return terminalCommand(c, &messages.TerminalRead{Line: true}) },
		},
		{
			Sig: "flush(): boolean, error?", Doc: "Returns once everything is written; as the other functions wait for that, at once.",
			Do: func(c *lua.Call) error {
				if _, err := terminalCommand(c, nil); err != nil {
					return err
				}
				return c.Return(true, nil)
			},
		},
		{
			Sig: "raw(on?: boolean): boolean, error?", Doc: "Switches raw mode on, or off with false. It counts: as many calls as switched it on switch it off. The end of the process restores it.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				return terminalCommand(c, &messages.TerminalRaw{On: !c.Has(0) || c.Bool(0)})
			},
		},
		{
			Sig: "args(): table", Doc: "The command-line arguments, an empty list without a terminal.",
			Do: func(c *lua.Call) error {
				list := []any{}
				if t := c.Process().Terminal; t != nil {
					for _, a := range t.Args {
						list = append(list, a)
					}
				}
				return c.Return(list)
			},
			Try: `return #io.args()`, Gives: "0",
		},
	},
}
