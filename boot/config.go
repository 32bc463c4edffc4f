package boot

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/troupe-go/troupe/registry"
)

// Config is the configuration of a node: values by dotted keys. The zero Config
// has the default everywhere. It is never changed; Set returns a copy.
type Config struct {
	values map[string]any
	free   map[string]map[string]any // override, disable, workspace
	file   string
}

// NewConfig makes a configuration of plain Go data: sections that hold maps, or
// values by dotted keys. Durations may be given as such. A mistake names the key.
func NewConfig(data map[string]any) (Config, registry.Problems) {
	r := configReader{config: Config{values: map[string]any{}, free: map[string]map[string]any{}}}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		r.top(key, data[key])
	}
	return r.config, r.problems
}

// Set returns the configuration changed by "section.path=value", as --set takes
// it. The value becomes true, false, a number or a duration where the key wants
// one. A key that is not known is an error.
func (c Config) Set(assignment string) (Config, error) {
	key, text, ok := strings.Cut(assignment, "=")
	if !ok || key == "" {
		return c, fmt.Errorf("setting %q: not of the form section.path=value", assignment)
	}
	if s := section(key); slices.Contains(freeSections, s) {
		return c, fmt.Errorf("setting %s: section %s is set in the file; use --override for fields of entries", key, s)
	}
	want, known := settingsByKey()[key]
	if !known {
		return c, errors.New(strings.TrimSuffix(fmt.Sprintf("setting %s: there is no such key; %s", key, registry.DidYouMean(key, keys())), "; "))
	}
	v, err := typed(want, scalar(text, want))
	if err != nil {
		return c, fmt.Errorf("setting %s: %w", key, err)
	}
	c.values = maps.Clone(c.values)
	if c.values == nil {
		c.values = map[string]any{}
	}
	c.values[key] = v
	return c, nil
}

// Flat returns all values by dotted keys, defaults included.
func (c Config) Flat() map[string]any {
	out := map[string]any{}
	for _, s := range Settings() {
		if _, free := s.Default.(none); !free && s.Default != nil {
			out[s.Key] = s.Default
		}
	}
	maps.Copy(out, c.values)
	return out
}

// Has reports whether the key was given a value.
func (c Config) Has(key string) bool { _, ok := c.values[key]; return ok }

// value is what was set, else the default.
func (c Config) value(key string) any {
	if v, ok := c.values[key]; ok {
		return v
	}
	s, ok := settingsByKey()[key]
	if !ok {
		panic("configuration: there is no key " + key)
	}
	return s
}

// String returns a text, "" for none. It panics for a key that Settings does not
// list, as the others do.
func (c Config) String(key string) string { v, _ := c.value(key).(string); return v }

// Bool returns a switch.
func (c Config) Bool(key string) bool { v, _ := c.value(key).(bool); return v }

// Int returns a whole number.
func (c Config) Int(key string) int { v, _ := c.value(key).(int64); return int(v) }

// Float returns a number.
func (c Config) Float(key string) float64 { v, _ := c.value(key).(float64); return v }

// Duration returns a time span.
func (c Config) Duration(key string) time.Duration { v, _ := c.value(key).(time.Duration); return v }

// Overrides returns what the section override changes in entries.
func (c Config) Overrides() ([]registry.Overriding, registry.Problems) {
	return registry.Overrides(c.free["override"], c.file)
}

// Disabled returns the rules of the section disable.
func (c Config) Disabled() (registry.DisableRules, registry.Problems) {
	section := c.free["disable"]
	if len(section) == 0 {
		return registry.DisableRules{}, nil
	}
	rules, _, problems := registry.Decode[registry.DisableRules](registry.Entry{Data: section, Pos: registry.Pos{File: c.file}})
	return rules, problems
}

// Replacements returns the local folders of modules from the section workspace;
// "" switches a replacement off.
func (c Config) Replacements() map[string]string {
	out := map[string]string{}
	list, _ := c.free["workspace"]["replacements"].(map[string]any)
	for module, to := range list {
		folder, _ := to.(string)
		out[module] = folder
	}
	return out
}

func section(key string) string {
	s, _, _ := strings.Cut(key, ".")
	return s
}

// settingsByKey are the defaults by key.
func settingsByKey() map[string]any {
	out := map[string]any{}
	for _, s := range Settings() {
		out[s.Key] = s.Default
	}
	return out
}

func keys() []string { return slices.Sorted(maps.Keys(settingsByKey())) }
