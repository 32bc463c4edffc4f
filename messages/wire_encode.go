package messages

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/troupe-go/troupe/messages/wire"
)

// wireEncoder numbers tables, errors and payloads as it meets them and encodes
// them afterwards, one by one: it never follows the nesting, so neither cycles
// nor depth matter.
type wireEncoder struct {
	heap *wire.Heap
	err  error

	tables    []*Table
	tableRefs map[*Table]uint32
	errors    []*Error
	errorRefs map[*Error]uint32
	payloads  []*Payload
	loadRefs  map[*Payload]uint32
}

// id returns an address or id, which has to be UTF-8.
func (e *wireEncoder) id(s string) string {
	if e.err == nil && !utf8.ValidString(s) {
		e.err = Errorf(Invalid, "encode a message for another node: the id %q is not UTF-8; use an id that exists", s)
	}
	return s
}

// refer returns the index of v, which it adds to list when it is new.
func refer[T comparable](list *[]T, refs *map[T]uint32, v T) uint32 {
	i, ok := (*refs)[v]
	if !ok {
		if *refs == nil {
			*refs = map[T]uint32{}
		}
		i = uint32(len(*list)) //nolint:gosec // memory ends before
		(*refs)[v] = i
		*list = append(*list, v)
	}
	return i
}

// optionalTable is 1 + the index, 0 for nil.
func (e *wireEncoder) optionalTable(t *Table) uint32 {
	if t == nil {
		return 0
	}
	return 1 + refer(&e.tables, &e.tableRefs, t)
}

// failure is 1 + the index, 0 for nil.
func (e *wireEncoder) failure(err *Error) uint32 {
	if err == nil {
		return 0
	}
	return 1 + refer(&e.errors, &e.errorRefs, err)
}

func (e *wireEncoder) value(v Value) *wire.Value {
	out := &wire.Value{}
	e.fill(out, v)
	return out
}

func (e *wireEncoder) values(list []Value) []*wire.Value {
	if len(list) == 0 {
		return nil
	}
	room := make([]wire.Value, len(list))
	out := make([]*wire.Value, len(list))
	for i, v := range list {
		out[i] = &room[i]
		e.fill(out[i], v)
	}
	return out
}

func (e *wireEncoder) fill(out *wire.Value, v Value) {
	switch v := v.(type) {
	case nil:
	case bool:
		out.Kind = wire.Value_FALSE
		if v {
			out.Kind = wire.Value_TRUE
		}
	case float64:
		out.Kind, out.Number = wire.Value_NUMBER, v
	case string:
		out.Kind, out.Text = wire.Value_STRING, []byte(v)
	case *Table:
		if v != nil {
			out.Kind, out.Ref = wire.Value_TABLE, refer(&e.tables, &e.tableRefs, v)
		}
	case *Error:
		if v != nil {
			out.Kind, out.Ref = wire.Value_ERROR, refer(&e.errors, &e.errorRefs, v)
		}
	case *Payload:
		if v != nil {
			out.Kind, out.Ref = wire.Value_PAYLOAD, refer(&e.payloads, &e.loadRefs, v)
		}
	default:
		e.fill(out, ValueOf(v))
	}
}

// rest encodes what was numbered, and what that refers to.
func (e *wireEncoder) rest() {
	if len(e.tables)+len(e.errors)+len(e.payloads) == 0 {
		return
	}
	h := &wire.Heap{}
	e.heap = h
	for {
		switch {
		case len(h.Tables) < len(e.tables):
			h.Tables = append(h.Tables, e.table(e.tables[len(h.Tables)]))
		case len(h.Errors) < len(e.errors):
			h.Errors = append(h.Errors, e.chain(e.errors[len(h.Errors)]))
		case len(h.Payloads) < len(e.payloads):
			p := e.payloads[len(h.Payloads)]
			h.Payloads = append(h.Payloads, &wire.Payload{Format: []byte(p.Format), Data: e.value(p.Data)})
		default:
			return
		}
	}
}

