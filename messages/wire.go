package messages

import (
	"google.golang.org/protobuf/proto"

	"github.com/troupe-go/troupe/messages/wire"
)

//go:generate protoc --go_out=wire --go_opt=paths=source_relative common.proto process.proto events.proto functions.proto history.proto relay.proto

// EncodeWire makes the wire form of a message that may cross nodes; an *Error
// becomes an ErrorReply. Tables, errors and payloads keep their shape, shared
// parts and cycles included; what is no Value crosses as ValueOf makes it. The
// error is Invalid: another type, a nil pointer, or an id that is not UTF-8.
func EncodeWire(msg any) (proto.Message, error) {
	e := wireEncoder{}
	out := e.message(msg)
	if out == nil {
		return nil, Errorf(Invalid, "encode a message for another node: %T does not cross nodes; send one of the types that say so", msg)
	}
	e.rest()
	if e.err != nil {
		return nil, e.err
	}
	e.attach(out)
	return out, nil
}

// message returns nil for what does not cross nodes.
func (e *wireEncoder) message(msg any) proto.Message {
	switch m := msg.(type) {
	case *Mail:
		if m != nil {
			return e.mail(m)
		}
	case *Cancel:
		if m != nil {
			return &wire.Cancel{From: e.id(m.From), Reason: []byte(m.Reason)}
		}
	case *Terminate:
		if m != nil {
			return &wire.Terminate{From: e.id(m.From), Reason: e.failure(m.Reason)}
		}
	case *Exit:
		if m != nil {
			return &wire.Exit{From: e.id(m.From), Result: e.value(m.Result), Err: e.failure(m.Err), Monitors: m.Monitors, Links: m.Links}
		}
	case *Monitor:
		if m != nil {
			return &wire.Monitor{By: e.id(m.By), Off: m.Off}
		}
	case *Link:
		if m != nil {
			return &wire.Link{By: e.id(m.By), Off: m.Off}
		}
	case *Done:
		if m != nil {
			return &wire.Done{}
		}
	case *Event:
		if m != nil {
			return &wire.Event{System: []byte(m.System), Kind: []byte(m.Kind), Path: []byte(m.Path), Data: e.value(m.Data)}
		}
	case *FunctionCall:
		if m != nil {
			return &wire.FunctionCall{Function: e.id(m.Function), Args: e.values(m.Args), Context: e.context(m.Context), Options: e.options(m.Options)}
		}
	case *FunctionResult:
		if m != nil {
			return &wire.FunctionResult{Values: e.values(m.Values)}
		}
	case *Spawn:
		if m != nil {
			return e.spawn(m)
		}
	case *Spawned:
		if m != nil {
			return &wire.Spawned{Pid: e.id(m.PID), Existed: m.Existed}
		}
	case *Claim:
		if m != nil {
			return &wire.Claim{Name: []byte(m.Name), Pid: e.id(m.PID), At: m.At, Off: m.Off}
		}
	case *Membership:
		if m != nil {
			return &wire.Membership{Scope: []byte(m.Scope), Group: []byte(m.Group), Pid: e.id(m.PID), Times: uint32(m.Times)}
		}
	case *Error:
		if m != nil {
			return &wire.ErrorReply{Error: e.failure(m)}
		}
	}
	return nil
}

// attach gives a message the heap that its values refer to.
func (e *wireEncoder) attach(out proto.Message) {
	if e.heap == nil {
		return
	}
	switch m := out.(type) {
	case *wire.Mail:
		m.Heap = e.heap
	case *wire.Terminate:
		m.Heap = e.heap
	case *wire.Exit:
		m.Heap = e.heap
	case *wire.Event:
		m.Heap = e.heap
	case *wire.FunctionCall:
		m.Heap = e.heap
	case *wire.FunctionResult:
		m.Heap = e.heap
	case *wire.Spawn:
		m.Heap = e.heap
	case *wire.ErrorReply:
		m.Heap = e.heap
	}
}

// DecodeWire is the inverse of EncodeWire. Only the ids of the policies of a scope
// cross: policy returns the Policy with an id, or nil if this node has none; it
// may be nil where no scopes are expected. A message with a policy that is not
// known is refused as NotFound, since without it less might be denied; other
// types and references that lead nowhere are Invalid. The result is never larger
// than in proportion to the message, and may contain cycles if that does.
func DecodeWire(m proto.Message, policy func(id string) Policy) (any, error) {
	d := wireDecoder{policy: policy}
	out := d.message(m)
	if d.err != nil {
		return nil, d.err
	}
	return out, nil
}

func (d *wireDecoder) message(m proto.Message) any {
	switch m := m.(type) {
	case *wire.Mail:
		d.load(m.GetHeap())
		return d.mail(m)
	case *wire.Cancel:
		return &Cancel{From: m.GetFrom(), Reason: string(m.GetReason())}
	case *wire.Terminate:
		d.load(m.GetHeap())
		return &Terminate{From: m.GetFrom(), Reason: d.failure(m.GetReason())}
	case *wire.Exit:
		d.load(m.GetHeap())
		return &Exit{From: m.GetFrom(), Result: d.value(m.GetResult()), Err: d.failure(m.GetErr()), Monitors: m.GetMonitors(), Links: m.GetLinks()}
	case *wire.Monitor:
		return &Monitor{By: m.GetBy(), Off: m.GetOff()}
	case *wire.Link:
		return &Link{By: m.GetBy(), Off: m.GetOff()}
	case *wire.Done:
		return &Done{}
	case *wire.Event:
		d.load(m.GetHeap())
		return &Event{System: string(m.GetSystem()), Kind: string(m.GetKind()), Path: string(m.GetPath()), Data: d.value(m.GetData())}
	case *wire.FunctionCall:
		d.load(m.GetHeap())
		return &FunctionCall{Function: m.GetFunction(), Args: d.values(m.GetArgs()), Context: d.context(m.GetContext()), Options: d.options(m.GetOptions())}
	case *wire.FunctionResult:
		d.load(m.GetHeap())
		return &FunctionResult{Values: d.values(m.GetValues())}
	case *wire.Spawn:
		d.load(m.GetHeap())
		return d.spawn(m)
	case *wire.Spawned:
		return &Spawned{PID: m.GetPid(), Existed: m.GetExisted()}
	case *wire.Claim:
		return &Claim{Name: string(m.GetName()), PID: m.GetPid(), At: m.GetAt(), Off: m.GetOff()}
	case *wire.Membership:
		return &Membership{Scope: string(m.GetScope()), Group: string(m.GetGroup()), PID: m.GetPid(), Times: int(m.GetTimes())}
	case *wire.ErrorReply:
		d.load(m.GetHeap())
		if m.GetError() == 0 {
			d.fail(Invalid, "an error reply without an error")
		}
		return d.failure(m.GetError())
	}
	d.fail(Invalid, "%T is no message between nodes", m)
	return nil
}
