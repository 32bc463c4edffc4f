package messages

import (
	"math"
	"time"

	"github.com/troupe-go/troupe/messages/wire"
)

// wireDecoder makes all tables, errors and payloads of a heap before it fills
// them: it never follows references, so a cycle is nothing special.
type wireDecoder struct {
	policy func(id string) Policy
	err    error // the first

	tables   []Table
	errors   []*Error
	payloads []Payload
}

func (d *wireDecoder) fail(kind, format string, args ...any) {
	if d.err == nil {
		d.err = Wrap(Errorf(kind, format, args...), "decode a message of another node")
	}
}

func (d *wireDecoder) load(h *wire.Heap) {
	d.tables = make([]Table, len(h.GetTables()))
	d.payloads = make([]Payload, len(h.GetPayloads()))
	d.errors = make([]*Error, len(h.GetErrors()))
	for i := range d.errors {
		d.errors[i] = &Error{}
	}
	for i, t := range h.GetTables() {
		d.table(&d.tables[i], t)
	}
	for i, c := range h.GetErrors() {
		d.chain(d.errors[i], c.GetErrors())
	}
	for i, p := range h.GetPayloads() {
		d.payloads[i] = Payload{Format: string(p.GetFormat()), Data: d.value(p.GetData())}
	}
}

func (d *wireDecoder) table(t *Table, m *wire.Table) {
	if len(m.GetKeys()) != len(m.GetVals()) {
		d.fail(Invalid, "a table with %d keys and %d values", len(m.GetKeys()), len(m.GetVals()))
		return
	}
	t.Array, t.Keys, t.Vals = d.values(m.GetArray()), d.values(m.GetKeys()), d.values(m.GetVals())
	t.Meta, t.Object = d.optionalTable(m.GetMeta()), m.GetObject()
	for _, k := range t.Keys {
		if f, ok := k.(float64); k == nil || ok && math.IsNaN(f) {
			d.fail(Invalid, "a table with %s as a key", Text(k))
		}
	}
}

func (d *wireDecoder) chain(e *Error, links []*wire.Error) {
	if len(links) == 0 || len(links) > maxChain {
		d.fail(Invalid, "an error with %d links", len(links))
		return
	}
	for i, link := range links {
		if link.GetRetry() < 0 || link.GetRetry() > wire.Error_NO {
			d.fail(Invalid, "an error with retry %d", link.GetRetry())
		}
		*e = Error{
			Kind: string(link.GetKind()), Message: string(link.GetMsg()), Retry: Retry(link.GetRetry()), //nolint:gosec // checked
			Details: d.optionalTable(link.GetDetails()), Context: link.GetContext(),
		}
		for _, f := range link.GetStack() {
			e.Stack = append(e.Stack, Frame{Source: string(f.GetSource()), Line: int(f.GetLine()), Name: string(f.GetName())})
		}
		if i+1 < len(links) {
			e.Cause = &Error{}
			e = e.Cause
		}
	}
}

func (d *wireDecoder) optionalTable(ref uint32) *Table {
	if ref == 0 {
		return nil
	}
	if int64(ref) > int64(len(d.tables)) {
		d.fail(Invalid, "a reference to table %d of %d", ref-1, len(d.tables))
		return nil
	}
	return &d.tables[ref-1]
}

func (d *wireDecoder) failure(ref uint32) *Error {
	if ref == 0 {
		return nil
	}
	if int64(ref) > int64(len(d.errors)) {
		d.fail(Invalid, "a reference to error %d of %d", ref-1, len(d.errors))
		return nil
	}
	return d.errors[ref-1]
}

