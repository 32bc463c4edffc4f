package modules

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// Limits of what decode gives, in bytes.
const (
	defaultInflated = 128 << 20
	maxInflated     = 1 << 30
)

// codec is one way to compress.
type codec struct {
	name             string
	low, high, level int
	dicts            bool
	writer           func(w io.Writer, level int, dict []byte) (io.WriteCloser, error)
	reader           func(r io.Reader, dict []byte) (io.ReadCloser, error)
}

var codecs = []codec{
	{
		name: "gzip", low: 1, high: 9, level: 6,
		writer: func(w io.Writer, level int, _ []byte) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, level) },
		reader: func(r io.Reader, _ []byte) (io.ReadCloser, error) { return gzip.NewReader(r) },
	},
	{
		name: "deflate", low: 1, high: 9, level: 6,
		writer: func(w io.Writer, level int, _ []byte) (io.WriteCloser, error) { return flate.NewWriter(w, level) },
		reader: func(r io.Reader, _ []byte) (io.ReadCloser, error) { return flate.NewReader(r), nil },
	},
	{
		name: "zlib", low: 1, high: 9, level: 6,
		writer: func(w io.Writer, level int, _ []byte) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, level) },
		reader: func(r io.Reader, _ []byte) (io.ReadCloser, error) { return zlib.NewReader(r) },
	},
	{
		name: "brotli", low: 0, high: 11, level: 6,
		writer: func(w io.Writer, level int, _ []byte) (io.WriteCloser, error) {
			return brotli.NewWriterLevel(w, level), nil
		},
		reader: func(r io.Reader, _ []byte) (io.ReadCloser, error) { return io.NopCloser(brotli.NewReader(r)), nil },
	},
	{name: "zstd", low: 1, high: 22, level: 3, dicts: true, writer: zstdWriter, reader: zstdReader},
}

var compressModule = lua.Module{
	Name:   "compress",
	Doc:    "Compression. Empty input, a level out of range and corrupt data are Invalid errors; output larger than its limit is Internal.",
	Class:  []lua.Class{lua.Encoding, lua.Deterministic},
	Tables: codecTables(),
}

func codecTables() []lua.Table {
	var out []lua.Table
	for _, k := range codecs {
		t := lua.Table{Name: k.name, Doc: "The format " + k.name + ".", Funcs: []lua.Func{k.encoder(), k.decoder()}}
		if k.dicts {
			t.Funcs = append(t.Funcs, dictFuncs...)
		}
		out = append(out, t)
	}
	return out
}

func (k codec) encoder() lua.Func {
	dict := ""
	if k.dicts {
		dict = " and dict, a dictionary"
	}
	return lua.Func{
		Sig: "encode(data: string, options?: table): string, error?",
		Doc: "Compresses data. Options: level, " + messages.Number(float64(k.low)) + " to " + messages.Number(float64(k.high)) + " (default " + messages.Number(float64(k.level)) + ")" + dict + ".",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			data, o := c.String(0), options{table: c.Table(1)}
			level, dict := o.integer("level", k.level, k.low, k.high), k.dict(&o)
			if o.err != nil {
				return nil, o.err
			}
			if data == "" {
				return nil, emptyInput()
			}
			return offload(c, len(data), func() (any, error) { return k.encode(data, level, dict) })
		},
		Try: `local z = compress.` + k.name + `.encode(("abc"):rep(100)); return #z < 100, compress.` + k.name + `.decode(z) == ("abc"):rep(100)`, Gives: "true, true",
	}
}

func (k codec) decoder() lua.Func {
	return lua.Func{
		Sig: "decode(data: string, options?: table): string, error?",
		Doc: "Decompresses data. Option max_size limits the result, in bytes: 128 MB unless given, at most 1 GB.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			data, o := c.String(0), options{table: c.Table(1)}
			limit, dict := o.integer("max_size", defaultInflated, 1, maxInflated), k.dict(&o)
			if o.err != nil {
				return nil, o.err
			}
			if data == "" {
				return nil, emptyInput()
			}
			// A few bytes can become many.
			return inBackground(func() (any, error) { return k.decode(data, limit, dict) }), nil
		},
	}
}

func emptyInput() error {
	return messages.Errorf(messages.Invalid, "the input is empty; give at least one byte")
}

func (k codec) dict(o *options) []byte {
	d := o.text("dict")
	if d == "" {
		return nil
	}
	if !k.dicts {
		o.wrong("dict", "only zstd has dictionaries")
	}
	return []byte(d)
}

func (k codec) encode(data string, level int, dict []byte) (any, error) {
	var out bytes.Buffer
	w, err := k.writer(&out, level, dict)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "compressing with %s: %s", k.name, err)
	}
	if _, err = io.WriteString(w, data); err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, messages.Errorf(messages.Internal, "compressing with %s: %s", k.name, err)
	}
	return out.String(), nil
}

func (k codec) decode(data string, limit int, dict []byte) (any, error) {
	corrupt := func(err error) error {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return messages.Errorf(messages.Invalid, "decompressing %s: %s; the data is corrupt or in another format", k.name, err)
	}
	r, err := k.reader(strings.NewReader(data), dict)
	if err != nil {
		return nil, corrupt(err)
	}
	defer r.Close() //nolint:errcheck // what was read has been checked
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(r, int64(limit)+1))
	if n > int64(limit) {
		return nil, messages.Errorf(messages.Internal, "decompressing %s: the result is larger than %d bytes; raise max_size if that is right", k.name, limit)
	}
	if err != nil {
		return nil, corrupt(err)
	}
	return out.String(), nil
}
