package modules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/luatest"
	"github.com/troupe-go/troupe/messages"
)

// sqlFake stands for a DB or a Transaction: its statements do nothing.
type sqlFake struct{ kind string }

func (f *sqlFake) database() *messages.SQLDatabase {
	return &messages.SQLDatabase{ID: "app:db", Type: f.kind}
}

func (f *sqlFake) run(*lua.Call, sqlWork, func(context.Context, sqlRunner) (any, error)) (*lua.Command, error) {
	return nil, messages.Errorf(messages.Unavailable, "ran on %s", f.kind)
}

// sqlFakes gives programs databases that are not there, and a look at what an
// executor would give them.
var sqlFakes = lua.Module{
	Name: "fakes", Doc: "Databases.", Global: true,
	Consts: []lua.Const{{Name: "lite", Value: &sqlFake{messages.SQLite}}, {Name: "postgres", Value: &sqlFake{messages.SQLPostgres}}},
	Types:  []lua.Type{{Name: "Fake", Of: (*sqlFake)(nil)}},
	Funcs: []lua.Func{{Sig: "asked(x: QueryExecutor): string", Do: func(c *lua.Call) error {
		x := c.Object(0).(*sqlExecutor)
		out := x.sql
		for _, v := range x.args {
			out += fmt.Sprintf(" %T(%v)", v, v)
		}
		return c.Return(out)
	}}},
}

// sqlWords gives the scripts of these tests their words: done shows what to_sql
// returned.
const sqlWords = `
local b = sql.builder
local function done(q)
  local text, args, err = q:to_sql()
  if err then return err:kind() .. ": " .. tostring(err) end
  for i, v in ipairs(args) do args[i] = type(v) == "string" and '"' .. v .. '"' or tostring(v) end
  return text .. " [" .. table.concat(args, " ") .. "]"
end
local function from(c, ...) return b.select("id"):from("t"):where(c, ...) end
`

func sqlScript(t testing.TB, source string, args ...messages.Value) (messages.Value, *messages.Error) {
	t.Helper()
	out, err, _ := luatest.Run(t, luatest.Options{Modules: append(slices.Clone(All), sqlFakes), Args: args}, strings.ReplaceAll(sqlWords, "\n", " ")+source)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out[0], nil
}

