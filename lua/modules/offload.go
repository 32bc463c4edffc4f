package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// offloadFrom is the size of input, in bytes, from which work leaves the worker
// of the process: below it changing goroutines costs more than it saves.
const offloadFrom = 16 << 10

// offload answers with what work returns: at once for little input, on a
// goroutine of its own for more. work must not use the Call.
func offload(c *lua.Call, size int, work func() (any, error)) (*lua.Command, error) {
	if size < offloadFrom {
		v, err := guarded(work)
		if err != nil {
			return nil, err
		}
		return nil, c.Return(v)
	}
	return inBackground(work), nil
}

// inBackground is the command that runs work on a goroutine of its own.
func inBackground(work func() (any, error)) *lua.Command {
	return &lua.Command{Go: func(<-chan struct{}) (any, error) { return guarded(work) }}
}

// guarded turns a panic of a library into an error: its input comes from
// programs.
func guarded(work func() (any, error)) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, messages.Errorf(messages.Internal, "the input could not be processed: %v", r)
		}
	}()
	return work()
}

// textArg reads argument i, which must be a string and not merely something that
// stands for one.
func textArg(c *lua.Call, i int, name string) (string, error) {
	if c.TypeOf(i) != "string" {
		return "", messages.Errorf(messages.Invalid, "%s: string expected, got %s", name, c.TypeOf(i))
	}
	return c.String(i), nil
}

// restText reads the arguments from i on, all of which must be strings. shift is
// 1 in methods, whose object counts in messages.
func restText(c *lua.Call, i, shift int) ([]string, error) {
	var out []string
	for ; i < c.Len(); i++ {
		if c.TypeOf(i) != "string" {
			return nil, lua.ArgError(i+1+shift, "string expected, got "+c.TypeOf(i))
		}
		out = append(out, c.String(i))
	}
	return out, nil
}

// options reads the fields of an options table, each with a default for where it
// is absent. The first field of a wrong type is kept as the error.
type options struct {
	table *messages.Table
	err   error
}

func (o *options) get(name string) messages.Value {
	if o.table == nil {
		return nil
	}
	return o.table.Get(name)
}

func (o *options) wrong(name, want string) {
	if o.err == nil {
		o.err = messages.Errorf(messages.Invalid, "option %s: %s", name, want)
	}
}

func (o *options) number(name string, fallback, low, high float64) float64 {
	switch v := o.get(name).(type) {
	case nil:
		return fallback
	case float64:
		if v >= low && v <= high {
			return v
		}
	}
	o.wrong(name, "a number from "+messages.Number(low)+" to "+messages.Number(high)+" is expected")
	return fallback
}

func (o *options) integer(name string, fallback, low, high int) int {
	f := o.number(name, float64(fallback), float64(low), float64(high))
	if f != float64(int(f)) {
		o.wrong(name, "a whole number is expected")
		return fallback
	}
	return int(f)
}

func (o *options) flag(name string) bool {
	v := o.get(name)
	b, ok := v.(bool)
	if v != nil && !ok {
		o.wrong(name, "true or false is expected")
	}
	return b
}

func (o *options) text(name string) string {
	v := o.get(name)
	s, ok := v.(string)
	if v != nil && !ok {
		o.wrong(name, "a string is expected")
	}
	return s
}

func (o *options) texts(name string) []string {
	v := o.get(name)
	if v == nil {
		return nil
	}
	t, ok := v.(*messages.Table)
	if !ok {
		o.wrong(name, "a list of strings is expected")
		return nil
	}
	out := make([]string, len(t.Array))
	for i, item := range t.Array {
		if out[i], ok = item.(string); !ok {
			o.wrong(name, "a list of strings is expected")
		}
	}
	return out
}
