package modules

import (
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// duration reads argument i: nanoseconds, a Go duration string or a Duration.
func duration(c *lua.Call, i int) (time.Duration, *messages.Error) {
	switch c.TypeOf(i) {
	case "number":
		n := c.Number(i)
		if n != n {
			return 0, messages.Errorf(messages.Invalid, "a duration is expected, got nan")
		}
		return time.Duration(max(-longest, min(n, longest))), nil
	case "string":
		d, err := time.ParseDuration(c.String(i))
		if err != nil {
			return 0, messages.Errorf(messages.Invalid, "%q is not a duration such as \"1h30m\" or \"500ms\"", c.String(i))
		}
		return d, nil
	}
	if d, ok := c.Object(i).(time.Duration); ok {
		return d, nil
	}
	return 0, messages.Errorf(messages.Invalid, "a duration is expected (nanoseconds, \"1h30m\" or a Duration), got %s", c.TypeOf(i))
}

// longest is the longest duration, as a number that does not overflow one.
const longest = 1<<63 - 1024

// positive reads a duration that must be above zero.
func positive(c *lua.Call, i int) (time.Duration, *messages.Error) {
	d, err := duration(c, i)
	if err == nil && d <= 0 {
		err = messages.Errorf(messages.Invalid, "duration must be positive, got %s", d)
	}
	return d, err
}

// timer is a Timer or a Ticker: a channel that the time comes out of.
type timer struct {
	ch *lua.Channel
	t  *lua.Timer
}

type ticker struct {
	ch *lua.Channel
	t  *lua.Timer
}

func newTimer(c *lua.Call, d time.Duration) *timer {
	t := &timer{ch: c.NewChannel(1)}
	t.t = c.NewTimer(d, func(now time.Time) { t.ch.Push(now) })
	return t
}

// newTicker arms itself anew at every tick; a tick that finds the last one not
// received is dropped. A tick that comes late does not shift those behind it.
func newTicker(c *lua.Call, d time.Duration) *ticker {
	t := &ticker{ch: c.NewChannel(1)}
	due := c.Host().Now().Add(d)
	t.t = c.NewTimer(d, func(now time.Time) {
		if t.ch.Len() == 0 {
			t.ch.Push(now)
		}
		if late := now.Sub(due); late >= 0 {
			due = due.Add(late - late%d)
		}
		due = due.Add(d)
		t.t.Reset(due.Sub(now))
	})
	return t
}

var timeModule = lua.Module{
	Name:   "time",
	Doc:    "Time, durations and timers. A duration is a number of nanoseconds, a string such as \"1h30m\", or a Duration.",
	Class:  []lua.Class{lua.Time, lua.Workflow},
	Consts: timeConsts,
	Funcs: []lua.Func{
		{Sig: "now(): Time", Doc: "The time.", Do: func(c *lua.Call) error { return c.Return(c.Host().Now()) }},
		{
			Sig: "date(year: number, month: number, day: number, hour: number, minute: number, second: number, nanosecond: number, location?: Location): Time",
			Doc: "The time of a date; what is out of range rolls over. Without location in local time.",
			Do: func(c *lua.Call) error {
				loc := time.Local
				if l, ok := c.Object(7).(*time.Location); ok {
					loc = l
				}
				return c.Return(time.Date(c.Int(0), time.Month(c.Int(1)), c.Int(2), c.Int(3), c.Int(4), c.Int(5), c.Int(6), loc))
			},
			Try: `return time.date(2024, 14, 1, 0, 0, 0, 0, time.utc):format("2006-01-02")`, Gives: "2025-02-01",
		},
		{
			Sig: "unix(seconds: number, nanoseconds: number): Time", Doc: "The time so long after 1970-01-01 UTC.",
			Do:  func(c *lua.Call) error { return c.Return(time.Unix(int64(c.Number(0)), int64(c.Number(1)))) },
			Try: `return time.unix(86400, 0):utc():format_rfc3339()`, Gives: "1970-01-02T00:00:00Z",
		},
		{
			Sig: "parse(layout: string, value: string, location?: Location): Time, error?",
			Doc: "Reads a time in a layout of Go.",
			Do: func(c *lua.Call) error {
				loc := time.UTC
				if l, ok := c.Object(2).(*time.Location); ok {
					loc = l
				}
				t, err := time.ParseInLocation(c.String(0), c.String(1), loc)
				if err != nil {
					return messages.Errorf(messages.Invalid, "%s", err)
				}
				return c.Return(t)
			},
			Try: `return time.parse(time.DATE_ONLY, "2024-06-15"):year_day()`, Gives: "167",
		},
		{
			Sig: "parse_duration(value: any): Duration, error?",
			Doc: "Reads a duration.",
			Do: func(c *lua.Call) error {
				d, err := duration(c, 0)
				if err != nil {
					return err
				}
				return c.Return(d)
			},
			Try: `return tostring(time.parse_duration("90s")), time.parse_duration("90s"):minutes()`, Gives: "1m30s, 1.5",
		},
		{
			Sig: "load_location(name: string): Location, error?",
			Doc: "A time zone by its IANA name.",
			Do: func(c *lua.Call) error {
				if c.String(0) == "" {
					return messages.Errorf(messages.Invalid, "location name cannot be empty")
				}
				loc, err := time.LoadLocation(c.String(0))
				if err != nil {
					return messages.Errorf(messages.NotFound, "location not found: %s", c.String(0))
				}
				return c.Return(loc)
			},
		},
		{
			Sig: "fixed_zone(name: string, offset: number): Location", Doc: "A zone at a fixed offset, in seconds east of UTC.",
			Do: func(c *lua.Call) error { return c.Return(time.FixedZone(c.String(0), c.Int(1))) },
		},
		{
			Sig: "sleep(duration: any): nil, error?", Doc: "Waits.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				d, err := duration(c, 0)
				if err != nil {
					return nil, err
				}
				return lua.Sleep(d), nil
			},
		},
		{
			Sig: "after(duration: any): Channel, error?", Doc: "A channel that delivers the time once, after the duration.",
			Do: func(c *lua.Call) error {
				d, err := positive(c, 0)
				if err != nil {
					return err
				}
				return c.Return(newTimer(c, d).ch)
			},
		},
		{
			Sig: "timer(duration: any): Timer, error?", Doc: "A timer that can be stopped.",
			Do: func(c *lua.Call) error {
				d, err := positive(c, 0)
				if err != nil {
					return err
				}
				return c.Return(newTimer(c, d))
			},
		},
		{
			Sig: "ticker(duration: any): Ticker, error?", Doc: "Delivers the time again and again; a tick that nobody has received yet swallows those behind it.",
			Do: func(c *lua.Call) error {
				d, err := positive(c, 0)
				if err != nil {
					return err
				}
				return c.Return(newTicker(c, d))
			},
		},
	},
	Types: []lua.Type{timeType, durationType, timerType, tickerType, locationType},
}

