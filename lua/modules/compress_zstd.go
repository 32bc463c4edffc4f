package modules

import (
	"hash/fnv"
	"io"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func zstdWriter(w io.Writer, level int, dict []byte) (io.WriteCloser, error) {
	opts := []zstd.EOption{zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1)}
	if dict != nil {
		opts = append(opts, zstd.WithEncoderDict(dict))
	}
	return zstd.NewWriter(w, opts...)
}

func zstdReader(r io.Reader, dict []byte) (io.ReadCloser, error) {
	// The window is what the tool zstd takes without being asked for more.
	opts := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128 << 20)}
	if dict != nil {
		opts = append(opts, zstd.WithDecoderDicts(dict))
	}
	d, err := zstd.NewReader(r, opts...)
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

var dictFuncs = []lua.Func{
	{
		Sig: "train_dict(samples: list, options?: table): string, error?",
		Doc: "Makes a dictionary of a list of samples, at least one of 8 bytes or more. Options: size, 256 to 1048576 bytes (default 114688); id (default 0: chosen by the samples); level, 1 to 22.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			o := options{table: c.Table(1)}
			size, id, level := o.integer("size", 114688, 256, 1<<20), o.integer("id", 0, 0, 1<<32-1), o.integer("level", 3, 1, 22)
			if o.err != nil {
				return nil, o.err
			}
			var samples [][]byte
			long := false
			for i, item := range c.Items(0) {
				s, ok := item.(string)
				if !ok {
					return nil, messages.Errorf(messages.Invalid, "sample %d is not a string", i+1)
				}
				samples = append(samples, []byte(s))
				long = long || len(s) >= 8
			}
			if !long {
				return nil, messages.Errorf(messages.Invalid, "training a dictionary: no sample has 8 bytes; give longer samples")
			}
			return inBackground(func() (any, error) { return trainDict(samples, size, uint32(id), level) }), nil
		},
		Try:   `local s = {}; for i = 1, 50 do s[i] = '{"user": ' .. i .. ', "name": "some name ' .. i * 7 .. '", "active": true}' end; local d = compress.zstd.train_dict(s, {id = 5}); local z = compress.zstd.encode(s[9], {dict = d}); return compress.zstd.inspect_dict(d).id, #z < #compress.zstd.encode(s[9]), compress.zstd.decode(z, {dict = d}) == s[9]`,
		Gives: "5, true, true",
	},
	{
		Sig: "inspect_dict(dict: string): table, error?", Doc: "Returns {id, content_size} of a dictionary.",
		Do: func(c *lua.Call) error {
			v, err := guarded(func() (any, error) {
				d, err := zstd.InspectDictionary([]byte(c.String(0)))
				if err != nil {
					return nil, messages.Errorf(messages.Invalid, "reading a dictionary: %s", err)
				}
				return map[string]any{"id": int(d.ID()), "content_size": d.ContentSize()}, nil
			})
			if err != nil {
				return err
			}
			return c.Return(v)
		},
	},
}

func trainDict(samples [][]byte, size int, id uint32, level int) (any, error) {
	if id == 0 { // the library would take a random one; equal samples give equal dictionaries
		h := fnv.New32a()
		for _, s := range samples {
			h.Write(s)
		}
		id = 32768 + h.Sum32()%(1<<31-32768) // ids below and above are reserved
	}
	out, err := dict.BuildZstdDict(samples, dict.Options{
		MaxDictSize: size, HashBytes: 6, ZstdDictID: id, ZstdLevel: zstd.EncoderLevelFromZstd(level),
	})
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "training a dictionary: %s; give more samples that have parts in common", err)
	}
	return string(out), nil
}
