package messages

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// CallOptions say how a function is called.
type CallOptions struct {
	Timeout time.Duration // 0 for none
	Network string        // entry id of a network
	Retry   *RetryPolicy

	// Temporal are the options whose names begin with activity. or
	// temporal.workflow., as they were written; nil without any. They stay on the
	// node.
	Temporal *Table
}

// Way is the network that options choose, "" for none.
func (o *CallOptions) Way() string {
	if o == nil {
		return ""
	}
	return o.Network
}

// Over are the options with those of def where they say nothing.
func (o *CallOptions) Over(def *CallOptions) *CallOptions {
	switch {
	case o == nil:
		return def
	case def == nil:
		return o
	}
	out := *o
	if out.Timeout == 0 {
		out.Timeout = def.Timeout
	}
	if out.Network == "" {
		out.Network = def.Network
	}
	if out.Retry == nil {
		out.Retry = def.Retry
	}
	if out.Temporal == nil {
		out.Temporal = def.Temporal
	}
	return &out
}

// RetryPolicy says when a failed call is tried again. An error that says it is
// not retryable, a cancellation and an exceeded deadline never are.
type RetryPolicy struct {
	MaxAttempts int           // attempts including the first; 0 and 1 mean no retry
	Initial     time.Duration // delay before the second attempt
	Max         time.Duration // upper limit of a delay
	Factor      float64       // between two delays
	Jitter      float64       // random part of a delay, ± Jitter × delay
	Kinds       []string      // only these kinds; empty for all
	Skip        []string      // never these
}

// Delay is the wait before attempt n+1, n counting from 0. dice is in [0, 1).
func (p *RetryPolicy) Delay(n int, dice float64) time.Duration {
	return Backoff(p.Initial, p.Max, p.Factor, p.Jitter, n, dice)
}

// Backoff is the wait before try n+1, n counting from 0: min(initial × factor^n,
// max) ± jitter. dice is in [0, 1).
func Backoff(initial, most time.Duration, factor, jitter float64, n int, dice float64) time.Duration {
	d := float64(initial)
	if n > 0 && d > 0 {
		d *= math.Pow(factor, float64(n))
	}
	d = min(d, float64(most))
	d *= 1 + jitter*(2*dice-1)
	return time.Duration(max(d, 0))
}

// OptionsFrom reads call options as entries and programs write them:
//
//	{timeout = ms, network = id, retry = {max_attempts, initial_delay, max_delay,
//	 backoff_factor, jitter, retry_kinds, skip_kinds}}
//
// Delays are numbers of milliseconds or duration strings. A nil or empty table
// gives nil.
func OptionsFrom(t *Table) (*CallOptions, error) {
	if t.Len() == 0 {
		return nil, nil
	}
	o := &CallOptions{}
	var err error
	if o.Timeout, err = MillisOption(t, "timeout", 0); err != nil {
		return nil, err
	}
	switch v := t.Get("network").(type) {
	case nil:
	case string:
		o.Network = v
	default:
		return nil, Errorf(Invalid, "option network: the id of an entry is expected")
	}
	for i, k := range t.Keys {
		if name, _ := k.(string); strings.HasPrefix(name, "activity.") || strings.HasPrefix(name, "temporal.workflow.") {
			if o.Temporal == nil {
				o.Temporal = &Table{Object: true}
			}
			o.Temporal.Set(name, t.Vals[i])
		}
	}
	if o.Retry, err = RetryFrom(t.Get("retry")); err != nil {
		return nil, err
	}
	return o, nil
}

// RetryFrom reads the option retry as OptionsFrom does; nil gives nil.
func RetryFrom(v Value) (*RetryPolicy, error) {
	r, ok := v.(*Table)
	if !ok {
		if v != nil {
			return nil, Errorf(Invalid, "option retry: a table is expected, as in {max_attempts = 3}")
		}
		return nil, nil
	}
	p := &RetryPolicy{}
	attempts, err := NumberOption(r, "max_attempts", 0)
	if err != nil {
		return nil, err
	}
	p.MaxAttempts = int(attempts)
	if p.Factor, err = NumberOption(r, "backoff_factor", 2); err != nil {
		return nil, err
	}
	if p.Jitter, err = NumberOption(r, "jitter", 0.1); err != nil {
		return nil, err
	}
	if p.Initial, err = MillisOption(r, "initial_delay", 100*time.Millisecond); err != nil {
		return nil, err
	}
	if p.Max, err = MillisOption(r, "max_delay", 10*time.Second); err != nil {
		return nil, err
	}
	if p.Kinds, err = TextsOption(r, "retry_kinds"); err != nil {
		return nil, err
	}
	if p.Skip, err = TextsOption(r, "skip_kinds"); err != nil {
		return nil, err
	}
	return p, nil
}

// NumberOption reads an option that is a number, also from its text, as Lua does.
func NumberOption(t *Table, key string, def float64) (float64, error) {
	switch v := t.Get(key).(type) {
	case nil:
		return def, nil
	case float64:
		return v, nil
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n, nil
		}
	}
	return 0, Errorf(Invalid, "option %s: a number is expected", key)
}

// MillisOption reads an option that is a number of milliseconds or a duration string.
func MillisOption(t *Table, key string, def time.Duration) (time.Duration, error) {
	switch v := t.Get(key).(type) {
	case nil:
		return def, nil
	case float64:
		if !(v >= 0 && v <= 1e12) {
			return 0, Errorf(Invalid, "option %s: %v ms is out of range", key, v)
		}
		return time.Duration(v * float64(time.Millisecond)), nil
	case string:
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			return 0, Errorf(Invalid, "option %s: %q is not a duration such as \"500ms\"", key, v)
		}
		return d, nil
	}
	return 0, Errorf(Invalid, "option %s: a number of milliseconds or a duration string is expected", key)
}

// TextsOption reads an option that is a list of strings; a string alone is a list of one.
func TextsOption(t *Table, key string) ([]string, error) {
	var out []string
	switch v := t.Get(key).(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case *Table:
		for _, e := range v.Array {
			s, ok := e.(string)
			if !ok {
				return nil, Errorf(Invalid, "option %s: a list of strings is expected", key)
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, Errorf(Invalid, "option %s: a list of strings is expected", key)
}
