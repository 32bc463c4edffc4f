package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// fileReader turns one file into entries.
type fileReader struct {
	src      Source
	root     string // folder in src.FS
	path     string // of the file, in src.FS
	display  string // of the file, in messages
	problems Problems
	budget   int // values left to be made, so that aliases cannot multiply without end
}

// fileKeys are the keys of a file that are not fields of a single entry.
var fileKeys = []string{"namespace", "version", "meta", "name", "kind", "requirements", "entries"}

func (f *fileReader) read(content []byte) (entries []Entry) {
	docs, err := parseNodes(f.path, content)
	if err != nil {
		f.problems = append(f.problems, Problem{
			Pos: errorPos(f.display, content, err), Severity: Warning,
			Text: "cannot be parsed: " + parseError(err),
			Hint: "the whole file is skipped",
		})
		return nil
	}
	for _, doc := range docs {
		entries = append(entries, f.document(doc)...)
	}
	return entries
}

// parseError is the text of an error of the YAML reader, which does not say that a
// tab is the character it means.
func parseError(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasSuffix(text, "found character that cannot start any token") {
		text += " (indent with spaces, not tabs)"
	}
	return text
}

func (f *fileReader) fail(n *yaml.Node, id ID, path []string, text, hint string) {
	f.problems = append(f.problems, Problem{
		Pos: Pos{f.display, n.Line, n.Column}, Entry: id, Field: FieldPath(path...), Text: text, Hint: hint,
	})
}

func (f *fileReader) document(doc *yaml.Node) (entries []Entry) {
	if doc.Kind != yaml.MappingNode {
		return nil
	}
	doc = flatten(doc, 0)
	_, nsNode := child(doc, "namespace")
	if nsNode == nil {
		return nil
	}
	ns, ok := text(nsNode)
	if !ok || ns == "" || strings.Contains(ns, ":") {
		f.fail(nsNode, ID{}, nil, "namespace is not a name", "expected a string without colons, such as app.users")
		return nil
	}
	if f.twice(doc, ID{}, append([]string{"data"}, fileKeys...)) {
		return nil
	}
	meta, metaPlace, ok := f.meta(doc, ID{NS: ns})
	if !ok {
		return nil
	}
	key, list := child(doc, "entries")
	_, name := child(doc, "name")
	_, kind := child(doc, "kind")
	switch {
	case list != nil && isNull(list):
	case list != nil && list.Kind != yaml.SequenceNode:
		f.fail(key, ID{NS: ns}, nil, `"entries" is not a list`, `write each entry as an element, beginning with "- name:"`)
	case list != nil:
		for _, n := range list.Content {
			if e, ok := f.entry(resolve(n), ns, meta, metaPlace, nil); ok {
				entries = append(entries, e)
			}
		}
	case name != nil && kind != nil:
		if e, ok := f.entry(doc, ns, meta, metaPlace, fileKeys); ok {
			entries = append(entries, e)
		}
	default:
		for i := 0; i+1 < len(doc.Content); i += 2 {
			if near, ok := Nearest(doc.Content[i].Value, []string{"entries"}); ok {
				p := Problem{Pos: Pos{f.display, doc.Content[i].Line, doc.Content[i].Column}, Severity: Warning}
				p.Text, p.Hint = fmt.Sprintf("unknown key %q", doc.Content[i].Value), `did you mean "`+near+`"?`
				f.problems = append(f.problems, p)
			}
		}
	}
	return entries
}

// twice reports the keys out of names that a map has more than once. They are looked
// up one by one, so that the second would be lost without a word.
func (f *fileReader) twice(n *yaml.Node, id ID, names []string) (found bool) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || !slices.Contains(names, key.Value) {
			continue
		}
		if seen[key.Value] {
			f.fail(key, id, nil, fmt.Sprintf("%q is given twice", key.Value), "remove one of them")
			found = true
		}
		seen[key.Value] = true
	}
	return found
}

// meta reads the metadata of a file or an entry.
func (f *fileReader) meta(n *yaml.Node, id ID) (map[string]any, *place, bool) {
	key, node := child(n, "meta")
	if node == nil || isNull(node) {
		return nil, nil, true
	}
	if node.Kind != yaml.MappingNode {
		f.fail(key, id, []string{"meta"}, "meta is not a map", "write its fields by name")
		return nil, nil, false
	}
	at := &place{key: "meta", line: int32(key.Line), column: int32(key.Column)}
	v, ok := f.value(node, at, id, []string{"meta"}, false)
	if !ok {
		return nil, nil, false
	}
	return v.(map[string]any), at, true
}

