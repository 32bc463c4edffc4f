package messages

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// EncodeMsgpack writes a Value as MessagePack: whole numbers up to 2^53 as
// integers, strings as str or, if they are not UTF-8, bin; tables with the keys
// 1 to n as arrays, all others as maps; an error as its text, payloads as nil.
// The errors are Internal: a recursive table, a key that is a table, more than
// MaxDepth levels or 256 MiB.
func EncodeMsgpack(v Value) ([]byte, error) {
	e := newMsgpackEncoder(maxEncoded)
	if err := e.value(v); err != nil {
		return nil, err
	}
	return e.buf.Bytes(), nil
}

// EncodeStored writes a Value for a store of our own: as EncodeMsgpack does, but
// errors, payloads and metatables are kept, as extensions that only DecodeMsgpack
// knows.
func EncodeStored(v Value) ([]byte, error) {
	e := newMsgpackEncoder(maxEncoded)
	e.whole = true
	if err := e.value(v); err != nil {
		return nil, err
	}
	return e.buf.Bytes(), nil
}

type msgpackEncoder struct {
	buf   *bytes.Buffer
	enc   *msgpack.Encoder
	path  path
	whole bool // extensions for what MessagePack does not have
}

func newMsgpackEncoder(limit int) *msgpackEncoder {
	buf := &bytes.Buffer{}
	return &msgpackEncoder{buf: buf, enc: msgpack.NewEncoder(buf), path: path{format: "msgpack", limit: limit}}
}

func (e *msgpackEncoder) value(v Value) error {
	switch v := v.(type) {
	case nil:
	case *Payload:
		if v != nil && e.whole {
			return e.extension(extPayload, v.Format, v.Data)
		}
	case bool:
		return e.enc.EncodeBool(v)
	case float64:
		if n, ok := Whole(v); ok && (n != 0 || !math.Signbit(v)) {
			return e.enc.EncodeInt(n)
		}
		return e.enc.EncodeFloat64(v)
	case string:
		return e.text(v)
	case *Error:
		if v != nil && e.whole {
			return e.extension(extError, chainOf(v)...)
		}
		if v != nil {
			return e.text(v.Error())
		}
	case *Table:
		if v != nil {
			return e.table(v)
		}
	default:
		return e.value(ValueOf(v))
	}
	return e.enc.EncodeNil()
}

func (e *msgpackEncoder) text(s string) error {
	if e.buf.Len()+len(s) > e.path.limit {
		return e.path.tooLarge()
	}
	if utf8.ValidString(s) {
		return e.enc.EncodeString(s)
	}
	return e.enc.EncodeBytes([]byte(s))
}

func (e *msgpackEncoder) table(t *Table) error {
	if err := e.path.enter(t); err != nil {
		return err
	}
	defer e.path.leave()
	if e.buf.Len() > e.path.limit {
		return e.path.tooLarge()
	}
	if e.whole && t.Meta != nil {
		plain := *t
		plain.Meta = nil
		return e.extension(extMeta, &plain, t.Meta)
	}
	list, isList := listOf(t)
	if isList && !(len(list) == 0 && t.Object) {
		if err := e.enc.EncodeArrayLen(len(list)); err != nil {
			return err
		}
		for _, item := range list {
			if err := e.value(item); err != nil {
				return err
			}
		}
		return nil
	}
	n := 0
	if err := t.each(func(k, _ Value) error {
		n++
		if _, ok := scalarKey(k); !ok {
			return Errorf(Internal, "encode msgpack: a key of type %s; use strings, numbers or booleans as keys", typeName(k))
		}
		return nil
	}); err != nil {
		return err
	}
	if err := e.enc.EncodeMapLen(n); err != nil {
		return err
	}
	return t.each(func(k, v Value) error {
		if err := e.value(k); err != nil {
			return err
		}
		return e.value(v)
	})
}

// DecodeMsgpack reads one MessagePack value. str and bin become strings,
// integers and floats float64, nil nothing (the key is absent), the timestamp
// extension RFC 3339 text, the extensions of EncodeStored what they stand for. Of equal keys the last one wins. No bytes are an
// Invalid error; other extensions, keys that are no scalars, bytes behind the
// value and nesting deeper than 1000 levels are Internal.
func DecodeMsgpack(data []byte) (Value, error) {
	if len(data) == 0 {
		return nil, Errorf(Invalid, "empty string is not valid MessagePack")
	}
	r := bytes.NewReader(data)
	d := msgpackDecoder{r: r, dec: msgpack.NewDecoder(r)}
	v, err := d.value(0)
	if err == nil && r.Len() > 0 {
		err = d.fail("%d bytes behind the value", r.Len())
	}
	if err != nil {
		return nil, Because(Internal, "decode failed", err)
	}
	return v, nil
}

