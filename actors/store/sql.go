package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// SQLConfig are the fields of store.sql.
type SQLConfig struct {
	Database  string           `yaml:"database" required:"true" ref:"db.sql.*" doc:"The database."`
	TableName string           `yaml:"table_name" doc:"The table, which must exist; required."`
	Table     string           `yaml:"table" doc:"Another name of table_name."`
	ID        string           `yaml:"id_column_name" default:"key" doc:"The column of the keys: text, the primary key or unique; in MySQL with a binary collation, or case does not count."`
	Payload   string           `yaml:"payload_column_name" default:"value" doc:"The column of the values: binary, as MessagePack with extensions of our own for errors, payloads and metatables."`
	Expire    string           `yaml:"expire_column_name" default:"expires_at" doc:"The column of the times of expiry: an integer of 64 bits, milliseconds since 1970, or null."`
	Cleanup   time.Duration    `yaml:"cleanup_interval" default:"0s" min:"0s" doc:"How often expired entries are removed; they are invisible at once. 0 for never."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Validate implements registry.Validator.
func (c *SQLConfig) Validate() error {
	switch {
	case c.TableName == "" && c.Table == "":
		return &registry.FieldError{Path: []string{"table_name"}, Text: "the table is missing", Hint: "write the name of a table that exists"}
	case c.TableName != "" && c.Table != "" && c.TableName != c.Table:
		return &registry.FieldError{Path: []string{"table"}, Text: "table and table_name are two names of one field", Hint: "write one of them"}
	}
	for _, f := range []struct{ field, name string }{
		{"table_name", c.TableName}, {"table", c.Table}, {"id_column_name", c.ID}, {"payload_column_name", c.Payload}, {"expire_column_name", c.Expire},
	} {
		if why := refuseName(f.name); f.name != "" && why != "" {
			return &registry.FieldError{Path: []string{f.field}, Text: "invalid name " + f.name + ": " + why, Hint: "a name begins with a letter and has letters, digits and underscores"}
		}
	}
	return nil
}

// SQL is a store in a table of a database.
var SQL = actors.Define(actors.Spec[SQLConfig]{
	Name: "store.sql", Doc: "A key-value store in a table of a SQL database.", Service: true,
	Serve: func(env actors.Env, c SQLConfig) actor.Actor {
		if c.TableName == "" {
			c.TableName = c.Table
		}
		return &table{env: env, config: c}
	},
})

// table is the actor of a store.sql. Its statements run outside of it, so that
// those of several processes do not wait for one another.
type table struct {
	env      actors.Env
	config   SQLConfig
	database *messages.SQLDatabase // nil while it does not run
	words    statements
	life     context.Context // ends with Stop
	end      context.CancelFunc
	sweep    func()
}

// patience is how long one statement may take: a store must not wait for ever for
// a connection that somebody keeps.
const patience = 30 * time.Second

// Start implements actors.Starter.
func (t *table) Start(ctx context.Context) error {
	db, err := actors.As[*messages.SQLDatabase](actors.Call(ctx, t.env.Sys, t.env.PID(t.config.Database), &messages.SQLOpen{}))
	if err != nil {
		return messages.Wrap(err, "opening the database of "+t.env.ID)
	}
	t.words = speak(db.Type, t.config)
	t.life, t.end = context.WithCancel(context.Background())
	t.database = db
	t.sweepLater()
	return nil
}

// Stop implements actors.Stopper.
func (t *table) Stop(context.Context) error {
	t.halt()
	return nil
}

func (t *table) halt() {
	if t.database == nil {
		return
	}
	t.end()
	if t.sweep != nil {
		t.sweep()
	}
	t.database, t.sweep = nil, nil
}

func (t *table) sweepLater() {
	if t.config.Cleanup <= 0 {
		return
	}
	t.sweep = t.env.Cell.After(t.config.Cleanup, func() {
		t.env.Cell.Script(func(ctx context.Context) {
			life := t.life
			_, err := t.use(ctx, func(ctx context.Context, db *sql.DB) (any, error) {
				return db.ExecContext(ctx, t.words.expire, t.now())
			})
			if life.Err() != nil {
				return // it was stopped meanwhile
			}
			if err != nil {
				t.env.Log.Warn("expired entries could not be removed", "store", t.env.ID, "error", err)
			}
			t.sweepLater()
		})
	})
}

func (t *table) now() int64 { return t.env.Clock.Now().UnixMilli() }

// use runs work on the database, on a goroutine of its own.
func (t *table) use(ctx context.Context, work func(context.Context, *sql.DB) (any, error)) (any, error) {
	db, life := t.database, t.life
	return actors.Await(ctx, func() (any, error) {
		ctx, cancel := context.WithTimeout(life, patience)
		defer cancel()
		pool, err := db.Pool()
		if err != nil {
			return nil, err
		}
		v, err := work(ctx, pool)
		var ours *messages.Error
		switch {
		case errors.As(err, &ours):
			return nil, err
		case errors.Is(err, context.DeadlineExceeded):
			return nil, messages.Errorf(messages.Timeout, "store %s: database %s did not answer in %s", t.env.ID, db.ID, patience)
		case err != nil:
			return nil, messages.Wrap(db.Explain(err), "store "+t.env.ID)
		}
		return v, nil
	})
}

// Receive implements actor.Actor.
func (t *table) Receive(ctx actor.Context) {
	if _, stopping := ctx.Message().(*actor.Stopping); stopping {
		t.halt() // it may never have been told to stop
		return
	}
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if _, info := req.Body.(*messages.StoreInfo); t.database == nil && !info {
		req.Reply(messages.Errorf(messages.Unavailable, "store %s is not running", t.env.ID))
		return
	}
	var work func(context.Context, *sql.DB) (any, error)
	switch b := req.Body.(type) {
	case *messages.StoreGet:
		work = func(ctx context.Context, db *sql.DB) (any, error) { return t.get(ctx, db, b.Key) }
	case *messages.StorePut:
		if b.IfAbsent || b.IfVersion != "" {
			req.Reply(messages.Errorf(messages.Invalid, "operation not supported by this store"))
			return
		}
		work = func(ctx context.Context, db *sql.DB) (any, error) { return t.put(ctx, db, b) }
	case *messages.StoreDelete:
		work = func(ctx context.Context, db *sql.DB) (any, error) { return t.delete(ctx, db, b.Key) }
	case *messages.StoreList:
		work = func(ctx context.Context, db *sql.DB) (any, error) { return t.list(ctx, db, b) }
	case *messages.StoreInfo:
		req.Reply(&messages.StoreData{ID: t.env.ID, Backend: "sql", Consistency: "linearizable", Durable: true, List: true, TTL: true})
		return
	default:
		actors.Unknown(req, t.env.ID)
		return
	}
	t.env.Cell.Serve(req, func(ctx context.Context) (any, error) { return t.use(ctx, work) })
}

func (t *table) get(ctx context.Context, db *sql.DB, key string) (any, error) {
	var data []byte
	err := db.QueryRowContext(ctx, t.words.get, key, t.now()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, messages.Errorf(messages.NotFound, "key not found")
	}
	if err != nil {
		return nil, err
	}
	v, err := decode(key, data)
	return &messages.StoreEntry{Key: key, Value: v}, err
}

func decode(key string, data []byte) (messages.Value, error) {
	v, err := messages.DecodeMsgpack(data)
	if err != nil {
		return nil, messages.Because(messages.Internal, "the value of key "+key+" was not written by a store", err)
	}
	return v, nil
}

func (t *table) put(ctx context.Context, db *sql.DB, b *messages.StorePut) (any, error) {
	data, err := messages.EncodeStored(b.Value)
	if err != nil {
		return nil, err
	}
	var expires any
	if b.TTL > 0 {
		expires = t.env.Clock.Now().Add(b.TTL).UnixMilli()
	}
	if _, err := db.ExecContext(ctx, t.words.put, b.Key, data, expires); err != nil {
		return nil, err
	}
	return &messages.StoreEntry{Key: b.Key, Value: b.Value}, nil
}

func (t *table) delete(ctx context.Context, db *sql.DB, key string) (any, error) {
	r, err := db.ExecContext(ctx, t.words.delete, key, t.now())
	if err != nil {
		return nil, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

func (t *table) list(ctx context.Context, db *sql.DB, b *messages.StoreList) (any, error) {
	text, params := t.words.list(b, t.now())
	rows, err := db.QueryContext(ctx, text, params...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	page := &messages.StorePage{}
	for rows.Next() {
		if b.Limit > 0 && len(page.Items) == b.Limit {
			page.More = true
			break
		}
		var key string
		var data []byte
		if err := rows.Scan(&key, &data); err != nil {
			return nil, err
		}
		v, err := decode(key, data)
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, messages.StoreEntry{Key: key, Value: v})
		page.Cursor = key
	}
	return page, rows.Err()
}
