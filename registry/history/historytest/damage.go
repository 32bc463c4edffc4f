package historytest

import (
	"errors"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/registry"
	"github.com/troupe-go/troupe/registry/history"
)

// OldDamage tests that a log finds damage which lies so far back that it is not
// seen at the opening. open returns an empty log, what opens it again, and what
// spoils the "changes" or the "base" of version 5, or takes its "record" away.
func OldDamage(t *testing.T, open func(t *testing.T, damage string) (reopen func() (history.Log, error), spoil func() error, full history.Log)) {
	for _, damage := range []string{"changes", "base", "record"} {
		t.Run(damage, func(t *testing.T) {
			reopen, spoil, log := open(t, damage)
			for n := uint64(1); n <= 2*history.Tail; n++ {
				r := registry.Record{Version: registry.Version{Number: n, Parent: n - 1}, Ops: counted(n)}
				if n == 5 {
					r.Base = counted(n)
				}
				if err := log.Append(r); err != nil {
					t.Fatal(err)
				}
			}
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			closeLog(t, log)
			log, err := reopen()
			if err != nil {
				t.Fatal(err) // what was written last is sound
			}
			defer closeLog(t, log)
			if err := log.Verify(); !errors.Is(err, history.ErrDamaged) || !strings.HasSuffix(err.Error(), "(versions that are sound: 1-4, 6-512)") {
				t.Errorf("Verify: %v", err)
			}
			_, err = log.Versions()
			switch damage {
			case "changes":
				_, err = log.Changes(5)
			case "base":
				_, err = log.Base(5)
			}
			if !errors.Is(err, history.ErrDamaged) {
				t.Errorf("it is used: %v", err)
			}
		})
	}
}
