package metrics

import (
	"runtime/metrics"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// own are the metrics of the runtime that are read when somebody looks, in place
// of being counted.
type own struct {
	env     actors.Env
	begun   time.Time
	samples []metrics.Sample
	cycles  uint64
}

// goFigures are those of Go's runtime; reading them stops nothing.
var goFigures = []struct{ from, name string }{
	{"/sched/goroutines:goroutines", "goroutines"},
	{"/memory/classes/heap/objects:bytes", "memory_heap_bytes"},
	{"/memory/classes/total:bytes", "memory_total_bytes"},
	{"/gc/cycles/total:gc-cycles", "gc_cycles_total"},
}

func newOwn(env actors.Env) *own {
	o := &own{env: env, begun: env.Clock.Now()}
	for _, f := range goFigures {
		o.samples = append(o.samples, metrics.Sample{Name: f.from})
	}
	return o
}

// read puts the present values into a collection. A name that a program has
// taken for another type of metric stays the program's.
func (o *own) read(to *collection) {
	set := func(op messages.MetricOp, name string, v float64) {
		_ = to.update(&messages.MetricUpdate{Op: op, Name: o.env.MetricName(name), Value: v})
	}
	set(messages.GaugeSet, "uptime_seconds", o.env.Clock.Now().Sub(o.begun).Seconds())
	set(messages.GaugeSet, "processes", float64(o.env.Procs.Len()))
	if snapshots, ok := actors.SnapshotsKey.Lookup(o.env.App); ok && snapshots.Now() != nil {
		now := snapshots.Now()
		set(messages.GaugeSet, "registry_entries", float64(now.Len()))
		set(messages.GaugeSet, "registry_version", float64(now.Version().Number))
	}
	metrics.Read(o.samples)
	for i, s := range o.samples {
		if s.Value.Kind() != metrics.KindUint64 {
			continue // this version of Go does not have it
		}
		n, name := s.Value.Uint64(), goFigures[i].name
		if name != "gc_cycles_total" {
			set(messages.GaugeSet, name, float64(n))
			continue
		}
		set(messages.CounterAdd, name, float64(n-o.cycles))
		o.cycles = n
	}
}
