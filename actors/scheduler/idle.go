package scheduler

// A worker that finds no task is put on the list of idle workers, and its goroutine rests among the spares. To lose no
// task, the two sides go in opposite order:
//
//   - who adds a task adds it first and then looks for idle workers and for workers that search;
//   - who goes idle announces it first, says that it no longer searches, and then looks for tasks once more.
//
// So either the first sees an idle worker that nobody searches for, and wakes it, or the second sees the task.

// wake gives one idle worker to a goroutine, unless somebody is looking for tasks already.
func (s *Scheduler) wake() {
	if s.idle.Load() == 0 || s.searching.Load() != 0 {
		return
	}
	s.mu.Lock()
	n := len(s.idleWorkers)
	if n == 0 || s.searching.Load() != 0 {
		s.mu.Unlock()
		return
	}
	w := s.idleWorkers[n-1]
	s.idleWorkers = s.idleWorkers[:n-1]
	s.idle.Store(int32(n - 1))
	w.searching = true
	s.searching.Add(1)
	if s.monitorAsleep {
		s.monitorAsleep = false
		select {
		case s.monitorWake <- struct{}{}:
		default: // it has been told already
		}
	}
	c := s.popSpare()
	s.mu.Unlock()
	s.give(w, c)
}

// handOver lets another goroutine carry w.
func (s *Scheduler) handOver(w *worker) {
	s.mu.Lock()
	c := s.popSpare()
	s.mu.Unlock()
	s.give(w, c)
}

func (s *Scheduler) popSpare() *carrier {
	n := len(s.spares)
	if n == 0 {
		return nil
	}
	c := s.spares[n-1]
	s.spares[n-1] = nil
	s.spares = s.spares[:n-1]
	return c
}

func (s *Scheduler) give(w *worker, c *carrier) {
	if c == nil {
		s.start(w)
		return
	}
	c.turn <- w
}

// retire makes the worker of c idle and lets c rest. It reports false when c is to end.
func (s *Scheduler) retire(c *carrier) bool {
	w := c.w
	w.publish()
	wasSearching := w.searching
	w.searching = false
	c.w = nil
	s.mu.Lock()
	keep := s.addSpare(c)
	if !s.stopping.Load() {
		s.idleWorkers = append(s.idleWorkers, w)
		s.idle.Store(int32(len(s.idleWorkers)))
	} else {
		// Preempted goroutines are brought to their end by drain.
		c.w = w
		keep = true
	}
	s.mu.Unlock()
	if wasSearching {
		s.searching.Add(-1)
	}
	if c.w != nil {
		return true
	}
	if s.available() {
		s.wake()
	}
	return keep && c.await()
}

// rest lets a goroutine that carries no worker wait for one. It reports false when the goroutine is to end.
func (s *Scheduler) rest(c *carrier) bool {
	s.mu.Lock()
	keep := s.addSpare(c)
	s.mu.Unlock()
	return keep && c.await()
}

func (s *Scheduler) addSpare(c *carrier) bool {
	if s.stopping.Load() || len(s.spares) >= s.opts.SpareGoroutines {
		return false
	}
	s.spares = append(s.spares, c)
	return true
}

func (c *carrier) await() bool {
	c.w = <-c.turn
	return c.w != nil
}

// drain is what a worker does once the scheduler is stopping: it goes to a goroutine that waits in Preempt, as long
// as there is one.
func (s *Scheduler) drain(c *carrier) {
	w := c.w
	c.w = nil
	w.publish()
	w.at.Store(nowhere)
	for {
		t := s.global.pop()
		if t.empty() {
			return
		}
		if t.resume != nil {
			t.resume.turn <- w
			return
		}
	}
}
