package syntax

import (
	"errors"
	"strings"
	"testing"
)

// TestErrors covers position, token and text of errors.
func TestErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{"local x =\n\n  then", "app:worker:3:3: unexpected 'then', expected an expression near 'then'"},
		{"x = (1 + 2", "app:worker:1:11: expected ')' to close '(' near '<eof>'"},
		{"if x then\n  f()\n", "app:worker:3:1: expected 'end' to close 'if' of line 1 near '<eof>'"},
		{"while x\nf()", "app:worker:2:1: expected 'do' before the block near 'f'"},
		{"for i = 1 do end", "app:worker:1:11: expected ',' between the bounds of the loop near 'do'"},
		{"for i do end", "app:worker:1:7: expected 'in' or '=' after the loop variables near 'do'"},
		{"f()\nend", "app:worker:2:1: unexpected 'end', which closes nothing here near 'end'"},
		{"return 1\nx = 2", "app:worker:2:1: unexpected 'x', 'return' must be the last statement of its block near 'x'"},
		{"while x do break f() end", "app:worker:1:18: unexpected 'f', 'break' must be the last statement of its block near 'f'"},
		{"x", "app:worker:1:2: unexpected end of the text, expected '=' or the arguments of a call near '<eof>'"},
		{"x.y z", "app:worker:1:5: unexpected 'z', expected '=' or the arguments of a call near 'z'"},
		{"f() = 1", "app:worker:1:5: cannot assign to this expression, only to a variable or a field near '='"},
		{"(x) = 1", "app:worker:1:5: cannot assign to this expression, only to a variable or a field near '='"},
		{"1 = x", "app:worker:1:1: unexpected number, expected a statement near '1'"},
		{"x = 1 'a'", "app:worker:1:7: unexpected string, expected a statement near ''a''"},
		{"x = '" + strings.Repeat("a", 34) + "ääää", "app:worker:1:5: unfinished string, expected ' near ''" + strings.Repeat("a", 34) + "ää...'"},
		{"x += 1", "app:worker:1:3: unexpected '+', expected '=' or the arguments of a call near '+'"},
		{"while x do continue end", "app:worker:1:12: there is no 'continue' statement, use 'goto continue' and a label at the end of the loop near 'continue'"},
		{"local x <const> = 1", "app:worker:1:9: attributes of variables are not supported, remove it near '<'"},
		{"local 1", "app:worker:1:7: expected a variable name after 'local' near '1'"},
		{"x = a.end", "app:worker:1:7: expected a field name after '.' near 'end'"},
		{"function f(a, b c) end", "app:worker:1:17: expected ')' to close '(' near 'c'"},
		{"function f(a,) end", "app:worker:1:14: expected a parameter name near ')'"},
		{"x = {1, 2", "app:worker:1:10: expected '}' to close '{' near '<eof>'"},
		{"::a\nf()", "app:worker:2:1: expected '::' after the label name near 'f'"},
		{"x = a : b", "app:worker:1:7: unexpected ':', expected a statement near ':'"},
		// Operators of other versions.
		{"x = a // b", "app:worker:1:7: operator '//' is not supported, use math.floor(a / b) near '//'"},
		{"x = a & b", "app:worker:1:7: bitwise operator '&' is not supported, use arithmetic near '&'"},
		{"x = a | b", "app:worker:1:7: bitwise operator '|' is not supported, use arithmetic near '|'"},
		{"x = a ~ b", "app:worker:1:7: bitwise operator '~' is not supported, use arithmetic near '~'"},
		{"x = ~b", "app:worker:1:5: bitwise operator '~' is not supported, use arithmetic near '~'"},
		{"x = a << 2", "app:worker:1:7: bitwise operator '<<' is not supported, multiply or divide by a power of two near '<'"},
		{"x = a >> 2", "app:worker:1:7: bitwise operator '>>' is not supported, multiply or divide by a power of two near '>'"},
		{"if a != b then end", "app:worker:1:6: operator '!=' does not exist, write '~=' near '!='"},
		// Tokens.
		{"x = 'abc\nd'", "app:worker:1:5: unfinished string, expected ' on the same line near ''abc'"},
		{"x = \"abc", "app:worker:1:5: unfinished string, expected \" near '\"abc'"},
		{"x = [==[ a ]]", "app:worker:1:5: unfinished long string, expected ']==]' near '[==[ a ]]'"},
		{"f() --[[ a ]", "app:worker:1:5: unfinished long comment, expected ']]' near '--[['"},
		{`x = "\256"`, `app:worker:1:5: escape sequence too large, \ddd is at most \255 near '"\256'`},
		{"x = 3x", "app:worker:1:5: malformed number near '3x'"},
		{"x = 0x", "app:worker:1:5: malformed number near '0x'"},
		{"x = 1e+", "app:worker:1:5: malformed number near '1e+'"},
		{"x = 1..2", "app:worker:1:5: malformed number near '1..2'"},
		{"x = `a`", "app:worker:1:5: unexpected character near '`'"},
		{"x = $", "app:worker:1:5: unexpected character near '$'"},
		{"ä = 1", "app:worker:1:1: unexpected character near 'ä'"},
		{"x = 'äöü' äh", "app:worker:1:11: unexpected character near 'ä'"},
		{"x = \x00", `app:worker:1:5: unexpected character near '\x00'`},
		{"x = then '", "app:worker:1:5: unexpected 'then', expected an expression near 'then'"},
		{"x = [[" + strings.Repeat("a", 60), "app:worker:1:5: unfinished long string, expected ']]' near '[[" + strings.Repeat("a", 38) + "...'"},
		// Types.
		{"local x: = 1", "app:worker:1:10: unexpected '=', expected a type near '='"},
		{"local x: {a: b = 1", "app:worker:1:16: expected '}' to close '{' near '='"},
		{"local x: A<B = 1", "app:worker:1:14: expected '>' to close '<' near '='"},
		{"local x: (a, b) = 1", "app:worker:1:17: expected '->' after the parameters of a function type near '='"},
		{"local x: <T>(a) = 1", "app:worker:1:17: expected '->' after the parameters of a function type near '='"},
		{"local x: (a,) -> b = 1", "app:worker:1:13: expected a type near ')'"},
		{"local x: -y = 1", "app:worker:1:11: expected a number after '-' in a type near 'y'"},
		{"local x: T @ = 1", "app:worker:1:14: expected the name of a validator after '@' near '='"},
		{"local x: a. = 1", "app:worker:1:13: expected a type name after '.' near '='"},
		{"type A =\n  | 'a'\n  | \nreturn", "app:worker:4:1: unexpected 'return', expected a type near 'return'"},
		{"type A<> = B", "app:worker:1:8: expected the name of a type parameter near '>'"},
		{"type A<T> B", "app:worker:1:11: expected '=' in the declaration of a type near 'B'"},
		{"interface A\n x: y", "app:worker:2:6: expected a member or 'end' of the interface near '<eof>'"},
		{"x = y :: then", "app:worker:1:10: unexpected 'then', expected a type near 'then'"},
		{"f() :: T", "app:worker:1:9: expected '::' after the label name near '<eof>'"},
		{"f() as T", "app:worker:1:8: unexpected 'T', expected '=' or the arguments of a call near 'T'"},
		{"local x: T extends U ? A", "app:worker:1:25: expected ':' between the branches of a conditional type near '<eof>'"},
		{"local x: typeof(1 = 2", "app:worker:1:19: expected ')' to close '(' near '='"},
		{"x = a :: B<c d", "app:worker:1:15: unexpected end of the text, expected '=' or the arguments of a call near '<eof>'"},
		{"export x = 1", "app:worker:1:8: unexpected 'x', expected '=' or the arguments of a call near 'x'"},
		{"x = y!.1", "app:worker:1:7: unexpected number, expected a statement near '.1'"},
		{"\r\n\r\n\n\r  )", "app:worker:4:3: unexpected ')', expected a statement near ')'"},
	}
	for _, tt := range tests {
		_, err := Erase("app:worker", tt.src)
		var syntaxError *Error
		if !errors.As(err, &syntaxError) {
			t.Errorf("%q: got %v, want %q", tt.src, err, tt.want)
			continue
		}
		if err.Error() != tt.want {
			t.Errorf("%q\n got %s\nwant %s", tt.src, err, tt.want)
		}
	}
}

func TestErrorFields(t *testing.T) {
	_, err := Erase("app:worker", "local x = 1\n  x = = 2")
	want := Error{Chunk: "app:worker", Line: 2, Column: 7, Near: "=", Msg: "unexpected '=', expected an expression"}
	var got *Error
	if !errors.As(err, &got) || *got != want {
		t.Errorf("got %+v, want %+v", err, want)
	}
}
