package temporal

import (
	"fmt"
	"unicode/utf8"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/troupe-go/troupe/messages"
)

// arguments are all values of a call or signal. Given as one argument they become
// a payload each, and a pointer to them takes as many payloads as there are.
type arguments []messages.Value

// payloads turns values into JSON and back. What is no value, as the SDK itself
// writes some, is left to the converter below.
type payloads struct{ converter.DataConverter }

var dataConverter = payloads{converter.NewCompositeDataConverter(
	converter.NewNilPayloadConverter(),
	converter.NewByteSlicePayloadConverter(),
	converter.NewProtoJSONPayloadConverter(),
	converter.NewProtoPayloadConverter(),
	values{converter.NewJSONPayloadConverter()},
)}

var failureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: dataConverter})

// ToPayloads implements converter.DataConverter.
func (p payloads) ToPayloads(vs ...any) (*commonpb.Payloads, error) {
	if len(vs) == 1 {
		if list, ok := vs[0].(arguments); ok {
			vs = list
		}
	}
	return p.DataConverter.ToPayloads(vs...)
}

// FromPayloads implements converter.DataConverter.
func (p payloads) FromPayloads(from *commonpb.Payloads, to ...any) error {
	if len(to) != 1 {
		return p.DataConverter.FromPayloads(from, to...)
	}
	list, ok := to[0].(*arguments)
	if !ok {
		return p.DataConverter.FromPayloads(from, to...)
	}
	*list = make(arguments, len(from.GetPayloads()))
	for i, one := range from.GetPayloads() {
		v, err := p.value(one)
		if err != nil {
			return fmt.Errorf("value %d: %w", i+1, err)
		}
		(*list)[i] = v
	}
	return nil
}

// value reads one payload.
func (p payloads) value(from *commonpb.Payload) (messages.Value, error) {
	var v any
	if err := p.FromPayload(from, &v); err != nil {
		return nil, err
	}
	return messages.ValueOf(v), nil
}

// values is the encoding json/plain of Values.
type values struct{ converter.PayloadConverter }

var binary = converter.NewByteSlicePayloadConverter()

// ToPayload implements converter.PayloadConverter.
func (c values) ToPayload(v any) (*commonpb.Payload, error) {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) { // JSON cannot hold it
			return binary.ToPayload([]byte(v))
		}
	case *messages.Payload:
		if s, ok := v.Data.(string); ok && v.Format == messages.FormatBytes {
			return binary.ToPayload([]byte(s))
		}
	case bool, float64, *messages.Table, *messages.Error:
	default:
		return c.PayloadConverter.ToPayload(v)
	}
	data, err := messages.EncodeJSON(v)
	if err != nil {
		return nil, err
	}
	return &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(c.Encoding())}, Data: data}, nil
}

// FromPayload implements converter.PayloadConverter.
func (c values) FromPayload(from *commonpb.Payload, to any) error {
	v, ok := to.(*any)
	if !ok {
		return c.PayloadConverter.FromPayload(from, to)
	}
	var err error
	*v, err = messages.DecodeJSON(from.GetData())
	return err
}
