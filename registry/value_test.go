package registry

import (
	"math"
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	type word string
	seven := uint8(7)
	got, err := Normalize(map[any]any{
		"ints": []int{1, 2}, word("w"): word("x"), "u": uint64(math.MaxUint64), "f": float32(0.5), "b": []byte("hi"),
		"arr": [2]bool{true, false}, "ptr": &seven, "nil": (*int)(nil), "m": map[string]string{"a": "b"}, "i8": int8(-1),
	})
	want := map[string]any{
		"ints": []any{int64(1), int64(2)}, "w": "x", "u": float64(math.MaxUint64), "f": 0.5, "b": "hi",
		"arr": []any{true, false}, "ptr": int64(7), "nil": nil, "m": map[string]any{"a": "b"}, "i8": int64(-1),
	}
	if err != nil || !equalValues(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	loop := []any{nil}
	loop[0] = loop
	for name, c := range map[string]struct {
		v    any
		want string
	}{
		"a list in itself": {loop, "nested deeper"},
		"a function":       {func() {}, "a value of type func()"},
		"number as key":    {map[int]int{1: 1}, "map key 1 is not a string"},
		"in a map":         {map[string]any{"x": []any{struct{}{}}}, "a value of type struct {}"},
	} {
		if _, err := Normalize(c.v); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCloneAndEqual(t *testing.T) {
	e := Entry{ID: id("a:b"), Kind: "k", Meta: map[string]any{"x": []any{"y"}}, Data: map[string]any{"nan": math.NaN(), "l": []any{map[string]any{"z": int64(1)}}}}
	c := e.Clone()
	if !e.Equal(c) {
		t.Error("a clone differs")
	}
	c.Data.(map[string]any)["l"].([]any)[0].(map[string]any)["z"] = int64(2)
	if e.Equal(c) {
		t.Error("writing into a clone changed the entry, or Equal does not look deep enough")
	}
	if (Entry{Data: int64(1)}).Equal(Entry{Data: 1.0}) {
		t.Error("an integer equals a float")
	}
	if !(Entry{Meta: map[string]any{}}).Equal(Entry{}) {
		t.Error("empty metadata differ from none")
	}
}

func TestProblems(t *testing.T) {
	ps := Problems{
		{Pos: Pos{"b.yaml", 1, 1}, Text: "third"},
		{Pos: Pos{"a.yaml", 12, 5}, Severity: Warning, Entry: id("app:worker"), Text: `unknown field "modlues"`, Hint: `did you mean "modules"?`},
		{Pos: Pos{"a.yaml", 2, 0}, Text: "first"},
	}
	ps.Sort()
	want := "a.yaml:2: first\nwarning: a.yaml:12:5: app:worker: unknown field \"modlues\"; did you mean \"modules\"?\nb.yaml:1:1: third"
	if got := ps.Error(); got != want {
		t.Errorf("got %s", got)
	}
	if len(ps.Errors()) != 2 || len(ps.Warnings()) != 1 || ps.Warnings().Err() != nil || ps.Warnings().Strict().Err() == nil {
		t.Error("errors and warnings are mixed up")
	}
}

func TestParseID(t *testing.T) {
	for _, good := range []string{"app:x", "app.users:list", ":registry"} {
		if v, err := ParseID(good); err != nil || v.String() != good {
			t.Errorf("%s: %v %v", good, v, err)
		}
	}
	for _, bad := range []string{"", "x", "app:", ":", "a:b:c"} {
		if v, err := ParseID(bad); err == nil {
			t.Errorf("%q gave %v", bad, v)
		}
	}
	if v, err := ResolveID("x", "app"); err != nil || v != id("app:x") {
		t.Errorf("%v %v", v, err)
	}
}
