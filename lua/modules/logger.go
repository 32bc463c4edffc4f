package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// logger is a Logger: a name, and fields that every line has.
type logger struct {
	name   string
	fields []any
}

var loggerModule = lua.Module{
	Name:  "logger",
	Doc:   "Structured log lines. Every line carries the PID and the place in the source.",
	Class: []lua.Class{lua.IO},
	Value: &logger{},
	Types: []lua.Type{{
		Name: "Logger",
		Doc:  "Writes log lines. It is never changed: with and named give another one.",
		Of:   (*logger)(nil),
		Methods: []lua.Func{
			logAt("debug", lua.LevelDebug), logAt("info", lua.LevelInfo), logAt("warn", lua.LevelWarn), logAt("error", lua.LevelError),
			{Sig: "with(fields: table): Logger", Doc: "A logger whose lines have these fields too.", Do: func(c *lua.Call) error {
				l := *c.Self().(*logger)
				l.fields = append(append([]any{}, l.fields...), logFields(c.Table(0))...)
				return c.Return(&l)
			}},
			{Sig: "named(name: string): Logger", Doc: "A logger with this name behind the one it has.", Do: func(c *lua.Call) error {
				l := *c.Self().(*logger)
				name := c.String(0)
				if name == "" {
					return lua.ArgError(1, "the name must not be empty")
				}
				if l.name != "" {
					name = l.name + "." + name
				}
				l.name = name
				return c.Return(&l)
			}},
		},
	}},
}

func logAt(name string, level int) lua.Func {
	return lua.Func{
		Sig: name + "(message: any, fields?: table)",
		Doc: "Writes a line of level " + name + ". Fields keep their types; an error object becomes its text.",
		Do: func(c *lua.Call) error {
			l := c.Self().(*logger)
			fields := l.fields
			if c.Has(1) {
				fields = append(append([]any{}, fields...), logFields(c.Table(1))...)
			}
			c.Host().Log(level, l.name, c.Location(), c.Text(0), fields)
			return nil
		},
	}
}

// logFields are the fields of a table, names and values in turn.
func logFields(t *messages.Table) []any {
	out := make([]any, 0, 2*t.Len())
	if t == nil {
		return out
	}
	for i, v := range t.Array {
		out = append(out, messages.Text(float64(i+1)), logValue(v))
	}
	for i, k := range t.Keys {
		out = append(out, messages.Text(k), logValue(t.Vals[i]))
	}
	return out
}

func logValue(v messages.Value) any {
	if err, ok := v.(*messages.Error); ok {
		return err.Error()
	}
	return messages.Native(v)
}
