package messages

// MetricUpdate changes one series of a metric (by the component metrics). In
// names of metrics and labels, characters that Prometheus does not know become
// "_". Answered with Done, or an Error: Invalid for an empty name or a counter
// that would shrink, Conflict where the name is taken by another type of metric.
type MetricUpdate struct {
	Op     MetricOp
	Name   string
	Value  float64
	Labels map[string]string // not to be changed any more
}

// MetricOp says what happens to the series.
type MetricOp uint8

// The changes.
const (
	CounterAdd MetricOp = iota
	GaugeSet
	GaugeAdd
	HistogramObserve
)
