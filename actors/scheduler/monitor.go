package scheduler

import "time"

// monitorPeriod is how often the monitor looks while any worker is awake.
const monitorPeriod = 5 * time.Millisecond

// monitor moves tasks out of slots whose worker does not come: a task that runs long, or a worker that Go itself has
// set aside. It sleeps while all workers are idle.
func (s *Scheduler) monitor() {
	defer s.running.Done()
	seen := make([]*Mailbox, len(s.processors))
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if s.monitorMaySleep() {
			clear(seen)
			select {
			case <-s.monitorWake:
			case <-s.stopped:
				return
			}
		}
		timer.Reset(monitorPeriod)
		select {
		case <-timer.C:
		case <-s.stopped:
			return
		}
		for id := range s.processors {
			slot := &s.processors[id].slot
			m := slot.Load()
			if m != nil && m == seen[id] && slot.CompareAndSwap(m, nil) {
				s.global.push(task{box: m})
				m = nil
			}
			seen[id] = m
		}
		if s.available() {
			s.wake()
		}
	}
}

// monitorMaySleep is true when all workers are idle; then the next worker that is woken wakes the monitor too.
func (s *Scheduler) monitorMaySleep() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.monitorAsleep = len(s.idleWorkers) == len(s.workers)
	return s.monitorAsleep
}
