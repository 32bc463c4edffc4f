package boot

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/troupe-go/troupe/registry"
)

// ConfigFile is the content of a configuration file.
type ConfigFile struct {
	Name    string // stands in messages
	Content []byte
}

// ConfigOptions say how files become a configuration.
type ConfigOptions struct {
	Profiles []string                    // overlays of the section profiles, in order
	Env      func(string) (string, bool) // for ${env:NAME}; nil means there is none
}

// ReadConfig reads configuration files, later ones over earlier ones leaf by
// leaf: sections are flattened to dotted keys, ${name} is replaced from vars and
// ${env:NAME} from the environment. Unknown sections and keys are warnings with
// the nearest known name; a missing version, another version than "1.0", and
// values of the wrong type are errors. All problems are returned at once.
func ReadConfig(opt ConfigOptions, files ...ConfigFile) (Config, registry.Problems) {
	var problems registry.Problems
	merged := map[string]any{}
	places := map[string]registry.Pos{}
	name := ""
	for _, f := range files {
		tree, found := f.parse(places)
		problems = append(problems, found...)
		merge(merged, tree)
		if name == "" {
			name = f.Name
		}
	}
	r := configReader{
		config: Config{values: map[string]any{}, free: map[string]map[string]any{}, file: name},
		at:     func(path ...string) registry.Pos { return nearestPlace(places, path) },
	}
	r.profiles(merged, opt.Profiles)
	r.substitute(merged, opt.Env)
	for _, key := range slices.Sorted(maps.Keys(merged)) {
		r.top(key, merged[key])
	}
	problems = append(problems, r.problems...)
	problems.Sort()
	return r.config, problems
}