var timerType = lua.Type{
	Name: "Timer", Doc: "Delivers the time once.", Of: (*timer)(nil),
	Methods: []lua.Func{
		{Sig: "response(): Channel", Doc: "The channel.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*timer).ch) }},
		{Sig: "channel(): Channel", Doc: "The channel.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*timer).ch) }},
		{Sig: "stop(): boolean", Doc: "Reports whether it came in time: then the timer never fires.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*timer).t.Stop()) }},
		{Sig: "reset(duration: any): boolean", Doc: "Starts it anew and reports whether it was still pending. A bad duration raises.", Do: func(c *lua.Call) error {
			d, err := positive(c, 0)
			if err != nil {
				return lua.ArgError(1, err.Message)
			}
			return c.Return(c.Self().(*timer).t.Reset(d))
		}},
	},
}

var tickerType = lua.Type{
	Name: "Ticker", Doc: "Delivers the time again and again.", Of: (*ticker)(nil),
	Methods: []lua.Func{
		{Sig: "response(): Channel", Doc: "The channel.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*ticker).ch) }},
		{Sig: "channel(): Channel", Doc: "The channel.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*ticker).ch) }},
		{Sig: "stop(): boolean", Doc: "Ends it and reports whether it was running.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*ticker).t.Stop()) }},
	},
}

var locationType = lua.Type{
	Name: "Location", Doc: "A time zone.", Of: (*time.Location)(nil),
	Text:  func(v any) string { return v.(*time.Location).String() },
	Equal: func(a, b any) bool { return a.(*time.Location).String() == b.(*time.Location).String() },
	Methods: []lua.Func{
		{Sig: "string(): string", Doc: "Its name.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*time.Location).String()) }},
	},
}

var durationType = lua.Type{
	Name: "Duration", Doc: "A span of time.", Of: time.Duration(0),
	Text:  func(v any) string { return v.(time.Duration).String() },
	Equal: func(a, b any) bool { return a == b },
	Less:  func(a, b any) bool { return a.(time.Duration) < b.(time.Duration) },
	Methods: []lua.Func{
		span("nanoseconds", "integer", func(d time.Duration) any { return d.Nanoseconds() }),
		span("microseconds", "integer", func(d time.Duration) any { return d.Microseconds() }),
		span("milliseconds", "integer", func(d time.Duration) any { return d.Milliseconds() }),
		span("seconds", "number", func(d time.Duration) any { return d.Seconds() }),
		span("minutes", "number", func(d time.Duration) any { return d.Minutes() }),
		span("hours", "number", func(d time.Duration) any { return d.Hours() }),
	},
}

func span(name, typ string, get func(time.Duration) any) lua.Func {
	return lua.Func{Sig: name + "(): " + typ, Doc: "The span in " + name + ".", Do: func(c *lua.Call) error { return c.Return(get(c.Self().(time.Duration))) }}
}
