package messages

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// kept are values that only EncodeStored keeps whole.
var kept = []Value{
	Errorf(NotFound, "no row"),
	Wrap(Because(Internal, "b\xff", &Error{Kind: Conflict, Message: "c", Retry: RetryYes, Stack: []Frame{{"app:f", 3, "run"}, {"", -1, ""}}}), "a"),
	Errorf(Invalid, "x").WithDetails(map[string]any{"n": 1, "list": []any{"a"}}),
	&Payload{Format: FormatJSON, Data: "{}"},
	&Payload{Format: FormatLua},
	&Payload{Format: FormatError, Data: Errorf(Timeout, "late")},
	&Table{Array: []Value{Errorf(Unknown, "e"), &Payload{Format: "f", Data: list(1.0)}}, Keys: []Value{"k"}, Vals: []Value{true}, Object: true, Meta: object("__index", object())},
	&Table{Meta: &Table{Meta: object("x", 1.0), Object: true}},
}

func TestStored(t *testing.T) {
	check := func(v Value) (string, bool) {
		data, err := EncodeStored(v)
		if err != nil {
			return err.Error(), false
		}
		back, err := DecodeMsgpack(data)
		if err != nil {
			return err.Error(), false
		}
		return string(data), sameValue(back, v)
	}
	for _, v := range kept {
		if got, ok := check(v); !ok {
			t.Errorf("%#v: %q", v, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := treeOf(bytesText).Draw(t, "value")
		if got, ok := check(v); !ok {
			t.Fatalf("%#v: %q", v, got)
		}
		plain, err := EncodeMsgpack(v)
		if stored, _ := EncodeStored(v); err != nil || string(plain) != string(stored) {
			t.Fatalf("what MessagePack has is written in another way: %q, %q", plain, stored)
		}
	})
}

// Whatever refers to whatever: it is refused, or it comes back and stays the same.
func TestStoredGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, err := EncodeStored(newDrawer(t).value())
		if err != nil {
			return
		}
		back, err := DecodeMsgpack(first)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := EncodeStored(back); err != nil || len(again) > len(first) {
			t.Fatalf("%q, then %q: %v", first, again, err)
		}
	})
}

func TestStoredRefused(t *testing.T) {
	loop := &Payload{Format: FormatLua}
	loop.Data = loop
	failed := &Error{Message: "x", Details: &Table{}}
	failed.Details.Set("self", failed)
	meta := object()
	meta.Meta = meta
	for name, v := range map[string]Value{"payload": loop, "error": failed, "meta": meta, "list": cycle()} {
		if _, err := EncodeStored(v); !IsKind(err, Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for in, want := range map[string]string{
		"\xd4E\x01":              "extension type 69 is not as a store writes it",
		"\xd4E\x90":              "extension type 69 is not as a store writes it",
		"\xd5E\x91\x90":          "extension type 69 is not as a store writes it",
		"\xc7\x03P\x92\x01\x01":  "extension type 80 is not as a store writes it",
		"\xc7\x02P\x92\xa1a\xc0": "extension type 80 is not as a store writes it",
		"\xc7\x03M\x92\x90\xc0":  "extension type 77 is not as a store writes it",
		"\xc7\x09P\x92":          "an extension of 9 bytes, but 1 are left",
		strings.Repeat("\xc9\x00\x00\x00\x01P", 2000): "more than 1000 levels",
	} {
		if v, err := DecodeMsgpack([]byte(in)); !IsKind(err, Internal) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, %v", in, v, err)
		}
	}
}
