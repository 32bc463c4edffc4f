package actors

// TracerKey finds what makes the spans of a node. It is not set where telemetry is
// off.
var TracerKey = NewKey[Tracer]("tracer")

// Tracer makes spans for OpenTelemetry. Many goroutines may use it.
type Tracer interface {
	// Begin begins a span inside the one that headers name, as W3C writes them.
	Begin(kind SpanKind, name string, headers map[string]string) Span

	// Headers lists the names of the headers that the propagators read.
	Headers() []string
}

// Span is something that takes its time.
type Span interface {
	// Headers name the span for what happens inside it.
	Headers() map[string]string
	Set(key string, value any) // a string, int or bool
	End(err error)             // err is nil where it went well
}

// SpanKind says what a span is to those outside.
type SpanKind int

// The kinds of spans.
const (
	SpanInternal SpanKind = iota
	SpanServer
	SpanConsumer
	SpanProducer
	SpanClient
)
