package actors

import (
	"context"

	"github.com/troupe-go/troupe/registry"
)

// A component or entry takes part in the life of the application through these
// optional interfaces of its actor. Each is carried to the actor as a message
// and answered; in each, Call, Sleep and Await wait without blocking the actor.

// Loader initialises: what others depend on is set in the AppContext of ctx, an
// entry is checked and made known. An error rejects the entry, or ends the boot.
type Loader interface {
	Load(ctx context.Context) (context.Context, error)
}

// Starter begins active work. It returns when the service is ready.
type Starter interface {
	Start(ctx context.Context) error
}

// Stopper ends active work gracefully. It is called once for each Start.
type Stopper interface {
	Stop(ctx context.Context) error
}

// Updater takes a new version of its entry over without being replaced. With
// ErrReplace it asks to be replaced after all.
type Updater interface {
	Update(ctx context.Context, e registry.Entry) error
}

// Unloader takes back what Load made known, before the actor is stopped.
type Unloader interface {
	Unload(ctx context.Context) error
}

// The life messages, answered with Done or an Error.
type (
	// Load carries Loader.Load.
	Load struct{ Ctx context.Context }
	// Start carries Starter.Start.
	Start struct{}
	// Stop carries Stopper.Stop.
	Stop struct{ Reason string }
	// Update carries Updater.Update.
	Update struct{ Entry registry.Entry }
	// Unload carries Unloader.Unload.
	Unload struct{}
)

// Shutdown is the reason of a stop that ends the whole node.
const Shutdown = "shutdown"

// StopReason is why a service is stopped; for use in Stop.
func StopReason(ctx context.Context) string {
	s, _ := ctx.Value(reasonKey{}).(string)
	return s
}

type reasonKey struct{}

// life handles the messages of the cell's life and reports whether m was one.
func (c *Cell) life(m *Request) bool {
	switch body := m.Body.(type) {
	case *Load:
		if l, ok := c.inner.(Loader); ok {
			c.answer(m, func(ctx context.Context) error {
				_, err := l.Load(ctx)
				return err
			})
			return true
		}
	case *Start:
		if s, ok := c.inner.(Starter); ok {
			c.answer(m, s.Start)
			return true
		}
	case *Stop:
		if s, ok := c.inner.(Stopper); ok {
			c.answer(m, func(ctx context.Context) error {
				return s.Stop(context.WithValue(ctx, reasonKey{}, body.Reason))
			})
			return true
		}
	case *Update:
		if u, ok := c.inner.(Updater); ok {
			c.answer(m, func(ctx context.Context) error { return u.Update(ctx, body.Entry) })
			return true
		}
		m.Reply(ErrReplace)
		return true
	case *Unload:
		if u, ok := c.inner.(Unloader); ok {
			c.answer(m, u.Unload)
			return true
		}
	default:
		return false
	}
	m.Done()
	return true
}

func (c *Cell) answer(m *Request, f func(ctx context.Context) error) {
	c.Script(func(ctx context.Context) {
		if err := c.try(ctx, f); err != nil {
			m.Reply(err)
			return
		}
		m.Done()
	})
}
