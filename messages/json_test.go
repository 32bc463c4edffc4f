package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func list(items ...Value) *Table { return &Table{Array: items} }

func object(pairs ...Value) *Table {
	t := &Table{Object: true}
	for i := 0; i < len(pairs); i += 2 {
		t.Keys, t.Vals = append(t.Keys, pairs[i]), append(t.Vals, pairs[i+1])
	}
	return t
}

func nested(levels int) *Table {
	t := list()
	for range levels - 1 {
		t = list(t)
	}
	return t
}

func cycle() *Table {
	t := object("name", "x")
	t.Set("parts", list(1.0, t))
	return t
}

func TestEncodeJSON(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Value
		want string
	}{
		{"nil", nil, `null`},
		{"true", true, `true`},
		{"whole", 3.0, `3`},
		{"minus zero", math.Copysign(0, -1), `-0`},
		{"fraction", -1.5, `-1.5`},
		{"2^53", 1 << 53, `9007199254740992`},
		{"1e20", 1e20, `100000000000000000000`},
		{"1e21", 1e21, `1e+21`},
		{"small", 1e-7, `1e-07`},
		{"nan", math.NaN(), `null`},
		{"inf", math.Inf(-1), `null`},
		{"payload", &Payload{Format: FormatLua, Data: 1.0}, `null`},
		{"no table", (*Table)(nil), `null`},
		{"no error", (*Error)(nil), `null`},
		{"error", Wrap(Errorf(NotFound, "no row"), "read"), `"read: no row"`},
		{"go data", map[string]any{"b": []int{1, 2}, "a": nil}, `{"a":null,"b":[1,2]}`},
		{"text", "a\"b\\c\n\r\t\x00\x1f<&>é", `"a\"b\\c\n\r\t\u0000\u001f<&>é"`},
		{"bad utf-8", "a\xff\xfeb\xe2\x82", "\"a\ufffd\ufffdb\ufffd\ufffd\""},
		{"empty list", list(), `[]`},
		{"empty object", object(), `{}`},
		{"list", list(1.0, "a", list(), true), `[1,"a",[],true]`},
		{"nil at the end", list(1.0, nil, nil), `[1]`},
		{"object", object("b", 1.0, "a", nil, "", object("x", math.NaN())), `{"b":1,"a":null,"":{"x":null}}`},
		{"list in the keys", &Table{Array: list(1.0).Array, Keys: []Value{3.0, 2.0}, Vals: []Value{"c", "b"}}, `[1,"b","c"]`},
		{"128 levels", nested(128), strings.Repeat("[", 128) + strings.Repeat("]", 128)},
		{"shared", func() Value { s := object("x", 1.0); return list(s, s) }(), `[{"x":1},{"x":1}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := EncodeJSON(c.in)
			if err != nil || string(got) != c.want {
				t.Fatalf("got %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestEncodeJSONErrors(t *testing.T) {
	for name, c := range map[string]struct {
		in   Value
		want string
	}{
		"recursive":    {cycle(), "recursive table"},
		"deep":         {nested(129), "more than 128 levels"},
		"hole":         {list(1.0, nil, 3.0), "gaps in an array"},
		"far key":      {&Table{Keys: []Value{1.0, 3.0}, Vals: []Value{1.0, 3.0}}, "gaps in an array"},
		"zero":         {&Table{Keys: []Value{0.0}, Vals: []Value{1.0}}, "gaps in an array"},
		"half":         {&Table{Keys: []Value{1.5}, Vals: []Value{1.0}}, "gaps in an array"},
		"twice":        {&Table{Keys: []Value{1.0, 1.0}, Vals: []Value{1.0, 2.0}}, "gaps in an array"},
		"mixed":        {&Table{Array: []Value{1.0}, Keys: []Value{"a"}, Vals: []Value{1.0}}, "mixed string and number keys"},
		"mixed keys":   {object("a", 1.0, 7.0, 1.0), "mixed string and number keys"},
		"mixed keys 2": {object(7.0, 1.0, "a", 1.0), "mixed string and number keys"},
		"boolean key":  {object(true, 1.0), "a key of type boolean"},
		"table key":    {object("a", 1.0, list(), 1.0), "a key of type table"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := AppendJSON([]byte("before"), c.in)
			if !IsKind(err, Internal) || !strings.Contains(err.Error(), c.want) || string(got) != "before" {
				t.Fatalf("got %s, %v", got, err)
			}
		})
	}
}

// explosion describes 2^levels tables in a few.
func explosion(levels int) *Table {
	t := list("some text that is not quite short")
	for range levels {
		t = list(t, t)
	}
	return t
}

func TestEncodersRefuseWhatGrowsWithoutBound(t *testing.T) {
	wide := list()
	for range 300 {
		wide.Array = append(wide.Array, strings.Repeat("x", 1<<14))
	}
	for name, v := range map[string]Value{"explosion": explosion(100), "wide": wide} {
		limit := path{format: "any", limit: 1 << 20}
		_, nodes := (&yamlEncoder{path: path{limit: maxEncoded}, nodes: maxYAMLNodes - 200}).node(v)
		_, text := (&yamlEncoder{path: limit}).node(v)
		for _, err := range []error{(&jsonEncoder{path: limit}).value(v), newMsgpackEncoder(1 << 20).value(v), nodes, text} {
			if !IsKind(err, Internal) || !strings.Contains(err.Error(), "more than") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Value
	}{
		{`null`, nil},
		{" \t\r\n true ", true},
		{`false`, false},
		{`-0.5e2`, -50.0},
		{`123456789012345678`, 123456789012345678.0},
		{`0`, 0.0},
		{`""`, ""},
		{`"a\u00e9\n\/\ud83d\ude00\ud800x"`, "aé\n/😀\ufffdx"},
		{"\"\xff\xfe\"", "\ufffd\ufffd"},
		{"\"\\n\xff\"", "\n\ufffd"},
		{`[]`, list()},
		{`{}`, object()},
		{`[1,[2,{}],"x"]`, list(1.0, list(2.0, object()), "x")},
		{`[null,1,null]`, list(nil, 1.0)},
		{`{"a":1,"b":null,"c":[]}`, object("a", 1.0, "c", list())},
		{`{"a":1,"b":2,"a":3}`, object("a", 3.0, "b", 2.0)},
		{`{"a":1,"b":2,"a":null}`, object("b", 2.0)},
		{`{"a":null}`, object()},
		{`{"1":1}`, object("1", 1.0)},
	} {
		got, err := DecodeJSON([]byte(c.in))
		if err != nil || !sameValue(got, c.want) {
			t.Errorf("%s: got %#v, %v", c.in, got, err)
		}
	}
	if v, _ := DecodeJSON([]byte("-0")); math.Signbit(v.(float64)) != true {
		t.Error("the sign of -0 is lost")
	}
}

func TestDecodeJSONErrors(t *testing.T) {
	if _, err := DecodeJSON(nil); !IsKind(err, Invalid) || err.Error() != "empty string is not valid JSON" {
		t.Errorf("empty: %v", err)
	}
	for in, want := range map[string]string{
		" ":                         "line 1 column 2: the text ends, expected a value",
		"[1,\n 2,]":                 `line 2 column 4: unexpected ']', expected a value`,
		"{\"a\" 1}":                 `unexpected '1', expected ':'`,
		"{a:1}":                     "expected a key in quotes",
		"{\"a\":1":                  "the text ends, expected ',' or '}'",
		"[1 2]":                     `unexpected '2', expected ',' or ']'`,
		"1 2":                       "expected the end",
		"01":                        "leading zeros",
		"-":                         "expected a number",
		"1.":                        "expected a digit",
		"1e+":                       "expected a digit",
		"1e999":                     "out of range",
		"\"a":                       "the text ends inside a string",
		"\"a\\":                     "the text ends inside a string",
		"\"a\\n":                    "the text ends inside a string",
		`"\x"`:                      `unknown escape`,
		`"\u12g4"`:                  "four hexadecimal digits",
		"\"a\nb\"":                  "control character 0x0a",
		"\"\\n\x00\"":               "control character 0x00",
		"nul":                       "unexpected 'n'",
		strings.Repeat("[", 100000): "more than 1000 levels",
	} {
		_, err := DecodeJSON([]byte(in))
		var e *Error
		if !errors.As(err, &e) || e.Kind != Internal || e.Message != "decode failed" || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", in, err)
		}
	}
}

func TestDecodeJSONManyKeys(t *testing.T) {
	var in strings.Builder
	in.WriteString(`{"first":0`)
	for i := range 3 * fewKeys {
		in.WriteString(`,"k` + Text(float64(i)) + `":` + Text(float64(i)))
	}
	in.WriteString(`,"k5":null,"first":1}`)
	v, err := DecodeJSON([]byte(in.String()))
	if err != nil {
		t.Fatal(err)
	}
	got := v.(*Table)
	if len(got.Keys) != 3*fewKeys || got.Get("first") != 1.0 || got.Get("k5") != nil || got.Get("k6") != 6.0 {
		t.Fatalf("%v %v", got.Keys, got.Vals)
	}
}

// FuzzDecodeJSON compares with encoding/json, and reads what it writes.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,null,"x\u00e9\ud83d\ude00"],"b":{}}`, `[[],{}]`, "\"\xff\"", `-1e-7`, `{"a":1,"a":null}`, `"\ud800"`, ` 0`, `-0`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := DecodeJSON(in)
		var want any
		wantErr := json.Unmarshal(in, &want)
		if (err == nil) != (wantErr == nil) {
			if err != nil && strings.Contains(err.Error(), "levels") {
				return
			}
			t.Fatalf("got %v, encoding/json %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if !reflect.DeepEqual(plain(got), noNulls(want)) {
			t.Fatalf("got %#v\nwant %#v", plain(got), noNulls(want))
		}
		out, err := EncodeJSON(got)
		if err != nil {
			return // an array with null inside, or very deep
		}
		again, err := DecodeJSON(out)
		if err != nil || !json.Valid(out) || !sameValue(got, again) {
			t.Fatalf("%s read again: %v", out, err)
		}
	})
}