func TestSQLBuilder(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		// Conditions.
		{`from(b.eq{a = 1})`, `SELECT id FROM t WHERE a = ? [1]`},
		{`from(b.eq{b = "x", a = 1, c = true})`, `SELECT id FROM t WHERE a = ? AND b = ? AND c = ? [1 "x" true]`},
		{`from(b.eq{a = sql.NULL, b = 1})`, `SELECT id FROM t WHERE a IS NULL AND b = ? [1]`},
		{`from(b.eq{a = sql.as.int(nil)})`, `SELECT id FROM t WHERE a IS NULL []`},
		{`from(b.eq{})`, `SELECT id FROM t WHERE (1=1) []`},
		{`from(b.eq{at = b.expr("now()")})`, `SELECT id FROM t WHERE at = now() []`},
		{`from(b.eq{n = b.select("max(n)"):from("t"):where{a = 1}:placeholder_format(b.dollar), z = 2})`, `SELECT id FROM t WHERE n = (SELECT max(n) FROM t WHERE a = ?) AND z = ? [1 2]`},
		{`from(b.not_eq{a = 1, b = sql.NULL})`, `SELECT id FROM t WHERE a <> ? AND b IS NOT NULL [1]`},
		{`from(b.lt{b = 2, a = 1})`, `SELECT id FROM t WHERE a < ? AND b < ? [1 2]`},
		{`from(b.lte{a = 1})`, `SELECT id FROM t WHERE a <= ? [1]`},
		{`from(b.gt{a = 1.5})`, `SELECT id FROM t WHERE a > ? [1.5]`},
		{`from(b.gte{a = 1})`, `SELECT id FROM t WHERE a >= ? [1]`},
		{`from(b.gt{})`, `SELECT id FROM t WHERE (1=1) []`},
		{`from(b.like{d = "4", c = "3", b = "2", a = "1%"})`, `SELECT id FROM t WHERE a LIKE ? AND b LIKE ? AND c LIKE ? AND d LIKE ? ["1%" "2" "3" "4"]`},
		{`from(b.not_like{b = "x", a = "y"})`, `SELECT id FROM t WHERE a NOT LIKE ? AND b NOT LIKE ? ["y" "x"]`},
		{`from(b.and_{ {state = "open"}, b.gte{priority = 3} })`, `SELECT id FROM t WHERE (state = ? AND priority >= ?) ["open" 3]`},
		{`from(b.or_{ {a = sql.NULL}, {b = b.expr("c + ?", 1)} })`, `SELECT id FROM t WHERE (a IS NULL OR b = c + ?) [1]`},
		{`from(b.and_{ b.or_{ b.eq{a = 1}, b.and_{ b.lt{b = 2}, b.expr("c IN (?, ?)", 3, 4) } }, {d = 5} })`, `SELECT id FROM t WHERE ((a = ? OR (b < ? AND c IN (?, ?))) AND d = ?) [1 2 3 4 5]`},
		{`from(b.and_{})`, `SELECT id FROM t WHERE (1=1) []`},
		{`from(b.or_{})`, `SELECT id FROM t WHERE (1=0) []`},
		{`from(b.expr("a = ? AND b = ?", sql.NULL, "x"))`, `SELECT id FROM t WHERE a = ? AND b = ? [NULL "x"]`},
		{`from(b.expr("a > ?", b.expr("b * ?", 2)))`, `SELECT id FROM t WHERE a > b * ? [2]`},
		{`from(b.expr("id IN (?)", b.select("id"):from("u"):where("x = ?", 1)))`, `SELECT id FROM t WHERE id IN (SELECT id FROM u WHERE x = ?) [1]`},
		{`from("a = ? OR b = ?", 1, nil)`, `SELECT id FROM t WHERE a = ? OR b = ? [1 NULL]`},
		{`from("a IN (?)", b.select("id"):from("u"))`, `SELECT id FROM t WHERE a IN (SELECT id FROM u) []`},
		{`from{b = 1, a = sql.NULL}`, `SELECT id FROM t WHERE a IS NULL AND b = ? [1]`},

		// Select.
		{`b.select("id", "title"):from("tasks")`, `SELECT id, title FROM tasks []`},
		{`b.select("a", b.expr("b + ? AS c", 1)):columns("d", b.expr("?", "x")):from("t")`, `SELECT a, b + ? AS c, d, ? FROM t [1 "x"]`},
		{`b.select():columns("a"):distinct():from("t")`, `SELECT DISTINCT a FROM t []`},
		{`b.select("a"):from("t"):join("u ON u.id = t.u AND u.k = ?", 1):left_join("v USING (id)"):right_join("w ON true"):inner_join("x ON x.a = ?", 2)`, `SELECT a FROM t JOIN u ON u.id = t.u AND u.k = ? LEFT JOIN v USING (id) RIGHT JOIN w ON true INNER JOIN x ON x.a = ? [1 2]`},
		{`b.select("a", "count(*)"):from("t"):where{z = 0}:group_by("a", "b"):having("count(*) > ?", 1):having{b = 2}:having(b.lt{c = 3}):order_by("a DESC", "b"):limit(10):offset(20):suffix("FOR UPDATE OF ?", b.expr("t"))`, `SELECT a, count(*) FROM t WHERE z = ? GROUP BY a, b HAVING count(*) > ? AND b = ? AND c < ? ORDER BY a DESC, b LIMIT 10 OFFSET 20 FOR UPDATE OF t [0 1 2 3]`},
		{`from("a = ?", 1):where{b = 2}:where(b.gt{c = 3})`, `SELECT id FROM t WHERE a = ? AND b = ? AND c > ? [1 2 3]`},
		{`b.select("a"):from("t"):limit(-1):offset(-5)`, `SELECT a FROM t LIMIT 0 OFFSET 0 []`},
		{`b.select("1")`, `SELECT 1 []`},

		// Insert.
		{`b.insert("t"):columns("a", "b"):values(1, "x"):values(nil, sql.NULL)`, `INSERT INTO t (a,b) VALUES (?,?),(?,?) [1 "x" NULL NULL]`},
		{`b.insert():into("t"):values(b.expr("now()"), b.select("max(a)"):from("t"))`, `INSERT INTO t VALUES (now(),(SELECT max(a) FROM t)) []`},
		{`b.insert("t"):set_map{b = 2, a = sql.NULL, c = b.expr("? + 1", 3)}`, `INSERT INTO t (a,b,c) VALUES (?,?,? + 1) [NULL 2 3]`},
		{`b.insert("t"):columns("a"):select(b.select("a"):from("u"):where{x = 1}:placeholder_format(b.dollar)):placeholder_format(b.dollar):suffix("ON CONFLICT DO UPDATE SET a = ?", 2)`, `INSERT INTO t (a) SELECT a FROM u WHERE x = $1 ON CONFLICT DO UPDATE SET a = $2 [1 2]`},
		{`b.insert("t"):options("OR", "IGNORE"):prefix("WITH x AS (SELECT ?)", 1):values(2):suffix("RETURNING id")`, `WITH x AS (SELECT ?) INSERT OR IGNORE INTO t VALUES (?) RETURNING id [1 2]`},

		// Update.
		{`b.update("t"):set("a", 1):set("b", b.expr("b + ?", 2)):set("c", nil):where{id = 3}`, `UPDATE t SET a = ?, b = b + ?, c = ? WHERE id = ? [1 2 NULL 3]`},
		{`b.update():table("t"):set_map{b = 2, a = 1}:set("c", b.select("x"):from("u"):where{y = 9})`, `UPDATE t SET a = ?, b = ?, c = (SELECT x FROM u WHERE y = ?) [1 2 9]`},
		{`b.update("t"):set("a", b.expr("u.a")):from("u"):where("t.id = u.id"):order_by("a", "b"):limit(1):offset(2):suffix("RETURNING *")`, `UPDATE t SET a = u.a FROM u WHERE t.id = u.id ORDER BY a, b LIMIT 1 OFFSET 2 RETURNING * []`},
		{`b.update("t"):set("a", 1):from_select(b.select("x"):from("u"):where{y = 2}, "s"):where("t.x = s.x AND t.z = ?", 3):placeholder_format(b.colon)`, `UPDATE t SET a = :1 FROM (SELECT x FROM u WHERE y = :2) AS s WHERE t.x = s.x AND t.z = :3 [1 2 3]`},
		{`b.update("t"):set("a", 1):limit(-1):offset(-1)`, `UPDATE t SET a = ? LIMIT 0 OFFSET 0 [1]`},

		// Delete.
		{`b.delete("t"):where("a = ?", 1):where{b = 2}:order_by("a"):limit(3):offset(4):suffix("RETURNING ?", 5)`, `DELETE FROM t WHERE a = ? AND b = ? ORDER BY a LIMIT 3 OFFSET 4 RETURNING ? [1 2 5]`},
		{`b.delete():from("t"):limit(-3):offset(-3)`, `DELETE FROM t LIMIT 0 OFFSET 0 []`},

		// Placeholders.
		{`from("a = ? AND b = ?", 1, 2):placeholder_format(b.question)`, `SELECT id FROM t WHERE a = ? AND b = ? [1 2]`},
		{`from("a = ? AND b = ?", 1, 2):placeholder_format(b.default_placeholder)`, `SELECT id FROM t WHERE a = ? AND b = ? [1 2]`},
		{`from("a = ? AND b = ?", 1, 2):placeholder_format(b.dollar)`, `SELECT id FROM t WHERE a = $1 AND b = $2 [1 2]`},
		{`from("a = ? AND b = ?", 1, 2):placeholder_format(b.at)`, `SELECT id FROM t WHERE a = @p1 AND b = @p2 [1 2]`},
		{`from("a = ? AND b = ?", 1, 2):placeholder_format(b.colon)`, `SELECT id FROM t WHERE a = :1 AND b = :2 [1 2]`},
		{`from("a ?? 'x' AND b = ?", 1):placeholder_format(b.dollar)`, `SELECT id FROM t WHERE a ? 'x' AND b = $1 [1]`},
		{`b.insert("t"):values(1):placeholder_format(b.dollar)`, `INSERT INTO t VALUES ($1) [1]`},
		{`b.delete("t"):where{a = 1}:placeholder_format(b.at)`, `DELETE FROM t WHERE a = @p1 [1]`},

		// Executors.
		{`from("a = ?", 1):run_with(fakes.lite)`, `SELECT id FROM t WHERE a = ? [1]`},
		{`from("a = ?", 1):run_with(fakes.postgres)`, `SELECT id FROM t WHERE a = $1 [1]`},
		{`b.insert("t"):values(1):run_with(fakes.postgres)`, `INSERT INTO t VALUES ($1) [1]`},
		{`b.update("t"):set("a", 1):run_with(fakes.postgres)`, `UPDATE t SET a = $1 [1]`},
		{`b.delete("t"):where{a = 1}:run_with(fakes.postgres)`, `DELETE FROM t WHERE a = $1 [1]`},

		// Mistakes come out at the end, the first one.
		{`from(b.eq{a = {1, 2}})`, `Invalid: eq: a: only strings, numbers, booleans, sql.NULL, expressions, queries and what sql.as makes can be values`},
		{`from{a = {}}`, `Invalid: where: a: only`},
		{`from{a = function() end}`, `Invalid: where: a: only`},
		{`from{a = b}`, `Invalid: where: a: only`},
		{`from{a = b.dollar}`, `Invalid: where: a: only`},
		{`from{"a = 1"}`, `Invalid: where: a table {column = value} is expected, got the key 1`},
		{`from{[""] = 1}`, `Invalid: where: empty text`},
		{`from("")`, `Invalid: where: empty text`},
		{`from("a = ?", {1})`, `Invalid: where: argument 1: only`},
		{`from("a = ?", tostring)`, `Invalid: where: argument 1: only`},
		{`from(b.lt{a = sql.NULL})`, `Invalid: lt: a: NULL has no order and no text; use eq or not_eq`},
		{`from(b.like{a = sql.NULL})`, `Invalid: like: a: NULL has no order`},
		{`from(b.and_{ {a = {}} })`, `Invalid: and_: a: only`},
		{`from(b.and_{ b.eq{a = {}}, {b = 1} })`, `Invalid: eq: a: only`},
		{`from(b.or_{ {b = 1}, (b.eq{a = {}}) })`, `Invalid: eq: a: only`},
		{`from(b.or_{ {b = 1}, b.eq{a = {}} })`, `Invalid: eq: a: only`},
		{`from(b.and_{a = 1})`, `Invalid: and_: one list of conditions, without holes, is expected`},
		{`from(b.and_{b.eq{a = 1}, nil, b.eq{b = 1}})`, `Invalid: and_: one list`},
		{`from(b.or_{"a = 1"})`, `Invalid: or_: element 1: a condition or a table is expected`},
		{`from(b.expr("a = ?", b.eq{a = {}}))`, `Invalid: eq: a: only`},
		{`b.delete("t"):where(b.expr(" "))`, `Invalid: expr: empty text`},
		{`b.select(b.expr(""))`, `Invalid: expr: empty text`},
		{`b.select("a", ""):from("t")`, `Invalid: select: empty text`},
		{`b.select():from("t")`, `Invalid: the statement cannot be built: select statements must have at least one result column`},
		{`b.select("a"):from("")`, `Invalid: from: empty text`},
		{`b.select("a"):from("t"):order_by(""):limit(1)`, `Invalid: order_by: empty text`},
		{`b.insert():values(1)`, `Invalid: the statement cannot be built: insert statements must specify a table`},
		{`b.insert("")`, `Invalid: insert: empty text`},
		{`b.insert("t")`, `Invalid: the statement cannot be built: insert statements must have at least one set of values or select clause`},
		{`b.insert("t"):values()`, `Invalid: values: a row needs values`},
		{`b.insert("t"):values({1})`, `Invalid: values: argument 1: only`},
		{`b.insert("t"):set_map{}`, `Invalid: set_map: the table {column = value} is empty`},
		{`b.insert("t"):select(b.select())`, `Invalid: the statement cannot be built: select statements must`},
		{`b.insert("t"):select(b.select(""))`, `Invalid: select: empty text`},
		{`b.update():set("a", 1)`, `Invalid: the statement cannot be built: update statements must specify a table`},
		{`b.update("t")`, `Invalid: the statement cannot be built: update statements must have at least one Set clause`},
		{`b.update("t"):set("a", {})`, `Invalid: set: a: only`},
		{`b.update("t"):set_map{}`, `Invalid: set_map: the table`},
		{`b.update("t"):set("a", b.select())`, `Invalid: the statement cannot be built: select statements must`},
		{`b.delete()`, `Invalid: the statement cannot be built: delete statements must specify a From table`},
		{`b.delete("t"):where{a = {}}:run_with(fakes.lite)`, `Invalid: where: a: only`},
	} {
		got, err := sqlScript(t, "return done("+c.source+")")
		if err != nil {
			t.Errorf("%s\nraised %s", c.source, err)
			continue
		}
		text := messages.Text(got)
		if strings.HasPrefix(c.want, "Invalid: ") && strings.HasPrefix(text, c.want) {
			continue
		}
		if text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.source, text, c.want)
		}
	}
}

