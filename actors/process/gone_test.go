package process

import (
	"context"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// dying is the actor of a process whose end came after it was found by its name: it
// is asked when it is over.
type dying struct {
	rig *rig
	*process
}

func (d *dying) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(*actors.Request); ok {
		d.rig.Procs.Remove(d.proc)
		d.stopped = true
		d.request(m)
	}
}

func TestAskedAtTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		spawn *messages.Spawn
		body  any
		want  string // the kind of the error
	}{
		"monitor":         {body: &messages.Monitor{By: "{app:h|0x00009}"}, want: "NotFound"},
		"unmonitor":       {body: &messages.Monitor{By: "{app:h|0x00009}", Off: true}},
		"link":            {body: &messages.Link{By: "{app:h|0x00009}"}, want: "NotFound"},
		"cancel":          {body: &messages.Cancel{}, want: "NotFound"},
		"spawn":           {spawn: &messages.Spawn{}},
		"spawn monitored": {spawn: &messages.Spawn{Monitor: true}},
		"spawn linked":    {spawn: &messages.Spawn{Link: true}},
		"spawn both":      {spawn: &messages.Spawn{Monitor: true, Link: true}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, hostEntry+proc("p", `return { main = function() process.inbox():receive() end }`))
			d := &dying{r, &process{node: r.Node}}
			at, err := r.Sys.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return d }, r.Props...), "dying")
			if err != nil {
				t.Fatal(err)
			}
			pid, _ := r.Procs.Next("app:a_host")
			d.proc = &actors.Proc{PID: pid, Actor: at}
			r.Procs.Add(d.proc)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if c.spawn == nil {
				_, err := actors.Call(ctx, r.Sys, at, c.body)
				if (err == nil) != (c.want == "") || err != nil && messages.AsError(err).Kind != c.want {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			r.Procs.Name("the.one", pid)
			s := c.spawn
			s.Process, s.Host, s.Name, s.Parent = "app:p", "app:a_host", "the.one", "{app:h|0x00009}"
			answer, err := actors.Call(ctx, r.Sys, r.PID("app:a_host"), s)
			if err != nil {
				t.Fatal(err)
			}
			var got *messages.Spawned
			tied, ok := answer.(*actors.SpawnedTied)
			if ok {
				got = tied.Spawned
			} else {
				got = answer.(*messages.Spawned)
			}
			if wants := s.Monitor || s.Link; wants != (got.PID != pid) || wants != ok || wants == got.Existed {
				t.Errorf("spawned %+v, tied %v; the process that ended was %s", got, ok, pid)
			}
		})
	}
}

// hasty is the actor of a process that ends as soon as it is linked: its Exit is
// there before who spawned it has heard of the link.
type hasty struct {
	rig *rig
	pid string
}

func (h *hasty) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	b := m.Body.(*messages.Link)
	exit := &messages.Exit{From: h.pid, Err: messages.Errorf(messages.Internal, "in haste"), Links: true}
	h.rig.Sys.Root.Send(h.rig.Procs.Find(b.By).Actor, exit)
	m.Reply(actors.TiedTo(h.pid, b))
}

func TestExitBeforeLink(t *testing.T) {
	r := newRig(t, hostEntry+proc("p", `return { main = function()
    local pid, err = process.with_options({}):with_name("the.one"):spawn_linked("app:p", "app:a_host")
    process.inbox():receive()
end }`))
	pid, _ := r.Procs.Next("app:a_host")
	h := &hasty{r, pid}
	at, err := r.Sys.Root.SpawnNamed(actor.PropsFromProducer(func() actor.Actor { return h }, r.Props...), "hasty")
	if err != nil {
		t.Fatal(err)
	}
	r.Procs.Add(&actors.Proc{PID: pid, Actor: at})
	r.Procs.Name("the.one", pid)
	if _, err := r.exec(t, "app:p"); err == nil || err.Error() != "linked process failed: in haste" {
		t.Errorf("got %v", err)
	}
}
