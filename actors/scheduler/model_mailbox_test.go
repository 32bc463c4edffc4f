package scheduler

import (
	"errors"
	"fmt"
	"testing"
)

// boxState is a model of one mailbox: two producers, and two workers of which one at a time owns the mailbox. It uses
// the fields of the real word. Messages are numbered from one; zero is no message.
type boxState struct {
	word    uint64
	in, out list // newest first; oldest first
	queued  int8 // entries of the mailbox in the scheduler's queues
	log     list // what was delivered
	waiting list // delivered to the Runner, not yet taken by Run
	parked  int8 // 1 + the worker that waits in Park
	credit  bool // the end of the wait came before the wait

	producers [2]producer
	workers   [2]consumer
}

type producer struct {
	pc   int8
	sent int8
	head list   // what it saw of the stack
	old  uint64 // what it saw of the word
}

type consumer struct {
	pc  int8
	old uint64
}

const maxList = 6

// list is a small sequence that can be compared.
type list struct {
	n  int8
	at [maxList]int8
}

func (l list) add(v int8) list { l.at[l.n] = v; l.n++; return l }

func (l list) first() (int8, list) {
	v := l.at[0]
	copy(l.at[:], l.at[1:])
	l.at[maxList-1] = 0
	l.n--
	return v, l
}

// onTop is a stack with one more element, newest first.
func (l list) onTop(v int8) list {
	copy(l.at[1:], l.at[:])
	l.at[0] = v
	l.n++
	return l
}

func (l list) reversed() (r list) {
	for i := l.n - 1; i >= 0; i-- {
		r = r.add(l.at[i])
	}
	return r
}

const (
	postReads int8 = iota
	postPushes
	postLoads
	postTriesRunning
	postCounts
	postTriesAgain
	postLoadsAgain
	postSubmits
	postEnds
	postCountsFirst // only with a fault
)

const (
	boxFree int8 = iota
	boxLoads
	boxPops
	boxUncounts
	boxRuns
	boxTriesIdle
	boxLeaves // the compare-and-swap to idle
	boxBlindlyLeaves
	boxParks
	boxParkLeaves
	boxWaits
)

// What a message makes the Runner do.
const (
	plain int8 = iota
	parks
	unparks
)

type boxModel struct {
	kinds  [2][3]int8 // of the messages, by producer
	posts  [2]int8    // messages a producer sends
	blind  bool       // fault: goes idle with a plain store
	early  bool       // fault: counts a message before it is there
	keeps  bool       // fault: Park does not look for messages when it releases the mailbox
	deaf   bool       // fault: Park does not ask whether the Runner is runnable
	forget bool       // fault: the step to running and the submission are left to the next message
}

func TestModelOfTheMailbox(t *testing.T) {
	const (
		blind  = "goes idle with a plain store"
		early  = "counts a message before it is there"
		keeps  = "Park releases without a look"
		deaf   = "Park does not ask the Runner"
		forget = "a message counted late wakes nobody"
	)
	cases := map[string]struct {
		model  boxModel
		faults []string
	}{
		"three messages of each of two producers": {
			boxModel{posts: [2]int8{3, 3}},
			[]string{blind, early, forget},
		},
		"a wait and its end from two producers": {
			boxModel{posts: [2]int8{2, 2}, kinds: [2][3]int8{{parks, plain}, {plain, unparks}}},
			[]string{blind, early, keeps, deaf, forget},
		},
		"a wait and its end from one": {
			boxModel{posts: [2]int8{3, 1}, kinds: [2][3]int8{{parks, plain, unparks}, {plain}}},
			[]string{blind, early, keeps, deaf, forget},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			checkModel(t, c.faults, func(fault string) (int, error) {
				m := c.model
				m.blind, m.early, m.forget = fault == blind, fault == early, fault == forget
				m.keeps, m.deaf = fault == keeps, fault == deaf
				start := boxState{word: idle}
				for i := range start.producers {
					start.producers[i].pc = m.firstStep()
				}
				return explore(start, m.next, m.end)
			})
		})
	}
}

func (m *boxModel) firstStep() int8 { return choose(m.early, postCountsFirst, postReads) }

// id numbers the message a producer sends next.
func (m *boxModel) id(p int, sent int8) int8 { return int8(p)*3 + sent + 1 }

func (m *boxModel) kind(id int8) int8 { return m.kinds[(id-1)/3][(id-1)%3] }

// end checks a state in which nobody can go on.
func (m *boxModel) end(s boxState) error {
	if s.parked != 0 {
		return errors.New("a goroutine waits in Park for ever")
	}
	if want := m.posts[0] + m.posts[1]; s.log.n != want {
		return fmt.Errorf("%d of %d messages were delivered", s.log.n, want)
	}
	if s.word != idle || s.waiting.n != 0 {
		return fmt.Errorf("the mailbox is not idle: word %#x", s.word)
	}
	return nil
}

// check is what has to hold in every state.
func (m *boxModel) check(s boxState) error {
	var owners int8
	for _, w := range s.workers {
		if w.pc != boxFree && w.pc != boxWaits {
			owners++
		}
	}
	for _, p := range s.producers {
		if p.pc == postSubmits {
			owners++
		}
	}
	owners += s.queued
	if want := int8(s.word&stateMask) - int8(idle); owners != want {
		return fmt.Errorf("%d owners in state %d", owners, s.word&stateMask)
	}
	var last [2]int8
	for _, id := range s.log.at[:s.log.n] {
		p := (id - 1) / 3
		if id <= last[p] {
			return fmt.Errorf("producer %d: message %d came after %d", p, id, last[p])
		}
		last[p] = id
	}
	return nil
}

