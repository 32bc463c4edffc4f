package registry

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Exclude says which files and entries of a source are left out. The zero value
// leaves out none.
type Exclude struct {
	files   [][]string
	entries []IDPattern
	meta    map[string][]string
}

// NewExclude reads exclude rules: patterns with a colon are for IDs, as
// CompileIDPattern takes them, others for file paths below the source, with "*"
// for any part of a name and "**" for any folders; a name without slash is looked
// for in every folder. meta leaves out entries that have one of the values in a
// top-level field of their metadata.
func NewExclude(patterns []string, meta map[string][]string) (Exclude, error) {
	x := Exclude{meta: meta}
	for _, p := range patterns {
		if strings.Contains(p, ":") {
			id, err := CompileIDPattern(p)
			if err != nil {
				return Exclude{}, fmt.Errorf("read exclude rules: %w", err)
			}
			x.entries = append(x.entries, id)
			continue
		}
		p = strings.TrimPrefix(p, "./")
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return Exclude{}, fmt.Errorf("read exclude rules: %q is not a file pattern; use names, *, ** and [a-z]", p)
		}
		if !strings.Contains(p, "/") {
			p = "**/" + p
		}
		x.files = append(x.files, strings.Split(strings.TrimSuffix(p, "/"), "/"))
	}
	return x, nil
}

// File reports whether a file or folder, by its path below the source, is left out.
func (x Exclude) File(name string) bool {
	return slices.ContainsFunc(x.files, func(p []string) bool {
		return matchSegments(p, name, '/', func(pattern, s string) bool {
			ok, err := path.Match(pattern, s)
			return ok && err == nil
		})
	})
}

// Entry reports whether an entry is left out.
func (x Exclude) Entry(e Entry) bool {
	return slices.ContainsFunc(x.entries, func(p IDPattern) bool { return p.Match(e.ID) }) || metaMatches(e.Meta, x.meta)
}

// metaMatches reports whether a top-level metadata field is one of the values.
func metaMatches(meta map[string]any, values map[string][]string) bool {
	for field, list := range values {
		if s, ok := meta[field].(string); ok && slices.Contains(list, s) {
			return true
		}
	}
	return false
}
