package messages

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

var allFormats = []string{FormatLua, FormatGo, FormatError, FormatJSON, FormatYAML, FormatString, FormatBytes, FormatMsgpack}

func TestTranscode(t *testing.T) {
	table := object("a", list(1.0, "x"))
	failed := Wrap(Errorf(NotFound, "no row"), "read")
	for _, c := range []struct {
		name string
		in   *Payload
		to   string
		want Value
	}{
		{"lua to json", &Payload{FormatLua, table}, FormatJSON, `{"a":[1,"x"]}`},
		{"lua to yaml", &Payload{FormatLua, table}, FormatYAML, "a:\n  - 1\n  - x\n"},
		{"lua to msgpack", &Payload{FormatLua, table}, FormatMsgpack, "\x81\xa1a\x92\x01\xa1x"},
		{"lua to golang", &Payload{FormatLua, table}, FormatGo, table},
		{"table to string", &Payload{FormatLua, table}, FormatString, `{"a":[1,"x"]}`},
		{"number to string", &Payload{FormatLua, 3.0}, FormatString, "3"},
		{"boolean to bytes", &Payload{FormatLua, true}, FormatBytes, "true"},
		{"error to string", &Payload{FormatLua, failed}, FormatString, "read: no row"},
		{"lua to error", &Payload{FormatLua, failed}, FormatError, failed},
		{"golang to lua", &Payload{FormatGo, map[string]any{"a": []any{1, "x"}}}, FormatLua, table},
		{"golang to json", &Payload{FormatGo, map[string]any{"a": []any{1, "x"}}}, FormatJSON, `{"a":[1,"x"]}`},
		{"json to lua", &Payload{FormatJSON, `{"a":[1,"x"]}`}, FormatLua, table},
		{"json bytes to lua", &Payload{FormatJSON, []byte(`{"a":[1,"x"]}`)}, FormatLua, table},
		{"json to yaml", &Payload{FormatJSON, `{"a":[1,"x"]}`}, FormatYAML, "a:\n  - 1\n  - x\n"},
		{"json to string", &Payload{FormatJSON, ` {}`}, FormatString, ` {}`},
		{"yaml to json", &Payload{FormatYAML, "a: [1, x]"}, FormatJSON, `{"a":[1,"x"]}`},
		{"msgpack to bytes", &Payload{FormatMsgpack, "\x01"}, FormatBytes, "\x01"},
		{"msgpack to string", &Payload{FormatMsgpack, "\x01"}, FormatString, "1"},
		{"string to json", &Payload{FormatString, "a"}, FormatJSON, `"a"`},
		{"string to error", &Payload{FormatString, "bad"}, FormatError, Errorf(Unknown, "bad")},
		{"bytes to string", &Payload{FormatBytes, "\xff"}, FormatString, "\xff"},
		{"error to lua", &Payload{FormatError, failed}, FormatLua, failed},
		{"error to json", &Payload{FormatError, failed}, FormatJSON, `"read: no row"`},
		{"go error", &Payload{FormatError, errors.New("plain")}, FormatString, "plain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Transcode(c.in, c.to)
			if err != nil || got.Format != c.to {
				t.Fatalf("%+v, %v", got, err)
			}
			if !sameValue(got.Data, c.want) {
				t.Fatalf("got %#v, want %#v", got.Data, c.want)
			}
		})
	}
}

