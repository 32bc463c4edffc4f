package scheduler

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// Mailbox keeps the messages of one actor and hands them to it in order, system messages first, on a worker of its
// scheduler. Nothing is delivered before Start; what is posted earlier waits.
//
// All that producers and the owner must agree on is in one word: the state, whether the mailbox is suspended and how
// many messages wait. A producer adds its message, then counts it; the owner takes only what is counted. The step
// from running to idle is one compare-and-swap that fails when a message was counted meanwhile, so no wake-up is lost.
type Mailbox struct {
	word   atomic.Uint64
	user   inbox
	system inbox

	sched   *Scheduler
	invoker actor.MessageInvoker
	runner  Runner // the actor, if it is one; the owner's
	dead    bool   // the actor has stopped; the owner's
}

var _ actor.Mailbox = (*Mailbox)(nil)

// The fields of the word.
const (
	unstarted uint64 = 0 // the start gate is shut
	idle      uint64 = 1 // nobody runs it
	running   uint64 = 2 // queued or run by a worker, which is its owner

	stateMask  uint64 = 3
	suspended  uint64 = 1 << 2
	oneSystem  uint64 = 1 << 4
	systemMask uint64 = (1<<28 - 1) << 4
	oneUser    uint64 = 1 << 32
)

// hasWork reports whether a word says that there is a message to deliver.
func hasWork(w uint64) bool {
	return w&systemMask != 0 || (w >= oneUser && w&suspended == 0)
}

// PostUserMessage adds a message. It never blocks. A nil message is dropped; a message for an actor that has stopped
// goes to the dead letters.
func (m *Mailbox) PostUserMessage(message any) {
	if message == nil {
		return
	}
	m.user.push(message)
	m.count(oneUser)
}

// PostSystemMessage adds a message of the actor system, which overtakes user messages. It never blocks.
func (m *Mailbox) PostSystemMessage(message any) {
	if message == nil {
		return
	}
	m.system.push(message)
	m.count(oneSystem)
}

// count tells the owner of one more message, or makes the mailbox run if it has no owner.
func (m *Mailbox) count(one uint64) {
	old := m.word.Load()
	if old&stateMask == idle && hasWork(old+one) {
		if m.word.CompareAndSwap(old, old+one-idle+running) {
			m.sched.ready(m)
			return
		}
	}
	for w := m.word.Add(one); w&stateMask == idle && hasWork(w); w = m.word.Load() {
		if m.word.CompareAndSwap(w, w-idle+running) {
			m.sched.ready(m)
			return
		}
	}
}

// RegisterHandlers tells the mailbox its actor. The dispatcher is not used: a mailbox runs on the scheduler that made
// it.
func (m *Mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
}

// Start opens the mailbox: it delivers what was posted before, and all that follows.
func (m *Mailbox) Start() {
	for {
		w := m.word.Load()
		if w&stateMask != unstarted {
			return
		}
		if m.word.CompareAndSwap(w, w+running) {
			m.sched.ready(m)
			return
		}
	}
}

// UserMessageCount returns how many user messages wait.
func (m *Mailbox) UserMessageCount() int { return int(m.word.Load() / oneUser) }

// release is called by the owner, which gives the mailbox up: to nobody if nothing is to be done, else to the next
// worker that comes.
func (m *Mailbox) release() {
	if m.runner != nil && m.word.Load()&suspended == 0 && m.runner.Runnable() {
		m.sched.global.push(task{box: m})
		return
	}
	if !m.tryIdle() {
		m.sched.yield(m)
	}
}

// tryIdle gives the mailbox up if it has no work. It is false when a message has come: then the caller still owns it.
func (m *Mailbox) tryIdle() bool {
	for {
		w := m.word.Load()
		if hasWork(w) {
			return false
		}
		if m.word.CompareAndSwap(w, w-running+idle) {
			return true
		}
	}
}
