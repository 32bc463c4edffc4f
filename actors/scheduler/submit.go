package scheduler

// ready makes a mailbox that has just got work run soon: in the slot of the processor the caller is on.
func (s *Scheduler) ready(m *Mailbox) {
	id := procPin()
	attended := id < len(s.processors) && s.processors[id].attended(id)
	// A foreign goroutine's processor may see no worker for long while all are busy elsewhere; and there are processors
	// without a queue if GOMAXPROCS was raised.
	if !attended && (id >= len(s.processors) || s.idle.Load() == 0) {
		procUnpin()
		s.global.push(task{box: m})
		s.wake()
		return
	}
	p := &s.processors[id]
	old := p.slot.Swap(m)
	full := old != nil && !p.push(old)
	// Again: the worker may have gone meanwhile, and says so before it looks at the slots for the last time.
	attended = p.attended(id)
	procUnpin()
	if full {
		s.spill(p, old)
	}
	// One task on a processor whose worker is about to look needs nobody else; this keeps two actors that talk to each
	// other on one worker.
	if old != nil || !attended {
		s.wake()
	}
}

// yield puts a mailbox behind everything else on this processor. The caller carries a worker and looks for its next
// task at once, so nobody needs to be woken.
func (s *Scheduler) yield(m *Mailbox) {
	id := procPin()
	if id >= len(s.processors) {
		procUnpin()
		s.global.push(task{box: m})
		return
	}
	p := &s.processors[id]
	ok := p.push(m)
	procUnpin()
	if !ok {
		s.spill(p, m)
		s.wake()
	}
}

// spill moves half of a full ring, and m behind it, to the global queue.
func (s *Scheduler) spill(p *processor, m *Mailbox) {
	var boxes [ringSize / 2]*Mailbox
	var tasks [ringSize/2 + 1]task
	n := p.steal(boxes[:])
	for i, b := range boxes[:n] {
		tasks[i].box = b
	}
	tasks[n].box = m
	s.global.push(tasks[:n+1]...)
}

// available reports whether a worker that is looking for tasks would find one.
func (s *Scheduler) available() bool { return s.othersWait(nil) }

// othersWait reports whether anything waits that w, or a worker that is looking for tasks, would run next.
func (s *Scheduler) othersWait(w *worker) bool {
	if s.global.n.Load() > 0 {
		return true
	}
	for id := range s.processors {
		p := &s.processors[id]
		if p.tail.Load() != p.head.Load() {
			return true
		}
		if p.slot.Load() != nil && (!p.attended(id) || (w != nil && p.last.Load() == w)) {
			return true
		}
	}
	return false
}
