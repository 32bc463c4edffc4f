package messages

// The commands of queues, each sent to the entry of a queue. They stay on their
// node.

// QueuePublish puts a message into the queue. Answered with Done once the queue
// is responsible for it, or with an Error: a retryable Unavailable where the queue
// is full or its driver does not run, Internal where the data cannot be encoded.
type QueuePublish struct {
	Data    Value
	Headers map[string]Value  // strings, numbers and booleans; not to be changed any more
	Trace   map[string]string // headers of the span that publishes
}

// QueueInfo answers a *QueueData.
type QueueInfo struct{}

// QueueData is the state of a queue at one moment.
type QueueData struct {
	Messages  int  // that wait for a consumer
	Consumers int  // entries that take messages from it
	Ready     bool // whether its driver can take and give messages
}
