package messages

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// EncodeJSON writes a Value as JSON: nil, NaN, infinities and payloads as null,
// an error as its text, tables with the keys 1 to n as arrays, those with string
// keys as objects, an empty table as [] unless Object is set, whole numbers
// without fraction and exponent. Bytes that are not UTF-8 become U+FFFD. The
// errors are Internal: a recursive table, gaps in an array, mixed keys, more
// than MaxDepth levels or 256 MiB.
func EncodeJSON(v Value) ([]byte, error) { return AppendJSON(nil, v) }

// AppendJSON is EncodeJSON that appends to dst. After an error it returns dst as
// it was.
func AppendJSON(dst []byte, v Value) ([]byte, error) {
	e := jsonEncoder{buf: dst, start: len(dst)}
	e.path.format, e.path.limit = "json", maxEncoded
	if err := e.value(v); err != nil {
		return dst, err
	}
	return e.buf, nil
}

type jsonEncoder struct {
	buf   []byte
	start int
	path  path
	room  [8]*Table // where the path begins
}

func (e *jsonEncoder) value(v Value) error {
	switch v := v.(type) {
	case nil:
		e.buf = append(e.buf, "null"...)
	case string:
		return e.text(v)
	case float64:
		e.buf = appendJSONNumber(e.buf, v)
	case bool:
		e.buf = strconv.AppendBool(e.buf, v)
	case *Table:
		if v == nil {
			e.buf = append(e.buf, "null"...)
			return nil
		}
		return e.table(v)
	case *Error:
		if v == nil {
			e.buf = append(e.buf, "null"...)
			return nil
		}
		return e.text(v.Error())
	case *Payload:
		e.buf = append(e.buf, "null"...)
	default:
		return e.value(ValueOf(v))
	}
	return nil
}

func (e *jsonEncoder) text(s string) error {
	if len(e.buf)-e.start+len(s) > e.path.limit {
		return e.path.tooLarge()
	}
	e.buf = appendJSONString(e.buf, s)
	return nil
}

func (e *jsonEncoder) table(t *Table) error {
	if e.path.tables == nil {
		e.path.tables = e.room[:0]
	}
	if err := e.path.enter(t); err != nil {
		return err
	}
	if len(e.buf)-e.start > e.path.limit {
		return e.path.tooLarge()
	}
	err := e.contents(t)
	e.path.leave()
	return err
}

func (e *jsonEncoder) contents(t *Table) error {
	if len(t.Keys) == 0 {
		list := trim(t.Array)
		if len(list) == 0 && t.Object {
			e.buf = append(e.buf, "{}"...)
			return nil
		}
		return e.list(list)
	}
	if _, ok := t.Keys[0].(string); ok {
		if len(trim(t.Array)) > 0 {
			return errMixedKeys()
		}
		return e.object(t)
	}
	for _, k := range t.Keys {
		switch k.(type) {
		case float64:
		case string:
			return errMixedKeys()
		default:
			return Errorf(Internal, "encode json: a key of type %s; use string keys", typeName(k))
		}
	}
	list, ok := listOf(t)
	if !ok {
		return Errorf(Internal, "encode json: gaps in an array; number the elements from 1 without holes or use string keys")
	}
	return e.list(list)
}

func errMixedKeys() error {
	return Errorf(Internal, "encode json: mixed string and number keys; use string keys only or a list")
}

func (e *jsonEncoder) list(items []Value) error {
	e.buf = append(e.buf, '[')
	for i, item := range items {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		if item == nil {
			return Errorf(Internal, "encode json: gaps in an array: there is no element %d; number the elements from 1 without holes", i+1)
		}
		if err := e.value(item); err != nil {
			return err
		}
	}
	e.buf = append(e.buf, ']')
	return nil
}

func (e *jsonEncoder) object(t *Table) error {
	e.buf = append(e.buf, '{')
	for i, k := range t.Keys {
		key, ok := k.(string)
		if !ok {
			if _, ok := k.(float64); ok {
				return errMixedKeys()
			}
			return Errorf(Internal, "encode json: a key of type %s; use string keys", typeName(k))
		}
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		if err := e.text(key); err != nil {
			return err
		}
		e.buf = append(e.buf, ':')
		if err := e.value(t.Vals[i]); err != nil {
			return err
		}
	}
	e.buf = append(e.buf, '}')
	return nil
}

func appendJSONNumber(dst []byte, f float64) []byte {
	if n, ok := Whole(f); ok && (n != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, n, 10)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64)
}

const hexDigits = "0123456789abcdef"

// plainJSON tells the bytes that stand for themselves in a JSON string.
var plainJSON = func() (plain [256]bool) {
	for b := 0x20; b < utf8.RuneSelf; b++ {
		plain[b] = b != '"' && b != '\\'
	}
	return plain
}()

func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		b := s[i]
		if plainJSON[b] {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[done:i]...)
				dst = append(dst, "\ufffd"...)
				done = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		}
		i++
		done = i
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}
