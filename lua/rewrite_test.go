package lua_test

import (
	"testing"

	"github.com/troupe-go/troupe/lua/luatest"
)

// Programs that gopher-lua compiles wrong where it is given them as they are.
func TestCompiledRight(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`local t, a = {} a, t[1] = (...) return tostring(a) .. tostring(t[1])`, "xnil"},
		{`local t, a = {} a, t[1] = (...), 7 return tostring(a) .. tostring(t[1])`, "x7"},
		{`local t, a, b = {} a, b, t[a or 1] = (...), (...) return tostring(a) .. tostring(b) .. tostring(t[1])`, "xxnil"},
		{`local t, a = {} t[1], a = 7, (...) return tostring(a) .. tostring(t[1])`, "x7"},
	} {
		v, err, _ := luatest.Run(t, luatest.Options{}, "local function f(...) "+c.body+` end return f("x", "y")`)
		if err != nil || len(v) != 1 || v[0] != c.want {
			t.Errorf("%s: got %v, %v, want %s", c.body, v, err, c.want)
		}
	}
}
