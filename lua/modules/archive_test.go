package modules

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

// memFiles is a file system that only takes what is below one folder.
type memFiles struct {
	messages.FileSystem
	t     testing.TB
	below string
	files map[string]*memFile
	bytes *int
}

type memFile struct {
	messages.File
	fs  *memFiles
	dir bool
}

func (m *memFiles) check(name string) {
	m.t.Helper()
	if !fs.ValidPath(name) || name != m.below && !strings.HasPrefix(name, m.below+"/") {
		m.t.Errorf("%q is outside of the target", name)
	}
}

func (m *memFiles) OpenFile(name string, _ int, _ fs.FileMode) (messages.File, error) {
	m.check(name)
	if f := m.files[name]; f != nil && f.dir || name == m.below {
		return nil, messages.Errorf(messages.Invalid, "is a directory")
	}
	if d := m.files[path.Dir(name)]; path.Dir(name) != m.below && (d == nil || !d.dir) {
		m.t.Errorf("the folder of %q was not made", name)
	}
	m.files[name] = &memFile{fs: m}
	return m.files[name], nil
}

func (m *memFiles) Mkdir(name string, _ fs.FileMode) error {
	m.check(name)
	if m.files[name] != nil {
		return messages.Errorf(messages.AlreadyExists, "exists")
	}
	m.files[name] = &memFile{fs: m, dir: true}
	return nil
}

type memInfo struct {
	fs.FileInfo
	dir bool
}

func (i memInfo) IsDir() bool { return i.dir }

func (m *memFiles) Stat(name string) (fs.FileInfo, error) {
	return memInfo{dir: m.files[name].dir}, nil
}

func (m *memFiles) Remove(name string) error {
	m.check(name)
	delete(m.files, name)
	return nil
}

func (f *memFile) Write(p []byte) (int, error) {
	*f.fs.bytes += len(p)
	return len(p), nil
}

func (f *memFile) Close() error { return nil }

func seedArchives(f *testing.F) {
	var z, t bytes.Buffer
	zw, tw := zip.NewWriter(&z), tar.NewWriter(&t)
	for _, name := range []string{"a.txt", "dir/", "dir/b", "../up", "a.txt/below", "/abs", "dir", "", "c:x", "a\\b"} {
		w, err := zw.Create(name)
		if err == nil && !strings.HasSuffix(name, "/") {
			_, _ = io.WriteString(w, "content of "+name)
		}
		if tw.WriteHeader(&tar.Header{Name: name, Size: 4, Mode: 0o644, Typeflag: tar.TypeReg}) == nil {
			_, _ = io.WriteString(tw, "abcd")
		}
	}
	_ = tw.WriteHeader(&tar.Header{Name: "l", Linkname: "..", Typeflag: tar.TypeSymlink})
	_ = tw.WriteHeader(&tar.Header{Name: strings.Repeat("long/", 60), Typeflag: tar.TypeDir, Format: tar.FormatPAX})
	_ = zw.Close()
	_ = tw.Close()
	f.Add(z.Bytes())
	f.Add(t.Bytes())
	f.Add(t.Bytes()[:2000])
	for _, format := range []string{"zip", "tar", "tar.gz", "tar.zst"} {
		l := defaultLimits()
		l.format = format
		var out bytes.Buffer
		w, err := newArchiveWriter(&out, l)
		if err != nil {
			f.Fatal(err)
		}
		if err := w.add(added{name: "x/y", size: 5, from: strings.NewReader("hello"), mode: 0o600}); err != nil {
			f.Fatal(err)
		}
		if err := w.finish(); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
}

// smallLimits are small enough for a fuzzer to reach.
func smallLimits() limits {
	return limits{entries: 20, total: 1 << 16, file: 1 << 15, inline: 1 << 14, buffer: 512}
}

// Whatever the bytes are: errors are of the kinds promised, nothing is written
// outside of the target, and nothing goes beyond the limits.
func FuzzArchive(f *testing.F) {
	seedArchives(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		l := smallLimits()
		kind := func(err error) {
			t.Helper()
			if err != nil && !messages.IsKind(err, messages.Invalid) && !messages.IsKind(err, messages.Unavailable) {
				t.Errorf("%v", err)
			}
		}
		r, err := readArchive(bytes.NewReader(data), int64(len(data)), l)
		kind(err)
		if err == nil {
			n := 0
			to := &memFiles{t: t, below: "target", files: map[string]*memFile{}, bytes: &n}
			for _, e := range r.entries {
				_ = e.table()
				name, err := e.target()
				kind(err)
				if err != nil {
					continue
				}
				n = 0
				_, err = r.extract(to, []extraction{{e, path.Join("target", name)}}, nil)
				kind(err)
				if int64(n) > l.file {
					t.Errorf("%d bytes for one entry", n)
				}
			}
		}
		w, err := newWalker(bytes.NewReader(data), l)
		kind(err)
		if err != nil {
			return
		}
		total := int64(0)
		for {
			e, turn, err := w.next()
			kind(err)
			if e == nil {
				break
			}
			n, err := io.Copy(io.Discard, &walked{w, turn})
			kind(err)
			if total += n; n > l.file || total > l.total || n > e.size {
				t.Fatalf("%d bytes for an entry of %d, %d for all", n, e.size, total)
			}
		}
	})
}

func TestInsideName(t *testing.T) {
	for name, want := range map[string]string{
		"a": "a", "a/b/": "a/b", "./a": "a", "a/../b": "b", "a//b": "a/b", ".": ".", "..a": "..a",
		"": "", "..": "", "../a": "", "a/../../b": "", "/a": "", "a\\b": "", "a\x00": "", "C:a": "", "./../a": "",
	} {
		got, err := insideName(name)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// Content of unknown size goes into a tar as far as it fits memory.
func TestUnknownSize(t *testing.T) {
	l := smallLimits()
	l.format = "tar"
	var out bytes.Buffer
	w, err := newArchiveWriter(&out, l)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.add(added{name: "a", size: -1, from: strings.NewReader("abc")}); err != nil {
		t.Error(err)
	}
	err = w.add(added{name: "b", size: -1, from: strings.NewReader(strings.Repeat("x", 1<<14+1))})
	if !messages.IsKind(err, messages.Invalid) || !strings.Contains(err.Error(), "max_inline_bytes") {
		t.Error(err)
	}
	if err := w.add(added{name: "c", size: 4, from: strings.NewReader("abc")}); err == nil {
		t.Error("less than was announced")
	}
	if err := w.add(added{name: "d", size: 0, from: strings.NewReader("")}); err == nil || !strings.Contains(err.Error(), `broken since entry "c"`) {
		t.Errorf("a broken archive: %v", err)
	}
	if w.finish() == nil {
		t.Error("a broken archive was completed")
	}
}

// A walk through a bomb ends at the limit, also where nothing of it is read.
func TestWalkOfABomb(t *testing.T) {
	l := smallLimits()
	l.format = "tar.gz"
	var out bytes.Buffer
	big := l
	big.total, big.file = 1<<30, 1<<30
	w, err := newArchiveWriter(&out, big)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.add(added{name: "bomb", size: 100 << 20, from: io.LimitReader(zeros{}, 100<<20)}); err != nil {
		t.Fatal(err)
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	walk, err := newWalker(&out, l)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := walk.next(); !messages.IsKind(err, messages.Invalid) {
		t.Error(err)
	}
	if walk.raw.n > 1<<20 {
		t.Errorf("%d bytes were unpacked", walk.raw.n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
