package modules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// world is a host with answers: it stands for the runtime around one process.
type world struct {
	vm     *lua.VM
	self   lua.Self
	trap   bool
	asked  []*lua.Command
	told   []any
	sent   []sentMail
	events []*messages.Event
	queue  []func()

	// answer gives the answer of a command, unanswered for none.
	answer func(cmd *lua.Command) any
}

type sentMail struct {
	dest string
	mail *messages.Mail
}

type unanswered struct{}

const worldPID = "{app:procs|0x00001}"

func (w *world) Self() *lua.Self           { return &w.self }
func (w *world) PID() string               { return worldPID }
func (w *world) Now() time.Time            { return time.Unix(1_700_000_000, 0) }
func (w *world) TrapLinks() bool           { return w.trap }
func (w *world) Push(tag uint64, v any)    { w.vm.Push(tag, v) }
func (w *world) Publish(e *messages.Event) { w.events = append(w.events, e) }
func (w *world) NewParking() any           { return make(chan bool, 1) }
func (w *world) Preempt()                  {}
func (w *world) Park(p any) bool           { return <-p.(chan bool) }
func (w *world) Unpark(p any)              { p.(chan bool) <- true }
func (w *world) Abandon(p any)             { p.(chan bool) <- false }
func (w *world) Resolve(dest string) (string, *messages.Error) {
	if dest == "worker" {
		return "{app:procs|0x00002}", nil
	}
	return "", messages.Errorf(messages.NotFound, "could not resolve %q", dest)
}

func (w *world) Log(int, string, string, string, []any) {}

func (w *world) After(uint64, time.Duration) func() bool { return func() bool { return true } }

func (w *world) Tell(body any) {
	if o, ok := body.(*messages.SetOptions); ok {
		w.trap = o.TrapLinks
	}
	w.told = append(w.told, body)
}

func (w *world) Send(dest string, m *messages.Mail) *messages.Error {
	switch dest {
	case "nobody":
		return messages.Errorf(messages.NotFound, "could not resolve %q", dest)
	case "{app:procs|0x000ff}":
		return messages.Errorf(messages.NotFound, "process not found")
	case worldPID:
		w.vm.Deliver(m)
	}
	w.sent = append(w.sent, sentMail{dest, m})
	return nil
}

func (w *world) Ask(tag uint64, cmd *lua.Command) {
	w.asked = append(w.asked, cmd)
	w.queue = append(w.queue, func() {
		if cmd.Go != nil {
			v, err := cmd.Go(nil)
			if err != nil {
				v = messages.AsError(err)
			}
			w.vm.Answer(tag, v)
			return
		}
		v := w.answer(cmd)
		switch v := v.(type) {
		case unanswered:
		case error:
			w.vm.Answer(tag, messages.AsError(v))
		default:
			w.vm.Answer(tag, v)
		}
	})
}

// actorModules are those of this half, with stand-ins for what they need of the
// others where these are not there.
func actorModules() []lua.Module {
	out := []lua.Module{
		contractModule, ctxModule, envModule, eventsModule, execModule, funcsModule, ioModule, pgModule, processModule,
		pubsubModule, registryModule, securityModule, streamModule, systemModule, templatesModule,
	}
	for name, standin := range map[string]lua.Type{
		"errors": {Name: "Error", Of: (*messages.Error)(nil), Text: func(v any) string { return v.(*messages.Error).Error() }, Methods: []lua.Func{
			{Sig: "kind(): string", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Error).Kind) }},
			{Sig: "details(): table", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Error).Details) }},
		}},
		"payload": {Name: "Payload", Of: (*messages.Payload)(nil), Methods: []lua.Func{
			{Sig: "data(): any", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Payload).Data) }},
			{Sig: "get_format(): string", Do: func(c *lua.Call) error { return c.Return(c.Self().(*messages.Payload).Format) }},
		}},
	} {
		if i := slices.IndexFunc(All, func(m lua.Module) bool { return m.Name == name }); i >= 0 {
			out = append(out, All[i])
		} else {
			out = append(out, lua.Module{Name: name, Types: []lua.Type{standin}})
		}
	}
	return out
}

