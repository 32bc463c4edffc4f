package modules

import (
	"errors"

	"github.com/Masterminds/squirrel"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// sqlPlaceholder is a way to write placeholders.
type sqlPlaceholder struct {
	name   string
	format squirrel.PlaceholderFormat
}

var sqlQuestion = &sqlPlaceholder{"?", squirrel.Question}

var sqlBuilderTable = lua.Table{
	Name: "builder",
	Doc: "Makes SQL statements. Builders and conditions are never changed: every method returns a new one. " +
		"A mistake, such as a list as a value, does not break the chain: to_sql(), query() and exec() return it.",
	Funcs: []lua.Func{
		{Sig: "select(...: string|Condition): SelectBuilder", Doc: "A query for columns.", Try: `return (sql.builder.select("id", "title"):from("tasks"):where({state = "open"}):to_sql())`, Gives: "SELECT id, title FROM tasks WHERE state = ?", Do: func(c *lua.Call) error {
			return sqlNext(c, "select", 0, &sqlBuilder[squirrel.SelectBuilder]{b: squirrel.Select()}, sqlColumns)
		}},
		sqlStart("insert", "InsertBuilder", "A statement that adds rows.", `return (sql.builder.insert("tasks"):columns("id", "title"):values(1, "a"):to_sql())`, "INSERT INTO tasks (id,title) VALUES (?,?)", squirrel.Insert(""), squirrel.InsertBuilder.Into),
		sqlStart("update", "UpdateBuilder", "A statement that changes rows.", `return (sql.builder.update("tasks"):set("done", true):where("id = ?", 1):to_sql())`, "UPDATE tasks SET done = ? WHERE id = ?", squirrel.Update(""), squirrel.UpdateBuilder.Table),
		sqlStart("delete", "DeleteBuilder", "A statement that deletes rows.", `return (sql.builder.delete("tasks"):where({id = 1}):to_sql())`, "DELETE FROM tasks WHERE id = ?", squirrel.Delete(""), squirrel.DeleteBuilder.From),
		{Sig: "expr(sql: string, ...: any): Condition, error?", Doc: "SQL text as a condition, a column or a value. Each ? stands for the next argument; expressions and queries are written in its place. Put OR in parentheses.", Try: `return (sql.builder.update("t"):set("n", sql.builder.expr("n + ?", 1)):to_sql())`, Gives: "UPDATE t SET n = n + ?", Do: sqlConditionOf("expr", func(a *sqlArgs) *sqlCondition {
			return a.expression("", 0)
		})},
		sqlCompare("eq", "=", "IS", "equals its value; sql.NULL gives IS NULL"),
		sqlCompare("not_eq", "<>", "IS NOT", "differs from its value; sql.NULL gives IS NOT NULL"),
		sqlCompare("lt", "<", "", "is less than its value"),
		sqlCompare("lte", "<=", "", "is at most its value"),
		sqlCompare("gt", ">", "", "is greater than its value"),
		sqlCompare("gte", ">=", "", "is at least its value"),
		sqlCompare("like", "LIKE", "", "is like the pattern"),
		sqlCompare("not_like", "NOT LIKE", "", "is not like the pattern"),
		{Sig: "and_(conditions: list): Condition, error?", Doc: "All of a list of conditions and of tables, which mean equality.", Try: `return (sql.builder.select("id"):from("t"):where(sql.builder.and_({{a = 1}, sql.builder.gt({b = 2})})):to_sql())`, Gives: "SELECT id FROM t WHERE (a = ? AND b > ?)", Do: sqlConditionOf("and_", func(a *sqlArgs) *sqlCondition {
			return a.rendered(squirrel.And(a.conditions()))
		})},
		{Sig: "or_(conditions: list): Condition, error?", Doc: "Any of a list of conditions and of tables, which mean equality.", Try: `return (sql.builder.select("id"):from("t"):where(sql.builder.or_({{a = 1}, {a = sql.NULL}})):to_sql())`, Gives: "SELECT id FROM t WHERE (a = ? OR a IS NULL)", Do: sqlConditionOf("or_", func(a *sqlArgs) *sqlCondition {
			return a.rendered(squirrel.Or(a.conditions()))
		})},
	},
	Consts: []lua.Const{
		{Name: "question", Doc: "Placeholders ?, for SQLite and MySQL.", Value: sqlQuestion},
		{Name: "default_placeholder", Doc: "The same as question.", Value: sqlQuestion},
		{Name: "dollar", Doc: "Placeholders $1, $2, for PostgreSQL.", Value: &sqlPlaceholder{"$1", squirrel.Dollar}},
		{Name: "at", Doc: "Placeholders @p1, @p2.", Value: &sqlPlaceholder{"@p1", squirrel.AtP}},
		{Name: "colon", Doc: "Placeholders :1, :2.", Value: &sqlPlaceholder{":1", squirrel.Colon}},
	},
}

var sqlBuilderTypes = []lua.Type{
	sqlValueType,
	{Name: "Condition", Doc: "A condition or an expression, with its arguments.", Of: (*sqlCondition)(nil)},
	{
		Name: "PlaceholderFormat", Doc: "How placeholders are written.", Of: (*sqlPlaceholder)(nil),
		Text:  func(v any) string { return v.(*sqlPlaceholder).name },
		Equal: func(a, b any) bool { return a == b },
	},
	{Name: "SelectBuilder", Doc: "Makes a query.", Of: (*sqlBuilder[squirrel.SelectBuilder])(nil), Methods: sqlSelectMethods},
	{Name: "InsertBuilder", Doc: "Makes a statement that adds rows.", Of: (*sqlBuilder[squirrel.InsertBuilder])(nil), Methods: sqlInsertMethods},
	{Name: "UpdateBuilder", Doc: "Makes a statement that changes rows.", Of: (*sqlBuilder[squirrel.UpdateBuilder])(nil), Methods: sqlUpdateMethods},
	{Name: "DeleteBuilder", Doc: "Makes a statement that deletes rows.", Of: (*sqlBuilder[squirrel.DeleteBuilder])(nil), Methods: sqlDeleteMethods},
	{Name: "QueryExecutor", Doc: "A statement with the database it is for.", Of: (*sqlExecutor)(nil), Methods: sqlExecutorMethods},
}

// sqlStart is a function that begins a statement on a table, which may be named
// later.
func sqlStart[B sqlBuildable[B]](name, typ, doc, try, gives string, empty B, table func(B, string) B) lua.Func {
	return lua.Func{Sig: name + "(table?: string): " + typ, Doc: doc, Try: try, Gives: gives, Do: func(c *lua.Call) error {
		return sqlNext(c, name, 0, &sqlBuilder[B]{b: empty}, func(a *sqlArgs, b B) B {
			if !c.Has(0) {
				return b
			}
			return table(b, a.text(0))
		})
	}}
}

// sqlCompare is a function that makes a condition of a table {column = value}.
func sqlCompare(name, op, null, doc string) lua.Func {
	return lua.Func{
		Sig: name + "(values: table): Condition, error?", Doc: "Each column of {column = value} " + doc + ".",
		Do: sqlConditionOf(name, func(a *sqlArgs) *sqlCondition { return a.compare(a.c.Pairs(0), op, null) }),
	}
}

// sqlConditionOf makes a function that returns a condition, and the mistake in it.
func sqlConditionOf(name string, make func(a *sqlArgs) *sqlCondition) func(*lua.Call) error {
	return func(c *lua.Call) error {
		a := &sqlArgs{c: c, what: name}
		cond := make(a)
		if a.err == nil {
			return c.Return(cond)
		}
		var mistake *messages.Error
		if !errors.As(a.err, &mistake) {
			return a.err
		}
		return c.Return(&sqlCondition{err: mistake}, mistake)
	}
}
