package modules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/squirrel"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// sqlCondition is a Condition: SQL text with ? and the arguments for it. It is
// rendered when it is made, so that conditions in conditions, however deep, need
// no recursion later. One that was made of a mistake keeps the error, and so does
// everything it becomes part of: were it nil in Lua, and_{a, b} would be a
// statement that hits more rows.
type sqlCondition struct {
	sql  string
	args []any
	err  error
}

// ToSql implements squirrel.Sqlizer.
func (s *sqlCondition) ToSql() (string, []any, error) { return s.sql, s.args, s.err } //nolint:staticcheck // the name is squirrel's

// maxSQL bounds what one statement weighs: conditions in conditions can double
// it with every line of a program. Databases take less.
const maxSQL = 16 << 20

// sqlWeight is what counts against maxSQL.
func sqlWeight(sql string, args []any) int { return len(sql) + 16*len(args) }

// sqlArgs reads the arguments of one function or method of the query builder. It
// keeps the first mistake, and adds up the weight of what it has read.
type sqlArgs struct {
	c      *lua.Call
	what   string // the function
	shift  int    // 1 in methods, whose object counts in messages
	weight int
	err    error
}

// fail keeps a mistake.
func (a *sqlArgs) fail(format string, args ...any) {
	a.keep(messages.Errorf(messages.Invalid, a.what+": "+format, args...))
}

func (a *sqlArgs) keep(err error) {
	if a.err == nil && err != nil {
		a.err = err
	}
}

// add counts w against maxSQL.
func (a *sqlArgs) add(w int) {
	if a.weight += w; a.weight > maxSQL {
		a.fail("the statement is too large")
	}
}

// text is argument i, which the signature says is text.
func (a *sqlArgs) text(i int) string { return a.checked(a.c.String(i)) }

// checked refuses text that is nothing: SQL with a hole where a table, a column
// or a condition belongs can still be a valid statement.
func (a *sqlArgs) checked(s string) string {
	if strings.TrimSpace(s) == "" {
		a.fail("empty text")
	}
	a.add(len(s))
	return s
}

// texts are the arguments from the first on, all of them text.
func (a *sqlArgs) texts() []string {
	list, err := restText(a.c, 0, a.shift)
	a.keep(err)
	for _, s := range list {
		a.checked(s)
	}
	return list
}

// count is argument i as a number of rows.
func (a *sqlArgs) count(i int) uint64 { return uint64(max(0, a.c.Int(i))) }

// raw is argument i as values takes it. nil is NULL.
func (a *sqlArgs) raw(i int) any {
	switch a.c.TypeOf(i) {
	case "nil":
		return nil
	case "userdata":
		return a.c.Object(i)
	case "string", "number", "boolean":
		return a.c.Value(i)
	}
	return &messages.Table{} // what no database takes
}

// value makes an argument of a statement of v: a plain value, or an *sqlCondition
// of an expression or a query.
func (a *sqlArgs) value(v any, where string) any {
	switch v := v.(type) {
	case *sqlCondition:
		a.keep(v.err)
		a.add(sqlWeight(v.sql, v.args))
		return v
	case *sqlBuilder[squirrel.SelectBuilder]:
		return a.rendered(a.subquery(v))
	}
	out, ok := driverValue(v)
	if !ok {
		a.fail("%s: only strings, numbers, booleans, sql.NULL, expressions, queries and what sql.as makes can be values", where)
	}
	a.add(sqlWeight("?", []any{nil}))
	return out
}

// operand is value where the SQL around it is ours: queries get parentheses.
func (a *sqlArgs) operand(v any, where string) any {
	out := a.value(v, where)
	if q, ok := out.(*sqlCondition); ok && v != out {
		return &sqlCondition{sql: "(" + q.sql + ")", args: q.args}
	}
	return out
}

// expression is the text that is argument i with the arguments behind it, prefix
// in front.
func (a *sqlArgs) expression(prefix string, i int) *sqlCondition {
	sql := a.text(i)
	var args []any
	for j := i + 1; j < a.c.Len(); j++ {
		args = append(args, a.value(a.raw(j), fmt.Sprintf("argument %d", j-i)))
	}
	return a.rendered(squirrel.Expr(prefix+sql, args...))
}

// operands are the arguments, each as operand gives it.
func (a *sqlArgs) operands() []any {
	out := make([]any, a.c.Len())
	for i := range out {
		out[i] = a.operand(a.raw(i), fmt.Sprintf("argument %d", i+1))
	}
	return out
}

