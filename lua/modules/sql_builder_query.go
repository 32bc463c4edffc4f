package modules

import (
	"errors"
	"slices"

	"github.com/Masterminds/squirrel"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// sqlBuildable is what the four builders of squirrel have in common.
type sqlBuildable[B any] interface {
	squirrel.Sqlizer
	PlaceholderFormat(squirrel.PlaceholderFormat) B
	SuffixExpr(squirrel.Sqlizer) B
}

// sqlFiltered are those that choose rows.
type sqlFiltered[B any] interface {
	sqlBuildable[B]
	Where(pred any, args ...any) B
	OrderBy(...string) B
	Limit(uint64) B
	Offset(uint64) B
}

// sqlBuilder is a builder object. It is never changed.
type sqlBuilder[B sqlBuildable[B]] struct {
	b      B
	weight int   // of all that is in it, against maxSQL
	err    error // the first mistake
}

// render makes the statement; its arguments are what drivers take.
func (q *sqlBuilder[B]) render() (string, []any, error) {
	if q.err != nil {
		return "", nil, q.err
	}
	return sqlRender(q.b)
}

// sqlRender makes SQL of a part of squirrel; what squirrel refuses is Invalid.
func sqlRender(s squirrel.Sqlizer) (string, []any, error) {
	var args []any
	sql, err := guarded(func() (sql any, err error) {
		sql, args, err = s.ToSql()
		return sql, err
	})
	if err != nil {
		return "", nil, messages.Errorf(messages.Invalid, "the statement cannot be built: %s", err)
	}
	return sql.(string), args, nil
}

// sqlNext returns the builder that step makes of q. shift is 1 in methods.
func sqlNext[B sqlBuildable[B]](c *lua.Call, what string, shift int, q *sqlBuilder[B], step func(a *sqlArgs, b B) B) error {
	a := &sqlArgs{c: c, what: what, shift: shift, weight: q.weight, err: q.err}
	b := step(a, q.b)
	var mistake *messages.Error
	if a.err != nil && !errors.As(a.err, &mistake) {
		return a.err // to be raised
	}
	return c.Return(&sqlBuilder[B]{b, a.weight, a.err})
}

// sqlStep is a method that gives a new builder. args is the part of its signature
// in parentheses.
func sqlStep[B sqlBuildable[B]](name, args, doc string, step func(a *sqlArgs, b B) B) lua.Func {
	return lua.Func{Sig: name + "(" + args + "): " + sqlTypeName[B](), Doc: doc, Do: func(c *lua.Call) error {
		return sqlNext(c, name, 1, c.Self().(*sqlBuilder[B]), step)
	}}
}

func sqlTypeName[B any]() string {
	switch any(*new(B)).(type) {
	case squirrel.SelectBuilder:
		return "SelectBuilder"
	case squirrel.InsertBuilder:
		return "InsertBuilder"
	case squirrel.UpdateBuilder:
		return "UpdateBuilder"
	}
	return "DeleteBuilder"
}

var sqlSelectMethods = slices.Concat([]lua.Func{
	sqlStep("columns", "...: string|Condition", "More columns.", sqlColumns),
	sqlStep("distinct", "", "Rows that are equal are given once.", func(_ *sqlArgs, b squirrel.SelectBuilder) squirrel.SelectBuilder { return b.Distinct() }),
	sqlStep("from", "table: string", "The table.", func(a *sqlArgs, b squirrel.SelectBuilder) squirrel.SelectBuilder { return b.From(a.text(0)) }),
	sqlJoin("join", "JOIN "), sqlJoin("left_join", "LEFT JOIN "), sqlJoin("right_join", "RIGHT JOIN "), sqlJoin("inner_join", "INNER JOIN "),
	sqlStep("group_by", "...: string", "Groups rows by expressions.", func(a *sqlArgs, b squirrel.SelectBuilder) squirrel.SelectBuilder { return b.GroupBy(a.texts()...) }),
	sqlStep("having", "condition: string|table|Condition, ...: any", "A condition on groups; takes what where takes.", func(a *sqlArgs, b squirrel.SelectBuilder) squirrel.SelectBuilder {
		return b.Having(a.condition(0))
	}),
}, sqlFilters[squirrel.SelectBuilder](), sqlCommon[squirrel.SelectBuilder]())

var sqlInsertMethods = slices.Concat([]lua.Func{
	sqlStep("into", "table: string", "The table.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder { return b.Into(a.text(0)) }),
	sqlStep("columns", "...: string", "More columns.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder { return b.Columns(a.texts()...) }),
	sqlStep("values", "...: any", "One row; nil is NULL. Call it once for every row.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder {
		row := a.operands()
		if len(row) == 0 {
			a.fail("a row needs values")
		}
		return b.Values(row...)
	}),
	sqlStep("set_map", "values: table", "One row as {column = value}, in place of all columns and rows so far.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder {
		row := map[string]any{}
		for _, f := range a.someFields(0) {
			row[f.column] = f.value
		}
		return b.SetMap(row)
	}),
	sqlStep("select", "query: SelectBuilder", "Adds the rows of a query.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder { return b.Select(a.query(0)) }),
	sqlStep("prefix", "sql: string, ...: any", "SQL in front of the statement.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder {
		return b.PrefixExpr(a.expression("", 0))
	}),
	sqlStep("options", "...: string", "Words behind INSERT, such as OR IGNORE.", func(a *sqlArgs, b squirrel.InsertBuilder) squirrel.InsertBuilder { return b.Options(a.texts()...) }),
}, sqlCommon[squirrel.InsertBuilder]())

var sqlUpdateMethods = slices.Concat([]lua.Func{
	sqlStep("table", "table: string", "The table.", func(a *sqlArgs, b squirrel.UpdateBuilder) squirrel.UpdateBuilder { return b.Table(a.text(0)) }),
	sqlStep("set", "column: string, value: any", "Gives a column a value, an expression or what a query finds; nil is NULL.", func(a *sqlArgs, b squirrel.UpdateBuilder) squirrel.UpdateBuilder {
		column := a.text(0)
		return b.Set(column, a.operand(a.raw(1), column))
	}),
	sqlStep("set_map", "values: table", "The same for each column of {column = value}.", func(a *sqlArgs, b squirrel.UpdateBuilder) squirrel.UpdateBuilder {
		for _, f := range a.someFields(0) {
			b = b.Set(f.column, f.value)
		}
		return b
	}),
	sqlStep("from", "table: string", "Another table whose columns are used.", func(a *sqlArgs, b squirrel.UpdateBuilder) squirrel.UpdateBuilder { return b.From(a.text(0)) }),
	sqlStep("from_select", "query: SelectBuilder, alias: string", "A query whose columns are used under the name alias.", func(a *sqlArgs, b squirrel.UpdateBuilder) squirrel.UpdateBuilder {
		return b.FromSelect(a.query(0), a.text(1))
	}),
}, sqlFilters[squirrel.UpdateBuilder](), sqlCommon[squirrel.UpdateBuilder]())

var sqlDeleteMethods = slices.Concat([]lua.Func{
	sqlStep("from", "table: string", "The table.", func(a *sqlArgs, b squirrel.DeleteBuilder) squirrel.DeleteBuilder { return b.From(a.text(0)) }),
}, sqlFilters[squirrel.DeleteBuilder](), sqlCommon[squirrel.DeleteBuilder]())

func sqlColumns(a *sqlArgs, b squirrel.SelectBuilder) squirrel.SelectBuilder {
	for i := range a.c.Len() {
		if cond, ok := a.c.Object(i).(*sqlCondition); ok {
			b = b.Column(a.part(cond))
			continue
		}
		if a.c.TypeOf(i) != "string" {
			a.keep(lua.ArgError(i+1+a.shift, "string or Condition expected, got "+a.c.TypeOf(i)))
			return b
		}
		b = b.Column(a.text(i))
	}
	return b
}

func sqlJoin(name, keyword string) lua.Func {
	return sqlStep(name, "table: string, ...: any", "Joins a table: \""+keyword+"\" and the text, with arguments for its placeholders.", func(a *sqlArgs, b squirrel.SelectBuilder) squirrel.SelectBuilder {
		return b.JoinClause(a.expression(keyword, 0))
	})
}

// sqlFilters are the methods that choose rows.
func sqlFilters[B sqlFiltered[B]]() []lua.Func {
	return []lua.Func{
		sqlStep("where", "condition: string|table|Condition, ...: any", "A condition that must hold besides those there are: SQL text with arguments for its placeholders, a table of equalities, or a Condition.", func(a *sqlArgs, b B) B {
			return b.Where(a.condition(0))
		}),
		sqlStep("order_by", "...: string", "Sorts by expressions such as \"id DESC\".", func(a *sqlArgs, b B) B { return b.OrderBy(a.texts()...) }),
		sqlStep("limit", "n: integer", "At most n rows.", func(a *sqlArgs, b B) B { return b.Limit(a.count(0)) }),
		sqlStep("offset", "n: integer", "Leaves out the first n rows.", func(a *sqlArgs, b B) B { return b.Offset(a.count(0)) }),
	}
}

// sqlCommon are the methods of all builders.
func sqlCommon[B sqlBuildable[B]]() []lua.Func {
	return []lua.Func{
		sqlStep("suffix", "sql: string, ...: any", "SQL behind the statement, such as RETURNING id.", func(a *sqlArgs, b B) B { return b.SuffixExpr(a.expression("", 0)) }),
		sqlStep("placeholder_format", "format: PlaceholderFormat", "How placeholders are written.", func(a *sqlArgs, b B) B {
			return b.PlaceholderFormat(a.c.Object(0).(*sqlPlaceholder).format)
		}),
		{Sig: "to_sql(): string, table, error?", Doc: "The statement and its arguments.", Do: func(c *lua.Call) error {
			return sqlGive(c)(c.Self().(*sqlBuilder[B]).render())
		}},
		{Sig: "run_with(database: any): QueryExecutor, error?", Doc: "The statement with the DB or Transaction it is for; its placeholders become those of PostgreSQL there.", Do: func(c *lua.Call) error {
			on, ok := c.Object(0).(sqlTarget)
			if !ok {
				return messages.Errorf(messages.Invalid, "run_with: a DB or a Transaction is expected, got %s", c.TypeOf(0))
			}
			q := *c.Self().(*sqlBuilder[B])
			if on.database().Type == messages.SQLPostgres {
				q.b = q.b.PlaceholderFormat(squirrel.Dollar)
			}
			x := &sqlExecutor{on: on}
			x.sql, x.args, x.err = q.render()
			return c.Return(x)
		}},
	}
}

// sqlGive returns the results of to_sql.
func sqlGive(c *lua.Call) func(sql string, args []any, err error) error {
	return func(sql string, args []any, err error) error {
		if err != nil {
			return c.Return(nil, nil, err)
		}
		readable := make([]any, len(args))
		for i, v := range args {
			readable[i] = sqlReadable(v)
		}
		return c.Return(sql, readable, nil)
	}
}

// sqlExecutor is a QueryExecutor object: a statement, or why there is none.
type sqlExecutor struct {
	on   sqlTarget
	sql  string
	args []any
	err  error
}

// run gives the statement to its database.
func (x *sqlExecutor) run(c *lua.Call, by func(c *lua.Call, on sqlTarget, text string, params []any) (*lua.Command, error)) (*lua.Command, error) {
	if x.err != nil {
		return nil, x.err
	}
	return by(c, x.on, x.sql, x.args)
}

var sqlExecutorMethods = []lua.Func{
	{Sig: "query(): list, error?", Doc: "Runs the statement and gives its rows.", Ask: func(c *lua.Call) (*lua.Command, error) {
		return c.Self().(*sqlExecutor).run(c, sqlQuery)
	}},
	{Sig: "exec(): table, error?", Doc: "Runs the statement and gives {last_insert_id, rows_affected}.", Ask: func(c *lua.Call) (*lua.Command, error) {
		return c.Self().(*sqlExecutor).run(c, sqlExecute)
	}},
	{Sig: "to_sql(): string, table, error?", Doc: "The statement, as its database gets it, and its arguments.", Do: func(c *lua.Call) error {
		x := c.Self().(*sqlExecutor)
		return sqlGive(c)(x.sql, x.args, x.err)
	}},
}
