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

func FuzzAccepts(f *testing.F) {
	f.Add("gzip;q=0.5, *;q=0", "br")
	f.Fuzz(func(t *testing.T, header, coding string) {
		if accepts(header, coding) && header == "" {
			t.Error("nothing was accepted")
		}
	})
}

func TestAccepts(t *testing.T) {
	for _, c := range []struct {
		header string
		br     bool
	}{
		{"", false}, {"gzip", false}, {"br", true}, {"GZIP, BR", true}, {"br;q=0", false}, {"*", true}, {"*;q=0, br", true}, {"*, br;q=0", false}, {"br;q=nonsense", false},
	} {
		if accepts(c.header, "br") != c.br {
			t.Errorf("%q", c.header)
		}
	}
}
