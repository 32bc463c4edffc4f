package sql

import (
	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// systems are the names that OpenTelemetry has for the types of databases.
var systems = map[string]string{messages.SQLPostgres: "postgresql", messages.SQLMySQL: "mysql", messages.SQLite: "sqlite"}

// trace makes the Trace of a messages.SQLDatabase.
func trace(t actors.Tracer, id, typ string) func(map[string]string, string, string) (map[string]string, func(error)) {
	return func(around map[string]string, does, statement string) (map[string]string, func(error)) {
		span := t.Begin(actors.SpanClient, does+" "+id, around)
		span.Set("db.system.name", systems[typ])
		span.Set("db.operation.name", does)
		if statement != "" {
			span.Set("db.query.text", statement)
		}
		return span.Headers(), span.End
	}
}
