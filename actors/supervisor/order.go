package supervisor

import "slices"

// levels sorts ids so that each comes in a later level than those it needs; needs
// that are not among the ids do not count. The ids of one level are in the order
// given. needs has no circles: see acyclic.
func levels(ids []string, needs func(string) []string) [][]string {
	at := make(map[string]int, len(ids)) // 0 for those that are not among the ids
	for _, id := range ids {
		at[id] = -1
	}
	var level func(id string) int
	level = func(id string) int {
		if n := at[id]; n >= 0 {
			return n
		}
		n := 1
		for _, need := range needs(id) {
			n = max(n, level(need)+1)
		}
		at[id] = n
		return n
	}
	var out [][]string
	for _, id := range ids {
		n := level(id)
		for len(out) < n {
			out = append(out, nil)
		}
		out[n-1] = append(out[n-1], id)
	}
	return out
}

// acyclic are the needs of a service without itself, doubles, and those that need
// it in turn: where entries refer to each other in a circle, the later reference
// gives way.
func acyclic(id string, list []string, needs func(string) []string) []string {
	var out []string
	for _, n := range list {
		if n != id && !slices.Contains(out, n) && !reaches(n, id, needs) {
			out = append(out, n)
		}
	}
	return out
}

// reaches reports whether from needs to, directly or through others.
func reaches(from, to string, needs func(string) []string) bool {
	seen := map[string]bool{from: true}
	for next := []string{from}; len(next) > 0; {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		for _, n := range needs(id) {
			if n == to {
				return true
			}
			if !seen[n] {
				seen[n] = true
				next = append(next, n)
			}
		}
	}
	return false
}

// fronted are the needs of services where each front needs all that no front is
// needed for; so they have no circles either.
func fronted(ids []string, front func(string) bool, needs func(string) []string) func(string) []string {
	before := map[string]bool{} // whether it is a front, or needs one
	var isBefore func(id string) bool
	isBefore = func(id string) bool {
		is, known := before[id]
		if !known {
			is = front(id) || slices.ContainsFunc(needs(id), isBefore)
			before[id] = is
		}
		return is
	}
	behind := slices.DeleteFunc(slices.Clone(ids), isBefore)
	return func(id string) []string {
		if front(id) {
			return slices.Concat(needs(id), behind)
		}
		return needs(id)
	}
}

// dependants are those of all that need id, directly or through others.
func dependants(id string, all []string, needs func(string) []string) []string {
	var out []string
	for _, o := range all {
		if o != id && reaches(o, id, needs) {
			out = append(out, o)
		}
	}
	return out
}
