package standard_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

func TestWatch(t *testing.T) {
	rt := start(t, hostEntry+mainProc("registry", `
local registry = require("registry")
local function change(op, arg)
    local c = registry.snapshot():changes()
    c[op](c, arg)
    assert(c:apply())
end
change("create", {id = "app.x:one", kind = "registry.entry", meta = {}, data = {n = 1}})
change("create", {id = "app.y:two", kind = "registry.entry", meta = {}, data = {}})
change("update", {id = "app.x:one", kind = "registry.entry", meta = {}, data = {n = 2}})
change("delete", "app.x:one")
return "ok"`))
	var mu sync.Mutex
	var got []string
	stop, err := rt.Watch("app.x:*", func(kind, id string, entry messages.Value) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, kind+" "+id)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	wantOK(t, rt)
	want := []string{"entry.create app.x:one", "entry.update app.x:one", "entry.delete app.x:one"}
	until(t, "the changes are seen", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Equal(got, want)
	})
	if _, err := rt.Watch("(", nil); err == nil {
		t.Error("a bad pattern is accepted")
	}
}
