package lua

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

// What a sandboxed program sees of the modules.
func TestSandbox(t *testing.T) {
	disk := Module{Name: "disk", Doc: "Files.", Class: []Class{Storage}, Global: true, Funcs: []Func{
		{Sig: "wipe(): boolean", Doc: "Wipes.", Global: true, Do: func(c *Call) error { return c.Return(true) }},
	}}
	half := Module{Name: "half", Doc: "Half of it.", Class: []Class{Storage}, Global: true, Sandbox: []string{"safe"}, Funcs: []Func{
		{Sig: "safe(): boolean", Doc: "Is safe.", Do: func(c *Call) error { return c.Return(true) }},
		{Sig: "unsafe(): boolean", Doc: "Is not.", Do: func(c *Call) error { return c.Return(true) }},
	}}
	listed := Module{Name: "listed", Doc: "Is listed.", Class: []Class{Storage}}
	eng, err := NewEngine(Options{Modules: []Module{testModule, disk, half, listed}, Slice: 1000})
	if err != nil {
		t.Fatal(err)
	}
	compile := func(u Unit) *Program {
		t.Helper()
		p, err := eng.Compile(u)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	lib := compile(Unit{ID: "app:lib", Modules: []string{"listed"}, Source: "return function() return listed ~= nil, require('listed') == listed, disk == nil end"})
	const sees = "return test.show(disk ~= nil, wipe ~= nil, half.safe ~= nil, half.unsafe ~= nil, listed ~= nil, channel ~= nil, lib == nil or test.show(lib()), data and data.n)"
	for _, c := range []struct {
		unit Unit
		want string
	}{
		{Unit{}, "true,true,true,true,false,true,true,nil"},
		{Unit{Sandbox: &Sandbox{Steps: 1 << 40}}, "true,true,true,false,false,true,true,nil"},
		{Unit{Sandbox: &Sandbox{Steps: 1 << 40, Forbid: []Class{Storage, Process}}}, "false,false,true,false,false,true,true,nil"},
		{Unit{Sandbox: &Sandbox{Steps: 1 << 40, Forbid: []Class{Storage}}, Modules: []string{"listed"}}, "false,false,true,false,true,true,true,nil"},
		{Unit{Imports: []Import{{Alias: "lib", Library: lib}}}, "true,true,true,true,true,true,true,true,false,nil"},
		{Unit{Sandbox: &Sandbox{Steps: 1 << 40, Forbid: []Class{Storage}}, Imports: []Import{{Alias: "lib", Library: lib}}}, "false,false,true,false,false,true,true,true,true,nil"},
		{Unit{Sandbox: &Sandbox{Steps: 1 << 40}, Imports: []Import{{Alias: "data", Value: (&messages.Table{}).Set("n", 4.0)}}}, "true,true,true,false,false,true,true,4"},
		{Unit{Sandbox: &Sandbox{Steps: 5}}, "eval exceeded maximum step limit"},
	} {
		c.unit.ID, c.unit.Source = "app:test", sees
		if got := drive(t, eng, compile(c.unit)); !strings.Contains(got, c.want) {
			t.Errorf("%+v: got %s, want %s", c.unit, got, c.want)
		}
	}
}
