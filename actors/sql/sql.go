// Package sql connects to SQL databases. The actor of an entry owns a pool of
// connections, which programs use without asking the actor for each statement.
package sql

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Kinds lists the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{SQLite, Postgres, MySQL} }

// plan is how an entry reaches its database, with the values of its environment
// variables.
type plan struct {
	key     string // plans with the same key reach the same database in the same way
	where   string // for people; without the password
	timeout time.Duration
	open    func() *sql.DB // makes the pool, which connects when it is used
	connect func(ctx context.Context, pool *sql.DB) error
}

// planner is the config of a kind of database.
type planner interface{ plan() (plan, error) }

func define[C planner](name, doc, typ string, explain func(error) *messages.Error) actors.Kind {
	return actors.Define(actors.Spec[C]{
		Name: name, Doc: doc, Service: true,
		Serve: func(env actors.Env, _ C) actor.Actor {
			s := &service{env: env, plan: func(ctx context.Context) (plan, error) {
				c, err := actors.Configure[C](ctx, env, env.Entry)
				if err != nil {
					return plan{}, err
				}
				return c.plan()
			}}
			s.database = &messages.SQLDatabase{
				ID: env.ID, Type: typ, Pool: s.current,
				Explain: func(err error) *messages.Error { return explained(err, explain) },
			}
			if t, on := actors.TracerKey.Lookup(env.App); on {
				s.database.Trace = trace(t, env.ID, typ)
			}
			return s
		},
	})
}

// service is the actor of a db.sql.* entry.
type service struct {
	env      actors.Env
	plan     func(context.Context) (plan, error)
	database *messages.SQLDatabase
	key      string                 // of the plan that pool was made by
	pool     atomic.Pointer[sql.DB] // nil while it does not run; read by any goroutine
}

func (s *service) current() (*sql.DB, error) {
	if pool := s.pool.Load(); pool != nil {
		return pool, nil
	}
	return nil, messages.Errorf(messages.Unavailable, "database %s is not running", s.env.ID)
}

// Start implements actors.Starter: it is over once the database has answered.
func (s *service) Start(ctx context.Context) error {
	p, err := s.plan(ctx)
	if err != nil {
		return err
	}
	pool := p.open()
	_, err = actors.Await(ctx, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
		defer cancel()
		return nil, p.connect(ctx, pool)
	})
	if err != nil {
		s.drop(pool)
		return err
	}
	s.key = p.key
	s.pool.Store(pool)
	s.env.Log.Info("database is connected", "service", s.env.ID, "database", p.where)
	return nil
}

// Stop implements actors.Stopper. Statements that run finish on their
// connections.
func (s *service) Stop(ctx context.Context) error {
	pool := s.pool.Swap(nil)
	if pool == nil {
		return nil
	}
	_, err := actors.Await(ctx, func() (any, error) { return nil, pool.Close() })
	return err
}

// drop closes a pool that nobody is given any more.
func (s *service) drop(pool *sql.DB) {
	s.env.Go(func() { _ = pool.Close() }) // nobody is there to be told
}

// Receive implements actor.Actor.
func (s *service) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		if pool := s.pool.Swap(nil); pool != nil { // it was never told to stop
			s.drop(pool)
		}
	case *actors.Request:
		if _, ok := m.Body.(*messages.SQLOpen); !ok {
			actors.Unknown(m, s.env.ID)
			return
		}
		s.env.Cell.Serve(m, func(ctx context.Context) (any, error) {
			s.renew(ctx)
			_, err := s.current()
			return s.database, err
		})
	}
}

// renew replaces the pool where an environment variable has changed since it was
// made. Storages of the environment tell nobody about changes, so that this is
// looked at whenever a program asks for the database.
func (s *service) renew(ctx context.Context) {
	old := s.pool.Load()
	if old == nil || len(s.env.Kinds[s.env.Entry.Kind].Schema.EnvNames(s.env.Entry)) == 0 {
		return
	}
	p, err := s.plan(ctx)
	if err != nil {
		s.env.Log.Warn("database keeps its connections: its configuration cannot be read any more", "service", s.env.ID, "error", err)
		return
	}
	if p.key == s.key || s.pool.Load() != old { // unchanged, or another one was faster
		return
	}
	s.key = p.key
	s.pool.Store(p.open())
	s.drop(old)
	s.env.Log.Info("database has new connections: environment variables have changed", "service", s.env.ID, "database", p.where)
}
