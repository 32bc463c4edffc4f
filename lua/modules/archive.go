package modules

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"path"
	"strings"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

const archiveOptions = "Options: format; max_entries (100000), max_total_bytes (2 GiB), max_file_bytes (1 GiB), max_inline_bytes (16 MiB), which bound what is taken in; buffer_bytes (64 KiB)."

var archiveModule = lua.Module{
	Name: "archive",
	Doc: "zip and tar archives. A corrupt archive, an unknown format and what goes beyond a limit are Invalid. Sizes are counted and not believed. " +
		"Names that lead out of where they are extracted to are refused, and so are links, devices and sparse files.",
	Class: []lua.Class{lua.IO, lua.Encoding},
	Funcs: []lua.Func{
		{Sig: "formats(): list", Doc: "The formats: zip, tar, tar.gz, tar.zst.", Do: func(c *lua.Call) error {
			return c.Return([]any{"zip", "tar", "tar.gz", "tar.zst"})
		}, Try: `return table.concat(archive.formats(), " ")`, Gives: "zip tar tar.gz tar.zst"},
		{Sig: "open(source: any, path?: any, options?: table): Reader, error?", Doc: "Opens a zip or tar to read any of its entries: open(FS, path, options?), open(File, options?) or open(bytes, options?). Compressed tars are Unavailable: scan them. " + archiveOptions, Permission: "archive.read", Ask: archiveOpen},
		{Sig: "scan(stream: any, options?: table): Walker, error?", Doc: "Reads a tar, compressed or not, of a Stream or File from start to end; nothing else can use that until the walker is closed. zips are Unavailable: open them. " + archiveOptions, Permission: "archive.read", Ask: archiveScan},
		{Sig: "create(target: any, path?: any, options?: table): Writer, error?", Doc: "Begins an archive: create(FS, path, options?) or create(Stream, options?). Without the option format the end of the path tells it. " + archiveOptions, Permission: "archive.write", Ask: archiveCreate},
	},
	Types: []lua.Type{archiveReaderType, archiveWalkerType, archiveWriterType},
}

// limits are what an archive may take up.
type limits struct {
	format              string
	entries             int
	total, file, inline int64
	buffer              int
}

// defaultLimits are those without options.
func defaultLimits() limits {
	return limits{entries: 100_000, total: 2 << 30, file: 1 << 30, inline: 16 << 20, buffer: 64 << 10}
}

func limitsFrom(t *messages.Table) (limits, error) {
	o, l := options{table: t}, defaultLimits()
	const most = math.MaxInt32 << 16
	l.format = o.text("format")
	switch l.format {
	case "", "zip", "tar", "tar.gz", "tar.zst":
	default:
		o.wrong("format", "zip, tar, tar.gz or tar.zst is expected")
	}
	l.entries = o.integer("max_entries", l.entries, 1, math.MaxInt32)
	l.total = int64(o.integer("max_total_bytes", int(l.total), 1, most))
	l.file = int64(o.integer("max_file_bytes", int(l.file), 1, most))
	l.inline = int64(o.integer("max_inline_bytes", int(l.inline), 1, most))
	l.buffer = o.integer("buffer_bytes", l.buffer, 512, 16<<20)
	return l, o.err
}

// sniffSize is how much of a file tells its format.
const sniffSize = 512

// sniff finds the format of what begins with head, "" for none of ours.
func sniff(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "tar.gz"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "tar.zst"
	case len(head) == sniffSize && (string(head[257:262]) == "ustar" || bytes.Count(head, []byte{0}) == sniffSize):
		return "tar" // an empty one is nothing but zeros
	}
	return ""
}

// formatOf finds the format by the end of a path.
func formatOf(name string) string {
	for _, f := range []struct{ end, format string }{
		{".zip", "zip"}, {".tar", "tar"}, {".tar.gz", "tar.gz"}, {".tgz", "tar.gz"}, {".tar.zst", "tar.zst"}, {".tzst", "tar.zst"},
	} {
		if strings.HasSuffix(strings.ToLower(name), f.end) {
			return f.format
		}
	}
	return ""
}

var errFormat = messages.Errorf(messages.Invalid, "the data is no archive of a known format; give the option format if it is one of archive.formats()")

// archived is one entry of an archive.
type archived struct {
	name         string
	size, packed int64
	kind         string // file, directory, symlink, link, other
	mode         fs.FileMode
	modified     time.Time
	method       string
	crc          *uint32
	open         func() (io.ReadCloser, error) // nil for a walker
}

func (a *archived) table() *messages.Table {
	t := (&messages.Table{}).Set("name", a.name).Set("size", float64(a.size)).Set("compressed_size", float64(a.packed)).
		Set("is_dir", a.kind == "directory").Set("mode", float64(a.mode.Perm())).Set("modified", float64(a.modified.Unix())).
		Set("method", a.method).Set("type", a.kind)
	if a.crc != nil {
		t.Set("crc32", float64(*a.crc))
	}
	return t
}

// target is where an entry goes, below the folder it is extracted to.
func (a *archived) target() (string, error) {
	if a.kind != "file" && a.kind != "directory" {
		return "", messages.Errorf(messages.Invalid, "entry %q is a %s and neither file nor folder; leave it out", a.name, a.kind)
	}
	return insideName(a.name)
}

// insideName makes a name of package io/fs of the name of an entry, which must
// not lead out of the folder it is put in.
func insideName(name string) (string, error) {
	clean := path.Clean(name)
	if name == "" || strings.ContainsAny(name, "\x00\\") || path.IsAbs(name) || len(name) > 1 && name[1] == ':' || !fs.ValidPath(clean) {
		return "", messages.Errorf(messages.Invalid, "the entry name %q leads out of the target or is no path", name)
	}
	return clean, nil
}

// corrupt is an error of a library about the content of an archive. Those of its
// source have their kind already.
func corrupt(doing string, err error) error {
	var ours *messages.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return messages.Errorf(messages.Invalid, "%s: %s; the archive is corrupt, cut off or in another format", doing, err)
}

func tooLarge(what, option string, limit int64) error {
	return messages.Errorf(messages.Invalid, "%s goes beyond %s of %d; raise it if that is right", what, option, limit)
}

func tooMany(l limits) error {
	return tooLarge("the number of entries", "max_entries", int64(l.entries))
}

// capped reads at most left bytes and then fails: what an archive says of sizes is
// not believed.
type capped struct {
	io.Reader
	left int64
	over error
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.Reader.Read(p)
	if int64(n) > c.left {
		n, err = int(c.left), c.over
	}
	c.left -= int64(n)
	return n, err
}

// honest gives the errors of a source a kind, so that they are not taken for those
// of its content.
type honest struct{ io.Reader }

// Read implements io.Reader.
func (h honest) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = messages.AsError(err)
	}
	return n, err
}
