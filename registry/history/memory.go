package history

import (
	"slices"

	"github.com/troupe-go/troupe/registry"
)

// NewMemory returns a log that lives as long as the program.
func NewMemory() Log { return &memory{at: map[uint64]int{}} }

type memory struct {
	records []registry.Record
	at      map[uint64]int // version number -> position
	head    uint64
	closed  bool
}

func (m *memory) known(number uint64) bool {
	_, ok := m.at[number]
	return ok
}

func (m *memory) Append(r registry.Record) error {
	if m.closed {
		return ErrClosed
	}
	if err := CheckAppend(r, m.highest(), m.known); err != nil {
		return err
	}
	r.Ops, r.Base, r.Based = cloned(r.Ops), cloned(r.Base), r.Base != nil
	m.at[r.Version.Number] = len(m.records)
	m.records = append(m.records, r)
	m.head = r.Version.Number
	return nil
}

func (m *memory) highest() uint64 {
	if len(m.records) == 0 {
		return 0
	}
	return m.records[len(m.records)-1].Version.Number
}

func (m *memory) Versions() ([]registry.Record, error) {
	if m.closed {
		return nil, ErrClosed
	}
	out := make([]registry.Record, len(m.records))
	for i, r := range m.records {
		r.Ops, r.Base = nil, nil
		out[i] = r
	}
	return out, nil
}

func (m *memory) Changes(number uint64) ([]registry.Op, error) {
	if m.closed {
		return nil, ErrClosed
	}
	i, ok := m.at[number]
	if !ok {
		return nil, Unknown(number)
	}
	return cloned(m.records[i].Ops), nil
}

func (m *memory) Base(number uint64) ([]registry.Op, error) {
	if m.closed {
		return nil, ErrClosed
	}
	i, ok := m.at[number]
	if !ok || !m.records[i].Based {
		return nil, Unknown(number)
	}
	return cloned(m.records[i].Base), nil
}

func cloned(ops []registry.Op) []registry.Op {
	if ops == nil {
		return nil
	}
	out := make([]registry.Op, len(ops))
	for i, op := range ops {
		out[i] = registry.Op{Kind: op.Kind, Entry: op.Entry.Clone()}
		if op.Old != nil {
			old := op.Old.Clone()
			out[i].Old = &old
		}
	}
	return out
}

func (m *memory) Trim(below uint64, bases map[uint64][]registry.Op) error {
	if m.closed {
		return ErrClosed
	}
	if err := CheckTrim(below, m.known); err != nil {
		return err
	}
	m.records = slices.DeleteFunc(m.records, func(r registry.Record) bool {
		return r.Version.Number < below && r.Version.Number != m.head
	})
	clear(m.at)
	for i := range m.records {
		r := &m.records[i]
		m.at[r.Version.Number] = i
		if base, ok := bases[r.Version.Number]; ok {
			r.Base, r.Based = cloned(base), true
		}
	}
	return nil
}

func (m *memory) Verify() error {
	if m.closed {
		return ErrClosed
	}
	return nil
}

func (m *memory) Head() (uint64, error) {
	if m.closed {
		return 0, ErrClosed
	}
	return m.head, nil
}

func (m *memory) SetHead(number uint64) error {
	switch {
	case m.closed:
		return ErrClosed
	case number != 0 && !m.known(number):
		return Unknown(number)
	}
	m.head = number
	return nil
}

func (m *memory) Close() error {
	m.closed, m.records, m.at = true, nil, nil
	return nil
}
