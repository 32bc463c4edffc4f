package messages

// EvalRun compiles source and runs it as a process of its own. Answered with its
// result, a Value: the first that it returned. It stays on its node.
type EvalRun struct {
	EvalSource
	Args    []Value
	Context *Context
	Parent  string // PID of the caller
}

// EvalCompile only compiles. Answered with Done.
type EvalCompile struct{ EvalSource }

// EvalSource is Lua source with all it may use.
type EvalSource struct {
	ID      string // name of the chunk
	Source  string
	Method  string // "" for the chunk itself
	Modules []string
	Imports []EvalImport
	Forbid  []string // classes of modules that are absent
}

// EvalImport binds a library, a module or plain data to a name.
type EvalImport struct {
	Alias   string
	Library string   // entry id, or ""
	Modules []string // of the library; nil for those of its entry
	Module  string   // or ""
	Value   Value    // where it is neither
}
