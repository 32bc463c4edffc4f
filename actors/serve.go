package actors

import "context"

// Serve answers a request with what f returns; nil stands for Done. f runs as a
// script of the actor, so Call, Sleep and Await wait without blocking it. A panic
// in f is logged and answered too: nobody waits for ever.
func (c *Cell) Serve(req *Request, f func(ctx context.Context) (any, error)) {
	c.Script(func(ctx context.Context) {
		var v any
		err := c.try(ctx, func(ctx context.Context) (err error) {
			v, err = f(ctx)
			return err
		})
		switch {
		case err != nil:
			req.Reply(err)
		case v == nil:
			req.Done()
		default:
			req.Reply(v)
		}
	})
}
