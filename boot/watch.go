package boot

import (
	"fmt"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Watch has f called after every change of an entry whose id matches the pattern:
// "ns:name", both halves with "*", "**" and "(a|b)" as in the section disable.
// Kind is "entry.create", "entry.update" or "entry.delete"; entry is the new
// state, of a deletion the last one. Calls come in the order of the changes; f
// must not block. After stop returned f is not called any more.
func (rt *Runtime) Watch(pattern string, f func(kind, id string, entry messages.Value)) (stop func(), err error) {
	p, err := registry.CompileIDPattern(pattern)
	if err != nil {
		return nil, fmt.Errorf("watching %q: %w", pattern, err)
	}
	return rt.Subscribe("registry.entry.(create|update|delete)", func(e *messages.Event) {
		if id, err := registry.ParseID(e.Path); err == nil && p.Match(id) {
			f(e.Kind, e.Path, e.Data)
		}
	})
}
