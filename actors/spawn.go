package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/messages"
)

// SpawnFor starts a process on the host it is sent to, for an actor of the
// runtime. It is answered as Spawn is; when the process is over, Notify gets
// Ended.
type SpawnFor struct {
	*messages.Spawn
	Notify *actor.PID
}

// SpawnedTied answers Spawn where the process that asked for it is linked to the
// new one, or monitors it: it notes that.
type SpawnedTied struct {
	*messages.Spawned
	Link, Monitor bool
}

// Ended tells how a process ended.
type Ended struct {
	PID   string
	Value messages.Value
	Err   *messages.Error
}

// CallWith is a FunctionCall with something only the called function sees: the
// HTTP request, the delivery of a queue. It is answered as FunctionCall is.
type CallWith struct {
	*messages.FunctionCall
	Request any
}

// Route has mail delivered to a process by PID or name, on whatever node.
// Answered with Done once it is in the process's mailbox, or with an Error: of
// the kind Unavailable and retryable where the relay has no room.
type Route struct {
	To   string
	Mail *messages.Mail
}
