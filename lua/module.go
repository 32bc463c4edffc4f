// Package lua runs Lua processes as pure machines: each is fed events (start,
// mail, answers, timers) and says through its Host what it wants done. It
// sends nothing, waits for nothing and reads no clock itself; the actor around
// it, in actors/process, does. It is the only package that knows gopher-lua.
package lua

import "github.com/troupe-go/troupe/messages"

// Module declares one Lua module. Argument checks, the page in the reference,
// the stub for the Lua language server and the tests of its examples all come
// from this declaration.
type Module struct {
	Name   string
	Doc    string
	Class  []Class
	Global bool // present without being listed in modules:

	// Sandbox lists what of a Global module sandboxed programs see, whatever its
	// class. Without it they see all of the module, or nothing where they must not
	// use its class.
	Sandbox []string

	Funcs  []Func
	Tables []Table // tables inside the module's table: system.memory
	Consts []Const
	Types  []Type

	// Value, where set, makes the module's value an object in place of a table
	// (logger). The Go value must be Of one of Types.
	Value any
}

// Func is one function or method. Exactly one of Do and Ask is set.
type Func struct {
	// Sig is written once: "get(key: string, ttl?: duration): any, error?".
	// ParseSig says which types there are.
	Sig string
	Doc string

	// Do answers at once. It gives its results with Call.Return; an error
	// becomes the results nil, err unless it is made by Raise.
	Do func(*Call) error

	// Ask waits: the process carries the command out and goes on with its
	// answer. An error instead of a command is as with Do.
	Ask func(*Call) (*Command, error)

	Permission string // the action that is checked, for the page

	// Global makes the function a global under its own name, in every program,
	// besides its place in the module. With the module's own name it stands for
	// the whole module (print).
	Global bool

	Try   string // Lua whose results are an example …
	Gives string // … and what they print, joined by ", "; run as a test

	raw func(*VM, *state) int // functions of the engine itself
}

// Table is a table of functions inside a module's table.
type Table struct {
	Name   string
	Doc    string
	Funcs  []Func
	Consts []Const
}

// Const is a constant of a module: a Value, or a Go value Of one of its types.
type Const struct {
	Name  string
	Doc   string
	Value any
}

// Type is the type of objects that functions of the module return: userdata in
// Lua, any Go value here.
type Type struct {
	Name    string
	Doc     string
	Of      any // a value of the Go type, such as time.Time{} or (*timer)(nil)
	Methods []Func

	Text  func(v any) string             // tostring
	Equal func(a, b any) bool            // ==
	Less  func(a, b any) bool            // <
	Index func(v any, name string) *Func // methods that depend on the object
}

// Class says what a module does; eval and workflows choose modules by it.
type Class string

// The classes of the specification.
const (
	Deterministic    Class = "deterministic"
	Nondeterministic Class = "nondeterministic"
	Encoding         Class = "encoding"
	IO               Class = "io"
	Network          Class = "network"
	Storage          Class = "storage"
	Security         Class = "security"
	Process          Class = "process"
	Time             Class = "time"
	Workflow         Class = "workflow"
)

// Command is what a waiting function wants done: Body is sent To the actor that
// handles it, and Then makes the results of its answer.
type Command struct {
	// To is an entry id or the name of a component; "" lets the dispatcher
	// choose by the type of Body.
	To   string
	Body any

	// Go, in place of Body, is run outside the process on a goroutine of its
	// own; done is closed when the process ends. For calls of libraries that
	// block.
	Go func(done <-chan struct{}) (any, error)

	// Then gives the results with Call.Return. Without it a Done answers true
	// and anything else itself. An answer that is an error becomes nil, err
	// unless Catch is set.
	Then  func(c *Call, answer any) error
	Catch func(c *Call, err *messages.Error) error
}

// Ask makes a command to the actor named to, whose answer has the type R.
func Ask[R any](to string, body any, then func(c *Call, answer R) error) *Command {
	return &Command{To: to, Body: body, Then: func(c *Call, answer any) error {
		r, ok := answer.(R)
		if !ok {
			return messages.Errorf(messages.Internal, "%T was answered with %T", body, answer)
		}
		return then(c, r)
	}}
}

// Tell makes a command whose answer is only Done; the function returns true.
func Tell(to string, body any) *Command { return &Command{To: to, Body: body} }

// raise marks an error that is raised in Lua.
type raise struct{ error }

// Raise makes a function raise err in place of returning it. A *messages.Error
// is raised as an error object, anything else as text with its position.
func Raise(err error) error { return raise{err} }

// ArgError is the error "bad argument #n to 'f' (…)", raised.
func ArgError(n int, what string) error { return argError{n, what} }

type argError struct {
	n    int
	what string
}

func (e argError) Error() string { return e.what }