// parse reads one file and notes where everything was written.
func (f ConfigFile) parse(places map[string]registry.Pos) (map[string]any, registry.Problems) {
	fail := func(line int, text, hint string) (map[string]any, registry.Problems) {
		return nil, registry.Problems{{Pos: registry.Pos{File: f.Name, Line: line}, Text: text, Hint: hint}}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(f.Content, &doc); err != nil {
		return fail(yamlLine(err), "cannot be parsed: "+strings.TrimPrefix(err.Error(), "yaml: "), "correct the syntax")
	}
	if len(doc.Content) == 0 {
		return fail(1, "version is missing", `add the line version: "1.0"`)
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		return fail(doc.Content[0].Line, "the file is not a map", "write its settings by section")
	}
	var tree map[string]any
	if err := doc.Decode(&tree); err != nil {
		return fail(yamlLine(err), "cannot be read: "+strings.TrimPrefix(err.Error(), "yaml: "), "")
	}
	plain, err := registry.Normalize(tree)
	if err != nil {
		return fail(1, "cannot be read: "+err.Error(), "")
	}
	tree = plain.(map[string]any)
	f.note(places, doc.Content[0], "", 0)
	version := tree["version"]
	delete(tree, "version")
	switch v := fmt.Sprint(version); {
	case version == nil:
		return fail(1, "version is missing", `add the line version: "1.0"`)
	case v != "1.0" && v != "1":
		return fail(places["version"].Line, "unsupported version "+v, `this runtime reads version "1.0"`)
	}
	return tree, nil
}

// maxNesting is how deep the places of values are noted.
const maxNesting = 32

func (f ConfigFile) note(places map[string]registry.Pos, n *yaml.Node, path string, depth int) {
	if n.Kind == yaml.AliasNode || n.Kind != yaml.MappingNode || depth > maxNesting {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := path + "\x00" + key.Value
		if path == "" {
			at = key.Value
		}
		places[at] = registry.Pos{File: f.Name, Line: key.Line, Column: key.Column}
		f.note(places, n.Content[i+1], at, depth+1)
	}
}

// nearestPlace is where a key was written, or what is around it.
func nearestPlace(places map[string]registry.Pos, path []string) registry.Pos {
	for n := len(path); n > 0; n-- {
		if p, ok := places[strings.Join(path[:n], "\x00")]; ok {
			return p
		}
	}
	return registry.Pos{}
}

func yamlLine(err error) int {
	text := err.Error()
	var typeErr *yaml.TypeError
	if errors.As(err, &typeErr) && len(typeErr.Errors) > 0 {
		text = typeErr.Errors[0]
	}
	line := 0
	if i := strings.Index(text, "line "); i >= 0 {
		_, _ = fmt.Sscanf(text[i:], "line %d", &line)
	}
	return line
}

// merge puts the leaves of from over those of into.
func merge(into, from map[string]any) {
	for k, v := range from {
		a, isMap := into[k].(map[string]any)
		b, both := v.(map[string]any)
		if isMap && both {
			merge(a, b)
			continue
		}
		into[k] = v
	}
}

// profiles applies the overlays that were asked for.
func (r *configReader) profiles(tree map[string]any, names []string) {
	all, _ := tree["profiles"].(map[string]any)
	delete(tree, "profiles")
	for _, name := range names {
		overlay, ok := all[name].(map[string]any)
		if !ok {
			hint := registry.DidYouMean(name, slices.Collect(maps.Keys(all)))
			if hint == "" {
				hint = "declare it under profiles"
			}
			r.report(registry.Error, []string{"profiles"}, fmt.Sprintf("there is no profile %q", name), hint)
			continue
		}
		overlay = maps.Clone(overlay)
		if change, ok := overlay["disable"].(map[string]any); ok {
			base, _ := tree["disable"].(map[string]any)
			overlay["disable"] = changeLists(base, change)
		}
		merge(tree, overlay)
	}
}

// changeLists applies add and remove of a profile to the lists of disable; they are
// written as maps (entries: {add: …}) or as dotted keys (entries.add: …).
func changeLists(base, change map[string]any) map[string]any {
	out := maps.Clone(change)
	for key, v := range change {
		if list, verb, _ := strings.Cut(key, "."); verb == "add" || verb == "remove" {
			delete(out, key)
			merge(out, map[string]any{list: map[string]any{verb: v}})
		}
	}
	for key, v := range out {
		edit, ok := v.(map[string]any)
		if !ok || key == "meta" {
			continue
		}
		list, _ := base[key].([]any)
		list = slices.Clone(list)
		if more, ok := edit["add"].([]any); ok {
			list = append(list, more...)
		}
		if less, ok := edit["remove"].([]any); ok {
			list = slices.DeleteFunc(list, func(v any) bool { return slices.Contains(less, v) })
		}
		out[key] = list
	}
	return out
}

// reference is ${name} or ${name|default}; a $ before it takes its meaning away.
var reference = regexp.MustCompile(`\$?\$\{([A-Za-z0-9_.:-]+)(\|[^}]*)?\}`)

// substitute replaces ${name} and ${env:NAME} in all strings, also with a default
// after |. In the section override what neither vars nor the environment know
// stays: it is a placeholder of the entry.
func (r *configReader) substitute(tree map[string]any, env func(string) (string, bool)) {
	vars, _ := tree["vars"].(map[string]any)
	delete(tree, "vars")
	open := map[string]bool{} // variables that are being put together
	var lookup func(string) (string, bool)
	lookup = func(name string) (string, bool) {
		if n, ok := strings.CutPrefix(name, "env:"); ok {
			if env == nil {
				return "", false
			}
			return env(n)
		}
		v, ok := vars[name]
		if !ok || open[name] {
			return "", false
		}
		open[name] = true
		defer delete(open, name)
		return fmt.Sprint(r.replace(v, []string{"vars", name}, false, lookup)), true
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		tree[key] = r.replace(tree[key], []string{key}, key == "override", lookup)
	}
}

func (r *configReader) replace(v any, path []string, ofEntries bool, lookup func(string) (string, bool)) any {
	switch v := v.(type) {
	case string:
		missing := ""
		out := reference.ReplaceAllStringFunc(v, func(m string) string {
			if strings.HasPrefix(m, "$$") {
				if ofEntries {
					return m
				}
				return m[1:]
			}
			name, def, hasDefault := strings.Cut(m[2:len(m)-1], "|")
			text, ok := lookup(name)
			switch {
			case ok:
				return text
			case ofEntries:
				return m
			case hasDefault:
				return def
			case missing == "":
				missing = m
			}
			return ""
		})
		if missing != "" {
			r.report(registry.Error, path, missing+" has no value", "set the environment variable, or declare the name under vars")
		}
		if out != v {
			return plainScalar(out)
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = r.replace(v[k], append(slices.Clone(path), k), ofEntries, lookup)
		}
	case []any:
		for i := range v {
			v[i] = r.replace(v[i], path, ofEntries, lookup)
		}
	}
	return v
}

// plainScalar gives a replaced text the type it would have had in the file.
func plainScalar(s string) any {
	var v any
	if yaml.Unmarshal([]byte(s), &v) == nil {
		if n, err := registry.Normalize(v); err == nil {
			switch n.(type) {
			case bool, int64, float64:
				return n
			}
		}
	}
	return s
}
