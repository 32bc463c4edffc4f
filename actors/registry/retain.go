package registry

import (
	"context"
	"slices"
	"time"

	"github.com/troupe-go/troupe/registry"
)

// retention says how much of the history is kept.
type retention struct {
	keep   int           // versions, 0 for all
	maxAge time.Duration // 0 for any
}

func (k *keeper) configureRetention() {
	if n, ok := k.env.Config["registry.history_keep"].(int64); ok {
		k.retain.keep = int(max(0, n))
	}
	if d, ok := k.env.Config["registry.history_max_age"].(time.Duration); ok {
		k.retain.maxAge = max(0, d)
	}
}

// below returns the version before which all are to go; 0 if none is. The newest
// always stays: it says how the numbering goes on. To remove versions costs about
// as much as to write one, so a tenth of their number, or of the age, is waited for
// unless all is to go that can.
func (r retention) below(numbers []uint64, notes map[uint64]registry.Record, now time.Time, all bool) uint64 {
	first, slack, grace := 0, r.keep/10, r.maxAge/10
	if all {
		slack, grace = 0, 0
	}
	if r.keep > 0 && len(numbers) > r.keep+slack {
		first = len(numbers) - r.keep
	}
	age := func(i int) time.Duration { return now.Sub(time.Unix(notes[numbers[i]].Time, 0)) }
	if r.maxAge > 0 && len(numbers) > 1 && age(0) > r.maxAge+grace {
		for first < len(numbers)-1 && age(first) > r.maxAge {
			first++
		}
	}
	if first == 0 {
		return 0
	}
	return numbers[first]
}

// trim removes the versions that the configuration does not keep. What the others
// need of them is squashed into bases. A failure is only logged: the versions
// stay, and the next change tries again.
func (k *keeper) trim(ctx context.Context, all bool) {
	if k.off || k.retain == (retention{}) {
		return
	}
	current := k.state.Current().Version().Number
	old := k.numbers
	if len(old) > 1 && old[0] == current { // which stays, however old it is
		old = old[1:]
	}
	below := k.retain.below(old, k.notes, k.env.Clock.Now(), all)
	if below == 0 {
		return
	}
	orphans := k.state.Orphans(below)
	err := k.keep(ctx, func() error {
		bases := map[uint64][]registry.Op{}
		for number, r := range orphans {
			if _, err := r.Read(); err != nil {
				return err
			}
			bases[number] = r.Base()
		}
		return k.log.Trim(below, bases)
	})
	if err != nil {
		k.env.Log.Warn("old versions of the registry cannot be removed", "error", err.Error())
		return
	}
	k.state.Forget(below, orphans)
	k.numbers = slices.DeleteFunc(k.numbers, func(n uint64) bool {
		gone := n < below && n != current
		if gone {
			delete(k.notes, n)
		}
		return gone
	})
}