func (m *boxModel) next(s boxState) (after []boxState, err error) {
	if err := m.check(s); err != nil {
		return nil, err
	}
	for i := range s.producers {
		if n, ok := m.post(s, i); ok {
			after = append(after, n)
		}
	}
	for i := range s.workers {
		n, ok, err := m.work(s, i)
		if err != nil {
			return nil, err
		}
		if ok {
			after = append(after, n)
		}
	}
	return after, nil
}

// post is one step of PostUserMessage.
func (m *boxModel) post(s boxState, i int) (boxState, bool) {
	p := &s.producers[i]
	switch p.pc {
	case postCountsFirst:
		if p.sent == m.posts[i] {
			return s, false
		}
		p.old = s.word
		s.word += oneUser
		if p.old&stateMask == idle {
			s.word += running - idle
			s.queued++
		}
		p.pc = postReads
	case postReads:
		if p.sent == m.posts[i] {
			return s, false
		}
		p.head, p.pc = s.in, postPushes
	case postPushes:
		if s.in != p.head {
			p.pc = postReads
			break
		}
		s.in = s.in.onTop(m.id(i, p.sent))
		p.head = list{}
		p.sent++
		p.pc = choose(m.early, postEnds, postLoads)
	case postLoads:
		p.old = s.word
		p.pc = choose(p.old&stateMask == idle && hasWork(p.old+oneUser), postTriesRunning, postCounts)
	case postTriesRunning:
		if s.word == p.old {
			s.word += oneUser - idle + running
			p.pc = postSubmits
		} else {
			p.pc = postCounts
		}
	case postCounts:
		s.word += oneUser
		p.old = s.word
		p.pc = choose(p.old&stateMask == idle && hasWork(p.old) && !m.forget, postTriesAgain, postEnds)
	case postTriesAgain:
		if s.word == p.old {
			s.word += running - idle
			p.pc = postSubmits
		} else {
			p.pc = postLoadsAgain
		}
	case postLoadsAgain:
		p.old = s.word
		p.pc = choose(p.old&stateMask == idle && hasWork(p.old), postTriesAgain, postEnds)
	case postSubmits:
		s.queued++
		p.pc = postEnds
	}
	if p.pc == postEnds {
		p.pc, p.old = m.firstStep(), 0
	}
	return s, true
}

// work is one step of a worker: of batch, or of Park and Unpark inside it.
func (m *boxModel) work(s boxState, i int) (boxState, bool, error) {
	w := &s.workers[i]
	switch w.pc {
	case boxFree:
		if s.queued == 0 {
			return s, false, nil
		}
		s.queued--
		w.pc = boxLoads
	case boxLoads:
		w.pc = choose(hasWork(s.word), boxPops, boxRuns)
	case boxPops:
		if s.out.n == 0 {
			s.out, s.in = s.in.reversed(), list{}
		}
		if s.out.n == 0 {
			return s, false, errors.New("a message is counted and not there")
		}
		var id int8
		id, s.out = s.out.first()
		s.log = s.log.add(id)
		if m.kind(id) != plain {
			s.waiting = s.waiting.add(id)
		}
		w.pc = boxUncounts
	case boxUncounts:
		s.word -= oneUser
		w.pc = boxLoads
	case boxRuns:
		m.run(&s, i)
	case boxTriesIdle:
		w.old = s.word
		if m.blind {
			w.pc = choose(hasWork(w.old), boxLoads, boxBlindlyLeaves)
		} else {
			w.pc = choose(hasWork(w.old), boxLoads, boxLeaves)
		}
	case boxLeaves:
		if s.word == w.old {
			s.word -= running - idle
			w.pc = boxFree
		} else {
			w.pc = boxTriesIdle
		}
	case boxBlindlyLeaves:
		s.word -= running - idle // in one step, but whatever was counted meanwhile
		w.pc = boxFree
	case boxParks:
		w.old = s.word
		if hasWork(w.old) && !m.keeps || s.waiting.n > 0 && !m.deaf {
			s.queued++
			w.pc = boxWaits
		} else {
			w.pc = boxParkLeaves
		}
	case boxParkLeaves:
		if s.word == w.old || m.keeps {
			s.word -= running - idle
			w.pc = boxWaits
		} else {
			w.pc = boxParks
		}
	default: // boxWaits: another worker wakes it
		return s, false, nil
	}
	if w.pc == boxFree || w.pc == boxLoads {
		w.old = 0
	}
	return s, true, nil
}

// run is Run: it takes the messages of the Runner, and parks or ends a wait.
func (m *boxModel) run(s *boxState, i int) {
	w := &s.workers[i]
	if s.waiting.n == 0 {
		w.pc = boxTriesIdle
		return
	}
	var id int8
	id, s.waiting = s.waiting.first()
	switch {
	case m.kind(id) == parks && s.credit:
		s.credit = false
	case m.kind(id) == parks:
		s.parked = int8(i) + 1
		w.pc = boxParks
	case s.parked == 0:
		s.credit = true
	default: // the other goroutine goes on in its own Run and owns the mailbox; this one is free for other work
		s.workers[s.parked-1].pc = boxRuns
		s.workers[s.parked-1].old = 0
		s.parked = 0
		w.pc = boxFree
	}
}
