package luatest

import (
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var probe = lua.Module{Name: "probe", Doc: "For tests.", Funcs: []lua.Func{
	{Sig: "ask(what: string): any, error?", Doc: "Asks.", Ask: func(c *lua.Call) (*lua.Command, error) {
		return &lua.Command{Body: c.String(0)}, nil
	}},
	{Sig: "away(): any, error?", Doc: "Runs outside.", Ask: func(*lua.Call) (*lua.Command, error) {
		return &lua.Command{Go: func(<-chan struct{}) (any, error) { return "went", nil }}, nil
	}},
	{Sig: "sleep(seconds: number)", Doc: "Sleeps.", Ask: func(c *lua.Call) (*lua.Command, error) {
		return lua.Sleep(time.Duration(c.Number(0) * float64(time.Second))), nil
	}},
	{Sig: "now(): number", Doc: "Seconds.", Do: func(c *lua.Call) error { return c.Return(c.Host().Now().Sub(Epoch).Seconds()) }},
}}

func TestRun(t *testing.T) {
	opt := Options{Modules: []lua.Module{probe}, Args: []messages.Value{"in"}, Answer: func(cmd *lua.Command) any {
		switch cmd.Body {
		case "fail":
			return messages.Errorf(messages.NotFound, "not there")
		case "never":
			return Unanswered{}
		}
		return cmd.Body
	}}
	for _, c := range []struct{ name, source, want, err string }{
		{"arguments", `return ...`, "in", ""},
		{"answer", `return probe.ask("x")`, "x", ""},
		{"goroutine", `return probe.away()`, "went", ""},
		{"failure", `return probe.ask("fail")`, "", "not there"},
		{"raised", "\nerror('oh')", "", "app:test:2: oh"},
		{"clock", `probe.sleep(5); probe.sleep(2.5); return probe.now()`, "7.5", ""},
		{"inside a comparison", `table.sort({2, 1}, function(a, b) probe.sleep(1); return a < b end); return probe.now() > 0`, "true", ""},
		{"for ever", `probe.ask("never")`, "", "waits for ever"},
		{"for ever inside a comparison", `table.sort({2, 1}, function(a, b) probe.ask("never") end)`, "", "waits for ever"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err, _ := Run(t, opt, c.source)
			text, fail := "", ""
			if len(got) > 0 {
				text = messages.Text(got[0])
			}
			if err != nil {
				fail = err.Error()
			}
			if text != c.want || fail != c.err {
				t.Errorf("got %q, %q; want %q, %q", text, fail, c.want, c.err)
			}
		})
	}
}
