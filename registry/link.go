package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// LinkOptions change how parameters are linked.
type LinkOptions struct {
	// Strict makes a requirement without value an error; else it is a warning.
	Strict bool
}

// Link is the stage that writes the parameters of modules to where they are used.
// The value of a requirement is that of the parameter in the dependencies on its
// module, by bare name or namespace:name, else its default. Different values for
// one parameter, a target that does not exist, and a path that leads nowhere
// are errors.
func Link(opt LinkOptions) Stage {
	return StageFunc("link", func(es Entries) (Entries, Problems) {
		l := linker{entries: es.Clone(), opt: opt, owners: map[string]string{}}
		l.collect()
		for _, id := range es.IDs() {
			if es[id].Kind == "ns.requirement" {
				l.requirement(es[id])
			}
		}
		l.unknown()
		return l.entries, l.problems
	})
}

type linker struct {
	entries  Entries
	opt      LinkOptions
	owners   map[string]string // namespace -> module, from the definitions
	given    []givenValue
	problems Problems
}

// givenValue is one parameter of one dependency.
type givenValue struct {
	module, name string
	value        any
	from         Entry
	path         []string
}

func (l *linker) collect() {
	schema := OpenSchemaOf[Dependency]()
	for _, e := range l.entries.Sorted() {
		switch e.Kind {
		case "ns.definition":
			if m, ok := e.Fields()["module"].(string); ok {
				l.owners[e.ID.NS] = m
			}
		case "ns.dependency":
			v, _, problems := schema.Decode(e)
			if problems.Err() != nil {
				continue // the check of the kinds reports them
			}
			d := v.(Dependency)
			for i, p := range d.Parameters {
				l.given = append(l.given, givenValue{d.Component, p.Name, p.Value, e, []string{"parameters", strconv.Itoa(i)}})
			}
		}
	}
}

// moduleOf is the module an entry belongs to: the one it was loaded from, else that
// of the definition in its namespace or the nearest one around it.
func (l *linker) moduleOf(e Entry) string {
	if e.module != "" {
		return e.module
	}
	for ns := e.ID.NS; ; {
		if m, ok := l.owners[ns]; ok {
			return m
		}
		i := strings.LastIndexByte(ns, '.')
		if i < 0 {
			return ""
		}
		ns = ns[:i]
	}
}

// asks reports whether a requirement asks for a parameter.
func (l *linker) asks(req Entry, g givenValue) bool {
	return g.name == req.ID.String() || (g.name == req.ID.Name && g.module == l.moduleOf(req))
}

// unknown warns of parameters that no requirement asks for. A module that is not there
// is reported elsewhere.
func (l *linker) unknown() {
	for _, g := range l.given {
		there, asked := false, false
		var names []string
		for _, e := range l.entries {
			mine := l.moduleOf(e) == g.module
			there = there || mine
			if e.Kind == "ns.requirement" {
				asked = asked || l.asks(e, g)
				if mine {
					names = append(names, e.ID.Name, e.ID.String())
				}
			}
		}
		if !there || asked {
			continue
		}
		hint := DidYouMean(g.name, names)
		if hint == "" {
			hint = "remove it"
		}
		l.problems = append(l.problems, problemAt(g.from, Warning, g.path, fmt.Sprintf("module %s has no parameter %q", g.module, g.name), hint))
	}
}

func (l *linker) requirement(e Entry) {
	targets, ok := e.Fields()["targets"].([]any)
	if !ok {
		return // the check of the kinds reports it
	}
	value, ok := l.valueOf(e)
	if !ok {
		return
	}
	for i, t := range targets {
		m, _ := t.(map[string]any)
		entry, _ := m["entry"].(string)
		path, _ := m["path"].(string)
		if entry != "" && path != "" {
			l.write(e, entry, path, value, []string{"targets", strconv.Itoa(i)})
		}
	}
}

// valueOf finds the value of a requirement and reports problems with it.
func (l *linker) valueOf(e Entry) (any, bool) {
	var found *givenValue
	for i, g := range l.given {
		if !l.asks(e, g) || g.value == nil {
			continue
		}
		switch {
		case found == nil:
			found = &l.given[i]
		case !equalValues(found.value, g.value):
			l.problems = append(l.problems, problemAt(g.from, Error, g.path,
				fmt.Sprintf("parameter %q of %s is %v here and %v in %s (%s)", g.name, g.module, g.value, found.value, found.from.ID, found.from.Pos),
				"give it one value"))
			return nil, false
		}
	}
	if found != nil {
		return found.value, true
	}
	if def := e.Fields()["default"]; def != nil {
		return def, true
	}
	severity := Warning
	if l.opt.Strict {
		severity = Error
	}
	l.problems = append(l.problems, problemAt(e, severity, nil, "the requirement has no value",
		fmt.Sprintf("give it a default, or the parameter %q in an ns.dependency on its module", e.ID.Name)))
	return nil, false
}

func (l *linker) write(req Entry, entry, path string, value any, at []string) {
	id, err := ResolveID(entry, req.ID.NS)
	if err != nil {
		l.problems = append(l.problems, problemAt(req, Error, sub(at, "entry"), err.Error(), ""))
		return
	}
	target, ok := l.entries[id]
	if !ok {
		hint := "correct the target"
		if near, ok := l.entries.Nearest(id); ok {
			hint = `did you mean "` + near.String() + `"?`
		}
		l.problems = append(l.problems, problemAt(req, Error, sub(at, "entry"), fmt.Sprintf("target %q does not exist", id), hint))
		return
	}
	parts, mode, err := parseTargetPath(path)
	if err == nil {
		target, err = setEntry(target, parts, value, mode)
	}
	if err != nil {
		l.problems = append(l.problems, problemAt(req, Error, sub(at, "path"), fmt.Sprintf("path %q of %s: %v", path, id, err), ""))
		return
	}
	l.entries[id] = target
}

// parseTargetPath reads ".field.sub", ".meta.x" or ".list +=".
func parseTargetPath(s string) ([]string, setMode, error) {
	mode := setReplace
	text := strings.TrimSpace(s)
	if rest, ok := strings.CutSuffix(text, "+="); ok {
		text, mode = strings.TrimSpace(rest), setAppend
	}
	parts := strings.Split(strings.TrimPrefix(text, "."), ".")
	if slices.Contains(parts, "") || len(parts) > maxDepth {
		return nil, mode, fmt.Errorf("it has an empty part; write .field.sub, .meta.x or \".list +=\"")
	}
	if parts[0] == "meta" && len(parts) == 1 {
		return nil, mode, fmt.Errorf("it names all metadata; name one field, as in .meta.x")
	}
	return parts, mode, nil
}
