package registry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a size in an entry: a number of bytes, or a number with a unit, as
// in 512K, 64MB or 2GiB. A unit is a power of 1024.
type Bytes int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := ParseBytes(string(text))
	*b = Bytes(n)
	return err
}

// ParseBytes reads sizes such as 512M, 64KB, 2GiB or 1048576. A size is above 0.
func ParseBytes(s string) (int64, error) {
	text := strings.ToUpper(strings.TrimSpace(s))
	text = strings.TrimSuffix(strings.TrimSuffix(text, "B"), "I")
	unit := 0
	if text != "" {
		if i := strings.IndexByte("KMGT", text[len(text)-1]); i >= 0 {
			unit = 10 * (i + 1)
			text = text[:len(text)-1]
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>unit {
		return 0, fmt.Errorf("%q is not a size; write it as 512M or 2G", s)
	}
	return n << unit, nil
}
