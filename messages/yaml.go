package messages

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxYAMLNodes bounds what one YAML document may consist of.
const maxYAMLNodes = 1 << 20

// EncodeYAML writes a Value as a YAML document in block style, keys in their
// order. Payloads become null, an error its text, bytes that are not UTF-8
// !!binary. Tables with the keys 1 to n are sequences, all others mappings. The
// errors are Internal: a recursive table, a key that is a table, more than
// MaxDepth levels, 256 MiB or a million nodes.
func EncodeYAML(v Value) ([]byte, error) {
	e := yamlEncoder{path: path{format: "yaml", limit: maxEncoded}}
	node, err := e.node(v)
	if err != nil {
		return nil, err
	}
	return writeYAML(node)
}

// writeYAML turns a panic of the library into an error: what it writes comes
// from programs.
func writeYAML(node *yaml.Node) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, Errorf(Internal, "encode yaml: %v; simplify the value", r)
		}
	}()
	var buf bytes.Buffer
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		return nil, Because(Internal, "encode yaml", err)
	}
	if err := enc.Close(); err != nil {
		return nil, Because(Internal, "encode yaml", err)
	}
	return buf.Bytes(), nil
}

type yamlEncoder struct {
	path        path
	nodes, size int
}

func (e *yamlEncoder) node(v Value) (*yaml.Node, error) {
	if e.nodes++; e.nodes > maxYAMLNodes {
		return nil, Errorf(Internal, "encode yaml: more than %d nodes; encode the parts on their own", maxYAMLNodes)
	}
	switch v := v.(type) {
	case nil, *Payload:
	case bool:
		return scalar("!!bool", strconv.FormatBool(v)), nil
	case float64:
		return yamlNumber(v), nil
	case string:
		return e.text(v)
	case *Error:
		if v != nil {
			return e.text(v.Error())
		}
	case *Table:
		if v != nil {
			return e.table(v)
		}
	default:
		return e.node(ValueOf(v))
	}
	return scalar("!!null", "null"), nil
}

func scalar(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

func yamlNumber(f float64) *yaml.Node {
	if n, ok := Whole(f); ok && (n != 0 || !math.Signbit(f)) {
		return scalar("!!int", strconv.FormatInt(n, 10))
	}
	switch {
	case math.IsNaN(f):
		return scalar("!!float", ".nan")
	case math.IsInf(f, 1):
		return scalar("!!float", ".inf")
	case math.IsInf(f, -1):
		return scalar("!!float", "-.inf")
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return scalar("!!float", text)
}

func (e *yamlEncoder) text(s string) (*yaml.Node, error) {
	if e.size += len(s); e.size > e.path.limit {
		return nil, e.path.tooLarge()
	}
	if !utf8.ValidString(s) {
		return scalar("!!binary", base64.StdEncoding.EncodeToString([]byte(s))), nil
	}
	node := scalar("!!str", s)
	switch {
	case literal(s):
		node.Style = yaml.LiteralStyle
	case reserved(s), strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }):
		node.Style = yaml.DoubleQuotedStyle
	}
	return node, nil
}

// literal reports whether s is text of several lines that reads well, and is
// read back unchanged, as a block.
func literal(s string) bool {
	if !strings.Contains(s, "\n") || s[0] == ' ' || s[0] == '\n' || strings.HasSuffix(s, "\n\n") {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasSuffix(line, " ") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...") {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && !strconv.IsPrint(r)
	})
}

// reserved reports whether s is the merge key, or older YAML readers take it for
// something else than text.
func reserved(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "<<":
		return true
	}
	return len(s) > 2 && s[0] >= '0' && s[0] <= '9' && strings.Trim(s, "0123456789:._") == "" // 12:30 in base 60
}

func (e *yamlEncoder) table(t *Table) (*yaml.Node, error) {
	if err := e.path.enter(t); err != nil {
		return nil, err
	}
	defer e.path.leave()
	list, isList := listOf(t)
	if isList && !(len(list) == 0 && t.Object) {
		node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		if len(list) == 0 {
			node.Style = yaml.FlowStyle
		}
		for _, item := range list {
			sub, err := e.node(item)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, sub)
		}
		return node, nil
	}
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if t.Len() == 0 {
		node.Style = yaml.FlowStyle
	}
	err := t.each(func(k, v Value) error {
		if _, scalar := scalarKey(k); !scalar {
			return Errorf(Internal, "encode yaml: a key of type %s; use strings, numbers or booleans as keys", typeName(k))
		}
		key, err := e.node(k)
		if err != nil {
			return err
		}
		val, err := e.node(v)
		node.Content = append(node.Content, key, val)
		return err
	})
	return node, err
}

