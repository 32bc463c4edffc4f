package messages

// Mail is one message from process to process. It may cross nodes.
type Mail struct {
	From   string // PID of the sender, "" if unknown
	Topic  string
	Values []Value // one Value for each payload

	one [1]Value
}

// NewMail makes a Mail of any number of values.
func NewMail(from, topic string, values ...Value) *Mail {
	if len(values) == 1 {
		return NewMailOf(from, topic, values[0])
	}
	return &Mail{From: from, Topic: topic, Values: values}
}

// NewMailOf makes a Mail of one value, in a single allocation.
func NewMailOf(from, topic string, value Value) *Mail {
	m := &Mail{From: from, Topic: topic, one: [1]Value{value}}
	m.Values = m.one[:]
	return m
}

// Size estimates the memory that the mail holds, in bytes. Shared parts may
// count more than once.
func (m *Mail) Size() int {
	s := sizer{}
	n := 96 + len(m.Topic)
	for _, v := range m.Values {
		n += s.value(v, 0)
	}
	return n
}

type sizer struct {
	tables int
	seen   map[*Table]bool // once there were fewTables
}

func (s *sizer) value(v Value, depth int) int {
	switch v := v.(type) {
	case string:
		return 32 + len(v)
	case *Table:
		if v == nil || depth > MaxDepth || !s.enter(v) {
			return 16
		}
		n := 128
		for _, item := range v.Array {
			n += s.value(item, depth+1)
		}
		for i := range v.Keys {
			n += s.value(v.Keys[i], depth+1) + s.value(v.Vals[i], depth+1)
		}
		return n
	case *Payload:
		if v == nil || depth > MaxDepth {
			return 16
		}
		return 32 + s.value(v.Data, depth+1)
	}
	return 16
}

// enter reports whether t is still to be counted.
func (s *sizer) enter(t *Table) bool {
	if s.tables++; s.tables <= fewTables {
		return true
	}
	if s.seen == nil {
		s.seen = map[*Table]bool{}
	}
	if s.seen[t] {
		return false
	}
	s.seen[t] = true
	return true
}

// Cancel asks a process to end. It may cross nodes.
type Cancel struct {
	From   string
	Reason string
}

// Terminate ends a process at once. It may cross nodes.
type Terminate struct {
	From   string
	Reason *Error
}

// Exit tells that a process ended. It goes to those who monitor it, and to
// those linked to it if it failed. It travels as a message behind everything
// the process had sent before. It may cross nodes.
type Exit struct {
	From     string
	Result   Value  // what main returned first
	Err      *Error // why it failed; nil for a normal end
	Monitors bool   // an EXIT event for a monitor
	Links    bool   // a LINK_DOWN for a linked process
	Lost     bool   // nothing is known of it but that its node is out of reach; this does not cross nodes
}

// Monitor has an Exit sent to By when the receiver ends; Off takes it back.
// Answered with Done or an Error. It may cross nodes.
type Monitor struct {
	By  string
	Off bool
}

// Link joins By and the receiver; Off takes it back. Answered with Done or an
// Error. It may cross nodes.
type Link struct {
	By  string
	Off bool
}

// Done answers a request that has nothing to tell. It may cross nodes.
type Done struct{}

// Event is what the event bus carries. It may cross nodes.
type Event struct {
	System string
	Kind   string
	Path   string
	Data   Value
}

// Topic is the name patterns are matched against: system and kind.
func (e *Event) Topic() string { return e.System + "." + e.Kind }

// FunctionCall runs a function. It is answered with a FunctionResult or an
// Error. It may cross nodes.
type FunctionCall struct {
	Function string // entry id
	Args     []Value
	Context  *Context
	Options  *CallOptions // nil for those of the entry
}

// FunctionResult is what a function returned. It may cross nodes.
type FunctionResult struct{ Values []Value }

// Spawn starts a process on the host it is sent to. It is answered with a
// Spawned or an Error. It may cross nodes.
type Spawn struct {
	Process string // entry id
	Host    string // entry id
	Args    []Value
	Context *Context
	Parent  string // PID
	Name    string // registered for the new process; where taken, nothing is started
	Mail    []*Mail
	Monitor bool // Parent monitors it …
	Link    bool // … is linked to it, from before it runs

	// Options are those of the start; of them Network counts. They stay on the
	// node.
	Options *CallOptions
}

// Spawned answers Spawn. It may cross nodes.
type Spawned struct {
	PID     string
	Existed bool // the name was taken; the mail went to this process
}
