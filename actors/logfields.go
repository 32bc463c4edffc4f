package actors

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/troupe-go/troupe/messages"
)

// logField is one field of a log line; a group has fields in place of a value.
type logField struct {
	key   string
	value slog.Value
	group []logField
}

func cloneFields(fs []logField) []logField {
	out := slices.Clone(fs)
	for i := range out {
		out[i].group = cloneFields(out[i].group)
	}
	return out
}

// addField adds an attribute inside the groups of path; groups without content
// leave no trace.
func addField(fs []logField, path []string, a slog.Attr) []logField {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() == slog.KindGroup {
		if a.Key != "" {
			path = append(slices.Clone(path), a.Key)
		}
		for _, inner := range a.Value.Group() {
			fs = addField(fs, path, inner)
		}
		return fs
	}
	if a.Equal(slog.Attr{}) {
		return fs
	}
	if len(path) == 0 {
		return append(fs, logField{key: a.Key, value: a.Value})
	}
	for i := range fs {
		if fs[i].key == path[0] && fs[i].group != nil {
			fs[i].group = addField(fs[i].group, path[1:], a)
			return fs
		}
	}
	return append(fs, logField{key: path[0], group: addField(nil, path[1:], a)})
}

// appendFields writes fields as a JSON object, with spaces for people.
func appendFields(b []byte, fs []logField, spaced bool) []byte {
	b = append(b, '{')
	for i, f := range fs {
		if i > 0 {
			b = append(b, ',')
			if spaced {
				b = append(b, ' ')
			}
		}
		b = append(appendJSON(b, f.key), ':')
		if spaced {
			b = append(b, ' ')
		}
		if f.group != nil {
			b = appendFields(b, f.group, spaced)
		} else {
			b = appendLogValue(b, f.value)
		}
	}
	return append(b, '}')
}

func appendLogValue(b []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendJSON(b, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	case slog.KindFloat64:
		if f := v.Float64(); f == f && f-f == 0 {
			return appendJSON(b, f)
		}
	case slog.KindDuration:
		return appendJSON(b, v.Duration().String())
	case slog.KindTime:
		return appendJSON(b, v.Time().Format(time.RFC3339Nano))
	case slog.KindAny:
		switch x := v.Any().(type) {
		case error:
			return appendJSON(b, x.Error())
		case fmt.Stringer:
			return appendJSON(b, x.String())
		case *messages.Table, *messages.Payload:
			if out, err := messages.AppendJSON(b, x); err == nil {
				return out
			}
		default:
			return appendJSON(b, x)
		}
	}
	return appendJSON(b, v.String())
}

// appendJSON writes any value; one that JSON cannot express becomes its text.
func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		text, _ = json.Marshal(fmt.Sprint(v))
	}
	return append(b, text...)
}

func appendSeconds(b []byte, d time.Duration) []byte {
	s := strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
	for i := len(s); i < 9; i++ {
		b = append(b, ' ')
	}
	return append(b, s...)
}

func appendPadded(b []byte, s string, width int) []byte {
	b = append(b, s...)
	for i := len(s); i < width; i++ {
		b = append(b, ' ')
	}
	return b
}
