package messages

// The storages of environment values answer these among themselves; programs
// ask for variables (EnvGet), never for keys of a storage.

// EnvRead reads a key of the env.storage.* it is sent to. Answered with a
// string, or NotFound.
type EnvRead struct{ Key string }

// EnvWrite writes a key. Answered with Done; PermissionDenied by a storage that
// is read-only.
type EnvWrite struct{ Key, Value string }

// EnvDelete removes a key. Answered with Done, also if there was none;
// PermissionDenied by a storage that is read-only.
type EnvDelete struct{ Key string }

// EnvList answers all keys of a storage with their values as map[string]string.
type EnvList struct{}

// EnvResolve reads the variables that an entry of namespace NS refers to, by
// public name, id, or bare name. Answered with map[string]EnvValue, which has
// every name.
type EnvResolve struct {
	Names []string
	NS    string
}

// EnvValue is what is known about a variable.
type EnvValue struct {
	Value    string // "" where it has none
	Declared bool
	Hint     string // `did you mean "…"?` for a name like one that is declared
}
