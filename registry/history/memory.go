package history

import (
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
	ops := make([]registry.Op, len(r.Ops))
	for i, op := range r.Ops {
		ops[i] = registry.Op{Kind: op.Kind, Entry: op.Entry.Clone()}
	}
	r.Ops = ops
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
		r.Ops = nil
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
	out := make([]registry.Op, len(m.records[i].Ops))
	for j, op := range m.records[i].Ops {
		out[j] = registry.Op{Kind: op.Kind, Entry: op.Entry.Clone()}
	}
	return out, nil
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
