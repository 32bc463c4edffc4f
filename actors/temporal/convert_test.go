package temporal

import (
	"reflect"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/troupe-go/troupe/messages"
)

func TestErrorsThereAndBack(t *testing.T) {
	for _, want := range []*messages.Error{
		messages.Errorf(messages.Invalid, "bad"),
		messages.Errorf(messages.Unavailable, "later").WithRetry(true),
		messages.Errorf(messages.Conflict, "never").WithRetry(false).WithDetails(map[string]any{"n": 7.0, "list": []any{"a"}}),
		{Message: "boom", Stack: []messages.Frame{{Source: "app:main", Line: 3, Name: "f"}, {Source: "app:main", Line: 9}}},
		{Kind: messages.NotFound, Message: "outside", Context: true, Cause: messages.Errorf(messages.NotFound, "inside").WithRetry(true)},
	} {
		failure := failureConverter.ErrorToFailure(toTemporal(want))
		if got := fromTemporal(failureConverter.FailureToError(failure)); !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v\nin place of %#v", got, want)
		}
	}
}

func TestErrorsOfTemporal(t *testing.T) {
	for kind, err := range map[string]error{
		messages.Canceled:         temporal.NewCanceledError(),
		messages.Timeout:          temporal.NewTimeoutError(1, nil),
		messages.NotFound:         serviceerror.NewNotFound("x"),
		messages.AlreadyExists:    serviceerror.NewWorkflowExecutionAlreadyStarted("x", "", ""),
		messages.Invalid:          serviceerror.NewInvalidArgument("x"),
		messages.PermissionDenied: serviceerror.NewPermissionDenied("x", ""),
		messages.RateLimited:      serviceerror.NewResourceExhausted(0, "x"),
		messages.Unavailable:      serviceerror.NewUnavailable("x"),
		messages.Internal:         serviceerror.NewDataLoss("x"),
		messages.Unknown:          temporal.NewApplicationError("of another language", "ValueError", []string{"x"}),
	} {
		if got := fromTemporal(err); got.Kind != kind || got.Message == "" {
			t.Errorf("%T is %q: %s", err, got.Kind, got)
		}
	}
	if fromTemporal(nil) != nil {
		t.Error("no error is none")
	}
}

func TestValuesThereAndBack(t *testing.T) {
	for _, want := range []arguments{
		{},
		{nil},
		{1.0, nil, "text", true, "\xff\x00"},
		{&messages.Table{Array: []messages.Value{1.0, "a"}}, (&messages.Table{Object: true}).Set("k", &messages.Table{Object: true})},
	} {
		p, err := dataConverter.ToPayloads(want)
		if err != nil {
			t.Fatal(err)
		}
		var got arguments
		if err := dataConverter.FromPayloads(p, &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d values of %d", len(got), len(want))
		}
		for i := range got {
			a, _ := messages.EncodeStored(got[i])
			b, _ := messages.EncodeStored(want[i])
			if string(a) != string(b) {
				t.Errorf("got %#v in place of %#v", got[i], want[i])
			}
		}
	}
}

func TestHeaderThereAndBack(t *testing.T) {
	for _, want := range []*header{
		{},
		{from: "{app:a_host|0x00001}"},
		{from: "x", values: map[string]messages.Value{"a": 1.0}, actor: &messages.Actor{ID: "joe"}, scoped: true, policies: []string{"app:p"}, trace: map[string]string{"traceparent": "00"}},
		{scoped: true},
	} {
		p, err := dataConverter.ToPayload(want.table())
		if err != nil {
			t.Fatal(err)
		}
		v, err := dataConverter.value(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := headerFrom(v.(*messages.Table)); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v in place of %+v", got, want)
		}
	}
}

func TestPIDs(t *testing.T) {
	for pid, want := range map[string]bool{
		pidOf("app:worker", "order-1"): true, pidOf("app:worker", "a|b}"): true, "{app:host|0x00001}": false, "name": false, "{app:worker}": false, "": false,
	} {
		if _, _, ok := splitPID(pid); ok != want {
			t.Errorf("%s: %v", pid, ok)
		}
	}
	if addressable("0x1f") || addressable("a|0x1f") || !addressable("0xyz") || !addressable("order") {
		t.Error("which ids can be addressed")
	}
}

// Whatever a server, or another worker, sends is read or refused.
func FuzzPayloads(f *testing.F) {
	f.Add("json/plain", `{"from":"x","policies":["a"],"actor":{"id":1},"values":[1]}`)
	f.Add("binary/plain", "\xff")
	f.Add("binary/null", "")
	f.Add("json/protobuf", "{}")
	f.Fuzz(func(t *testing.T, encoding, data string) {
		p := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte(encoding)}, Data: []byte(data)}
		var list arguments
		if err := dataConverter.FromPayloads(&commonpb.Payloads{Payloads: []*commonpb.Payload{p, nil}}, &list); err == nil {
			t.Log(list)
		}
		if h, err := (propagator{}).extract(one{p}); err == nil && h != nil {
			h.table()
		}
	})
}

// one is a header with a single field.
type one struct{ payload *commonpb.Payload }

func (o one) Get(string) (*commonpb.Payload, bool) { return o.payload, true }

func (o one) ForEachKey(f func(string, *commonpb.Payload) error) error {
	return f(headerName, o.payload)
}
