package process

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/registry"
)

// Wrong call options of an entry are found when it is loaded.
func TestOptionsOfEntries(t *testing.T) {
	for want, options := range map[string]any{
		"":                          map[string]any{"timeout": int64(500), "custom": true, "retry": map[string]any{"max_attempts": int64(3), "initial_delay": "5ms"}},
		`"5x" is not a duration`:    map[string]any{"retry": map[string]any{"initial_delay": "5x"}},
		"option retry: a table":     map[string]any{"retry": int64(5)},
		"max_attempts: a number is": map[string]any{"retry": map[string]any{"max_attempts": true}},
	} {
		e := registry.Entry{ID: registry.ID{NS: "app", Name: "f"}, Meta: map[string]any{"options": options}, Data: map[string]any{"source": "return function() end", "method": "m"}}
		_, _, ofFunction := registry.Decode[FunctionConfig](e)
		_, _, ofProcess := registry.Decode[ProcessConfig](e)
		for _, problems := range []registry.Problems{ofFunction, ofProcess} {
			if err := problems.Err(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v: got %v, want %q", options, err, want)
			}
		}
	}
}
