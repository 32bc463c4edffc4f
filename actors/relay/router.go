package relay

import "hash/fnv"

// Worker chooses one of n workers by the sender, with FNV-1a: what one sender
// sends stays in order, different senders run side by side.
func Worker(sender string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(sender))
	return int(h.Sum32() % uint32(n))
}