// Wrong types raise, naming what was expected.
func TestSQLBuilderRaises(t *testing.T) {
	for source, want := range map[string]string{
		`b.eq(1)`:                               "values: table expected, got number",
		`b.eq()`:                                "values: table expected, got no value",
		`b.and_(b.eq{})`:                        "conditions: list expected, got userdata",
		`b.expr()`:                              "sql: string expected, got no value",
		`b.select(1)`:                           "bad argument #1 to 'select' (string or Condition expected, got number)",
		`b.select("a"):columns("b", {})`:        "bad argument #3 to 'columns' (string or Condition expected, got table)",
		`b.select("a"):group_by(1)`:             "bad argument #2 to 'group_by' (string expected, got number)",
		`from(nil)`:                             "expected, got nil",
		`from(1)`:                               "string, table or Condition expected, got number",
		`from(b.select("a"))`:                   "expected, got userdata",
		`b.select("a"):limit("x")`:              "n: integer expected",
		`b.select("a"):limit(1.5)`:              "n: integer expected",
		`b.select("a"):limit(1/0)`:              "n: integer expected",
		`b.select("a"):offset(0/0)`:             "n: integer expected",
		`b.select("a"):placeholder_format("$")`: "format: PlaceholderFormat expected, got string",
		`b.insert("t"):select("x")`:             "query: SelectBuilder expected, got string",
		`b.insert("t"):select(b.insert())`:      "query: SelectBuilder expected, got userdata",
		`b.update("t"):from_select("x", "a")`:   "query: SelectBuilder expected, got string",
		`b.update("t"):set_map(1)`:              "values: table expected, got number",
		`b.delete({})`:                          "table: string expected, got table",
		`b.select("a").from("t")`:               "call it with a colon",
		`sql.as.int(1.5)`:                       "bad argument #1 to 'int' (value: 1.5 cannot become int without loss)",
		`sql.as.int("1x")`:                      "1x cannot become int",
		`sql.as.int(2^63)`:                      "cannot become int",
		`sql.as.int(0/0)`:                       "cannot become int",
		`sql.as.int(true)`:                      "expected, got boolean",
		`sql.as.int({})`:                        "expected, got table",
		`sql.as.float("x")`:                     "x cannot become float",
		`sql.as.text({})`:                       "expected, got table",
		`sql.as.binary(true)`:                   "expected, got boolean",
		`sql.as.int(sql.as.float(1))`:           "value: its type is marked already",
	} {
		_, err := sqlScript(t, "return "+source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

// A builder is a value: what is made of it leaves it as it was.
func TestSQLBuildersAreImmutable(t *testing.T) {
	got, err := sqlScript(t, `
		local function same(q, change)
			local before = done(q)
			if done(change(q)) == before then error("nothing changed: " .. before, 2) end
			if done(change(q)) ~= done(change(q)) or done(q) ~= before then error("it was changed: " .. before, 2) end
		end
		local s = b.select("a"):from("t"):where("x = ?", 1):group_by("g"):order_by("o"):limit(1)
		same(s, function(q) return q:columns("b") end)
		same(s, function(q) return q:distinct() end)
		same(s, function(q) return q:from("u") end)
		same(s, function(q) return q:join("j") end)
		same(s, function(q) return q:where{b = 1} end)
		same(s, function(q) return q:where{b = {}} end)
		same(s, function(q) return q:group_by("h") end)
		same(s, function(q) return q:having("h") end)
		same(s, function(q) return q:order_by("p") end)
		same(s, function(q) return q:limit(2) end)
		same(s, function(q) return q:offset(2) end)
		same(s, function(q) return q:suffix("s") end)
		same(s, function(q) return q:placeholder_format(b.dollar) end)
		same(s, function(q) return q:run_with(fakes.postgres) end)
		local i = b.insert("t"):columns("a"):values(1)
		same(i, function(q) return q:columns("b") end)
		same(i, function(q) return q:values(2) end)
		same(i, function(q) return q:set_map{z = 1} end)
		same(i, function(q) return q:select(s) end)
		same(i, function(q) return q:prefix("p") end)
		same(i, function(q) return q:options("o") end)
		local u = b.update("t"):set("a", 1)
		same(u, function(q) return q:table("u") end)
		same(u, function(q) return q:set("b", 1) end)
		same(u, function(q) return q:set_map{b = 1} end)
		same(u, function(q) return q:from("v") end)
		same(u, function(q) return q:from_select(s, "v") end)
		same(b.delete("t"), function(q) return q:where{a = 1} end)
		local c = b.eq{a = 1}
		local d, e = b.and_{c, {b = 2}}, b.and_{c, {c = 3}}
		return done(b.select("x"):where(c)) .. done(b.select("x"):where(d)) .. done(b.select("x"):where(e))`)
	if want := "SELECT x WHERE a = ? [1]SELECT x WHERE (a = ? AND b = ?) [1 2]SELECT x WHERE (a = ? AND c = ?) [1 3]"; err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
}

// What drivers get: whole numbers as int64, and what sql.as marked as marked.
// What to_sql gives as arguments is read back as the same.
func TestSQLBuilderValues(t *testing.T) {
	for source, want := range map[string]string{
		`1`:                                  `int64(1)`,
		`-3e15`:                              `int64(-3000000000000000)`,
		`1.5`:                                `float64(1.5)`,
		`"a"`:                                `string(a)`,
		`true`:                               `bool(true)`,
		`sql.NULL`:                           `<nil>(<nil>)`,
		`sql.as.null()`:                      `<nil>(<nil>)`,
		`sql.as.int(7)`:                      `int64(7)`,
		`sql.as.int("-9223372036854775808")`: `int64(-9223372036854775808)`,
		`sql.as.int("9007199254740993")`:     `int64(9007199254740993)`,
		`sql.as.float(3)`:                    `float64(3)`,
		`sql.as.float("2.5")`:                `float64(2.5)`,
		`sql.as.text(42)`:                    `string(42)`,
		`sql.as.text(true)`:                  `string(true)`,
		`sql.as.text("x")`:                   `string(x)`,
		`sql.as.binary("a\0b")`:              `[]uint8([97 0 98])`,
		`sql.as.binary(12)`:                  `[]uint8([49 50])`,
		`sql.as.float(sql.NULL)`:             `<nil>(<nil>)`,
		`sql.as.text()`:                      `<nil>(<nil>)`,
	} {
		for _, again := range []string{
			source,
			`select(2, b.select("?"):where("?", ` + source + `):to_sql())[1]`,
			`select(2, b.insert("t"):values(` + source + `):to_sql())[1]`,
		} {
			got, err := sqlScript(t, `return fakes.asked(b.select("1"):where("x", (`+again+`)):run_with(fakes.lite))`)
			if text := messages.Text(got); err != nil || text != "SELECT 1 WHERE x "+want {
				t.Errorf("%s: %s %v, want %s", again, text, err, want)
			}
		}
	}
}

func TestSQLExecutor(t *testing.T) {
	for source, want := range map[string]string{
		`local r, err = from{a = 1}:run_with(fakes.postgres):query(); return r == nil and tostring(err)`:                                                        "ran on postgres",
		`local r, err = from{a = 1}:run_with(fakes.lite):exec(); return r == nil and tostring(err)`:                                                             "ran on sqlite",
		`return fakes.asked(from{a = 1}:run_with(fakes.postgres))`:                                                                                              `SELECT id FROM t WHERE a = $1 int64(1)`,
		`return fakes.asked(b.delete("t"):where{a = "x"}:run_with(fakes.lite))`:                                                                                 `DELETE FROM t WHERE a = ? string(x)`,
		`local r, err = from{a = {}}:run_with(fakes.lite):query(); return done(from{a = {}}) == "Invalid: " .. tostring(err) and r == nil`:                      "true",
		`local r, err = from{a = {}}:run_with(fakes.lite):exec(); return err:kind() == "Invalid" and r == nil`:                                                  "true",
		`local x, err = from{a = 1}:run_with("app:db"); return x == nil and err:kind() .. ": " .. tostring(err)`:                                                "Invalid: run_with: a DB or a Transaction is expected, got string",
		`local x, err = from{a = 1}:run_with(); return err:kind()`:                                                                                              "Invalid",
		`local x, err = from{a = 1}:run_with(b.dollar); return err:kind()`:                                                                                      "Invalid",
		`local c, err = b.eq{a = {1}}; return type(c) .. " " .. err:kind()`:                                                                                     "userdata Invalid",
		`local c, err = b.or_{1}; return err:kind()`:                                                                                                            "Invalid",
		`local text, args, err = b.select("a"):where{b = {}}:to_sql(); return text == nil and args == nil and err:kind()`:                                       "Invalid",
		`return tostring(b.dollar) .. tostring(b.question) .. tostring(sql.NULL) .. tostring(b.question == b.default_placeholder) .. tostring(b.at == b.colon)`: "$1?NULLtruefalse",
		`return sql.NULL == sql.as.null() and sql.as.int(1) ~= sql.NULL and sql.as.binary("a") == sql.as.binary("a")`:                                           "true",
		`return tostring(sql.as.binary("abc")) .. tostring(sql.as.int(5)) .. tostring(sql.as.text("x"))`:                                                        "binary of 3 bytes5x",
	} {
		got, err := sqlScript(t, source)
		if err != nil || messages.Text(got) != want {
			t.Errorf("%s\n got %s %v\nwant %s", source, messages.Text(got), err, want)
		}
	}
}

// A statement that doubles with every line is stopped before it fills the memory.
func TestSQLBuilderIsBounded(t *testing.T) {
	for _, source := range []string{
		`local c = b.eq{a = 1}; for i = 1, 100 do c = b.and_{c, c} end; return done(from(c))`,
		`local c = b.expr("x", 1, 2, 3); for i = 1, 100 do c = b.expr("? ?", c, c) end; return done(from(c))`,
		`local s = b.select("a"):from("t"); for i = 1, 100 do s = s:where("x IN (?, ?)", s, s) end; return done(s)`,
		`local c = b.expr(("x"):rep(2^20)); local s = b.select("a"); for i = 1, 100 do s = s:where(c) end; return done(s)`,
	} {
		got, err := sqlScript(t, source)
		if err != nil || !strings.HasSuffix(messages.Text(got), "the statement is too large") {
			t.Errorf("%s: %.200v, %v", source, got, err)
		}
	}
	// Nesting alone costs neither stack nor time.
	got, err := sqlScript(t, `local c = b.eq{a = 1}; for i = 1, 2000 do c = b.and_{c} end; return #done(from(c))`)
	if err != nil || got != float64(len("SELECT id FROM t WHERE a = ? [1]")+4000) {
		t.Error(got, err)
	}
}

// Whatever the calls and their arguments: a statement comes out, or Invalid.
func FuzzSQLBuilder(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "a = ?", 1.5)
	f.Add([]byte{200, 100, 50, 25, 12, 6, 3, 1}, "??", -1.0)
	f.Add([]byte("builders are never changed, whatever is done to them"), "?", 1e300)
	f.Fuzz(func(t *testing.T, ops []byte, text string, number float64) {
		if len(ops) > 64 {
			return
		}
		got, err := sqlScript(t, `
			local ops, text, number = ...
			local pos = 0
			local function byte() pos = pos + 1; return ops:byte(pos) or 0 end
			local function pick(list, n) return list[byte() % n + 1] end
			local names = {"select", "insert", "update", "delete", "expr", "eq", "not_eq", "lt", "lte", "gt", "gte", "like", "not_like", "and_", "or_"}
			local methods = {"columns", "distinct", "from", "join", "left_join", "right_join", "inner_join", "where", "group_by", "having", "order_by", "limit", "offset", "suffix", "into", "values", "set_map", "select", "prefix", "options", "table", "set", "from_select", "placeholder_format", "to_sql", "run_with"}
			local pool = {text, number, "t", 1, true, {}, {a = 1}, {[text] = number}, sql.NULL, b.dollar, b.colon, fakes.lite, fakes.postgres, {b.eq{a = 1}, {b = 2}}, function() end}
			local function arg()
				local n = byte() % (#pool + 1)
				if n > 0 then return pool[n] end
			end
			local function try(f, ...)
				local ok, v, w, err = pcall(f, ...)
				if not ok then return end
				if type(v) == "userdata" then pool[#pool + 1] = v; pool[#pool + 1] = {a = v}; pool[#pool + 1] = {v, {c = v}} end
				return v
			end
			while pos < #ops do
				local q = try(b[pick(names, #names)], arg(), arg())
				for i = 1, byte() % 8 do
					if type(q) ~= "userdata" then break end
					local m = pick(methods, #methods)
					local had, method = pcall(function() return q[m] end)
					if had and method then q = try(method, q, arg(), arg()) or q end
				end
				local had, method = pcall(function() return q.to_sql end)
				if had and method then
					local sqltext, args, err = q:to_sql()
					if err then
						if err:kind() ~= "Invalid" or sqltext ~= nil then return "failed with " .. err:kind() .. ": " .. tostring(err) end
						if tostring(err):find("could not be processed", 1, true) then return tostring(err) end
					elseif type(sqltext) ~= "string" or type(args) ~= "table" then
						return "gave " .. type(sqltext)
					end
				end
			end
			return "ok"`, string(ops), text, number)
		if err != nil || got != "ok" {
			t.Errorf("%v, %v", got, err)
		}
	})
}
