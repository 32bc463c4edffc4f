package lua

import "testing"

// What the compiler adds to concatenations changes nothing that a program sees.
func TestConcatenation(t *testing.T) {
	for src, want := range map[string]string{
		`local function two() return "a", "b" end return two() .. two()`:                                              "aa",
		`local t = setmetatable({}, {__concat = function(a, b) return "meta" end}) return t .. t`:                     "meta",
		`local x = "n" return x .. 1 .. x .. 2`:                                                                       "n1n2",
		`local x return (pcall(function() return x .. x end))`:                                                        "false",
		`local function f(...) return ... .. select(2, ...) end return f("a", "b")`:                                   "ab",
		`_G["(note)"] = function() return "forged" end local f = function(a, b) return a .. b end return f("a", "b")`: "ab",
		`local s = "x" while #s < 1000 do s = s .. s end return #s`:                                                   "1024",
	} {
		if got := runProgram(t, src); got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
}
