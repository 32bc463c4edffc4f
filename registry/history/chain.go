package history

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/troupe-go/troupe/registry"
)

// ErrDamaged is wrapped by the error of opening a log in which a record was lost,
// cut or changed.
var ErrDamaged = errors.New("the history is damaged")

// Damaged is the error for the first version of a log that is not as it was
// written.
func Damaged(where string, number uint64, cause error) error {
	return fmt.Errorf("open the registry history in %s: %w: version %d: %w; versions before it are sound: restore the history from a copy, or move it away to begin anew", where, ErrDamaged, number, cause)
}

// Sum is the SHA-256 hash of a version: over everything told about it, its
// encoded changes, and the hash of the version written before it. Databases drop
// the end of a damaged file, or a page of it, without an error; this is how that
// is noticed.
func Sum(r registry.Record, changes, before []byte) []byte {
	h := sha256.New()
	var n [24]byte
	binary.BigEndian.PutUint64(n[0:], r.Version.Number)
	binary.BigEndian.PutUint64(n[8:], r.Version.Parent)
	binary.BigEndian.PutUint64(n[16:], uint64(r.Time))
	for _, part := range [][]byte{n[:], []byte(r.Author), []byte(r.Message), before, changes} {
		binary.BigEndian.PutUint64(n[0:], uint64(len(part)))
		h.Write(n[:8])
		h.Write(part)
	}
	return h.Sum(nil)
}
