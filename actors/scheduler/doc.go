// Package scheduler runs Proto.Actor actors on a fixed set of workers that steal work from one another.
//
// A [Scheduler] is an actor.Dispatcher and makes the mailboxes that go with it:
//
//	s := scheduler.New(scheduler.Options{})
//	defer s.Stop()
//	props := actor.PropsFromProducer(newActor, s.Props()...)
//
// A mailbox with messages is a task. A task posted from an actor goes to the slot of the processor the actor runs on
// and runs there next, while its message is still in the cache; what it displaces goes to the end of that processor's
// queue, from which idle workers steal. Goroutines that used up their time slice, plain functions and what does not
// fit elsewhere wait in one global queue, which gets as much of a worker's time as the queues of the processors do.
//
// An actor that has work of its own to do after its messages is a [Runner]; it may give its worker away in the middle
// of that work, to be fair (Slot.Preempt) or to wait for a later message of its own (Slot.Park).
package scheduler
