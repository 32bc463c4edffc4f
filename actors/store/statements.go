package store

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/troupe-go/troupe/messages"
)

// statements are those of one store, in the words of its database.
type statements struct {
	get, put, delete, expire string

	selects string // key and value of the entries that are not expired
	key     string // the keys as text that is compared byte by byte
	sign    func(n int) string
	length  func(string) int // of a prefix, as substr counts
}

// speak makes the statements. The names in c were checked.
func speak(typ string, c SQLConfig) statements {
	s := statements{sign: func(int) string { return "?" }, key: c.ID, length: utf8.RuneCountInString}
	table, id, payload, expire := c.TableName, c.ID, c.Payload, c.Expire
	switch typ {
	case messages.SQLPostgres:
		s.sign = func(n int) string { return "$" + strconv.Itoa(n) }
		s.key = id + ` COLLATE "C"`
	case messages.SQLMySQL:
		quote := func(name string) string { return "`" + name + "`" } // key is a reserved word there
		table, id, payload, expire = quote(table), quote(id), quote(payload), quote(expire)
		s.key = "CAST(" + id + " AS BINARY)"
		s.length = func(prefix string) int { return len(prefix) }
	}
	live := func(n int) string { return "(" + expire + " IS NULL OR " + expire + " > " + s.sign(n) + ")" }
	values := " (" + id + ", " + payload + ", " + expire + ") VALUES (" + s.sign(1) + ", " + s.sign(2) + ", " + s.sign(3) + ")"
	s.get = "SELECT " + payload + " FROM " + table + " WHERE " + id + " = " + s.sign(1) + " AND " + live(2)
	s.delete = "DELETE FROM " + table + " WHERE " + id + " = " + s.sign(1) + " AND " + live(2)
	s.expire = "DELETE FROM " + table + " WHERE " + expire + " <= " + s.sign(1)
	s.selects = "SELECT " + id + ", " + payload + " FROM " + table + " WHERE " + live(1)
	if typ == messages.SQLMySQL {
		s.put = "INSERT INTO " + table + values + " ON DUPLICATE KEY UPDATE " + payload + " = VALUES(" + payload + "), " + expire + " = VALUES(" + expire + ")"
	} else {
		s.put = "INSERT INTO " + table + values + " ON CONFLICT (" + id + ") DO UPDATE SET " + payload + " = excluded." + payload + ", " + expire + " = excluded." + expire
	}
	return s
}

// list is the statement for a page; it gives one entry more than fits, if there
// is one.
func (s statements) list(b *messages.StoreList, now int64) (text string, params []any) {
	text, params = s.selects, []any{now}
	where := func(condition func(sign func() string) string, values ...any) {
		n := len(params)
		text += " AND " + condition(func() string {
			n++
			return s.sign(n)
		})
		params = append(params, values...)
	}
	if b.After != "" {
		where(func(sign func() string) string { return s.key + " > " + sign() }, b.After)
	}
	if b.Prefix != "" {
		where(func(sign func() string) string { return "substr(" + s.key + ", 1, " + sign() + ") = " + sign() }, s.length(b.Prefix), b.Prefix)
	}
	text += " ORDER BY " + s.key
	if b.Limit > 0 {
		text += " LIMIT " + strconv.Itoa(min(b.Limit, 1<<30)+1)
	}
	return text, params
}

// refuseName says why a name cannot be that of a table or column, "" if it can.
// Names are part of statements, which placeholders cannot carry.
func refuseName(name string) string {
	for i := range len(name) {
		switch b := name[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z':
		case i > 0 && ('0' <= b && b <= '9' || b == '_'):
		default:
			return "it must be a letter, followed by letters, digits and underscores"
		}
	}
	if slices.Contains(keywords, strings.ToUpper(name)) {
		return "it is a word of SQL"
	}
	return ""
}

// keywords are the words that SQL keeps for itself. KEY and VALUE are free in
// most databases, and the default names.
var keywords = strings.Fields(`
ADD ALL ALTER ANALYZE AND ANY AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONSTRAINT CREATE
CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DEFAULT DELETE DESC DESCRIBE DISTINCT DROP ELSE
END ESCAPE EXCEPT EXEC EXECUTE EXISTS EXPLAIN FALSE FETCH FOR FOREIGN FROM FULL GRANT GROUP HAVING IF IN INDEX INNER
INSERT INTERSECT INTO IS ISNULL JOIN LEFT LIKE LIMIT NATURAL NOT NOTNULL NULL OFFSET ON OR ORDER OUTER PRAGMA PRIMARY
PROCEDURE REFERENCES RENAME REPLACE RETURNING REVOKE RIGHT ROLLBACK SAVEPOINT SELECT SESSION_USER SET SHOW SOME TABLE
THEN TO TRANSACTION TRIGGER TRUE TRUNCATE UNION UNIQUE UPDATE USE USER USING VACUUM VALUES VIEW WHEN WHERE WINDOW WITH`)
