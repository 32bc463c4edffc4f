package http

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{"": ".", "/": ".", "/a/b.txt": "a/b.txt", "a//b/": "a/b", "./a": "a", "/...": "...", "/a..b": "a..b"} {
		if got, ok := fileName(in); got != want || !ok {
			t.Errorf("%q is %q, %t", in, got, ok)
		}
	}
	for _, bad := range []string{"..", "/../a", "a/..", "a/../b", `..\a`, "a\x00", "\xff"} {
		if got, ok := fileName(bad); ok {
			t.Errorf("%q is %q", bad, got)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("/a/../b")
	f.Add("//x/./y/")
	f.Fuzz(func(t *testing.T, path string) {
		name, ok := fileName(path)
		if ok && (!fs.ValidPath(name) || slices.Contains(strings.Split(name, "/"), "..") || strings.ContainsAny(name, "\\\x00")) {
			t.Errorf("%q became %q", path, name)
		}
	})
}

func FuzzQuality(f *testing.F) {
	f.Add("gzip;q=0.5, *;q=0", "br")
	f.Fuzz(func(t *testing.T, header, coding string) {
		if q := quality(header, coding); !(q >= 0 && q <= 1) || q > 0 && header == "" {
			t.Errorf("%q: %v", header, q)
		}
	})
}

func TestQuality(t *testing.T) {
	for _, c := range []struct {
		header string
		br     float64
	}{
		{"", 0},
		{"gzip", 0},
		{"br", 1},
		{"GZIP, BR", 1},
		{"br;q=0", 0},
		{"*", 1},
		{"*;q=0, br", 1},
		{"*, br;q=0", 0},
		{"br;q=nonsense", 0},
		{"br;q=0.5, gzip", 0.5},
		{"br ; Q = 0.25", 0.25},
		{"br;q=NaN", 0},
		{"br;q=-1", 0},
		{"br;q=9", 1},
		{"*;q=0.1", 0.1},
	} {
		if got := quality(c.header, "br"); got != c.br {
			t.Errorf("%q: %v, want %v", c.header, got, c.br)
		}
	}
}
