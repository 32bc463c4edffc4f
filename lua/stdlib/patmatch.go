package stdlib

// span is the range of a capture in the subject.
type span struct{ start, end int }

// choice is a repetition that can still try another length.
type choice struct {
	pc       int // the item
	low, end int // greedy: the shortest and the present end; lazy: end only
}

// matcher searches one subject with one pattern. Backtracking uses a stack of
// its own, whose height is bounded by the length of the pattern; the Go stack
// does not grow.
type matcher struct {
	src    string
	pat    *pattern
	w      *work
	caps   [maxCaptures]span
	stack  []choice
	steps  int
	budget int
	depth  int
}

// newMatcher prepares a search; w receives the steps.
func newMatcher(w *work, pat *pattern, src string) matcher {
	depth := w.lib.lim.PatternDepth
	return matcher{
		src: src, pat: pat, w: w,
		stack:  make([]choice, 0, min(pat.repeats, depth)),
		budget: w.lib.lim.PatternSteps + 8*len(src),
		depth:  depth,
	}
}

// tick counts n steps; it raises when the call has used up its budget.
func (m *matcher) tick(n int) {
	m.steps += n
	if m.steps >= stepBatch {
		m.spend()
	}
}

func (m *matcher) spend() {
	m.budget -= m.steps
	m.w.add(m.steps)
	m.steps = 0
	if m.budget < 0 {
		m.w.L.RaiseError("pattern too complex for a subject of %d bytes; anchor it or avoid repeated wildcards", len(m.src))
	}
}

// done reports the steps that are left.
func (m *matcher) done() {
	m.w.add(m.steps)
	m.steps = 0
	m.w.done()
}

// find looks for the first match at or behind from. The captures are in caps.
func (m *matcher) find(from int) (s span, ok bool) {
	for at := from; at <= len(m.src); at++ {
		if first := m.pat.first; first != nil && !m.pat.anchored {
			start := at
			for at < len(m.src) && !first.has(m.src[at]) {
				at++
			}
			m.tick((at - start) >> 3)
			if at == len(m.src) {
				break
			}
		}
		if end := m.matchAt(at); end >= 0 {
			return span{at, end}, true
		}
		if m.pat.anchored {
			break
		}
	}
	return span{}, false
}

// matchAt matches the whole pattern at one place and returns the end of the
// match, or -1.
func (m *matcher) matchAt(at int) int {
	m.stack = m.stack[:0]
	pc := 0
	for {
		m.tick(1)
		it := &m.pat.items[pc]
		if it.op == opMatch {
			return at
		}
		next := m.step(it, pc, at)
		if next >= 0 {
			pc, at = pc+1, next
			continue
		}
		pc, at = m.backtrack()
		if pc < 0 {
			return -1
		}
	}
}

// step matches one item and returns where it ends, or -1.
func (m *matcher) step(it *patItem, pc, at int) int {
	switch it.op {
	case opSet:
		if at < len(m.src) && it.set.has(m.src[at]) {
			return at + 1
		}
		return -1
	case opGreedy:
		return m.greedy(it, pc, at)
	case opLazy:
		m.push(choice{pc: pc, end: at})
		return at
	case opOpen:
		m.caps[it.n].start = at
		return at
	case opClose:
		m.caps[it.n].end = at
		return at
	case opPos:
		m.caps[it.n] = span{at, at}
		return at
	case opBack:
		c := m.caps[it.n]
		n := c.end - c.start
		m.tick(n >> 3)
		if n <= len(m.src)-at && m.src[c.start:c.end] == m.src[at:at+n] {
			return at + n
		}
		return -1
	case opBalance:
		return m.balance(it, at)
	case opFrontier:
		var before, after byte
		if at > 0 {
			before = m.src[at-1]
		}
		if at < len(m.src) {
			after = m.src[at]
		}
		if !it.set.has(before) && it.set.has(after) {
			return at
		}
		return -1
	case opEnd:
		if at == len(m.src) {
			return at
		}
	}
	return -1
}

// greedy takes as many characters as it can and remembers that fewer might do.
func (m *matcher) greedy(it *patItem, pc, at int) int {
	limit := len(m.src)
	if it.once {
		limit = min(limit, at+1)
	}
	end := at
	for end < limit && it.set.has(m.src[end]) {
		end++
	}
	m.tick(end - at)
	low := at + int(it.min)
	if end < low {
		return -1
	}
	if end > low {
		m.push(choice{pc: pc, low: low, end: end})
	}
	return end
}

// balance matches x ... y with nested pairs inside.
func (m *matcher) balance(it *patItem, at int) int {
	if at >= len(m.src) || m.src[at] != it.x {
		return -1
	}
	open, end := 1, -1
	i := at + 1
	for ; i < len(m.src); i++ {
		if c := m.src[i]; c == it.y {
			if open--; open == 0 {
				end = i + 1
				break
			}
		} else if c == it.x {
			open++
		}
	}
	m.tick(i - at)
	return end
}

func (m *matcher) push(c choice) {
	if len(m.stack) >= m.depth {
		m.w.L.RaiseError("pattern too complex (more than %d repetitions); split it", m.depth)
	}
	m.stack = append(m.stack, c)
}

// backtrack changes the length of the latest repetition and returns where to
// go on, or -1 as item if there is none.
func (m *matcher) backtrack() (pc, at int) {
	for n := len(m.stack); n > 0; n = len(m.stack) {
		m.tick(1)
		c := &m.stack[n-1]
		it := &m.pat.items[c.pc]
		if it.op == opLazy {
			if c.end < len(m.src) && it.set.has(m.src[c.end]) {
				c.end++
				return c.pc + 1, c.end
			}
			m.stack = m.stack[:n-1]
			continue
		}
		c.end--
		pc, at = c.pc+1, c.end
		if c.end == c.low {
			m.stack = m.stack[:n-1]
		}
		return pc, at
	}
	return -1, 0
}
