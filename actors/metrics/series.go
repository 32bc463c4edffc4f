package metrics

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/troupe-go/troupe/messages"
)

// maxSeries bounds what programs can make this component remember.
const maxSeries = 100_000

// buckets are the upper limits of a histogram, without the last one, +Inf.
var buckets = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// collection is all metrics of a node. It is used by one goroutine at a time.
type collection struct {
	families map[string]*family
	size     int
}

// family is one metric: a series for each set of labels.
type family struct {
	kind   string // as the exposition format spells it
	series map[string]*series
}

type series struct {
	value float64 // of a histogram: the sum
	count uint64
	in    [len(buckets)]uint64 // observations in each bucket alone
}

var kinds = map[messages.MetricOp]string{
	messages.CounterAdd: "counter", messages.GaugeSet: "gauge", messages.GaugeAdd: "gauge", messages.HistogramObserve: "histogram",
}

// update carries out one change.
func (c *collection) update(m *messages.MetricUpdate) error {
	name, kind := legal(m.Name, true), kinds[m.Op]
	switch {
	case name == "":
		return messages.Errorf(messages.Invalid, "updating a metric: its name is empty; give it a name")
	case kind == "":
		return messages.Errorf(messages.Invalid, "updating metric %s: there is no change of number %d", m.Name, m.Op)
	case m.Op == messages.CounterAdd && !(m.Value >= 0):
		return messages.Errorf(messages.Invalid, "adding %s to counter %s: a counter only grows; use a gauge", messages.Number(m.Value), m.Name)
	}
	f := c.families[name]
	if f != nil && f.kind != kind {
		return messages.Errorf(messages.Conflict, "updating %s %s: it is a %s already; use another name", kind, m.Name, f.kind)
	}
	labels := labelText(m.Labels)
	var s *series
	if f != nil {
		s = f.series[labels]
	}
	if s == nil {
		if c.size >= maxSeries {
			return messages.Errorf(messages.Internal, "updating metric %s: there are %d series already; use labels with fewer values", m.Name, maxSeries)
		}
		if f == nil {
			f = &family{kind: kind, series: map[string]*series{}}
			c.families[name] = f
		}
		s = &series{}
		f.series[labels] = s
		c.size++
	}
	switch m.Op {
	case messages.GaugeSet:
		s.value = m.Value
	case messages.HistogramObserve:
		s.observe(m.Value)
	default:
		s.value += m.Value
	}
	return nil
}

func (s *series) observe(v float64) {
	s.value += v
	s.count++
	for i, limit := range buckets {
		if v <= limit {
			s.in[i]++
			return
		}
	}
}

// legal is a name with "_" in place of what Prometheus does not know in it.
// Names of labels have no colons.
func legal(name string, colons bool) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ':' && colons {
			return r
		}
		return '_'
	}, name)
	if out != "" && out[0] >= '0' && out[0] <= '9' {
		out = "_" + out
	}
	return out
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// labelText writes labels as they stand between braces, in the order of their
// names. Of names that become the same one the last counts.
func labelText(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	known := make(map[string]string, len(labels))
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		known[legal(k, false)] = labels[k]
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if k == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(k + `="` + escape.Replace(strings.ToValidUTF8(known[k], "\uFFFD")) + `"`)
	}
	return b.String()
}

// render writes everything in the text format of Prometheus, in the order of
// names and labels.
func (c *collection) render() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.families)) {
		f := c.families[name]
		b.WriteString("# TYPE " + name + " " + f.kind + "\n")
		for _, labels := range slices.Sorted(maps.Keys(f.series)) {
			s := f.series[labels]
			if f.kind != "histogram" {
				line(&b, name, labels, number(s.value))
				continue
			}
			var below uint64
			for i, limit := range buckets {
				below += s.in[i]
				line(&b, name+"_bucket", withLimit(labels, number(limit)), strconv.FormatUint(below, 10))
			}
			line(&b, name+"_bucket", withLimit(labels, "+Inf"), strconv.FormatUint(s.count, 10))
			line(&b, name+"_sum", labels, number(s.value))
			line(&b, name+"_count", labels, strconv.FormatUint(s.count, 10))
		}
	}
	return b.String()
}

func withLimit(labels, limit string) string {
	if labels != "" {
		labels += ","
	}
	return labels + `le="` + limit + `"`
}

func line(b *strings.Builder, name, labels, value string) {
	b.WriteString(name)
	if labels != "" {
		b.WriteString("{" + labels + "}")
	}
	b.WriteString(" " + value + "\n")
}

func number(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "+Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	case math.IsNaN(f):
		return "NaN"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