// prelude gives scripts some words to check with.
const prelude = `
local function text(v)
  if type(v) == "table" then
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for i, k in ipairs(keys) do keys[i] = (type(k) == "number" and "" or k .. "=") .. text(v[k]) end
    return "{" .. table.concat(keys, " ") .. "}"
  end
  if type(v) == "userdata" and v.data then return "P:" .. text((v:data())) end
  if type(v) == "userdata" and v.kind then return v:kind() .. ":" .. tostring(v) end
  return tostring(v)
end
local function show(...)
  local out = {}
  for i = 1, select("#", ...) do out[i] = text((select(i, ...))) end
  return table.concat(out, ", ")
end
local function raises(f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "it did not raise")
  return text(err)
end
`

// run executes a program and returns its first result as text. Prelude and
// program share their first line, so that positions are those of the program.
func (w *world) run(t *testing.T, source string) string {
	t.Helper()
	mods := actorModules()
	eng, err := lua.NewEngine(lua.Options{Modules: mods})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range mods {
		names = append(names, m.Name)
	}
	src := strings.ReplaceAll(prelude, "\n", " ") + "return function(...) " + source + "\nend"
	p, err := eng.Compile(lua.Unit{ID: "app:test", Source: src, Method: "main", Modules: names})
	if err != nil {
		t.Fatal(err)
	}
	if w.self.Entry == "" {
		w.self.Entry, w.self.Host = "app:test", "app:procs"
	}
	w.vm = eng.NewVM(p, w)
	defer w.vm.Close()
	w.vm.Start(nil)
	for w.vm.Ended() == nil {
		if !w.vm.Run(w) {
			t.Fatal("a wait inside a nested call is not for these tests")
		}
		if w.vm.Ended() != nil || w.vm.Runnable() {
			continue
		}
		if len(w.queue) == 0 {
			return "WAITS"
		}
		next := w.queue[0]
		w.queue = w.queue[1:]
		next()
	}
	end := w.vm.Ended()
	switch {
	case end.Err != nil:
		return "FAILED " + end.Err.Error()
	case end.Upgrade != nil:
		return fmt.Sprintf("UPGRADE %s %v", end.Upgrade.ID, end.Upgrade.Args)
	case len(end.Values) == 0:
		return ""
	}
	return messages.Text(end.Values[0])
}

// only allows what is in its list of "action resource".
type only []string

func (only) ID() string { return "app:only" }

func (p only) Evaluate(_ *messages.Actor, action, resource string, _ *messages.Table) messages.Effect {
	for _, allowed := range p {
		if allowed == action+" "+resource {
			return messages.Allow
		}
	}
	return ""
}

// may is a context that allows exactly these.
func may(allowed ...string) *messages.Context {
	return &messages.Context{Actor: &messages.Actor{ID: "user:1"}, Scope: &messages.Scope{Policies: []messages.Policy{only(allowed)}}}
}

// example is a line of a table test.
type example struct {
	name   string
	source string
	want   string
	ctx    *messages.Context
	self   lua.Self
	answer func(cmd *lua.Command) any
	check  func(t *testing.T, w *world)
}

func examples(t *testing.T, list []example) {
	t.Helper()
	for _, e := range list {
		t.Run(e.name, func(t *testing.T) {
			w := &world{self: e.self, answer: e.answer}
			if w.self.Context == nil {
				w.self.Context = e.ctx
			}
			if w.answer == nil {
				w.answer = runtimeAnswer
			}
			if got := w.run(t, e.source); got != e.want {
				t.Errorf("%s\n got %s\nwant %s", e.source, got, e.want)
			}
			if e.check != nil {
				e.check(t, w)
			}
		})
	}
}

// asks checks the body of the last command.
func asks(want any) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		if len(w.asked) == 0 {
			t.Fatal("nothing was asked")
		}
		cmd := w.asked[len(w.asked)-1]
		if got, wanted := dumpValue(cmd.Body), dumpValue(want); got != wanted {
			t.Errorf("asked\n%s\nwant\n%s", got, wanted)
		}
	}
}