func (d *wireDecoder) value(m *wire.Value) Value {
	ref := int64(m.GetRef())
	switch kind := m.GetKind(); kind {
	case wire.Value_NIL:
	case wire.Value_FALSE:
		return false
	case wire.Value_TRUE:
		return true
	case wire.Value_NUMBER:
		return m.GetNumber()
	case wire.Value_STRING:
		return string(m.GetText())
	case wire.Value_TABLE:
		if ref < int64(len(d.tables)) {
			return &d.tables[ref]
		}
		d.fail(Invalid, "a reference to table %d of %d", ref, len(d.tables))
	case wire.Value_ERROR:
		if ref < int64(len(d.errors)) {
			return d.errors[ref]
		}
		d.fail(Invalid, "a reference to error %d of %d", ref, len(d.errors))
	case wire.Value_PAYLOAD:
		if ref < int64(len(d.payloads)) {
			return &d.payloads[ref]
		}
		d.fail(Invalid, "a reference to payload %d of %d", ref, len(d.payloads))
	default:
		d.fail(Invalid, "a value of kind %d", kind)
	}
	return nil
}

func (d *wireDecoder) values(list []*wire.Value) []Value {
	if len(list) == 0 {
		return nil
	}
	out := make([]Value, len(list))
	for i, m := range list {
		out[i] = d.value(m)
	}
	return out
}

func (d *wireDecoder) mail(m *wire.Mail) *Mail {
	return NewMail(m.GetFrom(), string(m.GetTopic()), d.values(m.GetValues())...)
}

func (d *wireDecoder) spawn(m *wire.Spawn) *Spawn {
	out := &Spawn{
		Process: m.GetProcess(), Host: m.GetHost(), Args: d.values(m.GetArgs()), Context: d.context(m.GetContext()),
		Parent: m.GetParent(), Name: string(m.GetName()), Monitor: m.GetMonitor(), Link: m.GetLink(),
	}
	for _, mail := range m.GetMail() {
		out.Mail = append(out.Mail, d.mail(mail))
	}
	return out
}

func (d *wireDecoder) context(m *wire.Context) *Context {
	if m == nil {
		return nil
	}
	out := &Context{Network: m.GetNetwork()}
	for _, h := range m.GetTrace() {
		if out.Trace == nil {
			out.Trace = make(map[string]string, len(m.GetTrace()))
		}
		out.Trace[string(h.GetName())] = string(h.GetValue())
	}
	for _, v := range m.GetValues() {
		if out.Values == nil {
			out.Values = make(map[string]Value, len(m.GetValues()))
		}
		out.Values[string(v.GetKey())] = d.value(v.GetValue())
	}
	if a := m.GetActor(); a != nil {
		out.Actor = &Actor{ID: string(a.GetId()), Meta: d.optionalTable(a.GetMeta())}
	}
	if s := m.GetScope(); s != nil {
		out.Scope = d.scope(s)
	}
	return out
}

func (d *wireDecoder) scope(m *wire.Scope) *Scope {
	out := &Scope{}
	for _, id := range m.GetPolicies() {
		var p Policy
		if d.policy != nil {
			p = d.policy(id)
		}
		if p == nil {
			d.fail(NotFound, "the policy %s is not known on this node; add it to this node's registry", id)
			continue
		}
		out.Policies = append(out.Policies, p)
	}
	return out
}

func (d *wireDecoder) options(m *wire.CallOptions) *CallOptions {
	if m == nil {
		return nil
	}
	out := &CallOptions{Timeout: time.Duration(m.GetTimeout()), Network: m.GetNetwork()}
	if r := m.GetRetry(); r != nil {
		out.Retry = &RetryPolicy{
			MaxAttempts: int(r.GetMaxAttempts()), Initial: time.Duration(r.GetInitial()), Max: time.Duration(r.GetMax()),
			Factor: r.GetFactor(), Jitter: r.GetJitter(), Kinds: stringsOf(r.GetKinds()), Skip: stringsOf(r.GetSkip()),
		}
	}
	return out
}

func stringsOf(list [][]byte) []string {
	var out []string
	for _, b := range list {
		out = append(out, string(b))
	}
	return out
}
