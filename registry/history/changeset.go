package history

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/troupe-go/troupe/messages/wire"
	"github.com/troupe-go/troupe/registry"
)

// changesetFormat is the newest form of a wire.Changeset. It is never 0, so that no
// changeset is empty, or begins as one in JSON does: those are older.
const changesetFormat = 1

// Encode turns operations, with what they have replaced, into bytes for a log that
// is kept in a file: a wire.Changeset. Of deletions only the ID and the original
// are kept.
func Encode(ops []registry.Op) ([]byte, error) {
	set := &wire.Changeset{Format: changesetFormat, Ops: make([]*wire.Changeset_Operation, len(ops))}
	for i, op := range ops {
		id := op.Entry.ID
		o := &wire.Changeset_Operation{Kind: wire.Changeset_Operation_Kind(op.Kind), Ns: []byte(id.NS), Name: []byte(id.Name)}
		var err error
		if op.Kind != registry.Delete {
			o.Entry, err = toWire(op.Entry)
		}
		if op.Old != nil && err == nil {
			o.Original, err = toWire(*op.Old)
		}
		if err != nil {
			return nil, fmt.Errorf("encode the change of %s: %w; store plain data only", id, err)
		}
		set.Ops[i] = o
	}
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode a changeset: %w", err)
	}
	return out, nil
}

func toWire(e registry.Entry) (*wire.Changeset_Entry, error) {
	out := &wire.Changeset_Entry{Kind: []byte(e.Kind), Module: []byte(e.Module())}
	var err error
	if e.Data != nil {
		out.Data, err = toDatum(e.Data)
	}
	if e.Meta != nil && err == nil {
		out.Meta, err = toMap(e.Meta)
	}
	return out, err
}

func toDatum(v any) (*wire.Changeset_Datum, error) {
	switch v := v.(type) {
	case nil:
		return &wire.Changeset_Datum{}, nil
	case bool:
		return &wire.Changeset_Datum{Value: &wire.Changeset_Datum_Flag{Flag: v}}, nil
	case int64:
		return &wire.Changeset_Datum{Value: &wire.Changeset_Datum_Integer{Integer: v}}, nil
	case float64:
		return &wire.Changeset_Datum{Value: &wire.Changeset_Datum_Number{Number: v}}, nil
	case string:
		return &wire.Changeset_Datum{Value: &wire.Changeset_Datum_Text{Text: []byte(v)}}, nil
	case []any:
		list := &wire.Changeset_List{Items: make([]*wire.Changeset_Datum, len(v))}
		for i, x := range v {
			d, err := toDatum(x)
			if err != nil {
				return nil, err
			}
			list.Items[i] = d
		}
		return &wire.Changeset_Datum{Value: &wire.Changeset_Datum_List{List: list}}, nil
	case map[string]any:
		m, err := toMap(v)
		return &wire.Changeset_Datum{Value: &wire.Changeset_Datum_Map{Map: m}}, err
	}
	return nil, fmt.Errorf("a value is %T", v)
}

func toMap(m map[string]any) (*wire.Changeset_Map, error) {
	out := &wire.Changeset_Map{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		d, err := toDatum(m[k])
		if err != nil {
			return nil, err
		}
		out.Keys, out.Values = append(out.Keys, []byte(k)), append(out.Values, d)
	}
	return out, nil
}

// Decode reads what Encode wrote, or EncodeJSON: logs that were begun by an older
// program have changesets in JSON, which do not tell what was replaced.
func Decode(data []byte) ([]registry.Op, error) {
	if len(data) > 0 && data[0] == '{' {
		return DecodeJSON(data)
	}
	var set wire.Changeset
	// As deep as JSON can be, with two messages for each list.
	if err := (proto.UnmarshalOptions{RecursionLimit: 1 << 15}).Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("decode a changeset: %w; the history file is damaged", err)
	}
	if set.Format != changesetFormat {
		return nil, fmt.Errorf("decode a changeset: it has format %d, this program knows %d; use a newer program", set.Format, changesetFormat)
	}
	ops := make([]registry.Op, len(set.Ops))
	for i, o := range set.Ops {
		op, err := fromWire(o)
		if err != nil {
			return nil, fmt.Errorf("decode a changeset: %w; the history file is damaged", err)
		}
		ops[i] = op
	}
	return ops, nil
}

func fromWire(o *wire.Changeset_Operation) (op registry.Op, err error) {
	id := registry.ID{NS: string(o.Ns), Name: string(o.Name)}
	if id.Name == "" {
		return op, errors.New("an operation names no entry")
	}
	op = registry.Op{Kind: registry.OpKind(o.Kind), Entry: registry.Entry{ID: id}}
	if _, err := registry.ParseOpKind(op.Kind.String()); err != nil {
		return op, err
	}
	if o.Entry != nil && op.Kind != registry.Delete {
		if op.Entry, err = entryOf(id, o.Entry); err != nil {
			return op, err
		}
	}
	if o.Original != nil {
		old, err := entryOf(id, o.Original)
		if err != nil {
			return op, err
		}
		op.Old = &old
	}
	return op, nil
}

func entryOf(id registry.ID, in *wire.Changeset_Entry) (e registry.Entry, err error) {
	e = registry.Entry{ID: id, Kind: string(in.Kind)}.InModule(string(in.Module))
	if in.Data != nil {
		if e.Data, err = fromDatum(in.Data); err != nil {
			return e, err
		}
	}
	if in.Meta != nil {
		e.Meta, err = fromMap(in.Meta)
	}
	return e, err
}

func fromDatum(d *wire.Changeset_Datum) (any, error) {
	switch v := d.GetValue().(type) {
	case nil:
		return nil, nil
	case *wire.Changeset_Datum_Flag:
		return v.Flag, nil
	case *wire.Changeset_Datum_Integer:
		return v.Integer, nil
	case *wire.Changeset_Datum_Number:
		return v.Number, nil
	case *wire.Changeset_Datum_Text:
		return string(v.Text), nil
	case *wire.Changeset_Datum_List:
		out := make([]any, len(v.List.GetItems()))
		for i, x := range v.List.GetItems() {
			d, err := fromDatum(x)
			if err != nil {
				return nil, err
			}
			out[i] = d
		}
		return out, nil
	case *wire.Changeset_Datum_Map:
		return fromMap(v.Map)
	}
	return nil, errors.New("a value has no known type")
}

func fromMap(m *wire.Changeset_Map) (map[string]any, error) {
	if len(m.GetKeys()) != len(m.GetValues()) {
		return nil, fmt.Errorf("a map has %d keys and %d values", len(m.GetKeys()), len(m.GetValues()))
	}
	out := make(map[string]any, len(m.GetKeys()))
	for i, k := range m.GetKeys() {
		v, err := fromDatum(m.Values[i])
		if err != nil {
			return nil, err
		}
		out[string(k)] = v
	}
	return out, nil
}
