package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/troupe-go/troupe/messages"
)

func TestExplained(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind string
		text string
	}{
		{context.Canceled, messages.Canceled, ""},
		{fmt.Errorf("in a driver: %w", context.DeadlineExceeded), messages.Timeout, ""},
		{sql.ErrTxDone, messages.Invalid, "transaction is not active"},
		{messages.Errorf(messages.NotFound, "ours"), messages.NotFound, "ours"},
		{driver.ErrBadConn, messages.Unavailable, ""},
		{io.ErrUnexpectedEOF, messages.Unavailable, ""},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, messages.Unavailable, "refused"},
		{errors.New("expected 2 arguments, got 1"), messages.Invalid, "expected 2 arguments"},
		{&pgconn.PgError{Code: "23505"}, messages.AlreadyExists, ""},
		{&pgconn.PgError{Code: "23503"}, messages.Invalid, ""},
		{&pgconn.PgError{Code: "42P01", Message: "no such table"}, messages.Invalid, "no such table"},
		{&pgconn.PgError{Code: "42501"}, messages.PermissionDenied, ""},
		{&pgconn.PgError{Code: "40001"}, messages.Conflict, ""},
		{&pgconn.PgError{Code: "57014"}, messages.Timeout, ""},
		{&pgconn.PgError{Code: "57P01"}, messages.Unavailable, ""},
		{&pgconn.PgError{Code: "XX000"}, messages.Internal, ""},
		{&mysql.MySQLError{Number: 1062, SQLState: [5]byte([]byte("23000"))}, messages.AlreadyExists, ""},
		{&mysql.MySQLError{Number: 1064, SQLState: [5]byte([]byte("42000"))}, messages.Invalid, ""},
		{&mysql.MySQLError{Number: 1213, SQLState: [5]byte([]byte("40001"))}, messages.Conflict, ""},
		{&mysql.MySQLError{Number: 1142, SQLState: [5]byte([]byte("42000"))}, messages.PermissionDenied, ""},
		{&mysql.MySQLError{Number: 1040}, messages.Unavailable, ""},
		{&mysql.MySQLError{Number: 1}, messages.Internal, ""},
		{mysql.ErrInvalidConn, messages.Unavailable, ""},
	} {
		byDriver := explainPostgres
		var e *mysql.MySQLError
		if errors.As(c.err, &e) || errors.Is(c.err, mysql.ErrInvalidConn) {
			byDriver = explainMySQL
		}
		got := explained(c.err, byDriver)
		if got == nil || got.Kind != c.kind || !strings.Contains(got.Error(), c.text) {
			t.Errorf("%T %v: got kind %q, %v; want %q", c.err, c.err, got.Kind, got, c.kind)
		}
		if again := c.kind == messages.Conflict || c.kind == messages.Unavailable; again != (got.Retry == messages.RetryYes) {
			t.Errorf("%v: retry is %v", c.err, got.Retry)
		}
	}
	if explained(nil, explainSQLite) != nil {
		t.Error("no error has become one")
	}
}

// Whatever stands in a field stays in its place in the connection string.
func TestConfigs(t *testing.T) {
	for _, s := range []string{"plain", "sp ace", `quo'te"\`, "at@host:1/x?y=z#f", "%41&;=", "ü", "new\nline", "x' host='evil"} {
		c := ServerConfig{Host: "db.example", Port: 5432, Database: s, Username: s, Password: s, Options: map[string]string{"application_name": "n"}}
		pg, err := PostgresConfig{c}.config()
		if err != nil || pg.Host != "db.example" || pg.Port != 5432 || pg.Database != s || pg.User != s || pg.Password != s || pg.RuntimeParams["application_name"] != "n" {
			t.Errorf("PostgreSQL %q: %v, %+v", s, err, pg)
		}
		c.Host, c.Options = "::1", map[string]string{"timeout": "3s", "parseTime": "false", "charset": "utf8mb4"}
		my, err := MySQLConfig{c}.config()
		if err != nil || my.Addr != "[::1]:5432" || my.DBName != s || my.User != s || my.Passwd != s || my.ParseTime || my.Timeout != 3*time.Second {
			t.Errorf("MySQL %q: %v, %+v", s, err, my)
		}
	}
	my, err := MySQLConfig{ServerConfig{Host: "h", Port: 1}}.config()
	if err != nil || !my.ParseTime {
		t.Errorf("times are not parsed: %v", err)
	}
	for _, config := range []planner{
		MySQLConfig{ServerConfig{Host: "h", Port: 1, Options: map[string]string{"parseTime": "perhaps"}}},
		PostgresConfig{ServerConfig{Host: "h", Port: 1, Options: map[string]string{"sslmode": "perhaps"}}},
	} {
		if _, err := config.plan(); !messages.IsKind(err, messages.Invalid) {
			t.Errorf("%T: got %v", config, err)
		}
	}
}
