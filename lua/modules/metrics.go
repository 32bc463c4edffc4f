package modules

import (
	"math"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var metricsModule = lua.Module{
	Name:  "metrics",
	Doc:   "Counters, gauges and histograms, exported in the form of Prometheus where the configuration has prometheus.enabled. Labels are a table of strings.",
	Class: []lua.Class{lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		metric("counter_inc(name: string, labels?: table): boolean, error?", "Adds 1 to a counter.", messages.CounterAdd, 1),
		metric("counter_add(name: string, value: number, labels?: table): boolean, error?", "Adds a value, which is not negative, to a counter.", messages.CounterAdd, 0),
		metric("gauge_set(name: string, value: number, labels?: table): boolean, error?", "Sets a gauge.", messages.GaugeSet, 0),
		metric("gauge_inc(name: string, labels?: table): boolean, error?", "Adds 1 to a gauge.", messages.GaugeAdd, 1),
		metric("gauge_dec(name: string, labels?: table): boolean, error?", "Takes 1 from a gauge.", messages.GaugeAdd, -1),
		metric("histogram(name: string, value: number, labels?: table): boolean, error?", "Adds an observation to a histogram.", messages.HistogramObserve, 0),
	},
}

// metric declares a function that changes a series by step, or by its argument
// where step is 0.
func metric(sig, doc string, op messages.MetricOp, step float64) lua.Func {
	return lua.Func{Sig: sig, Doc: doc, Ask: func(c *lua.Call) (*lua.Command, error) {
		m, at := &messages.MetricUpdate{Op: op, Name: c.String(0), Value: step}, 1
		if step == 0 {
			m.Value, at = c.Number(1), 2
		}
		if op == messages.CounterAdd && !(m.Value >= 0 && !math.IsInf(m.Value, 0)) {
			return nil, messages.Errorf(messages.Invalid, "adding %s to counter %s: a counter only grows; use a gauge", messages.Number(m.Value), m.Name)
		}
		var err error
		if m.Labels, err = metricLabels(c.Table(at)); err != nil {
			return nil, err
		}
		return &lua.Command{Body: m, Catch: func(c *lua.Call, err *messages.Error) error {
			if err.Kind == messages.Unavailable {
				err = messages.Because(messages.Internal, "no metrics collector", err)
			}
			return err
		}}, nil
	}}
}

func metricLabels(t *messages.Table) (map[string]string, error) {
	if t == nil {
		return nil, nil
	}
	out := make(map[string]string, len(t.Keys))
	for i, k := range t.Keys {
		name, ok := k.(string)
		value, is := t.Vals[i].(string)
		if !ok || !is {
			return nil, messages.Errorf(messages.Invalid, "label %s: names and values of labels must be strings", messages.Text(k))
		}
		out[name] = value
	}
	if len(t.Array) > 0 {
		return nil, messages.Errorf(messages.Invalid, "labels must be a table of names and values, not a list")
	}
	return out, nil
}