// query is argument i, which the signature says is a SelectBuilder.
func (a *sqlArgs) query(i int) squirrel.SelectBuilder {
	return a.subquery(a.c.Object(i).(*sqlBuilder[squirrel.SelectBuilder]))
}

func (a *sqlArgs) subquery(q *sqlBuilder[squirrel.SelectBuilder]) squirrel.SelectBuilder {
	a.keep(q.err)
	a.add(q.weight)
	return q.b.PlaceholderFormat(squirrel.Question) // the statement around it numbers them
}

// rendered is s, unless there is a mistake already: then s may be too large.
func (a *sqlArgs) rendered(s squirrel.Sqlizer) *sqlCondition {
	if a.err != nil {
		return &sqlCondition{err: a.err}
	}
	sql, args, err := sqlRender(s)
	a.keep(err)
	return &sqlCondition{sql: sql, args: args, err: a.err}
}

// field is one column of a table {column = value}.
type sqlField struct {
	column string
	value  any
}

// fields reads the keys and values of a table, as Call.Pairs gives them, in the
// order of the keys.
func (a *sqlArgs) fields(pairs []any) []sqlField {
	var out []sqlField
	for i := 0; i < len(pairs); i += 2 {
		column, ok := pairs[i].(string)
		if !ok {
			a.fail("a table {column = value} is expected, got the key %s", messages.Text(pairs[i]))
			continue
		}
		if pairs[i+1] == nil { // a function, which a copy does not keep
			pairs[i+1] = &messages.Table{}
		}
		out = append(out, sqlField{a.checked(column), a.operand(pairs[i+1], column)})
	}
	slices.SortFunc(out, func(x, y sqlField) int { return strings.Compare(x.column, y.column) })
	return out
}

// someFields are the fields of the table that is argument i; there must be one.
func (a *sqlArgs) someFields(i int) []sqlField {
	out := a.fields(a.c.Pairs(i))
	if len(out) == 0 {
		a.fail("the table {column = value} is empty")
	}
	return out
}

// compare makes the condition that all columns of a table stand in the relation
// op to their values. null is the relation to NULL, "" where there is none. No
// column at all is true, as squirrel has it for equality.
func (a *sqlArgs) compare(pairs []any, op, null string) *sqlCondition {
	fields := a.fields(pairs)
	if len(fields) == 0 {
		return a.rendered(squirrel.Expr("(1=1)"))
	}
	texts := make([]string, len(fields))
	var args []any
	for i, f := range fields {
		switch v := f.value.(type) {
		case nil:
			if null == "" {
				a.fail("%s: NULL has no order and no text; use eq or not_eq", f.column)
			}
			texts[i] = f.column + " " + null + " NULL"
		case *sqlCondition:
			texts[i] = f.column + " " + op + " " + v.sql
			args = append(args, v.args...)
		default:
			texts[i] = f.column + " " + op + " ?"
			args = append(args, v)
		}
		a.add(len(op) + len(" AND  "))
	}
	if a.err != nil {
		return &sqlCondition{err: a.err}
	}
	return &sqlCondition{sql: strings.Join(texts, " AND "), args: args}
}

// condition is what argument i gives where and having: text with arguments, a
// table for equality, or a Condition.
func (a *sqlArgs) condition(i int) *sqlCondition {
	switch a.c.TypeOf(i) {
	case "string":
		return a.expression("", i)
	case "table":
		return a.compare(a.c.Pairs(i), "=", "IS")
	}
	if cond, ok := a.c.Object(i).(*sqlCondition); ok {
		return a.part(cond)
	}
	a.keep(lua.ArgError(i+1+a.shift, "condition: string, table or Condition expected, got "+a.c.TypeOf(i)))
	return &sqlCondition{}
}

// part is a condition that becomes part of another statement.
func (a *sqlArgs) part(cond *sqlCondition) *sqlCondition {
	a.keep(cond.err)
	a.add(sqlWeight(cond.sql, cond.args))
	return cond
}

// conditions reads the list that and_ and or_ take.
func (a *sqlArgs) conditions() []squirrel.Sqlizer {
	items := a.c.Items(0)
	if len(a.c.Pairs(0)) != 2*len(items) {
		a.fail("one list of conditions, without holes, is expected")
	}
	out := make([]squirrel.Sqlizer, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case *sqlCondition:
			out[i] = a.part(item)
		case *messages.Table:
			out[i] = a.compare(a.c.ItemPairs(0, i), "=", "IS")
		default:
			a.fail("element %d: a condition or a table is expected", i+1)
		}
		a.add(len(" AND "))
	}
	return out
}
