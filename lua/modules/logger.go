package modules

import (
	"fmt"
	"time"

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
				l.fields = append(append([]any{}, l.fields...), logFields(c.Pairs(0))...)
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
				fields = append(append([]any{}, fields...), logFields(c.Pairs(1))...)
			}
			c.Host().Log(level, l.name, c.Location(), c.Text(0), fields)
			return nil
		},
	}
}

// logFields makes fields, names and values in turn, of the pairs of a table.
func logFields(pairs []any) []any {
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i], pairs[i+1] = messages.Text(pairs[i]), logValue(pairs[i+1])
	}
	return pairs
}

// logValue is a value as a log handler can write it.
func logValue(v any) any {
	switch v := v.(type) {
	case time.Time, time.Duration:
		return v
	case nil, bool, float64, string, *messages.Table, *messages.Payload:
		return messages.Native(v)
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	return "userdata"
}
