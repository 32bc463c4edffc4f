package registry

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// child returns key and value of one key of a map, or nil.
func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == name {
			return n.Content[i], resolve(n.Content[i+1])
		}
	}
	return nil, nil
}

// flatten writes out the merges ("<<") at the top of a map, so that its keys can be
// looked up one by one. The map's own keys come first and win.
func flatten(n *yaml.Node, depth int) *yaml.Node {
	var sources []*yaml.Node
	out := *n
	out.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		value := resolve(n.Content[i+1])
		switch {
		case n.Content[i].Kind != yaml.ScalarNode || n.Content[i].ShortTag() != "!!merge":
			out.Content = append(out.Content, n.Content[i], n.Content[i+1])
		case value.Kind == yaml.SequenceNode:
			sources = append(sources, value.Content...)
		default:
			sources = append(sources, value)
		}
	}
	if depth > 8 {
		return &out
	}
	for _, src := range sources {
		if src = resolve(src); src.Kind != yaml.MappingNode {
			continue
		}
		src = flatten(src, depth+1)
		for i := 0; i+1 < len(src.Content); i += 2 {
			if key, _ := child(&out, src.Content[i].Value); key == nil {
				out.Content = append(out.Content, src.Content[i], src.Content[i+1])
			}
		}
	}
	return &out
}

// text returns the string a node holds; numbers, booleans and null are none.
func text(n *yaml.Node) (string, bool) {
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return "", false
	}
	return n.Value, true
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// value converts a node and notes the places of its keys and elements below at.
// With inline, strings that begin with file:// are replaced by the file. It
// reports false after a problem.
func (f *fileReader) value(n *yaml.Node, at *place, id ID, path []string, inline bool) (any, bool) {
	f.budget--
	switch {
	case f.budget < 0:
		if f.budget == -1 {
			f.fail(n, id, path, "the file holds too many values", "use fewer aliases, or several files")
		}
		return nil, false
	case len(path) > maxDepth:
		f.budget = -2 // one message is enough, however often it is nested
		f.fail(n, id, path[:5], fmt.Sprintf("nested deeper than %d levels", maxDepth), "flatten it")
		return nil, false
	}
	switch n.Kind {
	case yaml.AliasNode:
		return f.value(n.Alias, at, id, path, inline)
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		at.kids = make([]place, len(n.Content))
		ok := true
		for i, elem := range n.Content {
			key := strconv.Itoa(i)
			at.kids[i] = place{key: key, line: int32(elem.Line), column: int32(elem.Column)}
			v, fine := f.value(elem, &at.kids[i], id, sub(path, key), inline)
			out[i], ok = v, ok && fine
		}
		return out, ok
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		return out, f.mapping(n, out, at, id, path, inline)
	}
	v, err := scalar(n)
	if err != nil {
		f.fail(n, id, path, fmt.Sprintf("value %q: %v", shorten(n.Value), err), "put it in quotes if it is text")
		return nil, false
	}
	if s, ok := v.(string); ok && inline && strings.HasPrefix(s, "file://") {
		return f.inline(n, s, at, id, path)
	}
	return v, true
}

// mapping fills out; keys that stand there win over merged ones.
func (f *fileReader) mapping(n *yaml.Node, out map[string]any, at *place, id ID, path []string, inline bool) bool {
	ok := true
	at.kids = make([]place, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			f.fail(key, id, path, "a key is a list or map", "use strings as keys")
			ok = false
			continue
		}
		if key.ShortTag() == "!!merge" {
			continue
		}
		if _, twice := out[key.Value]; twice {
			f.fail(key, id, sub(path, key.Value), fmt.Sprintf("field %q is given twice", FieldPath(sub(path, key.Value)...)), "remove one of them")
			ok = false
			continue
		}
		p := place{key: key.Value, line: int32(key.Line), column: int32(key.Column)}
		v, fine := f.value(value, &p, id, sub(path, key.Value), inline)
		out[key.Value], ok = v, ok && fine
		at.kids = append(at.kids, p)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].ShortTag() == "!!merge" {
			ok = f.merge(resolve(n.Content[i+1]), out, at, id, path, inline) && ok
		}
	}
	return ok
}

// merge adds the keys of "<<: *other" that are not there yet.
func (f *fileReader) merge(n *yaml.Node, out map[string]any, at *place, id ID, path []string, inline bool) bool {
	sources := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		sources = n.Content
	}
	ok := true
	for _, src := range sources {
		src = resolve(src)
		if src.Kind != yaml.MappingNode {
			f.fail(src, id, path, `"<<" does not name a map`, "give it an alias of a map, or a list of these")
			return false
		}
		var from place
		// One level deeper, so that a map that merges itself comes to an end.
		v, fine := f.value(src, &from, id, sub(path, "<<"), inline)
		ok = ok && fine
		m, _ := v.(map[string]any)
		for _, kid := range from.kids {
			if _, have := out[kid.key]; !have {
				out[kid.key] = m[kid.key]
				at.kids = append(at.kids, kid)
			}
		}
	}
	return ok
}

// scalar converts a scalar as YAML 1.2 reads it; dates stay strings.
func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	case "!!int":
		if v, err := strconv.ParseInt(n.Value, 10, 64); err == nil && (n.Value[0] != '0' || n.Value == "0") {
			return v, nil
		}
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		return Normalize(v)
	case "!!float":
		var v float64
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		if math.IsInf(v, 0) && !strings.Contains(strings.ToLower(n.Value), "inf") {
			return nil, fmt.Errorf("the number is too large")
		}
		return v, nil
	case "!!binary":
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		return string(b), err
	}
	return n.Value, nil
}

// inline reads the file that a value names.
func (f *fileReader) inline(n *yaml.Node, value string, at *place, id ID, field []string) (any, bool) {
	name := strings.TrimPrefix(value, "file://")
	var rel string // below the root
	if after, ok := strings.CutPrefix(name, "/"); ok {
		rel = path.Clean(after)
	} else {
		dir := strings.TrimPrefix(strings.TrimPrefix(path.Dir(f.path), f.root), "/")
		rel = path.Join(dir, name)
	}
	shown := path.Join(f.src.Name, rel)
	if !fs.ValidPath(rel) || name == "" || strings.ContainsRune(rel, '\\') {
		f.fail(n, id, field, fmt.Sprintf("field %q: %s leaves the loaded folder", FieldPath(field...), value), "name a file inside it")
		return nil, false
	}
	content, err := fs.ReadFile(f.src.FS, path.Join(f.root, rel))
	if err != nil {
		f.fail(n, id, field, fmt.Sprintf("field %q: cannot read %s", FieldPath(field...), shown), "check that the file exists; "+unreadable("", err).Text)
		return nil, false
	}
	at.file = shown
	return string(content), true
}
