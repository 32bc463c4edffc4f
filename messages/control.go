package messages

import "reflect"

// ControlPath is where the control socket of a node takes commands.
const ControlPath = "/ask/"

// ControlTracePath is where the control socket takes a ControlTrace. It answers
// with a ControlAnswer and, unless that is an error, with a TraceEvent in JSON on
// each further line, until the process ends or the client hangs up.
const ControlTracePath = "/trace"

// ControlTrace follows the messages of a process, by PID or registered name.
type ControlTrace struct{ PID string }

// ControlTerminate ends a process at once, by PID or registered name. Answered
// with Done, or NotFound.
type ControlTerminate struct {
	PID    string
	Reason string // of the error it ends with; may be empty
}

// ControlTypes are the commands that the control socket of a node carries, each
// as JSON under the name of its type.
func ControlTypes() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, v := range []any{
		RegistryGet{},
		RegistryFind{},
		RegistryVersions{},
		RegistryVersion{},
		RegistryGoto{},
		RegistryRecords{},
		RegistryVerify{},
		Processes{},
		Hosts{},
		ServiceStates{},
		ControlTerminate{},
	} {
		t := reflect.TypeOf(v)
		out[t.Name()] = t
	}
	return out
}

// ControlAnswer is what the control socket answers: Value is the answer of the
// command, unless there is an Error.
type ControlAnswer struct {
	Value any
	Error *ControlError
}

// ControlError is an error on its way through the control socket.
type ControlError struct{ Kind, Message string }
