package messages

import "reflect"

// ControlPath is where the control socket of a node takes commands.
const ControlPath = "/ask/"

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
