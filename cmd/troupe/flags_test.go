package main

import (
	"testing"

	"github.com/troupe-go/troupe/registry"
)

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
