package history_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/historytest"
)

func TestMemory(t *testing.T) {
	historytest.Contract(t, func(*testing.T) history.Log { return history.NewMemory() }, nil)
}

// encoded is a log in memory whose changes went through Encode and Decode, as those
// of a log in a file do.
type encoded struct {
	history.Log
	changes map[uint64][]byte
}

func (e encoded) Append(r registry.Record) error {
	data, err := history.Encode(r.Ops)
	if err != nil {
		return err
	}
	if err := e.Log.Append(r); err != nil {
		return err
	}
	e.changes[r.Version.Number] = data
	return nil
}

func (e encoded) Changes(number uint64) ([]registry.Op, error) {
	if _, err := e.Log.Changes(number); err != nil {
		return nil, err
	}
	return history.Decode(e.changes[number])
}

func TestEncoded(t *testing.T) {
	historytest.Contract(t, func(*testing.T) history.Log {
		return encoded{history.NewMemory(), map[uint64][]byte{}}
	}, nil)
}

func TestOff(t *testing.T) {
	log := history.NewOff()
	if err := log.Append(registry.Record{Version: registry.Version{Number: 1}}); err != nil {
		t.Error(err)
	}
	if records, head, err := history.Load(log); len(records) != 0 || head != 0 || err != nil {
		t.Errorf("got %v, %d, %v", records, head, err)
	}
	if err := log.SetHead(1); !errors.Is(err, history.ErrOff) {
		t.Errorf("SetHead: %v", err)
	}
}

func TestEncodedAsJSON(t *testing.T) {
	log := encoded{history.NewMemory(), map[uint64][]byte{}}
	historytest.Contract(t, func(*testing.T) history.Log {
		log.Log = history.NewMemory()
		clear(log.changes)
		return asJSON{log}
	}, nil)
}

// asJSON is what a log was before changesets were of Protocol Buffers.
type asJSON struct{ encoded }

func (a asJSON) Append(r registry.Record) error {
	data, err := history.EncodeJSON(r.Ops)
	if err != nil {
		return err
	}
	if err := a.Log.Append(r); err != nil {
		return err
	}
	a.changes[r.Version.Number] = data
	return nil
}

// Equal changes have equal bytes, whatever the order of a map is.
func TestEncodeIsStable(t *testing.T) {
	data := map[string]any{}
	for i := range 100 {
		data[string(rune('a'+i))] = int64(i)
	}
	ops := []registry.Op{{Entry: registry.Entry{ID: registry.ID{NS: "a", Name: "b"}, Meta: data, Data: data}}}
	first, err := history.Encode(ops)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, err := history.Encode(ops); err != nil || !bytes.Equal(first, again) {
			t.Fatal("not the same", err)
		}
	}
	if _, err := history.Encode([]registry.Op{{Entry: registry.Entry{Data: struct{}{}}}}); err == nil {
		t.Error("a struct was encoded")
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"nothing": "", "another format": "\x08\x02", "no protobuf": "\xff", "no name": "\x08\x01\x12\x00",
		"an unknown operation": "\x08\x01\x12\x05\x08\x07\x1a\x01n",
		"a key without value":  "\x08\x01\x12\x0a\x1a\x01n\x22\x05\x12\x03\x0a\x01k",
		"JSON that is cut":     `{"ops":[`,
	} {
		if ops, err := history.Decode([]byte(data)); err == nil {
			t.Errorf("%s: %v", name, ops)
		}
	}
}

// FuzzDecode reads changesets that were damaged; what can be read is written and
// read again the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"ops":[{"op":"entry.create","id":"a:b","kind":"k","data":{"x":1,"y":1.0,"z":["q"]}}]}`))
	f.Add([]byte(`{"ops":[{"op":"entry.delete","id":"a:b","original":{"kind":"k","module":"m/n","data":true}}]}`))
	for _, r := range historytest.Records() {
		data, err := history.Encode(r.Ops)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ops, err := history.Decode(data)
		if err != nil {
			return
		}
		first, err := history.Encode(ops)
		if err != nil {
			t.Fatal(err)
		}
		ops, err = history.Decode(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := history.Encode(ops)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%v\n%x\n%x", err, first, second)
		}
		if _, err := history.EncodeJSON(ops); err != nil {
			t.Error(err)
		}
	})
}
