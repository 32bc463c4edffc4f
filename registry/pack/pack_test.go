package pack

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/troupe-go/troupe/registry"
)

func entry1(id, kind string, data any) registry.Entry {
	at, err := registry.ParseID(id)
	if err != nil {
		panic(err)
	}
	return registry.Entry{ID: at, Kind: kind, Data: data}
}

var sample = registry.EntriesOf(
	entry1("app:one", "registry.entry", map[string]any{
		"whole": int64(1), "float": 1.0, "large": 1e300, "small": -2.5, "most": int64(math.MaxInt64), "none": nil, "yes": true,
		"list": []any{"a", []any{}, map[string]any{}}, "data": "a field called data", "<<": "no merge", "": "no name",
		"text": "<b> & \u2028 \"quotes\"\n", "name": "file:///etc/passwd", "bytes": "\xff\x00\xfe",
	}),
	entry1("app.sub/../x:two", "registry.entry", "a string"),
	entry1("app:nothing", "registry.entry", nil),
	entry1("mod:three", "fs.embed", map[string]any{}).InModule("acme/mod"),
)

func init() {
	e := sample[registry.ID{NS: "app", Name: "one"}]
	e.Meta = map[string]any{"deep": map[string]any{"x": []any{int64(1), 2.0}}, "file": "file://kept"}
	sample[e.ID] = e
}

var sampleFiles = map[registry.ID]fs.FS{{NS: "mod", Name: "three"}: fstest.MapFS{
	"a.txt": {Data: []byte("content of a")}, "empty": {Mode: fs.ModeDir}, "d/e/b.bin": {Data: bytes.Repeat([]byte{0, 255}, 500)},
}}

func packed(t testing.TB, m Manifest, es registry.Entries, files map[registry.ID]fs.FS) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, m, es, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte) (*Archive, error) { return Open(bytes.NewReader(data), int64(len(data))) }

func TestRoundTrip(t *testing.T) {
	m := Manifest{Description: "d", Tags: []string{"x"}, Meta: map[string]string{"k": "v"}, Modules: []Module{{"acme/mod", "1.2.0"}}}
	data := packed(t, m, sample, sampleFiles)
	if again := packed(t, m, sample, sampleFiles); !bytes.Equal(data, again) {
		t.Error("the same input gave other bytes")
	}
	a, err := open(data)
	if err != nil {
		t.Fatal(err)
	}
	if a.Manifest.Description != "d" || a.Manifest.Meta["k"] != "v" || a.Modules()[0].Version != "1.2.0" {
		t.Errorf("manifest %+v", a.Manifest)
	}
	es, problems := registry.Load(a.Sources("app.pack"))
	if len(problems) > 0 || len(es) != len(sample) {
		t.Fatalf("%d entries, %v", len(es), problems)
	}
	for id, want := range sample {
		if got := es[id]; !got.Equal(want) || got.Module() != want.Module() {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	files, err := a.Embedded()
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := fstest.TestFS(files["mod:three"], "a.txt", "d/e/b.bin", "empty"); err != nil {
		t.Error(err)
	}
}

func TestCannotPack(t *testing.T) {
	for want, e := range map[string]registry.Entry{
		"field data.x.0 is NaN":              entry1("app:e", "k", map[string]any{"x": []any{math.NaN()}}),
		`has a key that is not text: "\xff"`: entry1("app:e", "k", map[string]any{"\xff": 1}),
		"field meta.m is not text":           {ID: registry.ID{NS: "app", Name: "e"}, Kind: "k", Meta: map[string]any{"m": "\xff"}},
	} {
		if err := Write(&bytes.Buffer{}, Manifest{}, registry.EntriesOf(e), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func zipOf(files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, _ := z.Create(files[i])
		_, _ = w.Write([]byte(files[i+1]))
	}
	_ = z.Close()
	return b.Bytes()
}

func TestRefused(t *testing.T) {
	good := `{"troupe": "application archive", "format": 1}`
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":      {nil, "damaged, or no application archive"},
		"other zip":  {zipOf("a", "b"), "no application archive of Troupe"},
		"other json": {zipOf(manifestName, `{"name": "x"}`), "no application archive of Troupe"},
		"no json":    {zipOf(manifestName, `hello`), "no application archive of Troupe"},
		"newer":      {zipOf(manifestName, `{"troupe": "application archive", "format": 2, "tags": 7}`), "it has format 2, and this version of troupe reads up to 1; use a newer troupe"},
		"bad field":  {zipOf(manifestName, `{"troupe": "application archive", "format": 1, "tags": 7}`), "it is damaged: troupe.json"},
		"outside":    {zipOf(manifestName, good, "../x", ""), "the name is used twice, or leads out of the archive"},
		"twice":      {zipOf(manifestName, good, "x", "", "x", ""), "the name is used twice"},
		"compressed": {zipOf(manifestName, good, "files/a/b", "x"), "an embedded file is compressed"},
	} {
		if _, err := open(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// Wherever an archive is cut, or its content changed, is noticed when it is opened.
func TestDamaged(t *testing.T) {
	data := packed(t, Manifest{}, sample, sampleFiles)
	for i := range data {
		if _, err := open(data[:i]); err == nil {
			t.Errorf("cut at %d of %d: no error", i, len(data))
		}
	}
	at := bytes.Index(data, []byte("content of a"))
	data[at] ^= 1
	if _, err := open(data); err == nil || !strings.Contains(err.Error(), "it is damaged: files/mod%3Athree/a.txt: zip: checksum error; pack the application again") {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(packed(f, Manifest{}, sample, sampleFiles))
	f.Add(zipOf(manifestName, `{"troupe": "application archive", "format": 1}`, "modules/a%2Fb/x.json", "{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := open(data)
		if err != nil {
			return
		}
		registry.Load(a.Sources("a"))
		files, err := a.Embedded()
		if err != nil {
			return
		}
		for _, fsys := range files {
			_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					_, _ = fs.ReadFile(fsys, name)
				}
				return nil
			})
		}
	})
}