// msgpackDecoder follows the nesting itself and checks every length against the
// bytes that are left, so it never makes more room than the input can fill.
type msgpackDecoder struct {
	r     *bytes.Reader
	dec   *msgpack.Decoder
	stack []Value
}

func (d *msgpackDecoder) fail(format string, args ...any) error {
	e := Errorf(Invalid, format, args...)
	e.Message = "msgpack byte " + Number(float64(d.r.Size()-int64(d.r.Len()))) + ": " + e.Message
	return e
}

func (d *msgpackDecoder) value(depth int) (Value, error) {
	c, err := d.dec.PeekCode()
	if err != nil {
		return nil, d.fail("the data ends, expected a value")
	}
	switch {
	case c == msgpcode.Nil:
		return nil, d.broken(d.dec.DecodeNil())
	case c == msgpcode.True, c == msgpcode.False:
		b, err := d.dec.DecodeBool()
		return b, d.broken(err)
	case c == msgpcode.Float, c == msgpcode.Double:
		f, err := d.dec.DecodeFloat64()
		return f, d.broken(err)
	case c == msgpcode.Uint8, c == msgpcode.Uint16, c == msgpcode.Uint32, c == msgpcode.Uint64:
		n, err := d.dec.DecodeUint64()
		return float64(n), d.broken(err)
	case msgpcode.IsFixedNum(c), c == msgpcode.Int8, c == msgpcode.Int16, c == msgpcode.Int32, c == msgpcode.Int64:
		n, err := d.dec.DecodeInt64()
		return float64(n), d.broken(err)
	case msgpcode.IsString(c), msgpcode.IsBin(c):
		n, err := d.dec.DecodeBytesLen()
		return d.text(n, err)
	case msgpcode.IsExt(c):
		return d.extension(depth)
	case msgpcode.IsFixedArray(c), c == msgpcode.Array16, c == msgpcode.Array32:
		n, err := d.dec.DecodeArrayLen()
		return d.table(n, 1, depth, err)
	case msgpcode.IsFixedMap(c), c == msgpcode.Map16, c == msgpcode.Map32:
		n, err := d.dec.DecodeMapLen()
		return d.table(n, 2, depth, err)
	}
	return nil, d.fail("unknown code %#02x", c)
}

func (d *msgpackDecoder) broken(err error) error {
	if err == nil {
		return nil
	}
	return d.fail("%s", err)
}

func (d *msgpackDecoder) text(n int, err error) (Value, error) {
	if err != nil {
		return nil, d.broken(err)
	}
	if n < 0 || n > d.r.Len() {
		return nil, d.fail("a string of %d bytes, but %d are left", n, d.r.Len())
	}
	buf := make([]byte, n)
	if err := d.dec.ReadFull(buf); err != nil {
		return nil, d.broken(err)
	}
	return string(buf), nil
}

// extension reads a timestamp of 4, 8 or 12 bytes, or what EncodeStored has
// written.
func (d *msgpackDecoder) extension(depth int) (Value, error) {
	id, n, err := d.dec.DecodeExtHeader()
	if err != nil {
		return nil, d.broken(err)
	}
	if id == extError || id == extPayload || id == extMeta {
		return d.stored(id, n, depth)
	}
	if id != -1 || n != 4 && n != 8 && n != 12 {
		return nil, d.fail("extension type %d of %d bytes is not known", id, n)
	}
	var buf [12]byte
	if err := d.dec.ReadFull(buf[:n]); err != nil {
		return nil, d.broken(err)
	}
	var sec, nsec int64
	switch n {
	case 4:
		sec = int64(binary.BigEndian.Uint32(buf[:]))
	case 8:
		both := binary.BigEndian.Uint64(buf[:])
		sec, nsec = int64(both&(1<<34-1)), int64(both>>34)
	case 12:
		nsec, sec = int64(binary.BigEndian.Uint32(buf[:])), int64(binary.BigEndian.Uint64(buf[4:]))
	}
	return time.Unix(sec, nsec).UTC().Format(time.RFC3339Nano), nil
}

func (d *msgpackDecoder) table(n, width, depth int, err error) (Value, error) {
	switch {
	case err != nil:
		return nil, d.broken(err)
	case n < 0 || n > d.r.Len()/width:
		return nil, d.fail("%d elements, but %d bytes are left", n, d.r.Len())
	case depth >= maxDecodeDepth:
		return nil, d.fail("more than %d levels", maxDecodeDepth)
	}
	base := len(d.stack)
	for i := range n * width {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if width == 2 && i%2 == 0 {
			k, ok := scalarKey(v)
			if !ok {
				return nil, d.fail("a key must be a string, a number or a boolean")
			}
			v = k
		}
		d.stack = append(d.stack, v)
	}
	items := d.stack[base:]
	t := (*Table)(nil)
	if width == 2 {
		t = mapTable(items)
	} else {
		t = listTable(items)
	}
	clear(items)
	d.stack = d.stack[:base]
	return t, nil
}
