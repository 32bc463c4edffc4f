package history

import "github.com/troupe-go/troupe/registry"

// NewOff returns a log that keeps nothing: what is appended is forgotten, and what
// asks for the past fails with ErrOff. It is the history type "nil".
func NewOff() Log { return off{} }

type off struct{}

func (off) Append(registry.Record) error                { return nil }
func (off) Versions() ([]registry.Record, error)        { return nil, nil }
func (off) Changes(uint64) ([]registry.Op, error)       { return nil, ErrOff }
func (off) Base(uint64) ([]registry.Op, error)          { return nil, ErrOff }
func (off) Trim(uint64, map[uint64][]registry.Op) error { return ErrOff }
func (off) Verify() error                               { return nil }
func (off) Head() (uint64, error)                       { return 0, nil }
func (off) SetHead(uint64) error                        { return ErrOff }
func (off) Close() error                                { return nil }
