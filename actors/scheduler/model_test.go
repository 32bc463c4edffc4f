package scheduler

import (
	"fmt"
	"testing"
)

// explore visits every state that can be reached, whatever the order in which threads take their steps. next returns
// the states one step later, or says what is wrong with this one; a state without successors has to be a good end.
func explore[S comparable](start S, next func(S) ([]S, error), end func(S) error) (int, error) {
	seen := map[S]bool{start: true}
	open := []S{start}
	for len(open) > 0 {
		s := open[len(open)-1]
		open = open[:len(open)-1]
		after, err := next(s)
		if err == nil && len(after) == 0 {
			err = end(s)
		}
		if err != nil {
			return len(seen), fmt.Errorf("exploring: %w in %+v", err, s)
		}
		for _, n := range after {
			if !seen[n] {
				seen[n] = true
				open = append(open, n)
			}
		}
	}
	return len(seen), nil
}

// checkModel explores the model of the code, and then models with one fault each, which must be found: a checker that
// finds nothing proves nothing.
func checkModel(t *testing.T, faults []string, run func(fault string) (int, error)) {
	t.Helper()
	n, err := run("")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d states", n)
	for _, fault := range faults {
		if _, err := run(fault); err == nil {
			t.Errorf("the fault %q was not found", fault)
		} else {
			t.Logf("fault %q: found", fault)
		}
	}
}

// idleState is a model of wake, next, search and retire: workers that go idle while others add tasks.
type idleState struct {
	tasks, idle, searching int8

	pushers [3]int8 // program counters
	roles   [2]int8 // what the goroutine that carries a worker is about to do
	tails   [4]int8 // goroutines that gave their worker up, by what they are about to do
}

// Program counters. A wake takes three steps: two looks without the lock and one with it.
const (
	pushTask int8 = iota
	pushSeesIdle
	pushSeesSearching
	pushTakesIdle
	pushDone
)

const (
	roleIdle int8 = iota
	roleTakesLocal
	roleBeginsSearch
	roleSearches
	roleEndsSearch // found a task
	roleSeesIdle
	roleLooksAgain
	roleSeesSearching
	roleTakesIdle
	roleRuns
	roleGoesIdle
)

const (
	tailEndsSearch int8 = iota
	tailLooksAgain
	tailSeesSearching
	tailTakesIdle
)

func TestModelOfIdleWorkers(t *testing.T) {
	const (
		noLook    = "no look after going idle"
		earlyLook = "the look comes before the search is over"
		noHelp    = "no look after a search that found a task"
	)
	for _, endless := range []bool{false, true} {
		faults := []string{noLook, earlyLook}
		if endless {
			faults = []string{noHelp} // if tasks end, they are only late
		}
		t.Run(fmt.Sprintf("endless tasks=%v", endless), func(t *testing.T) {
			checkModel(t, faults, func(fault string) (int, error) {
				m := idleModel{endless: endless, noLook: fault == noLook, earlyLook: fault == earlyLook, noHelp: fault == noHelp}
				start := idleState{idle: 2}
				if endless {
					start.pushers[2] = pushDone // as many tasks as workers
				}
				return explore(start, m.next, m.end)
			})
		})
	}
}

type idleModel struct{ endless, noLook, earlyLook, noHelp bool }

func (m idleModel) end(s idleState) error {
	if s.tasks != 0 {
		return fmt.Errorf("%d tasks wait and nobody comes", s.tasks)
	}
	if s.searching != 0 || !m.endless && s.idle != 2 {
		return fmt.Errorf("%d workers search and %d are idle at the end", s.searching, s.idle)
	}
	return nil
}

func (m idleModel) next(s idleState) (after []idleState, err error) {
	for i, pc := range s.pushers {
		n := s
		switch pc {
		case pushTask:
			n.tasks++
			n.pushers[i] = pushSeesIdle
		case pushSeesIdle:
			n.pushers[i] = choose(s.idle == 0, pushDone, pushSeesSearching)
		case pushSeesSearching:
			n.pushers[i] = choose(s.searching != 0, pushDone, pushTakesIdle)
		case pushTakesIdle:
			n = s.takeIdle()
			n.pushers[i] = pushDone
		default:
			continue
		}
		after = append(after, n)
	}
	for i := range s.roles {
		if n, ok := m.role(s, i); ok {
			after = append(after, n)
		}
	}
	for pc := range s.tails {
		if s.tails[pc] > 0 {
			after = append(after, m.tail(s, int8(pc)))
		}
	}
	return after, nil
}

