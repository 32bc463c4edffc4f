package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/troupe-go/troupe/registry"
)

// changeset is the form operations have in JSON.
type changeset struct {
	Ops []operation `json:"ops"`
}

type operation struct {
	Kind string `json:"op"`
	ID   string `json:"id"`
	entry
	Original *entry `json:"original,omitempty"`
}

// entry is an entry without its ID.
type entry struct {
	Kind   string         `json:"kind,omitempty"`
	Module string         `json:"module,omitempty"`
	Meta   map[string]any `json:"meta,omitempty"`
	Data   any            `json:"data,omitempty"`
}

// EncodeJSON turns operations into JSON, for people and for JSON lines. Floats in it
// have a point or an exponent, so that they come back as floats. Of deletions the
// ID and the original are kept.
func EncodeJSON(ops []registry.Op) ([]byte, error) {
	set := changeset{Ops: make([]operation, len(ops))}
	for i, op := range ops {
		o := operation{Kind: op.Kind.String(), ID: op.Entry.ID.String()}
		if op.Kind != registry.Delete {
			o.entry = toJSON(op.Entry)
		}
		if op.Old != nil {
			old := toJSON(*op.Old)
			o.Original = &old
		}
		set.Ops[i] = o
	}
	out, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode a changeset: %w; store plain data only", err)
	}
	return out, nil
}

func toJSON(e registry.Entry) entry {
	out := entry{Kind: e.Kind, Module: e.Module(), Data: encodable(e.Data)}
	if e.Meta != nil {
		out.Meta = encodable(e.Meta).(map[string]any)
	}
	return out
}

// specialKey marks what JSON has no word for; a map of this one key and a string is
// never written for anything else.
const specialKey = "\u0000special"

// number is a float in the form it is written.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(n), 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return []byte(text), nil
}

func encodable(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return map[string]any{specialKey: strconv.FormatFloat(v, 'g', -1, 64)}
		}
		return number(v)
	case string:
		// JSON replaces bytes that are not UTF-8; such strings travel quoted.
		if strings.ToValidUTF8(v, "") != v {
			return map[string]any{specialKey: strconv.Quote(v)}
		}
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = encodable(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = encodable(x)
		}
		return out
	}
	return v
}

// DecodeJSON reads what EncodeJSON wrote.
func DecodeJSON(data []byte) ([]registry.Op, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var set changeset
	if err := dec.Decode(&set); err != nil {
		return nil, fmt.Errorf("decode a changeset: %w; the history file is damaged", err)
	}
	ops := make([]registry.Op, len(set.Ops))
	for i, o := range set.Ops {
		kind, err := registry.ParseOpKind(o.Kind)
		if err != nil {
			return nil, fmt.Errorf("decode a changeset: %w", err)
		}
		id, err := registry.ParseID(o.ID)
		if err != nil {
			return nil, fmt.Errorf("decode a changeset: %w", err)
		}
		op := registry.Op{Kind: kind}
		if op.Entry, err = fromJSON(id, o.entry); err != nil {
			return nil, err
		}
		if o.Original != nil {
			old, err := fromJSON(id, *o.Original)
			if err != nil {
				return nil, err
			}
			op.Old = &old
		}
		ops[i] = op
	}
	return ops, nil
}

func fromJSON(id registry.ID, in entry) (e registry.Entry, err error) {
	e = registry.Entry{ID: id, Kind: in.Kind}.InModule(in.Module)
	if e.Data, err = decodable(in.Data); err != nil {
		return e, err
	}
	if in.Meta != nil {
		m, err := decodable(in.Meta)
		if err != nil {
			return e, err
		}
		meta, ok := m.(map[string]any)
		if !ok {
			return e, fmt.Errorf("decode a changeset: the metadata of %s is not a map; the history file is damaged", id)
		}
		e.Meta = meta
	}
	return e, nil
}

func decodable(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if n, err := v.Int64(); err == nil {
				return n, nil
			}
		}
		x, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("decode a changeset: number %s: %w; the history file is damaged", v, err)
		}
		return x, nil
	case []any:
		for i, x := range v {
			n, err := decodable(x)
			if err != nil {
				return nil, err
			}
			v[i] = n
		}
	case map[string]any:
		if text, ok := v[specialKey].(string); ok && len(v) == 1 {
			return special(text)
		}
		for k, x := range v {
			n, err := decodable(x)
			if err != nil {
				return nil, err
			}
			v[k] = n
		}
	}
	return v, nil
}

func special(text string) (any, error) {
	if strings.HasPrefix(text, `"`) {
		if s, err := strconv.Unquote(text); err == nil {
			return s, nil
		}
	} else if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x, nil
	}
	return nil, fmt.Errorf("decode a changeset: %q is no special value; the history file is damaged", text)
}
