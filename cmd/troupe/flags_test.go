package main

import (
	"testing"

	"github.com/troupe-go/troupe/registry"
)

func TestParseBytes(t *testing.T) {
	for in, want := range map[string]int64{"512M": 512 << 20, "2G": 2 << 30, "1gb": 1 << 30, "3GiB": 3 << 30, "17": 17, "1K": 1024} {
		if got, err := parseBytes(in); err != nil || got != want {
			t.Errorf("%s: got %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "M", "-1G", "0", "1.5G", "9999999999G", "ten"} {
		if got, err := parseBytes(in); err == nil {
			t.Errorf("%q gave %d", in, got)
		}
	}
}

func FuzzListFilter(f *testing.F) {
	f.Add("a=b")
	f.Add("a~(")
	f.Add("=")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := listFlags{meta: []string{text}}.query()
		if err == nil {
			q.Match(registry.Entry{Meta: map[string]any{"a": "b"}})
		}
	})
}
