// Package openlog opens the history that a configuration names.
package openlog

import (
	"fmt"

	"github.com/troupe-go/troupe/registry/history"
	"github.com/troupe-go/troupe/registry/history/badgerlog"
	"github.com/troupe-go/troupe/registry/history/sqlitelog"
)

// Open opens the log of a registry.history_type: memory (also for ""), badger,
// sqlite or nil; path is the folder or file of the durable ones. It may block on
// the disk.
func Open(kind, path string) (history.Log, error) {
	switch kind {
	case "", "memory":
		return history.NewMemory(), nil
	case "nil":
		return history.NewOff(), nil
	case "badger":
		return badgerlog.Open(path)
	case "sqlite":
		return sqlitelog.Open(path)
	}
	return nil, fmt.Errorf("registry.history_type %q is not known; use memory, badger, sqlite or nil", kind)
}

// Durable reports whether logs of a type outlive the program.
func Durable(kind string) bool { return kind == "badger" || kind == "sqlite" }
