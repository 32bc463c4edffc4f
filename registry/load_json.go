package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// jsonError is a syntax error with its place.
type jsonError struct {
	err          error
	line, column int
}

func (e *jsonError) Error() string { return e.err.Error() }
func (e *jsonError) Unwrap() error { return e.err }

// parseJSON reads a JSON document into the nodes that YAML has, so that both take
// the same way from there. (A YAML parser refuses some JSON, such as surrogate pairs.)
func parseJSON(content []byte) (*yaml.Node, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	p := jsonParser{content: content, dec: json.NewDecoder(bytes.NewReader(content)), line: 1}
	p.dec.UseNumber()
	n, err := p.value(0)
	if err == nil {
		if _, err = p.dec.Token(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err == nil {
			err = errors.New("there is more after the end of the value")
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends too early")
	}
	offset := p.dec.InputOffset()
	var se *json.SyntaxError
	if errors.As(err, &se) {
		offset = max(offset, se.Offset-1)
	}
	line, column := p.at(int(offset))
	return nil, &jsonError{err, line, column}
}

type jsonParser struct {
	content []byte
	dec     *json.Decoder
	pos     int // how far lines are counted
	line    int
	start   int // of that line
}

// at returns line and column of an offset; offsets must not go back.
func (p *jsonParser) at(offset int) (line, column int) {
	for offset = min(offset, len(p.content)); p.pos < offset; p.pos++ {
		if p.content[p.pos] == '\n' {
			p.line++
			p.start = p.pos + 1
		}
	}
	return p.line, offset - p.start + 1
}

// token returns the next token with a node for its place.
func (p *jsonParser) token() (json.Token, *yaml.Node, error) {
	begin := int(p.dec.InputOffset())
	for begin < len(p.content) && strings.IndexByte(" \t\r\n,:", p.content[begin]) >= 0 {
		begin++
	}
	n := &yaml.Node{}
	n.Line, n.Column = p.at(begin)
	tok, err := p.dec.Token()
	return tok, n, err
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	tok, n, err := p.token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	n.Kind = yaml.ScalarNode
	switch t := tok.(type) {
	case nil:
		n.Tag = "!!null"
	case bool:
		n.Tag, n.Value = "!!bool", fmt.Sprint(t)
	case string:
		n.Tag, n.Value = "!!str", t
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case json.Delim:
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		if t == '{' {
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		}
		for p.dec.More() {
			if t == '{' {
				key, at, err := p.token()
				if err != nil {
					return nil, err
				}
				name, _ := key.(string)
				at.Kind, at.Tag, at.Value = yaml.ScalarNode, "!!str", name
				n.Content = append(n.Content, at)
			}
			elem, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, elem)
		}
		if _, err := p.dec.Token(); err != nil {
			return nil, err
		}
	}
	return n, nil
}
