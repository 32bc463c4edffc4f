package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func entry(id, kind string) *messages.EntryData {
	return &messages.EntryData{ID: id, Kind: kind, Meta: map[string]any{"type": "tool"}, Data: map[string]any{"n": 1, "list": []any{}}}
}

var versionsOfWorld = []*messages.VersionData{
	{ID: 0, Parent: -1, Previous: -1, Next: 1}, {ID: 1, Parent: 0, Previous: 0, Next: 2}, {ID: 2, Parent: 1, Previous: 1, Next: -1},
}

// runtimeAnswer answers as a small runtime would.
func runtimeAnswer(cmd *lua.Command) any {
	notFound := func(format string, args ...any) any { return messages.Errorf(messages.NotFound, format, args...) }
	switch m := cmd.Body.(type) {
	case *messages.Spawn:
		switch {
		case cmd.To == "app:nohost":
			return notFound("host not found: %s", cmd.To)
		case m.Name == "taken":
			return &messages.Spawned{PID: "{app:procs|0x00007}", Existed: true}
		}
		return &messages.Spawned{PID: "{app:procs|0x00002}"}
	case *messages.Exec:
		return "result"
	case *messages.Signal:
		if m.To == "{app:procs|0x000ff}" {
			return notFound("pid not found")
		}
		return &messages.Done{}
	case *messages.Register:
		if m.Name == "taken" {
			return messages.Errorf(messages.AlreadyExists, "name already registered").WithDetails(map[string]any{"existing_pid": "{app:procs|0x00007}"})
		}
		return &messages.Done{}
	case *messages.Unregister:
		if m.Name == "broken" {
			return messages.Errorf(messages.Internal, "global registry not available")
		}
		return m.Name == "mine"
	case *messages.Lookup:
		if m.Name != "worker" {
			return notFound("name not registered")
		}
		return "{app:procs|0x00002}"
	case *messages.FunctionCall:
		return callAnswer(m)
	case *messages.Subscribe:
		if m.System == "[" {
			return messages.Errorf(messages.Invalid, "bad pattern")
		}
		return &messages.Done{}
	case *messages.RegistryGet:
		if m.ID != "app:tool" {
			return notFound("entry not found: %s", m.ID)
		}
		return entry("app:tool", "function.lua")
	case *messages.RegistryFind:
		return []*messages.EntryData{entry("app:tool", "function.lua"), entry("app:secret", "function.lua")}
	case *messages.RegistryVersions:
		return versionsOfWorld
	case *messages.RegistryVersion:
		if m.ID == nil {
			return versionsOfWorld[2]
		}
		if *m.ID >= int64(len(versionsOfWorld)) {
			return notFound("version not found")
		}
		return versionsOfWorld[*m.ID]
	case *messages.RegistryApply:
		if m.Base != 2 {
			return messages.Errorf(messages.Conflict, "registry changed during apply").WithRetry(true).WithDetails(map[string]any{"expected_version": m.Base, "actual_version": 2})
		}
		return &messages.VersionData{ID: 3, Parent: 2, Previous: 2, Next: -1}
	case *messages.RegistryGoto:
		if m.ID == 0 {
			return messages.Errorf(messages.Unavailable, "no history")
		}
		return &messages.Done{}
	case *messages.RegistryDelta:
		return []messages.EntryOp{{Kind: "entry.delete", Entry: m.From[0]}}
	case *messages.EnvGet:
		switch m.Name {
		case "HOME":
			return "/home/" + m.NS
		case "EMPTY":
			return ""
		}
		return notFound("no such variable: %s", m.Name)
	case *messages.EnvSet:
		if m.Name == "FIXED" {
			return denied("environment variable is read-only")
		}
		return &messages.Done{}
	case *messages.EnvAll:
		return map[string]string{"HOME": "/home", "SECRET": "x"}
	}
	return otherAnswer(cmd)
}

// callAnswer is what the functions of the world return.
func callAnswer(m *messages.FunctionCall) any {
	switch m.Function {
	case "app:echo":
		return &messages.FunctionResult{Values: m.Args}
	case "app:slow":
		return unanswered{}
	case "app:ctx":
		v, _ := m.Context.Value("user")
		return &messages.FunctionResult{Values: []messages.Value{v, nil}}
	}
	return messages.Errorf(messages.NotFound, "function not found: %s", m.Function)
}

func otherAnswer(cmd *lua.Command) any {
	switch m := cmd.Body.(type) {
	case *messages.ContractGet:
		if m.ID != "app:greeter" {
			return messages.Errorf(messages.NotFound, "contract definition '%s' not found", m.ID)
		}
		return &messages.ContractData{ID: m.ID, Methods: []messages.MethodData{{Name: "greet", Description: "Greets.", Input: []any{map[string]any{"format": "x"}}}}}
	case *messages.ContractOpen:
		b := m.Binding
		switch {
		case b == "app:nobody":
			return messages.Errorf(messages.NotFound, "contract binding '%s' not found", b)
		case b == "":
			b = "app:polite"
		}
		return &messages.InstanceData{
			Binding: b, Contracts: []string{"app:greeter"},
			Methods:  map[string]string{"greet": "app:echo", "whoami": "app:ctx", "later": "", "slow": "app:slow", "x_async": "app:echo"},
			Owner:    map[string]string{"whoami": "app:greeter"},
			Required: map[string][]string{"app:greeter": {"user", "tenant"}},
		}
	case *messages.ContractImplementations:
		return []string{"app:polite", "app:rude"}
	case *messages.Hosts:
		return []messages.HostData{{ID: "app:procs", Workers: 2, Processes: 3, Executed: 4, Stolen: 5, Waiting: 6}}
	case *messages.Processes:
		return []messages.ProcessData{{PID: worldPID, Host: m.Host, Source: "app:test", State: "running", Steps: 7, Memory: 8, Mailbox: 9, Started: time.Unix(1, 0)}}
	case *messages.ServiceState:
		if m.ID != "app:svc" {
			return messages.Errorf(messages.NotFound, "service not found: %s", m.ID)
		}
		return messages.ServiceData{ID: m.ID, Status: "failed", Desired: "running", Retries: 2, Updated: time.Unix(2, 0), Details: "oh"}
	case *messages.ServiceStates:
		return []messages.ServiceData{{ID: "app:svc", Status: "running"}}
	case *messages.LockAcquire:
		if m.Name == "held" {
			return messages.Errorf(messages.AlreadyExists, "taken")
		}
		return &messages.Done{}
	case *messages.LockRelease:
		return m.Name == "mine"
	case *messages.TerminalWrite:
		if m.Text == "broken\n" {
			return messages.Errorf(messages.NotFound, "terminal has gone")
		}
		return &messages.Done{}
	case *messages.TerminalRead:
		if m.Line {
			return "a line"
		}
		return "some bytes"
	case *messages.TerminalRaw, *messages.SystemExit:
		return &messages.Done{}
	}
	return messages.Errorf(messages.Unavailable, "nothing on this node handles %T", cmd.Body)
}
