package modules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/troupe-go/troupe/lua"
)

// osModule makes the module of a runtime that started at that time.
func osModule(start time.Time) lua.Module {
	return lua.Module{
		Name:   "os",
		Doc:    "Date and time, as in Lua 5.1. Nothing else of os is there.",
		Class:  []lua.Class{lua.Time, lua.Workflow},
		Global: true,
		Consts: []lua.Const{{Name: "platform", Value: "wippy", Doc: "The platform that applications expect."}},
		Funcs: []lua.Func{
			{
				Sig: "time(of?: table): number", Doc: "Unix seconds: now, or of {year, month, day, hour = 0, min = 0, sec = 0} in local time.",
				Do:  osTime,
				Try: `return os.time({year = 2024, month = 1, day = 2}) - os.time({year = 2024, month = 1, day = 1})`, Gives: "86400",
			},
			{
				Sig: "date(format?: string, time?: number): any", Doc: "The time as strftime writes it, by default %c; ! in front means UTC, *t gives a table.",
				Do:  osDate,
				Try: `return os.date("!%Y-%m-%d %H:%M:%S %a", 0), os.date("!*t", 0).wday`, Gives: "1970-01-01 00:00:00 Thu, 5",
			},
			{
				Sig: "clock(): number", Doc: "Seconds since the runtime started.",
				Do: func(c *lua.Call) error {
					since := start
					if at := c.Started(); !at.IsZero() {
						since = at
					}
					return c.Return(max(0, c.Host().Now().Sub(since).Seconds()))
				},
			},
			{
				Sig: "difftime(later: number, earlier?: number): number", Doc: "The seconds between two times.",
				Do:  func(c *lua.Call) error { return c.Return(c.Number(0) - c.Number(1)) },
				Try: `return os.difftime(10, 4)`, Gives: "6",
			},
		},
	}
}

func osTime(c *lua.Call) error {
	now := c.Host().Now().Local()
	t := c.Table(0)
	if t == nil {
		return c.Return(now.Unix())
	}
	parts := [6]int{now.Year(), int(now.Month()), now.Day()}
	for i, name := range []string{"year", "month", "day", "hour", "min", "sec"} {
		switch v := t.Get(name).(type) {
		case nil:
		case float64:
			parts[i] = int(v)
		case string: // such as string.match gives
			n, err := strconv.Atoi(strings.TrimSpace(v))
			if err != nil {
				return lua.ArgError(1, fmt.Sprintf("field %s: number expected, got %q", name, v))
			}
			parts[i] = n
		default:
			return lua.ArgError(1, fmt.Sprintf("field %s: number expected", name))
		}
	}
	return c.Return(time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], 0, time.Local).Unix())
}

func osDate(c *lua.Call) error {
	format := "%c"
	if c.Has(0) {
		format = c.String(0)
	}
	t := c.Host().Now().Local()
	if c.Has(1) {
		t = time.Unix(int64(c.Number(1)), 0)
	}
	if rest, utc := strings.CutPrefix(format, "!"); utc {
		format, t = rest, t.UTC()
	}
	if strings.HasPrefix(format, "*t") {
		return c.Return(map[string]any{
			"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "min": t.Minute(), "sec": t.Second(),
			"wday": int(t.Weekday()) + 1, "yday": t.YearDay(), "isdst": t.IsDST(),
		})
	}
	return c.Return(strftime(format, t))
}

// strftime formats a time as C does in the C locale.
func strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'Y':
			fmt.Fprintf(&b, "%04d", t.Year())
		case 'y':
			b.WriteString(t.Format("06"))
		case 'm':
			b.WriteString(t.Format("01"))
		case 'd':
			b.WriteString(t.Format("02"))
		case 'H':
			b.WriteString(t.Format("15"))
		case 'I':
			b.WriteString(t.Format("03"))
		case 'M':
			b.WriteString(t.Format("04"))
		case 'S':
			b.WriteString(t.Format("05"))
		case 'p':
			b.WriteString(t.Format("PM"))
		case 'A':
			b.WriteString(t.Format("Monday"))
		case 'a':
			b.WriteString(t.Format("Mon"))
		case 'B':
			b.WriteString(t.Format("January"))
		case 'b':
			b.WriteString(t.Format("Jan"))
		case 'w':
			fmt.Fprint(&b, int(t.Weekday()))
		case 'j':
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case 'z':
			b.WriteString(t.Format("-0700"))
		case 'Z':
			b.WriteString(t.Format("MST"))
		case 'c':
			b.WriteString(t.Format("Mon Jan _2 15:04:05 2006"))
		case 'x':
			b.WriteString(t.Format("01/02/06"))
		case 'X':
			b.WriteString(t.Format("15:04:05"))
		case 'U', 'W':
			_, week := t.ISOWeek()
			fmt.Fprintf(&b, "%02d", week)
		case '%':
			b.WriteByte('%')
		default:
			b.WriteByte('%')
			b.WriteByte(format[i])
		}
	}
	return b.String()
}
