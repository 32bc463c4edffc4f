package scheduler

import (
	"os"
	"testing"
)

// long reports whether the tests run in their long form: ten million messages
// at every number of workers, which takes minutes.
func long() bool { return os.Getenv("TROUPE_LONG") != "" && !testing.Short() }
