package boot

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// rootName is the actor below which all others live; actors.PID knows it too.
const rootName = "troupe"

// root is the parent of all components. It keeps failures from reaching the
// guardians of Proto.Actor, which would end the program.
type root struct {
	pruned map[string]*actors.Request // by actor id: who waits for it to be gone
	felled *actors.Request
}

// grow starts a component's actor below the root. Answered with Done.
type grow struct {
	name  string
	props *actor.Props
}

// prune stops a component's actor with everything below it. Answered with Done
// once all of it is gone.
type prune struct{ name string }

// fell stops the root; it is answered as its last act.
type fell struct{}

func rootProps(opts []actor.PropsOption) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return &root{pruned: map[string]*actors.Request{}} }, opts...)
}

// Receive implements actor.Actor.
func (r *root) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actors.Request:
		switch b := m.Body.(type) {
		case *grow:
			pid, err := spawn(ctx, b)
			if err != nil {
				m.Reply(err)
				return
			}
			ctx.Watch(pid)
			m.Done()
		case *prune:
			pid := actors.PID(m.Sys, b.name)
			if !hasChild(ctx, pid) {
				m.Done()
				return
			}
			r.pruned[pid.Id] = m
			ctx.Stop(pid)
		case *fell:
			r.felled = m
			ctx.Stop(ctx.Self())
		default:
			m.Reply(messages.Errorf(messages.Invalid, "the root does not answer %T", m.Body))
		}
	case *actor.Terminated:
		if req := r.pruned[m.Who.Id]; req != nil {
			delete(r.pruned, m.Who.Id)
			req.Done()
		}
	case *actor.Stopped:
		if r.felled != nil {
			r.felled.Done()
		}
	}
}

// spawn turns a panic of a component's constructor into an error.
func spawn(ctx actor.Context, g *grow) (pid *actor.PID, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("making component %s: panic: %v", g.name, v)
		}
	}()
	return ctx.SpawnNamed(g.props, g.name)
}

func hasChild(ctx actor.Context, pid *actor.PID) bool {
	for _, c := range ctx.Children() {
		if c.Id == pid.Id {
			return true
		}
	}
	return false
}

// HandleFailure implements actor.SupervisorStrategy. A component answers for its
// own panics and goes on with its state (actors.Cell); whatever arrives here all
// the same goes on too.
func (r *root) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, _, _ any) {
	s.ResumeChildren(child)
}
