package scheduler

// Stats is what a scheduler has done and has to do. The counters are exact while the scheduler is idle and a few
// tasks late while it works.
type Stats struct {
	Workers    int   // actors that may run at the same time
	Idle       int   // workers that have nothing to do
	Goroutines int   // goroutines the scheduler owns, without its monitor
	Executed   int64 // tasks run: batches of messages, functions, slices
	Stolen     int64 // tasks that went to another processor
	Handoffs   int64 // times a goroutine gave its worker to another in Preempt, Park or Unpark
	Parked     int   // goroutines that wait in Park
	Queued     int   // tasks that wait
}

// Load is how many tasks went to another processor so far, and how many wait now.
func (s *Scheduler) Load() (stolen, waiting int) {
	st := s.Stats()
	return int(st.Stolen), st.Queued
}

// Stats returns a snapshot. It takes no lock that actors hold while they run.
func (s *Scheduler) Stats() Stats {
	st := Stats{
		Workers:    s.opts.Workers,
		Goroutines: int(s.goroutines.Load()),
		Handoffs:   s.handoffs.Load(),
		Queued:     int(s.global.n.Load()),
	}
	for _, w := range s.workers {
		st.Executed += w.executed.Load()
		st.Stolen += w.stolen.Load()
	}
	for i := range s.processors {
		st.Queued += s.processors[i].queued()
	}
	s.mu.Lock()
	st.Idle, st.Parked = len(s.idleWorkers), s.nparked
	s.mu.Unlock()
	return st
}
