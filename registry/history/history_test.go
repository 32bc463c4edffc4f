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

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"ops":[{"op":"entry.create","id":"a:b","kind":"k","data":{"x":1,"y":1.0,"z":["q"]}}]}`))
	f.Add([]byte(`{"ops":[{"op":"entry.delete","id":"a:b"}]}`))
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
			t.Errorf("%v\n%s\n%s", err, first, second)
		}
	})
}
