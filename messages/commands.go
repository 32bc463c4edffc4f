package messages

import "encoding/json"

import "time"

// The commands below stay on their node: they are answered by components of the
// runtime and never cross. Each says what answers it.

// Register gives a name to a process (by the topology). Answered with Done, or
// an Error: AlreadyExists with details.existing_pid.
type Register struct {
	Name, PID string
	Scope     NameScope
}

// NameScope says where a name counts.
type NameScope int

// The scopes, as Lua's process.registry has them.
const (
	ScopeLocal NameScope = iota
	ScopeEventual
	ScopeConsistent
	ScopeStrong
)

// Unregister takes a name away. Answered with a bool: false if nobody had it.
type Unregister struct {
	Name  string
	Scope NameScope
	By    string // PID of the caller
}

// Lookup finds the PID of a name. Answered with a string, or NotFound.
type Lookup struct{ Name string }

// Exec starts a process, waits for its end and is answered with its result (a
// Value) or its Error.
type Exec struct{ Spawn *Spawn }

// Signal goes to the process with a PID or name, on whatever node: Body is a
// *Cancel, *Terminate, *Monitor or *Link. Answered with Done or an Error.
type Signal struct {
	To   string
	Body any
}

// Subscribe has events pushed to the stream Tag of the process By. Answered
// with Done. Patterns are those of semantics.md, section 10; an empty Kind
// stands for all kinds.
type Subscribe struct {
	System, Kind string
	By           string
	Tag          uint64
}

// Unsubscribe ends a subscription. Nothing answers.
type Unsubscribe struct {
	By  string
	Tag uint64
}

// Push adds a value to a stream of a process.
type Push struct {
	Tag   uint64
	Value any
}

// RegistryGet reads one entry of the current version, or of version At.
// Answered with *EntryData or NotFound.
type RegistryGet struct {
	ID string
	At *int64
}

// RegistryFind answers []*EntryData that match a filter (lua-modules.md, 3.10).
// A nil Filter matches all.
type RegistryFind struct {
	Filter    map[string]any
	Namespace string // "" for all
	At        *int64
}

// RegistryVersions answers []*VersionData, oldest first.
type RegistryVersions struct{}

// RegistryVersion answers the *VersionData with that number, the current one
// for nil; NotFound if there is none.
type RegistryVersion struct{ ID *int64 }

// RegistryApply carries out a change made on version Base. Answered with the
// new *VersionData once everything it added can be used; after an Error nothing
// has changed.
type RegistryApply struct {
	Base            int64
	Ops             []EntryOp
	Author, Message string
}

// RegistryGoto moves to an existing version. Answered with Done.
type RegistryGoto struct{ ID int64 }

// RegistryRecords asks for what the history keeps of the versions after one, at
// most Limit of them. Answered with *RegistryRecordsData, or Unavailable where no
// history is kept.
type RegistryRecords struct {
	After uint64
	Limit int
}

// RegistryRecordsData is a part of the history, by number.
type RegistryRecordsData struct {
	Head    uint64 // the version in use
	Records []RecordData
}

// RecordData is a version as the history keeps it, for files.
type RecordData struct {
	Version uint64          `json:"version"`
	Parent  uint64          `json:"parent"`
	Time    int64           `json:"time"`
	Author  string          `json:"author,omitempty"`
	Message string          `json:"message,omitempty"`
	Head    bool            `json:"head,omitempty"`
	Changes json.RawMessage `json:"changes"`
	Base    json.RawMessage `json:"base,omitempty"` // all that is different from version 0
}

// RegistryVerify has every record of the history read and checked. Answered with
// *RegistrySound, or what is wrong.
type RegistryVerify struct{}

// RegistrySound is a history in which nothing is wrong.
type RegistrySound struct {
	Versions int    `json:"versions" yaml:"versions"`
	Head     uint64 `json:"head" yaml:"head"` // the version in use
}

// RegistryDelta answers the []EntryOp that lead from one list to the other.
type RegistryDelta struct{ From, To []*EntryData }

// EntryData is an entry as programs see it: plain Go data.
type EntryData struct {
	ID, Kind string
	Meta     map[string]any
	Data     any
	Module   string // "organisation/name" of the module it was loaded from, or ""
}

// EntryOp is one change: Kind is "entry.create", "entry.update" or
// "entry.delete".
type EntryOp struct {
	Kind  string
	Entry *EntryData
}

