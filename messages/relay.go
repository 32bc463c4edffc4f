package messages

import (
	"google.golang.org/protobuf/proto"

	"github.com/troupe-go/troupe/messages/wire"
)

// Item is what the relay of one node sends to that of another: a message for a
// process, or the answer to one.
type Item struct {
	To     string // PID or registered name of the process
	Ask    uint64 // number of the request, 0 where no answer is wanted
	Answer uint64 // number of the request that Body answers
	Body   any    // *Mail, *Cancel, *Terminate, *Exit, *Monitor, *Link, *Done, *Error, *Claim or *Membership
}

// Claim says that a process of a node has a name in the whole cluster, or, with
// Off, has it no more.
type Claim struct {
	Name, PID string
	At        uint64 // when it was registered, in nanoseconds since 1970: the first one has it
	Off       bool
}

// Membership says how often a process of a node is a member of a group of a pg.scope
// now, 0 where it has left. A scope tells the component cluster of its own processes,
// and is told of those of other nodes.
type Membership struct {
	Scope, Group, PID string
	Times             int
}

// PGShare begins, or with Off ends, that a scope is told of other nodes. Answered with
// what is known already, as []*Membership.
type PGShare struct {
	Scope string
	Off   bool
}

// EncodeItem makes the wire form of an item. The error is that of EncodeWire.
func EncodeItem(i Item) ([]byte, error) {
	body, err := EncodeWire(i.Body)
	if err != nil {
		return nil, err
	}
	out := &wire.Item{To: i.To, Ask: i.Ask, Answer: i.Answer}
	switch m := body.(type) {
	case *wire.Mail:
		out.Body = &wire.Item_Mail{Mail: m}
	case *wire.Cancel:
		out.Body = &wire.Item_Cancel{Cancel: m}
	case *wire.Terminate:
		out.Body = &wire.Item_Terminate{Terminate: m}
	case *wire.Exit:
		out.Body = &wire.Item_Exit{Exit: m}
	case *wire.Monitor:
		out.Body = &wire.Item_Monitor{Monitor: m}
	case *wire.Link:
		out.Body = &wire.Item_Link{Link: m}
	case *wire.Done:
		out.Body = &wire.Item_Done{Done: m}
	case *wire.Claim:
		out.Body = &wire.Item_Claim{Claim: m}
	case *wire.Membership:
		out.Body = &wire.Item_Membership{Membership: m}
	case *wire.ErrorReply:
		out.Body = &wire.Item_Error{Error: m}
	default:
		return nil, Errorf(Invalid, "encode a message for a process of another node: %T is not for processes", i.Body)
	}
	b, err := proto.Marshal(out)
	if err != nil {
		return nil, Because(Invalid, "encode a message for a process of another node", err)
	}
	return b, nil
}

// DecodeItem is the inverse of EncodeItem. What it makes of any bytes is no
// larger than in proportion to them; the error is Invalid.
func DecodeItem(b []byte) (Item, error) {
	in := &wire.Item{}
	if err := proto.Unmarshal(b, in); err != nil {
		return Item{}, Because(Invalid, "decode a message of another node", err)
	}
	var m proto.Message
	switch body := in.Body.(type) {
	case *wire.Item_Mail:
		m = body.Mail
	case *wire.Item_Cancel:
		m = body.Cancel
	case *wire.Item_Terminate:
		m = body.Terminate
	case *wire.Item_Exit:
		m = body.Exit
	case *wire.Item_Monitor:
		m = body.Monitor
	case *wire.Item_Link:
		m = body.Link
	case *wire.Item_Done:
		m = body.Done
	case *wire.Item_Claim:
		m = body.Claim
	case *wire.Item_Membership:
		m = body.Membership
	case *wire.Item_Error:
		m = body.Error
	}
	if m == nil {
		return Item{}, Errorf(Invalid, "decode a message of another node: it is empty")
	}
	body, err := DecodeWire(m, nil)
	if err != nil {
		return Item{}, err
	}
	return Item{To: in.GetTo(), Ask: in.GetAsk(), Answer: in.GetAnswer(), Body: body}, nil
}
