// Package tracing sends spans to a collector of OpenTelemetry.
package tracing

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// Component sends spans where otel.enabled is set. The environment variables of
// OpenTelemetry win over the configuration.
var Component = actors.Component{
	Name: "otel", Doc: "Sends spans of requests, function calls, messages of queues and statements of SQL to a collector of OpenTelemetry.",
	New: func(env actors.Env) actor.Actor { return &exporter{env: env} },
}

// patience is how long the last spans may take to be sent.
const patience = 5 * time.Second

type exporter struct {
	env      actors.Env
	provider *trace.TracerProvider // nil where telemetry is off
}

func (x *exporter) on(key string) bool {
	on, _ := x.env.Config["otel."+key].(bool)
	return on
}

func (x *exporter) text(key, variable string) string {
	if v := os.Getenv(variable); v != "" {
		return v
	}
	s, _ := x.env.Config["otel."+key].(string)
	return s
}

// Load implements actors.Loader: from then on there are spans.
func (x *exporter) Load(ctx context.Context) (context.Context, error) {
	if off, _ := strconv.ParseBool(os.Getenv("OTEL_SDK_DISABLED")); off || !x.on("enabled") || !x.on("traces_enabled") {
		return ctx, nil
	}
	if p := x.text("protocol", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return ctx, messages.Errorf(messages.Invalid, "otel.protocol is %q; this runtime sends http/protobuf", p)
	}
	rate, _ := x.env.Config["otel.sample_rate"].(float64)
	if arg := os.Getenv("OTEL_TRACES_SAMPLER_ARG"); arg != "" {
		var err error
		if rate, err = strconv.ParseFloat(arg, 64); err != nil {
			return ctx, messages.Errorf(messages.Invalid, "OTEL_TRACES_SAMPLER_ARG is %q; a number from 0 to 1 is expected", arg)
		}
	}
	about := []attribute.KeyValue{attribute.String("service.name", x.text("service_name", "OTEL_SERVICE_NAME"))}
	if version := x.text("service_version", ""); version != "" {
		about = append(about, attribute.String("service.version", version))
	}
	send, err := otlptracehttp.New(context.Background(), x.target()...)
	if err != nil {
		return ctx, messages.Because(messages.Invalid, "preparing the way to the collector of OpenTelemetry (otel.endpoint)", err)
	}
	log := x.env.Log
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("spans are lost", "logger", "otel", "error", err) }))
	x.provider = trace.NewTracerProvider(
		trace.WithBatcher(send), trace.WithResource(resource.NewSchemaless(about...)),
		trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(rate))),
	)
	t := &tracer{tracer: x.provider.Tracer("github.com/troupe-go/troupe"), propagator: x.propagator()}
	actors.TracerKey.Set(x.env.App, t)
	if x.on("interceptor.enabled") {
		x.env.Node.Interceptors = append([]actors.Interceptor{t.intercept}, x.env.Node.Interceptors...) // no function is there yet
	}
	return ctx, nil
}

// target says where spans go, as far as no environment variable does.
func (x *exporter) target() []otlptracehttp.Option {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" {
		return nil
	}
	endpoint := x.text("endpoint", "")
	if strings.Contains(endpoint, "://") {
		return []otlptracehttp.Option{otlptracehttp.WithEndpointURL(strings.TrimSuffix(endpoint, "/") + "/v1/traces")}
	}
	out := []otlptracehttp.Option{otlptracehttp.WithEndpoint(endpoint)}
	if x.on("insecure") {
		out = append(out, otlptracehttp.WithInsecure())
	}
	return out
}

func (x *exporter) propagator() propagation.TextMapPropagator {
	var names []string
	if s := os.Getenv("OTEL_PROPAGATORS"); s != "" {
		names = strings.Split(s, ",")
	} else {
		list, _ := x.env.Config["otel.propagators"].([]any)
		for _, v := range list {
			name, _ := v.(string)
			names = append(names, name)
		}
	}
	var all []propagation.TextMapPropagator
	for _, name := range names {
		switch name = strings.TrimSpace(name); name {
		case "tracecontext":
			all = append(all, propagation.TraceContext{})
		case "baggage":
			all = append(all, propagation.Baggage{})
		case "none":
		default:
			x.env.Log.Warn("propagator is not known; there are tracecontext and baggage", "logger", "otel", "propagator", name)
		}
	}
	return propagation.NewCompositeTextMapPropagator(all...)
}

// Stop implements actors.Stopper: it sends what is left.
func (x *exporter) Stop(ctx context.Context) error {
	p := x.provider
	if p == nil {
		return nil
	}
	x.provider = nil
	_, err := actors.Await(ctx, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			x.env.Log.Warn("the last spans are lost", "logger", "otel", "error", err)
		}
		return nil, nil
	})
	return err
}

// Receive implements actor.Actor.
func (x *exporter) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		if p := x.provider; p != nil { // where Stop was not called
			x.env.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				_ = p.Shutdown(ctx) // nobody is there to be told
			})
		}
	case *actors.Request:
		actors.Unknown(m, x.env.ID)
	}
}

// tracer is the actors.Tracer of a node.
type tracer struct {
	tracer     api.Tracer
	propagator propagation.TextMapPropagator
}

// Headers implements actors.Tracer.
func (t *tracer) Headers() []string { return t.propagator.Fields() }

var kinds = map[actors.SpanKind]api.SpanKind{actors.SpanInternal: api.SpanKindInternal, actors.SpanServer: api.SpanKindServer, actors.SpanConsumer: api.SpanKindConsumer, actors.SpanProducer: api.SpanKindProducer, actors.SpanClient: api.SpanKindClient}

// Begin implements actors.Tracer.
func (t *tracer) Begin(kind actors.SpanKind, name string, headers map[string]string) actors.Span {
	ctx := t.propagator.Extract(context.Background(), propagation.MapCarrier(headers))
	ctx, s := t.tracer.Start(ctx, name, api.WithSpanKind(kinds[kind]))
	inside := propagation.MapCarrier{}
	t.propagator.Inject(ctx, inside)
	return &span{s, inside}
}

type span struct {
	span    api.Span
	headers propagation.MapCarrier
}

// Headers implements actors.Span.
func (s *span) Headers() map[string]string { return s.headers }

// Set implements actors.Span.
func (s *span) Set(key string, value any) {
	switch v := value.(type) {
	case string:
		s.span.SetAttributes(attribute.String(key, v))
	case int:
		s.span.SetAttributes(attribute.Int(key, v))
	case bool:
		s.span.SetAttributes(attribute.Bool(key, v))
	}
}

// End implements actors.Span.
func (s *span) End(err error) {
	if err != nil {
		s.span.SetStatus(codes.Error, err.Error())
		s.span.SetAttributes(attribute.String("error.type", messages.AsError(err).Kind))
	}
	s.span.End()
}

// intercept puts a span around a function call.
func (t *tracer) intercept(ctx context.Context, function string, call *messages.FunctionCall, next actors.Next) (*messages.FunctionResult, error) {
	var around map[string]string
	if call.Context != nil {
		around = call.Context.Trace
	}
	s := t.Begin(actors.SpanInternal, function, around)
	s.Set("code.function.name", function)
	inside := *call
	inside.Context = call.Context.Traced(s.Headers())
	out, err := next(ctx, &inside)
	s.End(err)
	return out, err
}