// VersionData describes a version. Parent, Previous and Next are -1 for none.
type VersionData struct {
	ID, Parent     int64
	Previous, Next int64
	Time           time.Time
	Author         string
	Message        string
}

// EnvGet reads a variable by public name, id, or bare name in namespace NS.
// Answered with a string, or NotFound.
type EnvGet struct{ Name, NS string }

// EnvSet writes a variable. Answered with Done.
type EnvSet struct{ Name, NS, Value string }

// EnvAll answers all variables with a value as map[string]string, by public
// name or else by id.
type EnvAll struct{}

// ContractGet answers the *ContractData of a definition.
type ContractGet struct{ ID string }

// ContractOpen answers the *InstanceData of a binding; of the default binding
// of Contract where Binding is "".
type ContractOpen struct{ Binding, Contract string }

// ContractImplementations answers the ids of all bindings of a definition.
type ContractImplementations struct{ ID string }

// ContractData is a contract.definition.
type ContractData struct {
	ID      string
	Methods []MethodData
}

// MethodData is one method of a contract; schemas are plain Go data.
type MethodData struct {
	Name, Description string
	Input, Output     []any
}

// InstanceData is a binding, as an instance needs it.
type InstanceData struct {
	Binding   string
	Contracts []string            // the definitions it implements
	Methods   map[string]string   // method → function id; "" where it is not bound
	Owner     map[string]string   // method → definition
	Required  map[string][]string // definition → context keys
}

// SystemExit shuts the application down with that exit code. Answered with Done.
type SystemExit struct{ Code int }

// Hosts answers []HostData.
type Hosts struct{}

// HostData describes a process host. Stolen and Waiting are those of the
// scheduler, which all hosts of a node share.
type HostData struct {
	ID                                            string
	Workers, Processes, Executed, Stolen, Waiting int
}

// Processes answers []ProcessData of a host, all processes for "".
type Processes struct{ Host string }

// ProcessData describes a running process.
type ProcessData struct {
	PID, Host, Source, State, Parent, Actor string
	Steps                                   int64 // VM instructions
	Memory                                  int64 // bytes it held when it was last measured, 0 if it never was
	Mailbox                                 int   // messages that wait
	Names                                   []string
	Started                                 time.Time
}

// ServiceState answers the ServiceData of one service, NotFound if there is none.
type ServiceState struct{ ID string }

// ServiceStates answers []ServiceData, by id.
type ServiceStates struct{}

// ServiceData is what the supervisor knows about a service.
type ServiceData struct {
	ID, Status, Desired string
	Retries             int
	Updated, Started    time.Time
	Details             string // the last error, "" without
}

// ClusterState answers the *ClusterData of this node.
type ClusterState struct{}

// ClusterData is what a node knows about the cluster it belongs to.
type ClusterData struct {
	ID, Addr string
	Role     string       // leader, voter, standby or non-member
	Leader   string       // id of the leading node, "" if unknown
	Size     int          // nodes of the cluster, 0 without membership
	Members  []MemberData // this node first
}

// MemberData describes a node of the cluster.
type MemberData struct {
	ID, Addr string
	Local    bool
	Meta     map[string]any
}

// LockAcquire takes a lock for a process that releases it when it ends.
// Answered with Done or AlreadyExists.
type LockAcquire struct{ Name, By string }

// LockRelease answers a bool: false if By does not hold it.
type LockRelease struct{ Name, By string }

// TerminalWrite writes to standard output, or to standard error. Answered with
// Done once it is written.
type TerminalWrite struct {
	Text  string
	Error bool
}

// TerminalRead answers a string: up to Max bytes, or a line without its end
// where Line is set. At the end of input an Error.
type TerminalRead struct {
	Max  int
	Line bool
}

// TerminalRaw switches raw mode. Answered with Done.
type TerminalRaw struct{ On bool }

// TerminalKeys has the terminal read keys, mouse and window as events, in raw mode,
// until Off. Answered with Done.
type TerminalKeys struct{ Off bool }

// TerminalEvents has the events of the terminal pushed to the stream Tag of the
// process By. Answered with Done.
type TerminalEvents struct {
	By  string
	Tag uint64
}

// TerminalMouse has the terminal report the mouse. Answered with Done.
type TerminalMouse struct{ On bool }

// TerminalSize answers [2]int: columns and rows.
type TerminalSize struct{}

// SetOptions changes the options of the process that tells it.
type SetOptions struct{ TrapLinks bool }
