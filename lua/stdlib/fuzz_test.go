package stdlib

import (
	"errors"
	"math"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// call runs a library function and returns its results, or the error it
// raised. A Go panic fails the test.
func call(t *testing.T, L *lua.LState, lib, name string, args ...lua.LValue) ([]lua.LValue, error) {
	t.Helper()
	L.SetTop(0)
	L.Push(L.GetField(L.G.Global.RawGetString(lib), name))
	for _, a := range args {
		L.Push(a)
	}
	if err := L.PCall(len(args), lua.MultRet, nil); err != nil {
		var api *lua.ApiError
		if errors.As(err, &api) && api.Type == lua.ApiErrorPanic {
			t.Fatalf("Go panic in %s.%s(%q): %v", lib, name, args, err)
		}
		return nil, err
	}
	out := make([]lua.LValue, L.GetTop())
	for i := range out {
		out[i] = L.Get(i + 1)
	}
	return out, nil
}

// pieces are the pattern elements gopher-lua's own matcher gets right.
var pieces = []string{
	"a", "b", ".", "%a", "%d", "%S", "[ab]", "[^a]", "[a-c1]", "a*", "b+", "a-", ".*", ".-", ".+", "a?", "[ab]*", "[^b]-", "%w+", "1?", "()", "(", ")", "%.",
}

// trusted turns bytes into a well-formed pattern made of pieces.
func trusted(data []byte) string {
	var b strings.Builder
	if len(data) > 0 && data[0]&1 == 1 {
		b.WriteByte('^')
	}
	var open []int // the lengths of the pattern where the open captures start
	captures := 0
	for _, c := range data {
		p := pieces[int(c)%len(pieces)]
		switch p {
		case "(", "()":
			if captures++; captures > 8 {
				continue
			}
			if p == "(" {
				open = append(open, b.Len()+1)
			}
		case ")":
			if len(open) == 0 || open[len(open)-1] == b.Len() {
				continue
			}
			open = open[:len(open)-1]
		}
		b.WriteString(p)
	}
	for range open {
		b.WriteString("a?)")
	}
	if len(data) > 1 && data[1]&1 == 1 {
		b.WriteByte('$')
	}
	return b.String()
}

func FuzzPattern(f *testing.F) {
	f.Add("aab1 .", []byte("hello"), "(a*)%1")
	f.Add("abcabc", []byte{9, 13, 10}, "%f[%a].-$")
	f.Add("(a(b)c)", []byte{1, 21, 12, 22}, "%b()[]]")
	ours := newState(f, Limits{PatternSteps: 20000}, Hooks{})
	theirs := lua.NewState()
	f.Cleanup(theirs.Close)
	f.Fuzz(func(t *testing.T, subject string, data []byte, wild string) {
		if len(subject) > 40 || len(data) > 12 || len(wild) > 40 {
			return
		}
		// Any pattern at all must end, without a Go panic.
		for _, name := range []string{"find", "match", "gmatch"} {
			_, _ = call(t, ours, "string", name, lua.LString(subject), lua.LString(wild))
		}
		_, _ = call(t, ours, "string", "gsub", lua.LString(subject), lua.LString(wild), lua.LString("<%1>"))

		pat := trusted(data)
		got, err := call(t, ours, "string", "find", lua.LString(subject), lua.LString(pat))
		if err != nil {
			if strings.Contains(err.Error(), "too complex") {
				return
			}
			t.Fatalf("find(%q, %q): %v", subject, pat, err)
		}
		want, err := call(t, theirs, "string", "find", lua.LString(subject), lua.LString(pat))
		if err != nil {
			t.Fatalf("gopher-lua: find(%q, %q): %v", subject, pat, err)
		}
		if len(got) != len(want) {
			t.Fatalf("find(%q, %q) = %v, want %v", subject, pat, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("find(%q, %q) = %v, want %v", subject, pat, got, want)
			}
		}
	})
}

func FuzzFormat(f *testing.F) {
	f.Add("%5.2f|%-8s|%q|%c", 3.14, "text")
	f.Add("%d%i%u%o%x%X%e%E%g%G%a%A%s%%", -1.5, "7")
	f.Add("%+#0-99.99g", math.Inf(1), "")
	L := newState(f, Limits{}, Hooks{})
	f.Fuzz(func(t *testing.T, format string, n float64, s string) {
		if len(format) > 200 {
			return
		}
		args := []lua.LValue{lua.LString(format)}
		for i := range 4 {
			if i%2 == 0 {
				args = append(args, lua.LNumber(n))
			} else {
				args = append(args, lua.LString(s))
			}
		}
		out, err := call(t, L, "string", "format", args...)
		if err != nil {
			return
		}
		// A directive gives at most its width, its precision and the digits of
		// the largest number, or a text of which each byte takes four.
		most := len(format) + 4*(99+99+400) + 8*len(s)
		if got := len(out[0].String()); got > most {
			t.Fatalf("format(%q) gives %d bytes, want at most %d", format, got, most)
		}
		if strings.Contains(out[0].String(), "%!") && !strings.Contains(format+s, "!") {
			t.Fatalf("format(%q) = %q shows an error of package fmt", format, out[0])
		}
	})
}

func FuzzPack(f *testing.F) {
	f.Add(">I2 i4 d", "abc", 12.0, 3.0)
	f.Add("!8 b Xd s1 z x", "text", 1.0, -1.0)
	f.Add("<i16 >I3 f c5", "\x00\xff", -5.0, 7.0)
	L := newState(f, Limits{MaxString: 1 << 16}, Hooks{})
	f.Fuzz(func(t *testing.T, format, s string, x, y float64) {
		if len(format) > 60 || len(s) > 60 {
			return
		}
		// Any bytes may be unpacked with any format.
		_, _ = call(t, L, "string", "unpack", lua.LString(format), lua.LString(s))

		args := []lua.LValue{lua.LString(format)}
		for _, c := range format {
			switch {
			case strings.ContainsRune("szc", c):
				args = append(args, lua.LString(s))
			case strings.ContainsRune("bBhHiIlLjJTfdn", c) && len(args)%2 == 0:
				args = append(args, lua.LNumber(math.Trunc(x)))
			case strings.ContainsRune("bBhHiIlLjJTfdn", c):
				args = append(args, lua.LNumber(math.Trunc(y)))
			}
		}
		packed, err := call(t, L, "string", "pack", args...)
		if err != nil {
			return
		}
		if size, err := call(t, L, "string", "packsize", lua.LString(format)); err == nil {
			if want := lua.LNumber(len(packed[0].(lua.LString))); size[0] != want {
				t.Fatalf("packsize(%q) = %v, packed %v", format, size[0], want)
			}
		}
		values, err := call(t, L, "string", "unpack", lua.LString(format), packed[0])
		if err != nil {
			t.Fatalf("unpack(%q, %q): %v", format, packed[0], err)
		}
		if end := lua.LNumber(len(packed[0].(lua.LString)) + 1); values[len(values)-1] != end {
			t.Fatalf("unpack(%q) ends at %v, want %v", format, values[len(values)-1], end)
		}
		again, err := call(t, L, "string", "pack", append(args[:1:1], values[:len(values)-1]...)...)
		if err != nil {
			t.Fatalf("pack(%q, %v) of unpacked values: %v", format, values, err)
		}
		if again[0] != packed[0] {
			t.Fatalf("pack(%q) = %q, after a round trip %q", format, packed[0], again[0])
		}
	})
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"10", " -0x1F ", "1e2", ".5", "0x.8p-3", "1_0", "inf", "12345678901234567890"} {
		f.Add(s, 0.1)
	}
	f.Fuzz(func(t *testing.T, s string, x float64) {
		if n, ok := parseNumber(s); ok {
			if math.IsNaN(float64(n)) || strings.ContainsAny(s, "_nN") {
				t.Fatalf("parseNumber(%q) = %v", s, n)
			}
			if e, ok := exactNumber(lua.LString(s)); ok && e != n {
				t.Fatalf("exactNumber(%q) = %v, want %v", s, e, n)
			}
		}
		if _, special := specialText(x); special {
			return
		}
		text := numberText(lua.LNumber(x))
		if n, ok := parseNumber(text); !ok || float64(n) != x {
			t.Fatalf("%v is written %q and read %v, %v", x, text, n, ok)
		}
		if n, ok := exactNumber(lua.LString(text)); !ok || float64(n) != x {
			t.Fatalf("%v is written %q, which is said to lose something", x, text)
		}
	})
}
