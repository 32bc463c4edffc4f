package messages_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/troupe-go/troupe/messages"
)

func TestBrief(t *testing.T) {
	loop := &messages.Table{}
	loop.Array = []messages.Value{loop}
	for _, c := range []struct {
		values []messages.Value
		want   string
	}{
		{nil, ""},
		{[]messages.Value{nil, true, 1.5, 3.0, "a\nb"}, `nil, true, 1.5, 3, "a\nb"`},
		{[]messages.Value{&messages.Table{Array: []messages.Value{1.0, "x"}, Keys: []messages.Value{"k", 7.0}, Vals: []messages.Value{&messages.Table{}, false}}}, `{1, "x", k = {}, [7] = false}`},
		{[]messages.Value{messages.Errorf(messages.NotFound, "gone"), []byte("abc")}, "gone, <3 bytes>"},
		{[]messages.Value{&messages.Payload{Data: "in"}}, `"in"`},
		{[]messages.Value{&messages.Table{Keys: []messages.Value{"\x1b[2J"}, Vals: []messages.Value{1.0}}}, "{?[2J = 1}"},
		{[]messages.Value{loop}, strings.Repeat("{", 40) + "…"},
		{[]messages.Value{strings.Repeat("ä", 1<<20)}, `"` + strings.Repeat("ä", 19) + "…"},
	} {
		got := messages.Brief(40, c.values...)
		if got != c.want || !utf8.ValidString(got) {
			t.Errorf("%.100v: %q, want %q", c.values, got, c.want)
		}
	}
}

func TestTraceEvent(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	e := messages.NewTraceEvent(at, messages.TraceIn, "", "{h|0x00001}", messages.NewMail("", "note", "hi"))
	if got, want := e.String(), `03:04:05.006 in  from - note 134B "hi"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	e.Dir = messages.TraceOut
	if got := e.String(); !strings.Contains(got, "out to {h|0x00001} note") {
		t.Error(got)
	}
}
