package modules

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// oneConn is a database whose connections can do nothing.
type oneConn struct{}

func (c oneConn) Connect(context.Context) (driver.Conn, error) { return c, nil }
func (c oneConn) Driver() driver.Driver                        { return nil }
func (c oneConn) Prepare(string) (driver.Stmt, error)          { return nil, errors.ErrUnsupported }
func (c oneConn) Begin() (driver.Tx, error)                    { return nil, errors.ErrUnsupported }
func (c oneConn) Close() error                                 { return nil }

// A statement does not wait for ever for a transaction that nobody may be left to
// end.
func TestSQLPatience(t *testing.T) {
	defer func(d time.Duration) { sqlPatience = d }(sqlPatience)
	sqlPatience = time.Millisecond
	pool := sql.OpenDB(oneConn{})
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	held, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := &sqlDB{SQLDatabase: &messages.SQLDatabase{ID: "app:db", Type: messages.SQLite}}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		typ  string
		open int
		ctx  context.Context
		kind string
	}{
		{"without a transaction it is not asked", messages.SQLite, 0, t.Context(), ""},
		{"servers have other connections", messages.SQLMySQL, 1, t.Context(), ""},
		{"a transaction of the same object", messages.SQLite, 1, t.Context(), messages.Timeout},
		{"the process has ended", messages.SQLite, 1, over, messages.Canceled},
	} {
		d.Type, d.open = c.typ, c.open
		if err := messages.AsError(d.patience()(c.ctx, pool)); (err == nil) != (c.kind == "") || err != nil && err.Kind != c.kind {
			t.Errorf("%s: got %v, want kind %q", c.name, err, c.kind)
		}
	}
	sqlPatience = time.Minute
	time.AfterFunc(5*time.Millisecond, func() { _ = held.Close() })
	d.Type = messages.SQLite
	if err := d.patience()(t.Context(), pool); err != nil {
		t.Errorf("the transaction ends: got %v", err)
	}
	if n := pool.Stats().InUse; n != 0 {
		t.Errorf("%d connections are in use", n)
	}
}

func TestIsSavepoint(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "1": true, "_": true, "A_9z": true, "": false, "a b": false, "a;": false, `a"`: false, "a`": false, "é": false, "a\x00": false} {
		if got := isSavepoint(name); got != want {
			t.Errorf("isSavepoint(%q) = %v", name, got)
		}
	}
}

func TestSQLCell(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 60_000_000, time.FixedZone("", 3600))
	for _, c := range []struct{ in, want any }{
		{at, "2024-01-02T02:04:05.06Z"}, {[]byte("\xff\x00"), "\xff\x00"}, {int64(7), 7.0}, {uint64(8), 8.0}, {float32(0.5), 0.5}, {true, true}, {"x", "x"},
	} {
		if got := sqlCell(c.in); got != c.want {
			t.Errorf("%v gives %v, want %v", c.in, got, c.want)
		}
	}
}
