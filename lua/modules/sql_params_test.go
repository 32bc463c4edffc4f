package modules

import (
	"math"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

func TestDriverValue(t *testing.T) {
	for _, c := range []struct {
		in, want any
		ok       bool
	}{
		{nil, nil, true},
		{true, true, true},
		{"a\x00", "a\x00", true},
		{3.0, int64(3), true},
		{-1e18, int64(-1e18), true},
		{0.5, 0.5, true},
		{math.Exp2(63), math.Exp2(63), true},
		{-math.Exp2(63), int64(math.MinInt64), true},
		{math.Inf(1), math.Inf(1), true},
		{&sqlValue{int64(7)}, int64(7), true},
		{&sqlValue{}, nil, true},
		{&messages.Table{}, nil, false},
		{struct{}{}, nil, false},
	} {
		if got, ok := driverValue(c.in); got != c.want || ok != c.ok {
			t.Errorf("driverValue(%v) = %v, %v; want %v, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}