// entry reads one entry. In the single-entry form, n is the whole document and
// notFields are the keys that do not belong to the entry.
func (f *fileReader) entry(n *yaml.Node, ns string, fileMeta map[string]any, fileMetaAt *place, notFields []string) (Entry, bool) {
	id := ID{NS: ns}
	if n.Kind != yaml.MappingNode {
		f.fail(n, id, nil, "an entry is not a map", "write name, kind and the fields of the entry")
		return Entry{}, false
	}
	n = flatten(n, 0)
	single := notFields != nil
	if !single {
		notFields = []string{"name", "kind", "meta"}
	}
	_, nameNode := child(n, "name")
	kindKey, kindNode := child(n, "kind")
	name, nameOK := text(nameNode)
	kind, kindOK := text(kindNode)
	switch {
	case !nameOK || name == "" || strings.Contains(name, ":"):
		f.fail(or(nameNode, n), id, nil, "an entry has no usable name", `expected "name:" with a string without colons`)
		return Entry{}, false
	case !kindOK || kind == "":
		id.Name = name
		f.fail(or(kindNode, n), id, nil, "the entry has no kind", `expected "kind:" with a string such as function.lua`)
		return Entry{}, false
	}
	id.Name = name
	if !single && f.twice(n, id, []string{"name", "kind", "meta", "data"}) {
		return Entry{}, false
	}
	e := Entry{ID: id, Kind: kind, Meta: fileMeta, Pos: Pos{f.display, n.Line, n.Column}}
	e.module = f.src.Module
	e.places = &place{line: int32(n.Line), column: int32(n.Column)}
	metaAt := fileMetaAt
	if !single {
		own, ownAt, ok := f.meta(n, id)
		if !ok {
			return Entry{}, false
		}
		e.Meta, metaAt = mergeMeta(fileMeta, own, fileMetaAt, ownAt)
	}
	data := place{key: "data", line: int32(n.Line), column: int32(n.Column)}
	value, ok := f.data(n, &data, id, notFields)
	if !ok {
		return Entry{}, false
	}
	e.Data = value
	e.places.kids = append(e.places.kids, data, place{key: "kind", line: int32(kindKey.Line), column: int32(kindKey.Column)})
	if metaAt != nil {
		e.places.kids = append(e.places.kids, *metaAt)
	}
	return e, true
}

// data reads the configuration: the value of the key data as it is, or else all
// keys that are not something else.
func (f *fileReader) data(n *yaml.Node, at *place, id ID, notFields []string) (any, bool) {
	if key, node := child(n, "data"); node != nil {
		at.line, at.column = int32(key.Line), int32(key.Column)
		return f.value(node, at, id, nil, true)
	}
	rest := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(notFields, n.Content[i].Value) {
			rest.Content = append(rest.Content, n.Content[i], n.Content[i+1])
		}
	}
	return f.value(rest, at, id, nil, true)
}

// mergeMeta lays the metadata of an entry over that of its file, key by key.
func mergeMeta(file, own map[string]any, fileAt, ownAt *place) (map[string]any, *place) {
	switch {
	case len(file) == 0:
		return own, ownAt
	case len(own) == 0:
		return file, fileAt
	}
	out := make(map[string]any, len(file)+len(own))
	at := &place{key: "meta", line: ownAt.line, column: ownAt.column}
	at.kids = append(at.kids, ownAt.kids...)
	for k, v := range file {
		out[k] = v
	}
	for _, kid := range fileAt.kids {
		if _, ok := own[kid.key]; !ok {
			at.kids = append(at.kids, kid)
		}
	}
	for k, v := range own {
		out[k] = v
	}
	return out, at
}

func or(a, b *yaml.Node) *yaml.Node {
	if a != nil {
		return a
	}
	return b
}

// parseNodes returns the documents of a file. A mistake of the parser itself comes
// back as an error, too.
func parseNodes(name string, content []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			docs, err = nil, fmt.Errorf("the parser failed: %v", r)
		}
	}()
	if path.Ext(name) == ".json" {
		n, err := parseJSON(content)
		if err != nil {
			return nil, err
		}
		return []*yaml.Node{n}, nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
			docs = append(docs, resolve(doc.Content[0]))
		}
	}
}

var lineInError = regexp.MustCompile(`line (\d+)`)

// errorPos finds the line a parser complains about; the column is where its text
// begins, which is as much as the parser tells.
func errorPos(file string, content []byte, err error) Pos {
	var je *jsonError
	if errors.As(err, &je) {
		return Pos{file, je.line, je.column}
	}
	m := lineInError.FindStringSubmatch(err.Error())
	if m == nil {
		return Pos{file, 1, 1}
	}
	line, _ := strconv.Atoi(m[1])
	lines := bytes.Split(content, []byte("\n"))
	if line < 1 || line > len(lines) {
		return Pos{file, max(line, 1), 1}
	}
	l := lines[line-1]
	return Pos{file, line, len(l) - len(bytes.TrimLeft(l, " \t")) + 1}
}
