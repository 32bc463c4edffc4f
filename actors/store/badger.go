package store

import (
	"context"
	"path/filepath"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// BadgerConfig are the fields of store.badger.
type BadgerConfig struct {
	Path            string           `yaml:"path" required:"true" doc:"The folder of the database, relative to the working directory; it is made if it is missing. One store uses it at a time."`
	CleanupInterval time.Duration    `yaml:"cleanup_interval" default:"5m" min:"0s" doc:"How often the space of large values that are gone is given back. 0 for never. Expired entries are invisible at once."`
	Lifecycle       actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Badger is a store in a folder of the machine.
var Badger = actors.Define(actors.Spec[BadgerConfig]{
	Name: "store.badger", Doc: "A key-value store in a folder of this machine. It outlives the program; a write is on the disk when it is answered.", Service: true,
	Serve: func(env actors.Env, _ BadgerConfig) actor.Actor { return &folder{env: env} },
})

// folder is the actor of a store.badger. The database is used outside of it.
type folder struct {
	env   actors.Env
	disk  *disk // nil while it does not run
	sweep func()
}

// Start implements actors.Starter.
func (f *folder) Start(ctx context.Context) error {
	c, err := actors.Configure[BadgerConfig](ctx, f.env, f.env.Entry)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.Path)
	if err != nil {
		return messages.Because(messages.Internal, "finding the folder of "+f.env.ID, err)
	}
	d, err := actors.As[*disk](actors.Await(ctx, func() (any, error) { return openDisk(f.env, dir) }))
	if err != nil {
		return err
	}
	f.disk = d
	f.sweepLater(c.CleanupInterval)
	return nil
}

// Stop implements actors.Stopper: it is over once the database is closed.
func (f *folder) Stop(ctx context.Context) error {
	d := f.leave()
	if d == nil {
		return nil
	}
	_, err := actors.Await(ctx, func() (any, error) { return nil, d.close() })
	return err
}

func (f *folder) leave() *disk {
	d := f.disk
	if f.sweep != nil {
		f.sweep()
	}
	f.disk, f.sweep = nil, nil
	return d
}

func (f *folder) sweepLater(every time.Duration) {
	if every <= 0 {
		return
	}
	f.sweep = f.env.Cell.After(every, func() {
		d := f.disk
		f.env.Cell.Go(func() (any, error) { return d.use(d.collect) }, func(_ any, err error) {
			if f.disk != d {
				return // it was stopped meanwhile
			}
			if err != nil {
				f.env.Log.Warn("the space of old values could not be given back", "store", f.env.ID, "error", err)
			}
			f.sweepLater(every)
		})
	})
}

// Receive implements actor.Actor.
func (f *folder) Receive(ctx actor.Context) {
	if _, stopping := ctx.Message().(*actor.Stopping); stopping {
		if d := f.leave(); d != nil { // it was never told to stop
			f.env.Go(func() { _ = d.close() }) // nobody is there to be told
		}
		return
	}
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if _, info := req.Body.(*messages.StoreInfo); info {
		req.Reply(&messages.StoreData{ID: f.env.ID, Backend: "badger", Consistency: "local", Durable: true, List: true, Versioned: true, ConditionalPut: true, TTL: true})
		return
	}
	d := f.disk
	if d == nil {
		req.Reply(messages.Errorf(messages.Unavailable, "store %s is not running", f.env.ID))
		return
	}
	var work func() (any, error)
	switch b := req.Body.(type) {
	case *messages.StoreGet:
		work = func() (any, error) { return d.get(b.Key) }
	case *messages.StorePut:
		work = func() (any, error) { return d.put(b) }
	case *messages.StoreDelete:
		work = func() (any, error) { return d.delete(b.Key) }
	case *messages.StoreList:
		work = func() (any, error) { return d.list(b) }
	default:
		actors.Unknown(req, f.env.ID)
		return
	}
	f.env.Cell.Serve(req, func(ctx context.Context) (any, error) {
		return actors.Await(ctx, func() (any, error) { return d.use(work) })
	})
}
