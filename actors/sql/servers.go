package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// ServerConfig are the fields of databases that are servers.
type ServerConfig struct {
	Host     string            `yaml:"host" required:"true" doc:"Name or address of the server."`
	Port     int               `yaml:"port" required:"true" min:"1" max:"65535" doc:"Its port."`
	Database string            `yaml:"database" required:"true" doc:"The database."`
	Username string            `yaml:"username" required:"true" doc:"Who logs in."`
	Password string            `yaml:"password" required:"true" doc:"The password."`
	Options  map[string]string `yaml:"options" doc:"Parameters of the connection, as in sslmode: require."`
	Pool     struct {
		MaxOpen     int           `yaml:"max_open" default:"0" min:"0" doc:"How many connections there may be; 0 for no limit."`
		MaxIdle     int           `yaml:"max_idle" default:"0" min:"0" doc:"How many unused connections are kept; 0 for none."`
		MaxLifetime time.Duration `yaml:"max_lifetime" default:"1h" min:"1ns" doc:"How long a connection is used."`
	} `yaml:"pool" doc:"The connections."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

func (c ServerConfig) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// server is the plan for a server of that name.
func (c ServerConfig) server(name string, open func() *sql.DB) plan {
	where := fmt.Sprintf("%s at %s, database %s, user %s", name, c.address(), c.Database, c.Username)
	key := c
	key.Lifecycle = actors.Lifecycle{}
	return plan{
		key: fmt.Sprintf("%#v", key), where: where, timeout: c.Lifecycle.StartTimeout,
		open: func() *sql.DB {
			pool := open()
			pool.SetMaxOpenConns(c.Pool.MaxOpen)
			pool.SetMaxIdleConns(c.Pool.MaxIdle)
			pool.SetConnMaxLifetime(c.Pool.MaxLifetime)
			return pool
		},
		connect: func(ctx context.Context, pool *sql.DB) error {
			if err := pool.PingContext(ctx); err != nil {
				return messages.Because(messages.Unavailable, "connecting to "+where+" (check that the server runs, host, port, database, username and password)", err)
			}
			return nil
		},
	}
}

// PostgresConfig are the fields of db.sql.postgres.
type PostgresConfig struct {
	ServerConfig `yaml:",inline"`
}

// Postgres is a database on a PostgreSQL server.
var Postgres = define[PostgresConfig]("db.sql.postgres", "A database on a PostgreSQL server.", messages.SQLPostgres, explainPostgres)

var quotePostgres = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func (c PostgresConfig) plan() (plan, error) {
	config, err := c.config()
	if err != nil {
		return plan{}, err
	}
	return c.server("PostgreSQL", func() *sql.DB { return stdlib.OpenDB(*config) }), nil
}

func (c PostgresConfig) config() (*pgx.ConnConfig, error) {
	var text []string
	set := func(key, value string) { text = append(text, key+"='"+quotePostgres.Replace(value)+"'") }
	set("host", c.Host)
	set("port", strconv.Itoa(c.Port))
	set("user", c.Username)
	set("password", c.Password)
	set("dbname", c.Database)
	for _, key := range slices.Sorted(maps.Keys(c.Options)) {
		set(key, c.Options[key])
	}
	config, err := pgx.ParseConfig(strings.Join(text, " "))
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "options: %s", err)
	}
	return config, nil
}

func explainPostgres(err error) *messages.Error {
	var e *pgconn.PgError
	if !errors.As(err, &e) || len(e.Code) != 5 {
		return nil
	}
	kind := sqlState(e.Code)
	switch e.Code {
	case "23505": // a duplicate key
		kind = messages.AlreadyExists
	case "57014": // statement_timeout; what a program calls off ends with its context
		kind = messages.Timeout
	}
	return retryable(messages.Errorf(kind, "%s", e))
}

// sqlState is the kind of an error by the code that the SQL standard gives it.
func sqlState(code string) string {
	switch code {
	case "42501":
		return messages.PermissionDenied
	case "40001", "40P01", "55P03":
		return messages.Conflict
	}
	switch code[:2] {
	case "0A", "21", "22", "23", "24", "25", "26", "34", "3B", "3D", "3F", "42":
		return messages.Invalid
	case "28":
		return messages.PermissionDenied
	case "08", "53", "57":
		return messages.Unavailable
	}
	return messages.Internal
}

func retryable(err *messages.Error) *messages.Error {
	if err.Kind == messages.Conflict || err.Kind == messages.Unavailable {
		return err.WithRetry(true)
	}
	return err
}

// MySQLConfig are the fields of db.sql.mysql.
type MySQLConfig struct {
	ServerConfig `yaml:",inline"`
}

// MySQL is a database on a MySQL or MariaDB server.
var MySQL = define[MySQLConfig]("db.sql.mysql", "A database on a MySQL or MariaDB server. Unless options say something else, parseTime is true: times are given as such.", messages.SQLMySQL, explainMySQL)

func (c MySQLConfig) plan() (plan, error) {
	config, err := c.config()
	if err != nil {
		return plan{}, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return plan{}, messages.Errorf(messages.Invalid, "options: %s", err)
	}
	return c.server("MySQL", func() *sql.DB { return sql.OpenDB(connector) }), nil
}

func (c MySQLConfig) config() (*mysql.Config, error) {
	options := url.Values{"parseTime": {"true"}}
	for key, value := range c.Options {
		options.Set(key, value)
	}
	// The driver's text form cannot carry every user and password.
	config, err := mysql.ParseDSN("tcp(" + c.address() + ")/?" + options.Encode())
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "options: %s", err)
	}
	config.User, config.Passwd, config.DBName = c.Username, c.Password, c.Database
	config.Logger = &mysql.NopLogger{} // every error is returned too
	return config, nil
}

func explainMySQL(err error) *messages.Error {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return messages.Errorf(messages.Unavailable, "%s", err).WithRetry(true)
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return nil
	}
	kind := sqlState(string(e.SQLState[:]))
	switch e.Number {
	case 1062: // a duplicate key
		kind = messages.AlreadyExists
	case 1205, 1213: // waited too long for a lock, deadlock
		kind = messages.Conflict
	case 1044, 1045, 1142, 1143, 1227, 1370:
		kind = messages.PermissionDenied
	case 1040, 1203: // too many connections
		kind = messages.Unavailable
	}
	return retryable(messages.Errorf(kind, "%s", e))
}
