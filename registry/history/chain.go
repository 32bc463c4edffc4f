package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/registry"
)

// ErrDamaged is wrapped by the error of opening a log in which a record was lost,
// cut or changed.
var ErrDamaged = errors.New("the history is damaged")

// Damaged is the error for a version of a log that is not as it was written.
func Damaged(where string, number uint64, cause error) error {
	return fmt.Errorf("read the registry history in %s: %w: version %d: %w; restore the history from a copy, or move it away to begin anew", where, ErrDamaged, number, cause)
}

// Sound adds to an error about damage which versions are sound, in order. Other
// errors stay as they are.
func Sound(err error, numbers func() []uint64) error {
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	var ranges []string
	list := numbers()
	for i := 0; i < len(list); {
		first := i
		for i++; i < len(list) && list[i] == list[i-1]+1; i++ {
		}
		text := fmt.Sprint(list[first])
		if i-1 > first {
			text += fmt.Sprint("-", list[i-1])
		}
		ranges = append(ranges, text)
	}
	if len(ranges) == 0 {
		ranges = []string{"none"}
	}
	return fmt.Errorf("%w (versions that are sound: %s)", err, strings.Join(ranges, ", "))
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

// BaseSum is the hash of the encoded base of a version that has the hash version.
func BaseSum(version, base []byte) []byte {
	h := sha256.New()
	h.Write(version)
	h.Write(base)
	return h.Sum(nil)
}

// Tail is how many versions at the end of a log are read when it is opened: those
// that were written last suffer when a machine stops. All others are checked when
// they are used, and by Verify.
const Tail = 256

// Chain follows the hashes of a log from one version to the next.
type Chain struct {
	Where string
	Cuts  []uint64 // versions that have lost the one before them to Trim
	Last  []byte   // hash of the version passed last

	number uint64
}

// Pass goes on to a version that was written after the one with the hash before.
func (c *Chain) Pass(number uint64, before, hash []byte) error {
	if !bytes.Equal(before, c.Last) && !slices.Contains(c.Cuts, number) {
		return Damaged(c.Where, number, errors.New("its hash does not fit to the version before it"))
	}
	c.Last, c.number = hash, number
	return nil
}

// End compares the last version with the one that was written last.
func (c *Chain) End(last []byte) error {
	if !bytes.Equal(last, c.Last) {
		return Damaged(c.Where, c.number+1, errors.New("versions at the end are missing"))
	}
	return nil
}

// CutsAfter are the Cuts of a log once the versions before first are gone except
// the head.
func CutsAfter(first, head uint64) []uint64 {
	if head != 0 && head < first {
		return []uint64{head, first}
	}
	return []uint64{first}
}

// EncodeCuts and DecodeCuts are for logs that are kept in a file.
func EncodeCuts(cuts []uint64) []byte {
	out, _ := json.Marshal(cuts) // numbers always can
	return out
}

// DecodeCuts reads what EncodeCuts wrote; there may be nothing.
func DecodeCuts(data []byte) (cuts []uint64, err error) {
	if len(data) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(data, &cuts); err != nil {
		return nil, fmt.Errorf("the list of removed versions: %w", err)
	}
	return cuts, nil
}
