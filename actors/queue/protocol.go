package queue

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/messages"
)

// What follows passes between the actors of queues, consumers and drivers. A
// driver is an actor that answers Declare, Forget, Put, Consume, Cancel and Info,
// and takes Settle; its queues are named by the ids of their entries.

// Declare makes a queue known to its driver, or tells what has changed about one;
// what waits in it stays. Answered with Done or an Error.
type Declare struct {
	Queue   string // id of the entry
	Name    string // at the broker
	Codec   string // of messages that do not say theirs
	Options DriverOptions
}

// Forget takes a queue back whose entry is gone, or has another driver now. A
// broker keeps what waits in it. Answered with Done, or with an Error if Unused is
// set and messages would be lost.
type Forget struct {
	Queue  string
	Unused bool
}

// Put adds a message to a queue. Answered with Done once the driver is responsible
// for it, or with an Error that says whether to try again. The actor of a queue
// passes it on to its driver.
type Put struct {
	Queue   string
	Message *Message
}

// Info asks a driver about a queue. Answered with a *messages.QueueData.
type Info struct{ Queue string }

// Consume has the messages of a queue sent To an actor as *Delivery, never more
// than Limit that are not settled. A second Consume for the same actor changes the
// limit. The actor of a queue passes it on to its driver. Answered with Done or an
// Error.
type Consume struct {
	Queue   string
	To      *actor.PID
	Limit   int
	Options ConsumerOptions
}

// Cancel ends a Consume: what was delivered and not settled is delivered again, to
// whoever consumes then. Without a Consume it does nothing. Answered with Done.
type Cancel struct {
	Queue string
	To    *actor.PID
}

// Settle says what became of a delivery. The actor of a queue decides about
// rejected messages before it passes it on to the driver. A delivery that the
// driver does not wait for any more is ignored. Nothing answers.
type Settle struct {
	Delivery *Delivery
	Outcome  Outcome
	Reason   string // why it was rejected
}

// Outcome is what became of a delivery.
type Outcome int

// The outcomes.
const (
	Ack  Outcome = iota // done with
	Nack                // rejected: it comes again, after a delay and behind the others
)

// Message is what a queue carries. It is never changed once made.
type Message struct {
	ID      string
	Format  string // of Body, one of the codecs
	Body    string
	Headers map[string]messages.Value
}

// Delivery is one message on its way to a consumer.
type Delivery struct {
	*Message
	Queue   string
	Attempt int        // how often it was given to a handler, with this time
	To      *actor.PID // who got it
	Driver  *actor.PID
	Tag     any // of the driver
}

// Undeclared is the answer to a command for a queue that the driver does not know:
// one that has just taken the place of another is told of its queues in a moment.
func Undeclared(queue, driver string) *messages.Error {
	return messages.Errorf(messages.Unavailable, "driver %s does not have queue %s yet; try again", driver, queue).WithRetry(true)
}

var done = &messages.Done{}

// The delay before a rejected message comes again: short at first, so that a
// passing fault costs little, and growing, so that a lasting one does not keep a
// core busy.
const (
	firstDelay = 5 * time.Millisecond
	mostDelay  = time.Second
)

// Backoff is how long a message waits that was rejected at this attempt.
func Backoff(attempt int) time.Duration {
	return messages.Backoff(firstDelay, mostDelay, 2, 0, attempt-1, 0)
}
