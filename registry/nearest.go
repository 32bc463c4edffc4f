package registry

import (
	"slices"
	"strings"
)

// Nearest returns the candidate most like name, for "did you mean" hints. It
// reports false if none is close: more than a third of the letters would change,
// or name is itself a candidate. Ties go to the alphabetically first.
func Nearest(name string, candidates []string) (string, bool) {
	const longest = 256 // keeps the quadratic distance cheap for hostile names
	if name == "" || len(name) > longest {
		return "", false
	}
	limit := max(1, (len(name)+1)/3)
	best, found := "", false
	var row []int
	for _, c := range candidates {
		if c == name {
			return "", false
		}
		if d := len(c) - len(name); d > limit || -d > limit || c == "" {
			continue
		}
		d := 0
		if d, row = distance(strings.ToLower(name), strings.ToLower(c), row); d > limit {
			continue
		}
		if !found || d < limit || (d == limit && c < best) {
			best, found, limit = c, true, d
		}
	}
	return best, found
}

// DidYouMean returns the hint `did you mean "…"?` for the nearest candidate, or
// "" if none is close.
func DidYouMean(name string, candidates []string) string {
	if near, ok := Nearest(name, candidates); ok {
		return `did you mean "` + near + `"?`
	}
	return ""
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to get from a to b (optimal string alignment).
func distance(a, b string, buf []int) (int, []int) {
	w := len(b) + 1
	buf = slices.Grow(buf[:0], 3*w)[:3*w]
	prev2, prev, cur := buf[:w], buf[w:2*w], buf[2*w:]
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)], buf
}
