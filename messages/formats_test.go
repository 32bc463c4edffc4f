package messages

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFormatsRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name   string
		text   *rapid.Generator[string]
		encode func(Value) ([]byte, error)
		decode func([]byte) (Value, error)
	}{
		{"json", utf8Text, EncodeJSON, DecodeJSON},
		{"yaml", bytesText, EncodeYAML, DecodeYAML},
		{"msgpack", bytesText, EncodeMsgpack, DecodeMsgpack},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := treeOf(c.text).Draw(t, "value")
				data, err := c.encode(v)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.decode(data)
				if err != nil || !sameValue(v, got) {
					t.Fatalf("%q: %v, got %#v", data, err, got)
				}
			})
		})
	}
}

func TestEncodeYAML(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Value
		want string
	}{
		{"object", object("name", "x", "n", 3.0, "list", list("a", 1.5), "no", list(), "nothing", object()), "name: x\n\"n\": 3\nlist:\n  - a\n  - 1.5\n\"no\": []\nnothing: {}\n"},
		{"texts", list("yes", "1", "null", "a: b", "", "12:30"), "- \"yes\"\n- \"1\"\n- \"null\"\n- 'a: b'\n- \"\"\n- \"12:30\"\n"},
		{"lines", object("text", "one\n  two\n"), "text: |\n  one\n    two\n"},
		{"bytes", "\xff\x00", "!!binary /wA=\n"},
		{"numbers", list(1e20, math.Inf(1), -0.25, nil), "- 1e+20\n- .inf\n- -0.25\n"},
		{"number keys", &Table{Array: []Value{"a"}, Keys: []Value{"k", 7.0, true}, Vals: []Value{1.0, 2.0, 3.0}}, "1: a\nk: 1\n7: 2\ntrue: 3\n"},
		{"error", Errorf(Invalid, "bad"), "bad\n"},
		{"nil", nil, "null\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := EncodeYAML(c.in)
			if err != nil || string(got) != c.want {
				t.Fatalf("got %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

func TestDecodeYAML(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Value
	}{
		{"# nothing\n", nil},
		{"a: 1\nb: ~\nc: [1, null, x]\nd: {}\n", object("a", 1.0, "c", list(1.0, nil, "x"), "d", object())},
		{"1: a\n2: b\nk: c\n4: d\n", &Table{Array: []Value{"a", "b"}, Keys: []Value{"k", 4.0}, Vals: []Value{"c", "d"}, Object: true}},
		{"1: a\n2: b\n", list("a", "b")},
		{"0x1f", 31.0},
		{"18446744073709551615", 18446744073709551615.0},
		{"2020-01-02", "2020-01-02"},
		{"!!binary /wA=", "\xff\x00"},
		{"base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3, z: 4}\n", object("base", object("x", 1.0, "y", 2.0), "more", object("x", 1.0, "y", 3.0, "z", 4.0))},
		{"<<: [{x: 1}, {x: 2, y: 2}]\n", object("x", 1.0, "y", 2.0)},
		{"a: 1\n---\nb: 2\n", object("a", 1.0)},
	} {
		got, err := DecodeYAML([]byte(c.in))
		if err != nil || !sameOrdered(got, c.want) {
			t.Errorf("%q: got %#v, %v", c.in, got, err)
		}
	}
	v, err := DecodeYAML([]byte("- &x [1]\n- *x\n"))
	if err != nil || v.(*Table).Array[0] != v.(*Table).Array[1] {
		t.Errorf("an alias is not the table of its anchor: %v", err)
	}
}

// sameOrdered compares objects by key, not by place.
func sameOrdered(a, b Value) bool {
	x, ok := a.(*Table)
	y, ok2 := b.(*Table)
	if !ok || !ok2 {
		return sameValue(a, b)
	}
	if len(x.Array) != len(y.Array) || len(x.Keys) != len(y.Keys) || x.Object != y.Object {
		return false
	}
	for i := range x.Array {
		if !sameOrdered(x.Array[i], y.Array[i]) {
			return false
		}
	}
	for i, k := range x.Keys {
		found := false
		for j := range y.Keys {
			found = found || y.Keys[j] == k && sameOrdered(x.Vals[i], y.Vals[j])
		}
		if !found {
			return false
		}
	}
	return true
}

func TestDecodeErrors(t *testing.T) {
	// Every level doubles what it merges.
	merges := "a0: &a0 {x: 1}\n"
	for i := 1; i < 2000; i++ {
		merges += "a" + Text(float64(i)) + ": &a" + Text(float64(i)) + " {<<: *a" + Text(float64(i-1)) + ", k" + Text(float64(i)) + ": 1}\n"
	}
	for name, c := range map[string]struct {
		decode func([]byte) (Value, error)
		in     string
		kind   string
		want   string
	}{
		"yaml empty":           {DecodeYAML, "", Invalid, "empty string is not valid YAML"},
		"yaml syntax":          {DecodeYAML, "a: [", Internal, "decode failed"},
		"yaml alias":           {DecodeYAML, "*x", Internal, "unknown anchor"},
		"yaml cycle":           {DecodeYAML, "&a [*a]", Internal, "contains itself"},
		"yaml key":             {DecodeYAML, "? [1]\n: 2", Internal, "a key must be"},
		"yaml null key":        {DecodeYAML, "~: 2", Internal, "a key must be"},
		"yaml nan key":         {DecodeYAML, ".nan: 2", Internal, "a key must be"},
		"yaml deep":            {DecodeYAML, strings.Repeat("[", 5000) + strings.Repeat("]", 5000), Internal, "more than 1000 levels"},
		"yaml merge":           {DecodeYAML, "<<: 1", Internal, "needs a mapping"},
		"yaml merges":          {DecodeYAML, merges, Internal, "adds up to more"},
		"yaml binary":          {DecodeYAML, "!!binary '%%'", Internal, "base64"},
		"yaml int":             {DecodeYAML, "!!int x", Internal, "line 1"},
		"msgpack empty":        {DecodeMsgpack, "", Invalid, "empty string is not valid MessagePack"},
		"msgpack array length": {DecodeMsgpack, "\xdd\xff\xff\xff\xff", Internal, "elements, but 0 bytes"},
		"msgpack map length":   {DecodeMsgpack, "\x82\x01\x02", Internal, "2 elements, but 2 bytes"},
		"msgpack text length":  {DecodeMsgpack, "\xdb\xff\xff\xff\xff1", Internal, "but 1 are left"},
		"msgpack rest":         {DecodeMsgpack, "\x01\x02", Internal, "1 bytes behind"},
		"msgpack key":          {DecodeMsgpack, "\x81\x90\x01", Internal, "a key must be"},
		"msgpack extension":    {DecodeMsgpack, "\xd4\x05\x01", Internal, "extension type 5"},
		"msgpack code":         {DecodeMsgpack, "\xc1", Internal, "unknown code 0xc1"},
		"msgpack short":        {DecodeMsgpack, "\xcb\x01", Internal, "decode failed"},
		"msgpack short array":  {DecodeMsgpack, "\x93\x01\xcd\x01", Internal, "decode failed"},
		"msgpack deep":         {DecodeMsgpack, strings.Repeat("\x91", 1<<20), Internal, "more than 1000 levels"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.decode([]byte(c.in))
			var e *Error
			if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestMsgpack(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Value
		want string
	}{
		{"nil", nil, "\xc0"},
		{"small", 5.0, "\x05"},
		{"negative", -1.0, "\xff"},
		{"2^53", 9007199254740992.0, "\xcf\x00\x20\x00\x00\x00\x00\x00\x00"},
		{"fraction", 1.5, "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"},
		{"text", "é", "\xa2é"},
		{"bytes", "\xff", "\xc4\x01\xff"},
		{"list", list(1.0, true), "\x92\x01\xc3"},
		{"empty", list(), "\x90"},
		{"empty object", object(), "\x80"},
		{"object", object("a", false), "\x81\xa1a\xc2"},
		{"mixed", &Table{Array: []Value{"x"}, Keys: []Value{"k"}, Vals: []Value{2.0}, Object: true}, "\x82\x01\xa1x\xa1k\x02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := EncodeMsgpack(c.in)
			if err != nil || string(got) != c.want {
				t.Fatalf("got %q, %v", got, err)
			}
			back, err := DecodeMsgpack(got)
			if err != nil || !sameValue(back, c.in) {
				t.Fatalf("back: %#v, %v", back, err)
			}
		})
	}
	for in, want := range map[string]string{
		"\xd6\xff\x00\x00\x00\x01":                                          "1970-01-01T00:00:01Z",
		"\xd7\xff\x00\x00\x00\x04\x00\x00\x00\x01":                          "1970-01-01T00:00:01.000000001Z",
		"\xc7\x0c\xff\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x01": "1970-01-01T00:00:01.000000001Z",
	} {
		if got, err := DecodeMsgpack([]byte(in)); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func TestEncodersRefuseBadShapes(t *testing.T) {
	for name, encode := range map[string]func(Value) ([]byte, error){"yaml": EncodeYAML, "msgpack": EncodeMsgpack} {
		for want, v := range map[string]Value{
			"recursive table": cycle(), "more than 128 levels": nested(129), "a key of type table": object(list(), 1.0),
		} {
			if _, err := encode(v); !IsKind(err, Internal) || !strings.Contains(err.Error(), "encode "+name+": "+want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func FuzzDecodeYAML(f *testing.F) {
	for _, s := range []string{"a: 1\nb: [x, ~]\n", "&a [*a]", "base: &b {x: 1}\nc: {<<: *b}", "!!binary aGk=", "? x\n: y", "|\n a\n  b\n", "1: a", "- .nan", "'\\x'", "\"\\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) { decodeTwice(t, in, DecodeYAML, EncodeYAML) })
}

func FuzzDecodeMsgpack(f *testing.F) {
	for _, s := range []string{"\x93\x01\xc0\xa1x", "\x81\xa1a\x90", "\xdd\xff\xff\xff\xff", "\xd6\xff\x00\x00\x00\x01", "\x82\x01\x02\xa1a\x03", "\xc4\x01\xff"} {
		f.Add([]byte(s))
	}
	for _, v := range kept {
		data, err := EncodeStored(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		decodeTwice(t, in, DecodeMsgpack, EncodeStored)
	})
}

// decodeTwice checks that what was decoded and can be encoded is read back as
// the same.
func decodeTwice(t *testing.T, in []byte, decode func([]byte) (Value, error), encode func(Value) ([]byte, error)) {
	t.Helper()
	v, err := decode(in)
	if err != nil {
		return
	}
	first, err := encode(v)
	if err != nil {
		return
	}
	again, err := decode(first)
	if err != nil {
		t.Fatalf("%q: %v", first, err)
	}
	second, err := encode(again)
	if err != nil || string(first) != string(second) {
		t.Fatalf("%q, then %q: %v", first, second, err)
	}
}