func TestTranscodeBetweenAllFormats(t *testing.T) {
	for _, from := range allFormats {
		start, err := Transcode(&Payload{FormatLua, "true"}, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range allFormats {
			got, err := Transcode(start, to)
			if err != nil || got.Format != to {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if from == to && got != start {
				t.Errorf("%s was copied", from)
			}
		}
	}
}

func TestTranscodeErrors(t *testing.T) {
	for name, c := range map[string]struct {
		in   *Payload
		to   string
		want string
	}{
		"nil":            {nil, FormatJSON, "there is no payload"},
		"unknown format": {&Payload{FormatLua, 1.0}, "application/xml", `no conversion from "lua/any" to "application/xml"; the formats are lua/any, json/plain`},
		"bad json":       {&Payload{FormatJSON, "{"}, FormatLua, "decode failed: json line 1 column 2"},
		"not text":       {&Payload{FormatJSON, 1.0}, FormatLua, "the data is of type number"},
		"no error":       {&Payload{FormatLua, 1.0}, FormatError, "an error is made of"},
		"nil error":      {&Payload{FormatError, (*Error)(nil)}, FormatLua, "an error is made of"},
		"recursive":      {&Payload{FormatLua, cycle()}, FormatJSON, "recursive table"},
		"payload":        {&Payload{FormatLua, &Payload{}}, FormatString, "transcode the inner one"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Transcode(c.in, c.to)
			var e *Error
			if !errors.As(err, &e) || e.Kind != Internal || e.Message != "transcode failed" || !strings.Contains(err.Error(), c.want) {
				t.Fatal(err)
			}
		})
	}
}

func TestDecodePayload(t *testing.T) {
	inner := &Payload{FormatJSON, `[1]`}
	for _, p := range []*Payload{inner, {FormatLua, inner}, {FormatGo, []any{1}}, {FormatYAML, "- 1"}, {FormatMsgpack, "\x91\x01"}} {
		if got, err := Decode(p); err != nil || !sameValue(got, list(1.0)) {
			t.Errorf("%s: %#v, %v", p.Format, got, err)
		}
	}
	loop := &Payload{Format: FormatLua}
	loop.Data = loop
	if _, err := Decode(loop); !IsKind(err, Internal) {
		t.Errorf("a payload in itself: %v", err)
	}
	if _, err := Decode(nil); !IsKind(err, Internal) {
		t.Errorf("nil: %v", err)
	}
}

func TestRegister(t *testing.T) {
	tr := NewTranscoder()
	upper := func(v Value) (Value, error) { return strings.ToUpper(v.(string)), nil }
	for _, err := range []error{
		tr.Register("", FormatLua, upper), tr.Register(FormatLua, "", upper),
		tr.Register(FormatLua, FormatLua, upper), tr.Register("x", FormatLua, nil),
	} {
		if !IsKind(err, Invalid) {
			t.Error(err)
		}
	}
	if err := tr.Register("upper", FormatString, upper); err != nil {
		t.Fatal(err)
	}
	got, err := tr.Transcode(&Payload{"upper", "a"}, FormatJSON)
	if err != nil || got.Data != `"A"` {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := tr.Transcode(&Payload{FormatLua, "a"}, "upper"); !IsKind(err, Internal) {
		t.Errorf("there is no way to it: %v", err)
	}
	if _, err := Transcode(&Payload{"upper", "a"}, FormatJSON); !IsKind(err, Internal) {
		t.Errorf("another transcoder knows it: %v", err)
	}
	if _, err := NewTranscoder().Decode(&Payload{"upper", "a"}); !IsKind(err, Internal) {
		t.Errorf("a new transcoder knows it: %v", err)
	}
	// A shorter way wins over a longer one, a later conversion over an earlier one.
	for _, text := range []string{"direct", "later"} {
		if err := tr.Register("upper", FormatJSON, func(Value) (Value, error) { return text, nil }); err != nil {
			t.Fatal(err)
		}
		if got, err := tr.Transcode(&Payload{"upper", "a"}, FormatJSON); err != nil || got.Data != text {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestRegisterWhileInUse(t *testing.T) {
	tr := NewTranscoder()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := tr.Register("f"+Text(float64(i)), FormatLua, same); err != nil {
				t.Error(err)
			}
			if _, err := tr.Transcode(&Payload{FormatJSON, "1"}, FormatYAML); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 4 {
		if _, err := tr.Decode(&Payload{"f" + Text(float64(i)), 1.0}); err != nil {
			t.Error(err)
		}
	}
}
