package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
)

var timeConsts = []lua.Const{
	{Name: "NANOSECOND", Value: int64(time.Nanosecond), Doc: "In nanoseconds."},
	{Name: "MICROSECOND", Value: int64(time.Microsecond), Doc: "In nanoseconds."},
	{Name: "MILLISECOND", Value: int64(time.Millisecond), Doc: "In nanoseconds."},
	{Name: "SECOND", Value: int64(time.Second), Doc: "In nanoseconds."},
	{Name: "MINUTE", Value: int64(time.Minute), Doc: "In nanoseconds."},
	{Name: "HOUR", Value: int64(time.Hour), Doc: "In nanoseconds."},
	layout("RFC3339", time.RFC3339), layout("RFC3339NANO", time.RFC3339Nano), layout("RFC822", time.RFC822),
	layout("RFC822Z", time.RFC822Z), layout("RFC850", time.RFC850), layout("RFC1123", time.RFC1123), layout("RFC1123Z", time.RFC1123Z),
	layout("KITCHEN", time.Kitchen), layout("STAMP", time.Stamp), layout("STAMP_MILLI", time.StampMilli),
	layout("STAMP_MICRO", time.StampMicro), layout("STAMP_NANO", time.StampNano), layout("DATE_TIME", time.DateTime),
	layout("DATE_ONLY", time.DateOnly), layout("TIME_ONLY", time.TimeOnly),
	month("JANUARY", time.January), month("FEBRUARY", time.February), month("MARCH", time.March), month("APRIL", time.April),
	month("MAY", time.May), month("JUNE", time.June), month("JULY", time.July), month("AUGUST", time.August),
	month("SEPTEMBER", time.September), month("OCTOBER", time.October), month("NOVEMBER", time.November), month("DECEMBER", time.December),
	day("SUNDAY", time.Sunday), day("MONDAY", time.Monday), day("TUESDAY", time.Tuesday), day("WEDNESDAY", time.Wednesday),
	day("THURSDAY", time.Thursday), day("FRIDAY", time.Friday), day("SATURDAY", time.Saturday),
	{Name: "utc", Value: time.UTC, Doc: "Universal time."},
	{Name: "localtz", Value: time.Local, Doc: "The local time zone."},
}

func layout(name, l string) lua.Const { return lua.Const{Name: name, Value: l, Doc: "A layout."} }

func month(name string, m time.Month) lua.Const {
	return lua.Const{Name: name, Value: int(m), Doc: "A month."}
}

func day(name string, d time.Weekday) lua.Const {
	return lua.Const{Name: name, Value: int(d), Doc: "A day of the week."}
}

var timeType = lua.Type{
	Name: "Time", Doc: "A moment in a time zone.", Of: time.Time{},
	Text:  func(v any) string { return v.(time.Time).Round(0).String() }, // without its monotonic part
	Equal: func(a, b any) bool { return a.(time.Time).Equal(b.(time.Time)) },
	Less:  func(a, b any) bool { return a.(time.Time).Before(b.(time.Time)) },
	Methods: []lua.Func{
		{Sig: "add(duration: any): Time", Doc: "The time so much later.", Do: func(c *lua.Call) error {
			d, err := duration(c, 0)
			if err != nil {
				return lua.ArgError(1, err.Message)
			}
			return c.Return(self(c).Add(d))
		}},
		{Sig: "sub(other: Time): Duration", Doc: "The span since other.", Do: func(c *lua.Call) error { return c.Return(self(c).Sub(other(c))) }},
		{Sig: "add_date(years: number, months: number, days: number): Time", Doc: "The time so many years, months and days later.", Do: func(c *lua.Call) error {
			return c.Return(self(c).AddDate(c.Int(0), c.Int(1), c.Int(2)))
		}},
		{Sig: "after(other: Time): boolean", Doc: "Whether it is later.", Do: func(c *lua.Call) error { return c.Return(self(c).After(other(c))) }},
		{Sig: "before(other: Time): boolean", Doc: "Whether it is earlier.", Do: func(c *lua.Call) error { return c.Return(self(c).Before(other(c))) }},
		{Sig: "equal(other: Time): boolean", Doc: "Whether it is the same moment.", Do: func(c *lua.Call) error { return c.Return(self(c).Equal(other(c))) }},
		{Sig: "format(layout: string): string", Doc: "The time in a layout of Go.", Do: func(c *lua.Call) error { return c.Return(self(c).Format(c.String(0))) }},
		part("format_rfc3339", "string", "The time as RFC 3339 writes it.", func(t time.Time) any { return t.Format(time.RFC3339) }),
		part("unix", "number", "Seconds since 1970-01-01 UTC.", func(t time.Time) any { return t.Unix() }),
		part("unix_nano", "number", "Nanoseconds since 1970-01-01 UTC; a number holds only steps of 256 of them.", func(t time.Time) any { return t.UnixNano() }),
		{Sig: "date(): integer, integer, integer", Doc: "Year, month, day.", Do: func(c *lua.Call) error {
			y, m, d := self(c).Date()
			return c.Return(y, int(m), d)
		}},
		{Sig: "clock(): integer, integer, integer", Doc: "Hour, minute, second.", Do: func(c *lua.Call) error {
			h, m, s := self(c).Clock()
			return c.Return(h, m, s)
		}},
		part("year", "integer", "The year.", func(t time.Time) any { return t.Year() }),
		part("month", "integer", "The month, from 1.", func(t time.Time) any { return int(t.Month()) }),
		part("day", "integer", "The day of the month.", func(t time.Time) any { return t.Day() }),
		part("hour", "integer", "The hour.", func(t time.Time) any { return t.Hour() }),
		part("minute", "integer", "The minute.", func(t time.Time) any { return t.Minute() }),
		part("second", "integer", "The second.", func(t time.Time) any { return t.Second() }),
		part("nanosecond", "integer", "The nanosecond.", func(t time.Time) any { return t.Nanosecond() }),
		part("weekday", "integer", "The day of the week, 0 for Sunday.", func(t time.Time) any { return int(t.Weekday()) }),
		part("year_day", "integer", "The day of the year, from 1.", func(t time.Time) any { return t.YearDay() }),
		part("is_zero", "boolean", "Whether it is the zero time.", func(t time.Time) any { return t.IsZero() }),
		{Sig: "in_location(location: Location): Time", Doc: "The same moment in a zone.", Do: func(c *lua.Call) error {
			return c.Return(self(c).In(c.Object(0).(*time.Location)))
		}},
		part("utc", "Time", "The same moment in UTC.", func(t time.Time) any { return t.UTC() }),
		part("in_local", "Time", "The same moment in local time.", func(t time.Time) any { return t.Local() }),
		part("location", "Location", "Its zone.", func(t time.Time) any { return t.Location() }),
		{Sig: "round(duration: Duration): Time", Doc: "Rounded to a multiple.", Do: func(c *lua.Call) error {
			return c.Return(self(c).Round(c.Object(0).(time.Duration)))
		}},
		{Sig: "truncate(duration: Duration): Time", Doc: "Rounded down to a multiple.", Do: func(c *lua.Call) error {
			return c.Return(self(c).Truncate(c.Object(0).(time.Duration)))
		}},
	},
}

func self(c *lua.Call) time.Time  { return c.Self().(time.Time) }
func other(c *lua.Call) time.Time { return c.Object(0).(time.Time) }

func part(name, typ, doc string, get func(time.Time) any) lua.Func {
	return lua.Func{Sig: name + "(): " + typ, Doc: doc, Do: func(c *lua.Call) error { return c.Return(get(self(c))) }}
}