func (m idleModel) role(s idleState, i int) (n idleState, ok bool) {
	n = s
	pc := &n.roles[i]
	switch *pc {
	case roleTakesLocal:
		if s.tasks > 0 {
			n.tasks--
			*pc = roleRuns
		} else {
			*pc = roleBeginsSearch
		}
	case roleBeginsSearch:
		n.searching++
		*pc = roleSearches
	case roleSearches:
		if s.tasks > 0 {
			n.tasks--
			*pc = roleEndsSearch
		} else {
			*pc = roleGoesIdle
		}
	case roleEndsSearch:
		n.searching--
		*pc = choose(m.noHelp, roleRuns, roleSeesIdle)
	case roleSeesIdle:
		*pc = choose(s.idle > 0, roleLooksAgain, roleRuns)
	case roleLooksAgain:
		*pc = choose(s.tasks > 0, roleSeesSearching, roleRuns)
	case roleSeesSearching:
		*pc = choose(s.searching != 0, roleRuns, roleTakesIdle)
	case roleTakesIdle:
		n = s.takeIdle()
		n.roles[i] = roleRuns
	case roleRuns:
		if m.endless {
			return s, false
		}
		*pc = roleTakesLocal
	case roleGoesIdle:
		n.idle++
		*pc = roleIdle
		n.tails[choose(m.earlyLook, tailLooksAgain, tailEndsSearch)]++
	default:
		return s, false
	}
	return n, true
}

func (m idleModel) tail(s idleState, pc int8) idleState {
	n := s
	n.tails[pc]--
	switch pc {
	case tailEndsSearch:
		n.searching--
		if !m.noLook && !m.earlyLook {
			n.tails[tailLooksAgain]++
		}
	case tailLooksAgain:
		if m.earlyLook {
			n.tails[tailEndsSearch]++ // its own search keeps it from waking anybody
		} else if s.tasks > 0 {
			n.tails[tailSeesSearching]++
		}
	case tailSeesSearching:
		if s.searching == 0 {
			n.tails[tailTakesIdle]++
		}
	case tailTakesIdle:
		n = n.takeIdle()
	}
	return n
}

// takeIdle is the part of wake under the lock.
func (s idleState) takeIdle() idleState {
	if s.idle == 0 || s.searching != 0 {
		return s
	}
	for i, pc := range s.roles {
		if pc == roleIdle {
			s.idle--
			s.searching++
			s.roles[i] = roleSearches
			return s
		}
	}
	return s
}

func choose(yes bool, a, b int8) int8 {
	if yes {
		return a
	}
	return b
}

// slotState is a model of ready, next and search: one worker, which sleeps or leaves its processor or comes back to it,
// and somebody who puts tasks into the slot of that processor, one after the other.
type slotState struct {
	slot, attended, idle, sees bool

	left, poster, worker int8 // tasks to post; program counters
}

const (
	posterLooks int8 = iota
	posterPuts
	posterLooksAgain
	posterWakes
)

const (
	workerRuns int8 = iota
	workerTakesLocal
	workerLeaves
	workerSearches
	workerGoesIdle
	workerLooksAgain
	workerSleeps
)

func TestModelOfTheSlot(t *testing.T) {
	const (
		oneLook   = "who posts looks for the worker before it puts the task only"
		staysThen = "the worker leaves its processor after the last look"
	)
	checkModel(t, []string{oneLook, staysThen}, func(fault string) (int, error) {
		next := func(s slotState) (after []slotState, err error) {
			n := s
			switch {
			case s.left == 0 || s.slot && s.poster <= posterPuts: // the next task is for the ring, and wakes somebody
			case s.poster == posterLooks:
				n.sees, n.poster = s.attended, posterPuts
				after = append(after, n)
			case s.poster == posterPuts:
				n.slot, n.poster = true, posterLooksAgain
				after = append(after, n)
			case s.poster == posterLooksAgain:
				if fault != oneLook {
					n.sees = s.attended
				}
				n.poster = posterWakes
				after = append(after, n)
			case s.poster == posterWakes:
				if !s.sees && s.idle {
					n.idle, n.worker = false, workerSearches
				}
				n.left, n.poster = s.left-1, posterLooks
				after = append(after, n)
			}
			n = s
			switch s.worker {
			case workerRuns:
				n.attended, n.worker = true, workerTakesLocal
			case workerTakesLocal:
				n.slot, n.worker = false, choose(s.slot, workerRuns, workerLeaves)
			case workerLeaves:
				n.attended, n.worker = fault == staysThen, workerSearches
			case workerSearches: // leaves a slot alone whose worker will come
				n.slot, n.worker = s.slot && s.attended, choose(s.slot && !s.attended, workerRuns, workerGoesIdle)
			case workerGoesIdle:
				n.idle, n.worker = true, workerLooksAgain
			case workerLooksAgain:
				n.worker = workerSleeps
				if s.idle && s.slot && !s.attended {
					n.idle, n.worker = false, workerSearches
				} else if !s.idle { // woken already
					n.worker = workerSearches
				}
			default:
				return after, nil
			}
			return append(after, n), nil
		}
		return explore(slotState{left: 3, idle: true, worker: workerSleeps}, next, func(s slotState) error {
			if s.slot || s.left != 0 {
				return fmt.Errorf("a task waits in the slot and nobody comes")
			}
			return nil
		})
	})
}