// plain is what encoding/json makes of the same data.
func plain(v Value) any {
	t, ok := v.(*Table)
	if !ok {
		return v
	}
	if !t.Object {
		out := []any{}
		for _, item := range t.Array {
			out = append(out, plain(item))
		}
		return out
	}
	out := map[string]any{}
	for i, k := range t.Keys {
		out[k.(string)] = plain(t.Vals[i])
	}
	return out
}

func noNulls(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = noNulls(v[i])
		}
		for len(v) > 0 && v[len(v)-1] == nil {
			v = v[:len(v)-1]
		}
		return v
	case map[string]any:
		for k, item := range v {
			if item == nil {
				delete(v, k)
			} else {
				v[k] = noNulls(item)
			}
		}
	}
	return v
}

func benchData() (Value, any, []byte) {
	rows := make([]any, 200)
	for i := range rows {
		rows[i] = map[string]any{
			"id": float64(i), "name": "customer number " + Text(float64(i)), "active": i%2 == 0,
			"score": float64(i) * 1.37, "tags": []any{"a", "bb", "ccc"}, "address": map[string]any{"city": "Zürich", "zip": "8001"},
		}
	}
	data := map[string]any{"rows": rows, "total": 200.0}
	text, _ := json.Marshal(data)
	return ValueOf(data), data, text
}

func BenchmarkEncodeJSON(b *testing.B) {
	v, data, text := benchData()
	b.Run("troupe", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := EncodeJSON(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeJSON(b *testing.B) {
	_, _, text := benchData()
	b.Run("troupe", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeJSON(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.NewDecoder(bytes.NewReader(text)).Decode(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