func (e *wireEncoder) table(t *Table) *wire.Table {
	if len(t.Keys) != len(t.Vals) && e.err == nil {
		e.err = Errorf(Invalid, "encode a message for another node: a table with %d keys and %d values; add keys with Set", len(t.Keys), len(t.Vals))
	}
	return &wire.Table{
		Array: e.values(t.Array), Keys: e.values(t.Keys), Vals: e.values(t.Vals),
		Meta: e.optionalTable(t.Meta), Object: t.Object,
	}
}

func (e *wireEncoder) chain(err *Error) *wire.ErrorChain {
	out := &wire.ErrorChain{}
	for ; err != nil && len(out.Errors) < maxChain; err = err.Cause {
		link := &wire.Error{
			Msg: []byte(err.Message), Kind: []byte(err.Kind), Retry: wire.Error_Retry(err.Retry),
			Details: e.optionalTable(err.Details), Context: err.Context,
		}
		for _, f := range err.Stack {
			link.Stack = append(link.Stack, &wire.Frame{Source: []byte(f.Source), Line: int32(f.Line), Name: []byte(f.Name)}) //nolint:gosec // lines are small
		}
		out.Errors = append(out.Errors, link)
	}
	return out
}

func (e *wireEncoder) mail(m *Mail) *wire.Mail {
	return &wire.Mail{From: e.id(m.From), Topic: []byte(m.Topic), Values: e.values(m.Values)}
}

func (e *wireEncoder) spawn(m *Spawn) *wire.Spawn {
	out := &wire.Spawn{
		Process: e.id(m.Process), Host: e.id(m.Host), Args: e.values(m.Args), Context: e.context(m.Context),
		Parent: e.id(m.Parent), Name: []byte(m.Name), Monitor: m.Monitor, Link: m.Link,
	}
	for _, mail := range m.Mail {
		if mail != nil {
			out.Mail = append(out.Mail, e.mail(mail))
		}
	}
	return out
}

func (e *wireEncoder) context(c *Context) *wire.Context {
	if c == nil {
		return nil
	}
	out := &wire.Context{Network: e.id(c.Network)}
	for _, name := range slices.Sorted(maps.Keys(c.Trace)) {
		out.Trace = append(out.Trace, &wire.TraceHeader{Name: []byte(name), Value: []byte(c.Trace[name])})
	}
	for _, key := range slices.Sorted(maps.Keys(c.Values)) {
		out.Values = append(out.Values, &wire.ContextValue{Key: []byte(key), Value: e.value(c.Values[key])})
	}
	if c.Actor != nil {
		out.Actor = &wire.Actor{Id: []byte(c.Actor.ID), Meta: e.optionalTable(c.Actor.Meta)}
	}
	if c.Scope != nil {
		out.Scope = &wire.Scope{}
		for _, p := range c.Scope.Policies {
			if p == nil {
				if e.err == nil {
					e.err = Errorf(Invalid, "encode a message for another node: a scope with a policy that is nil; leave it out")
				}
				continue
			}
			out.Scope.Policies = append(out.Scope.Policies, e.id(p.ID()))
		}
	}
	return out
}

func (e *wireEncoder) options(o *CallOptions) *wire.CallOptions {
	if o == nil {
		return nil
	}
	out := &wire.CallOptions{Timeout: int64(o.Timeout), Network: e.id(o.Network)}
	if r := o.Retry; r != nil {
		out.Retry = &wire.RetryPolicy{
			MaxAttempts: int64(r.MaxAttempts), Initial: int64(r.Initial), Max: int64(r.Max),
			Factor: r.Factor, Jitter: r.Jitter, Kinds: bytesOf(r.Kinds), Skip: bytesOf(r.Skip),
		}
	}
	return out
}

func bytesOf(list []string) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s))
	}
	return out
}
