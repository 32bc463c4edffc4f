package messages

import (
	"math"
	"reflect"
	"testing"
	"time"
)

func TestNative(t *testing.T) {
	failed := Errorf(Invalid, "bad")
	for _, c := range []struct {
		name string
		in   Value
		want any
	}{
		{"whole", 3.0, int64(3)},
		{"fraction", 1.5, 1.5},
		{"list", list(1.0, nil, "x"), []any{int64(1), nil, "x"}},
		{"empty list", list(), []any{}},
		{"empty object", object(), map[string]any{}},
		{"object", object("a", 1.0, 2.0, true), map[string]any{"a": int64(1), "2": true}},
		{"mixed", &Table{Array: []Value{"x"}, Keys: []Value{"a"}, Vals: []Value{1.0}}, map[string]any{"1": "x", "a": int64(1)}},
		{"error", failed, failed},
		{"payload", list(&Payload{FormatJSON, "[]"}), []any{"[]"}},
		{"no table", list((*Table)(nil), (*Payload)(nil)), []any{nil, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Native(c.in); !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %#v", got)
			}
		})
	}
}

// The time limit of the test is what fails it: the ways through these tables are
// more than could be followed.
func TestSharedPartsAreVisitedOnce(t *testing.T) {
	v := explosion(120)
	twice := list()
	twice.Array = []Value{twice, twice}
	if Native(v) == nil || Native(twice) == nil {
		t.Error("nothing left")
	}
	if n := NewMail("", "", v, twice).Size(); n < 120*128 || n > 1<<20 {
		t.Errorf("size %d", n)
	}
	loop := &Payload{}
	loop.Data = list(loop)
	if Native(loop) == nil {
		t.Error("nothing left of the payload")
	}
	if n := NewMail("", "", loop).Size(); n > 1<<20 {
		t.Errorf("size %d", n)
	}
}

func TestTableGet(t *testing.T) {
	if (*Table)(nil).Get("a") != nil || (*Table)(nil).Len() != 0 {
		t.Error("a nil table has contents")
	}
	if got := object("a", 1.0, "a", 2.0).Get("a"); got != 2.0 {
		t.Errorf("of equal keys %v", got)
	}
}

func TestOptionsFrom(t *testing.T) {
	if o, err := OptionsFrom(nil); o != nil || err != nil {
		t.Errorf("nil: %v, %v", o, err)
	}
	o, err := OptionsFrom(object("timeout", 1500.0, "retry", object("max_attempts", 3.0, "max_delay", "2s", "skip_kinds", list(Invalid))))
	if err != nil || o.Timeout != 1500*time.Millisecond || o.Retry.MaxAttempts != 3 || o.Retry.Max != 2*time.Second || o.Retry.Skip[0] != Invalid {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []Value{-1.0, math.NaN(), 1e300, "soon", true} {
		if _, err := OptionsFrom(object("timeout", bad)); !IsKind(err, Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	o, err = OptionsFrom(object("retry", object("max_attempts", "3", "backoff_factor", 1.5, "retry_kinds", Conflict)))
	if err != nil || o.Retry.MaxAttempts != 3 || o.Retry.Factor != 1.5 || len(o.Retry.Kinds) != 1 || o.Retry.Kinds[0] != Conflict {
		t.Errorf("texts: %+v, %v", o, err)
	}
	for _, bad := range []*Table{
		object("network", 5.0), object("retry", 5.0),
		object("retry", object("max_attempts", true)), object("retry", object("backoff_factor", "x")),
		object("retry", object("jitter", list(1.0))), object("retry", object("retry_kinds", 5.0)),
		object("retry", object("skip_kinds", list(5.0))),
	} {
		if _, err := OptionsFrom(bad); !IsKind(err, Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