// DecodeYAML reads the first document of a YAML text. Mappings and sequences
// become tables, null nothing (the key is absent), timestamps their text,
// !!binary its bytes; merge keys are applied; an alias is the same table as its
// anchor. Of equal keys the last one wins. An empty text is an Invalid error;
// bad YAML, keys that are no scalars and nesting deeper than 1000 levels are
// Internal.
func DecodeYAML(data []byte) (Value, error) {
	if len(data) == 0 {
		return nil, Errorf(Invalid, "empty string is not valid YAML")
	}
	root, err := readYAML(data)
	if err != nil {
		return nil, Because(Internal, "decode failed", err)
	}
	d := yamlDecoder{made: map[*yaml.Node]*Table{}}
	v, err := d.value(root, 0)
	if err != nil {
		return nil, Because(Internal, "decode failed", err)
	}
	return v, nil
}

// readYAML turns a panic of the library into an error: what it reads comes from
// anywhere.
func readYAML(data []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Errorf(Invalid, "yaml: %v", r)
		}
	}()
	root = &yaml.Node{}
	if err := yaml.Unmarshal(data, root); err != nil {
		return nil, Errorf(Invalid, "%s", err)
	}
	return root, nil
}

type yamlDecoder struct {
	made   map[*yaml.Node]*Table // nil while a node is being read
	merged int                   // how many pairs merge keys have copied
}

func (d *yamlDecoder) fail(n *yaml.Node, format string, args ...any) error {
	return Errorf(Invalid, "yaml line %d column %d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
}

func (d *yamlDecoder) value(n *yaml.Node, depth int) (Value, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) > 0 {
			return d.value(n.Content[0], depth)
		}
	case yaml.AliasNode:
		if n.Alias != nil {
			return d.value(n.Alias, depth)
		}
	case yaml.ScalarNode:
		return d.scalar(n)
	case yaml.SequenceNode, yaml.MappingNode:
		if t, ok := d.made[n]; ok {
			if t == nil {
				return nil, d.fail(n, "an anchor that contains itself")
			}
			return t, nil
		}
		if depth >= maxDecodeDepth {
			return nil, d.fail(n, "more than %d levels", maxDecodeDepth)
		}
		d.made[n] = nil
		t, err := d.table(n, depth+1)
		d.made[n] = t
		return t, err
	}
	return nil, nil
}

func (d *yamlDecoder) table(n *yaml.Node, depth int) (*Table, error) {
	if n.Kind == yaml.SequenceNode {
		items := make([]Value, len(n.Content))
		for i, sub := range n.Content {
			v, err := d.value(sub, depth)
			if err != nil {
				return nil, err
			}
			items[i] = v
		}
		return &Table{Array: trim(items)}, nil
	}
	var merged, pairs []Value
	for i := 0; i+1 < len(n.Content); i += 2 {
		v, err := d.value(n.Content[i+1], depth)
		if err != nil {
			return nil, err
		}
		if n.Content[i].ShortTag() == "!!merge" {
			if merged, err = d.merge(n.Content[i+1], merged, v); err != nil {
				return nil, err
			}
			continue
		}
		k, err := d.value(n.Content[i], depth)
		if err != nil {
			return nil, err
		}
		k, ok := scalarKey(k)
		if !ok {
			return nil, d.fail(n.Content[i], "a key must be a string, a number or a boolean")
		}
		pairs = append(pairs, k, v)
	}
	return mapTable(append(merged, pairs...)), nil
}

// merge puts the pairs of a "<<" in front of those that win over them: in a list
// of mappings the first one wins.
func (d *yamlDecoder) merge(n *yaml.Node, pairs []Value, v Value) ([]Value, error) {
	t, ok := v.(*Table)
	if !ok {
		return nil, d.fail(n, "<< needs a mapping or a list of mappings")
	}
	sources := []Value{t}
	if len(t.Keys) == 0 && !t.Object {
		sources = t.Array
	}
	for i := len(sources) - 1; i >= 0; i-- {
		source, ok := sources[i].(*Table)
		if !ok {
			return nil, d.fail(n, "<< needs a mapping or a list of mappings")
		}
		if d.merged += source.Len(); d.merged > maxYAMLNodes {
			return nil, d.fail(n, "<< adds up to more than %d keys", maxYAMLNodes)
		}
		source.each(func(k, v Value) error { //nolint:errcheck // the function gives none
			pairs = append(pairs, k, v)
			return nil
		})
	}
	return pairs, nil
}

func (d *yamlDecoder) scalar(n *yaml.Node) (Value, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, d.fail(n, "%s", err)
		}
		return ValueOf(v), nil
	case "!!binary":
		raw, err := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
			if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
				return -1
			}
			return r
		}, n.Value))
		if err != nil {
			return nil, d.fail(n, "!!binary that is not base64")
		}
		return string(raw), nil
	}
	return n.Value, nil
}
