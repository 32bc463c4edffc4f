package messages

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/troupe-go/troupe/messages/wire"
)

type namedPolicy string

func (p namedPolicy) ID() string { return string(p) }

func (p namedPolicy) Evaluate(*Actor, string, string, *Table) Effect { return Allow }

func resolve(id string) Policy {
	if strings.HasPrefix(id, "app:") {
		return namedPolicy(id)
	}
	return nil
}

// crossing has one message of every type that may cross nodes, with every field
// set.
func crossing(d *drawer) []any {
	text := func() string { return anyText(d.t, "text") }
	id := func() string { return rapid.String().Draw(d.t, "id") }
	flag := func() bool { return rapid.Bool().Draw(d.t, "flag") }
	number := func() int64 { return rapid.Int64().Draw(d.t, "number") }
	mail := func() *Mail { return NewMail(id(), text(), d.values()...) }
	context := func() *Context {
		return &Context{
			Values: map[string]Value{text(): d.value(), "k": d.value()},
			Actor:  &Actor{ID: text(), Meta: d.table()},
			Scope:  &Scope{Policies: []Policy{namedPolicy("app:a"), namedPolicy("app:" + id())}},

			Network: id(), Trace: map[string]string{text(): text(), "traceparent": text()},
		}
	}
	options := &CallOptions{Timeout: time.Duration(number()), Network: id(), Retry: &RetryPolicy{
		MaxAttempts: int(number()), Initial: time.Duration(number()), Max: time.Duration(number()),
		Factor: 2.5, Jitter: 0.25, Kinds: []string{text(), Timeout}, Skip: []string{text()},
	}}
	failed := &Error{Message: "alone"}
	if len(d.errors) > 0 {
		failed = d.errors[0]
	}
	return []any{
		mail(), &Cancel{From: id(), Reason: text()}, &Terminate{From: id(), Reason: d.failure()},
		&Exit{From: id(), Result: d.value(), Err: d.failure(), Monitors: flag(), Links: flag()},
		&Monitor{By: id(), Off: flag()}, &Link{By: id(), Off: flag()}, &Done{},
		&Event{System: text(), Kind: text(), Path: text(), Data: d.value()},
		&FunctionCall{Function: id(), Args: d.values(), Context: context(), Options: options},
		&FunctionResult{Values: d.values()},
		&Spawn{
			Process: id(), Host: id(), Args: d.values(), Context: context(), Parent: id(), Name: text(),
			Mail: []*Mail{mail(), mail()}, Monitor: flag(), Link: flag(),
		},
		&Spawned{PID: id(), Existed: flag()}, failed,
	}
}

func TestWireRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, msg := range crossing(newDrawer(t)) {
			got, err := overTheWire(msg)
			if err != nil {
				t.Fatalf("%T: %v", msg, err)
			}
			if !sameMessage(msg, got) {
				t.Fatalf("sent %#v\ngot  %#v", msg, got)
			}
		}
	})
}

func overTheWire(msg any) (any, error) {
	m, err := EncodeWire(msg)
	if err != nil {
		return nil, err
	}
	data, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	m = m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, err
	}
	return DecodeWire(m, resolve)
}

// sameMessage compares two messages field by field, the values in them by shape
// over the whole message.
func sameMessage(a, b any) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	return newComparer().field(reflect.ValueOf(a), reflect.ValueOf(b))
}

