package modules

import (
	"reflect"
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/luatest"
)

func TestLogLines(t *testing.T) {
	for _, c := range []struct {
		source string
		want   luatest.Line
	}{
		{`print("a", 1, nil, true, 2.5)`, luatest.Line{Message: "a 1 nil true 2.5"}},
		{`print()`, luatest.Line{}},
		{`print(setmetatable({}, {__tostring = function() return "mine" end}))`, luatest.Line{Message: "mine"}},
		{`print(setmetatable({}, {__tostring = function() return "mine" end, __metatable = false}), errors.new("gone"))`, luatest.Line{Message: "mine gone"}},
		{`print(setmetatable({}, {__tostring = function() time.sleep("1s"); print("x"); return "late" end}), 5)`, luatest.Line{Message: "late 5"}},
		{`print(time.parse_duration("5s"), payload.new(1))`, luatest.Line{Message: "5s payload{format=lua/any}"}},
		{`print.print("x")`, luatest.Line{}},
		{`logger:debug("m")`, luatest.Line{Level: lua.LevelDebug, Message: "m"}},
		{`logger:info("m", {})`, luatest.Line{Level: lua.LevelInfo, Message: "m"}},
		{`logger:warn(5)`, luatest.Line{Level: lua.LevelWarn, Message: "5"}},
		{`logger:error("m", {error = errors.wrap("inner", "outer")})`, luatest.Line{Level: lua.LevelError, Message: "m", Fields: []any{"error", "outer: inner"}}},
		{`logger:info("m", {n = 5})`, luatest.Line{Message: "m", Fields: []any{"n", int64(5)}}},
		{`logger:info("m", {n = 2.5})`, luatest.Line{Message: "m", Fields: []any{"n", 2.5}}},
		{`logger:info("m", {on = false})`, luatest.Line{Message: "m", Fields: []any{"on", false}}},
		{`logger:info("m", {t = {1, {a = "x"}}})`, luatest.Line{Message: "m", Fields: []any{"t", []any{int64(1), map[string]any{"a": "x"}}}}},
		{`logger:info("m", {took = time.parse_duration("5s")})`, luatest.Line{Message: "m", Fields: []any{"took", 5 * time.Second}}},
		{`logger:info("m", {at = time.now()})`, luatest.Line{Message: "m", Fields: []any{"at", luatest.Epoch}}},
		{`logger:info("m", {zone = time.utc})`, luatest.Line{Message: "m", Fields: []any{"zone", "UTC"}}},
		{`logger:info("m", {ch = channel.new()})`, luatest.Line{Message: "m", Fields: []any{"ch", "userdata"}}},
		{`logger:info("m", {"first"})`, luatest.Line{Message: "m", Fields: []any{"1", "first"}}},
		{`logger:named("shop"):named("cart"):info("m")`, luatest.Line{Logger: "shop.cart", Message: "m"}},
		{`logger:with({a = 1}):with({b = 2}):info("m", {c = 3})`, luatest.Line{Message: "m", Fields: []any{"a", int64(1), "b", int64(2), "c", int64(3)}}},
		{`local l = logger:with({a = 1}); l:with({b = 2}); l:info("one", {c = 3}); l:info("m")`, luatest.Line{Message: "m", Fields: []any{"a", int64(1)}}},
	} {
		t.Run(c.source, func(t *testing.T) {
			if c.source == `print.print("x")` {
				script(t, luatest.Options{}, `raises("", function() print.print("x") end)`)
				return
			}
			h := script(t, luatest.Options{}, "\n"+c.source)
			if len(h.Lines) == 0 {
				t.Fatal("nothing was logged")
			}
			got := h.Lines[len(h.Lines)-1]
			c.want.Location = "app:test:2"
			if len(got.Fields) == 0 {
				got.Fields = nil
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n%#v\nwant\n%#v", got, c.want)
			}
		})
	}
}

func TestLoggerArguments(t *testing.T) {
	h := script(t, luatest.Options{}, `
		for _, level in ipairs{"debug", "info", "warn", "error"} do
			raises("bad argument", logger[level], logger, "m", "fields")
			raises("bad argument", logger[level], logger, "m", 5)
			raises("it is a method", logger[level], "m")
		end
		raises("name", logger.named, logger, "")
		raises("bad argument", logger.named, logger)
		raises("bad argument", logger.with, logger, "x")
		raises("bad argument", logger.with, logger)
		eq(type(logger), "userdata")`)
	if len(h.Lines) != 0 {
		t.Error("logged", h.Lines)
	}
}
