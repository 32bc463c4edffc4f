package http

import (
	"testing"
	"time"
)

// Requests that run get most of the time that a stop may take, and at most 30 s.
func TestPatience(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		time.Second: 750 * time.Millisecond, 4 * time.Second: 3 * time.Second, 10 * time.Second: 9 * time.Second,
		31 * time.Second: drainTime, time.Hour: drainTime,
	} {
		if got := patience(timeout); got != want {
			t.Errorf("of %s: %s, want %s", timeout, got, want)
		}
	}
}