func (c *comparer) field(a, b reflect.Value) bool {
	switch x := a.Interface().(type) {
	case *Table, *Error, *Payload, float64:
		return c.value(x, b.Interface())
	case nil:
		return b.Interface() == nil
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return a.Elem().Type() == b.Elem().Type() && c.field(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() && !c.field(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !c.field(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for it := a.MapRange(); it.Next(); {
			if other := b.MapIndex(it.Key()); !other.IsValid() || !c.field(it.Value(), other) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

func TestWireKeepsShape(t *testing.T) {
	shared := object("x", 1.0)
	loop := list(shared)
	loop.Array = append(loop.Array, loop)
	shared.Meta = loop
	failed := Wrap(&Error{Kind: Timeout, Message: "slow", Details: shared, Stack: []Frame{{"app:f", 3, "f"}}}, "call")
	msg := &Spawn{Process: "app:p", Args: []Value{loop, failed}, Mail: []*Mail{NewMail("", "t", shared, failed)}, Context: &Context{Actor: &Actor{Meta: shared}}}
	out, err := overTheWire(msg)
	if err != nil {
		t.Fatal(err)
	}
	got := out.(*Spawn)
	table := got.Args[0].(*Table)
	part := table.Array[0].(*Table)
	if table.Array[1] != table || part.Meta != table || got.Mail[0].Values[0] != part || got.Context.Actor.Meta != part {
		t.Error("shared parts are not shared any more")
	}
	e := got.Args[1].(*Error)
	if e != got.Mail[0].Values[1] || e.Error() != "call: slow" || e.Root().Details != part || e.Root().Stack[0].Line != 3 {
		t.Errorf("%#v", e)
	}
}

func TestWireNeitherDepthNorSharingMatter(t *testing.T) {
	deep := nested(200000)
	got, err := overTheWire(NewMail("", "deep", deep, explosion(200)))
	if err != nil {
		t.Fatal(err)
	}
	levels := 0
	for v, ok := got.(*Mail).Values[0].(*Table); ok; levels++ {
		if len(v.Array) == 0 {
			levels++
			break
		}
		v, ok = v.Array[0].(*Table)
	}
	if levels != 200000 {
		t.Errorf("%d levels", levels)
	}
}

func TestEncodeWireErrors(t *testing.T) {
	for name, c := range map[string]struct {
		msg  any
		want string
	}{
		"nil":              {nil, "<nil> does not cross nodes"},
		"nil pointer":      {(*Mail)(nil), "*messages.Mail does not cross nodes"},
		"no pointer":       {Mail{}, "does not cross nodes"},
		"local command":    {&Lookup{}, "*messages.Lookup does not cross nodes"},
		"pid":              {NewMail("\xff", ""), "not UTF-8"},
		"function":         {&FunctionCall{Function: "\xff"}, "not UTF-8"},
		"nil policy":       {&FunctionCall{Context: &Context{Scope: &Scope{Policies: []Policy{nil}}}}, "a policy that is nil"},
		"keys and values":  {NewMail("", "", &Table{Keys: []Value{1.0}}), "1 keys and 0 values"},
		"bad table inside": {&Event{Data: list(list(&Table{Vals: []Value{1.0}}))}, "0 keys and 1 values"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := EncodeWire(c.msg)
			if !IsKind(err, Invalid) || !strings.Contains(err.Error(), c.want) || m != nil {
				t.Fatalf("%v, %v", m, err)
			}
		})
	}
	if m, err := EncodeWire(NewMail("", "", map[string]any{"a": []int{1}}, (*Table)(nil), func() {})); err != nil {
		t.Errorf("Go data: %v, %v", m, err)
	}
	endless := &Error{Message: "again"}
	endless.Cause = endless
	if m, err := EncodeWire(endless); err != nil || len(m.(*wire.ErrorReply).Heap.Errors[0].Errors) != maxChain {
		t.Errorf("a chain without end: %v", err)
	}
	if n := len(endless.Error()); n != maxChain*len("again: ")-2 {
		t.Errorf("the text of a chain without end has %d bytes", n)
	}
}

func TestDecodeWireErrors(t *testing.T) {
	mail := func(v *wire.Value, heap *wire.Heap) proto.Message {
		return &wire.Mail{Values: []*wire.Value{v}, Heap: heap}
	}
	table := func(t *wire.Table) proto.Message { return mail(nil, &wire.Heap{Tables: []*wire.Table{t}}) }
	chain := func(links ...*wire.Error) proto.Message {
		return &wire.ErrorReply{Error: 1, Heap: &wire.Heap{Errors: []*wire.ErrorChain{{Errors: links}}}}
	}
	scope := &wire.FunctionCall{Context: &wire.Context{Scope: &wire.Scope{Policies: []string{"other:deny"}}}}
	number := &wire.Value{Kind: wire.Value_NUMBER}
	for name, c := range map[string]struct {
		m    proto.Message
		kind string
		want string
	}{
		"nil":             {nil, Invalid, "no message between nodes"},
		"other type":      {&wire.Heap{}, Invalid, "*wire.Heap is no message between nodes"},
		"kind":            {mail(&wire.Value{Kind: 99}, nil), Invalid, "a value of kind 99"},
		"table":           {mail(&wire.Value{Kind: wire.Value_TABLE, Ref: 1}, &wire.Heap{Tables: []*wire.Table{{}}}), Invalid, "table 1 of 1"},
		"error":           {mail(&wire.Value{Kind: wire.Value_ERROR, Ref: 1<<32 - 1}, nil), Invalid, "error 4294967295 of 0"},
		"payload":         {mail(&wire.Value{Kind: wire.Value_PAYLOAD}, nil), Invalid, "payload 0 of 0"},
		"meta":            {table(&wire.Table{Meta: 2}), Invalid, "table 1 of 1"},
		"values":          {table(&wire.Table{Keys: []*wire.Value{number}}), Invalid, "1 keys and 0 values"},
		"nil key":         {table(&wire.Table{Keys: []*wire.Value{nil}, Vals: []*wire.Value{number}}), Invalid, "nil as a key"},
		"no links":        {chain(), Invalid, "0 links"},
		"many links":      {chain(make([]*wire.Error, maxChain+1)...), Invalid, "1001 links"},
		"retry":           {chain(&wire.Error{Retry: 7}), Invalid, "retry 7"},
		"details":         {chain(&wire.Error{Details: 1}), Invalid, "table 0 of 0"},
		"no error":        {&wire.ErrorReply{}, Invalid, "without an error"},
		"reason":          {&wire.Terminate{Reason: 3}, Invalid, "error 2 of 0"},
		"mail's own heap": {&wire.Spawn{Mail: []*wire.Mail{{Values: []*wire.Value{{Kind: wire.Value_TABLE}}, Heap: &wire.Heap{Tables: []*wire.Table{{}}}}}}, Invalid, "table 0 of 0"},
		"policy":          {scope, NotFound, "the policy other:deny is not known on this node"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeWire(c.m, resolve)
			if !IsKind(err, c.kind) || !strings.Contains(err.Error(), c.want) || got != nil {
				t.Fatalf("%v, %v", got, err)
			}
		})
	}
	if _, err := DecodeWire(scope, nil); !IsKind(err, NotFound) {
		t.Errorf("without a resolver: %v", err)
	}
	if got, err := DecodeWire(&wire.Spawn{Context: &wire.Context{Scope: &wire.Scope{}}}, nil); err != nil || got.(*Spawn).Context.Scope == nil {
		t.Errorf("an empty scope: %v, %v", got, err)
	}
}

// TestEveryMessageThatSaysSoCrosses reads the source for the types that promise
// to cross nodes.
func TestEveryMessageThatSaysSoCrosses(t *testing.T) {
	var promised []string
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.TYPE {
				continue
			}
			for _, spec := range group.Specs {
				doc := group.Doc.Text() + spec.(*ast.TypeSpec).Doc.Text()
				if strings.Contains(strings.Join(strings.Fields(doc), " "), "It may cross nodes.") {
					promised = append(promised, spec.(*ast.TypeSpec).Name.Name)
				}
			}
		}
	}
	var crosses []string
	rapid.Check(t, func(t *rapid.T) {
		crosses = nil
		for _, msg := range crossing(newDrawer(t)) {
			if _, err := overTheWire(msg); err != nil {
				t.Fatalf("%T: %v", msg, err)
			}
			crosses = append(crosses, strings.TrimPrefix(fmt.Sprintf("%T", msg), "*messages."))
		}
	})
	crosses = slices.DeleteFunc(crosses, func(name string) bool { return name == "Error" }) // the answer to all of them
	slices.Sort(promised)
	slices.Sort(crosses)
	if !slices.Equal(promised, crosses) {
		t.Fatalf("the docs promise %v\nEncodeWire takes %v", promised, crosses)
	}
}

// decodable has one of each message of the wire.
func decodable() []proto.Message {
	return []proto.Message{
		&wire.Mail{}, &wire.Cancel{}, &wire.Terminate{}, &wire.Exit{}, &wire.Monitor{}, &wire.Link{}, &wire.Done{},
		&wire.Event{}, &wire.FunctionCall{}, &wire.FunctionResult{}, &wire.Spawn{}, &wire.Spawned{}, &wire.ErrorReply{},
	}
}

// FuzzDecodeWire sends any bytes as any message; what is taken has to survive
// being sent on.
func FuzzDecodeWire(f *testing.F) {
	loop := list(1.0, "x", true)
	loop.Set("self", loop)
	loop.Meta = object("e", Wrap(Errorf(NotFound, "no"), "read"), "p", &Payload{FormatJSON, "{}"})
	for i, msg := range []any{
		NewMail("a", "t", loop), &Cancel{"a", "b"}, &Terminate{"a", Errorf(Timeout, "slow")}, &Exit{From: "a", Result: loop},
		&Monitor{By: "a"}, &Link{By: "a"}, &Done{}, &Event{"s", "k", "p", loop},
		&FunctionCall{Function: "f", Args: []Value{loop}, Context: &Context{Scope: &Scope{[]Policy{namedPolicy("app:p")}}}, Options: &CallOptions{Retry: &RetryPolicy{}}},
		&FunctionResult{[]Value{loop}}, &Spawn{Mail: []*Mail{NewMail("a", "t", loop)}}, &Spawned{PID: "a"}, Errorf(Invalid, "x").WithDetails(map[string]any{"a": 1}),
	} {
		m, err := EncodeWire(msg)
		if err != nil {
			f.Fatal(err)
		}
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), data)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		all := decodable()
		m := all[int(which)%len(all)]
		if proto.Unmarshal(data, m) != nil {
			return
		}
		msg, err := DecodeWire(m, resolve)
		if err != nil {
			return
		}
		again, err := overTheWire(msg)
		if err != nil || !sameMessage(msg, again) {
			t.Fatalf("sent on: %v\n%#v\n%#v", err, msg, again)
		}
		if mail, ok := msg.(*Mail); ok {
			_ = mail.Size()
			for _, v := range mail.Values {
				_ = Native(v)
				_, _ = EncodeJSON(v)
			}
		}
	})
}

func BenchmarkWire(b *testing.B) {
	v, _, _ := benchData()
	for _, c := range []struct {
		name string
		mail *Mail
	}{{"small", NewMail("node/host/1", "ping", object("n", 1.0))}, {"large", NewMail("node/host/1", "data", v)}} {
		m, err := EncodeWire(c.mail)
		if err != nil {
			b.Fatal(err)
		}
		data, err := proto.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				m, err := EncodeWire(c.mail)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := proto.Marshal(m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				var m wire.Mail
				if err := proto.Unmarshal(data, &m); err != nil {
					b.Fatal(err)
				}
				if _, err := DecodeWire(&m, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What comes from another node is no reason to fail, whatever it is.
func FuzzItem(f *testing.F) {
	for _, body := range []any{NewMail("a", "t", 1.0, "x"), &Cancel{"a", "b"}, &Terminate{"a", Errorf(Timeout, "slow")}, &Exit{From: "a", Monitors: true}, &Monitor{"a", true}, &Link{"a", false}, &Done{}, &Claim{"\xff", "{n@h|0x1}", 1, true}, &Membership{"app:s", "\xff", "{n@h|0x1}", 2}, Errorf(NotFound, "x")} {
		b, err := EncodeItem(Item{To: "{n@app:h|0x00001}", Ask: 1, Body: body})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := DecodeItem(b)
		if err != nil {
			return
		}
		again, err := EncodeItem(i)
		if err != nil {
			t.Fatalf("%+v was read and cannot be written: %v", i, err)
		}
		if _, err := DecodeItem(again); err != nil {
			t.Fatalf("%+v was written and cannot be read: %v", i, err)
		}
	})
}
