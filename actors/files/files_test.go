package files

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/troupe-go/troupe/messages"
)

func newFolder(t testing.TB, mode fs.FileMode) (*folder, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := &folder{id: "app:f"}
	f.set(&opened{root, mode})
	t.Cleanup(func() { f.set(nil) })
	return f, dir
}

func wantKind(t *testing.T, what string, err error, kind string) {
	t.Helper()
	if !messages.IsKind(err, kind) {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}

func TestPermissions(t *testing.T) {
	for text, want := range map[string]fs.FileMode{"0755": 0o755, "0444": 0o555, "0644": 0o755, "0400": 0o400, "0600": 0o600, "0445": 0o445, "755": 0o755, "0o700": 0o700} {
		c := DirectoryConfig{Mode: text}
		if err := c.Validate(); err != nil || c.permissions() != want {
			t.Errorf("%s: %04o, %v", text, c.permissions(), err)
		}
	}
	for _, bad := range []any{"", "8", "0x1", "-1", "01000", "0", 1.5, nil, int64(755)} {
		c := DirectoryConfig{Mode: bad}
		if err := c.Validate(); err == nil {
			t.Errorf("mode %v was taken", bad)
		}
	}
}

func TestPipesAreNoFiles(t *testing.T) {
	f, dir := newFolder(t, 0o755)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	_, err := f.OpenFile("pipe", os.O_RDONLY, 0)
	wantKind(t, "reading", err, messages.Invalid)
	_, err = f.OpenFile("pipe", os.O_WRONLY, 0)
	wantKind(t, "writing", err, messages.Invalid)
	_, err = f.ReadDir("pipe")
	wantKind(t, "listing", err, messages.Invalid)
}

// Whoever holds a folder sees it change, and files that are open stay open.
func TestExchange(t *testing.T) {
	f, _ := newFolder(t, 0o755)
	file, err := f.OpenFile("a", os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := f.Stat(".")
				if err != nil && !messages.IsKind(err, messages.Unavailable) {
					t.Error(err)
				}
			}
		})
	}
	other := t.TempDir()
	for range 200 {
		root, err := os.OpenRoot(other)
		if err != nil {
			t.Fatal(err)
		}
		f.set(&opened{root, 0o555})
	}
	close(stop)
	wg.Wait()
	if _, err := f.Stat("a"); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("the old folder is still seen: %v", err)
	}
	wantKind(t, "the new mode", f.Mkdir("d", 0o755), messages.PermissionDenied)
	if _, err := io.WriteString(file, "x"); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	wantKind(t, "twice", file.Close(), messages.Invalid)
	f.set(nil)
	_, err = f.Stat(".")
	wantKind(t, "closed", err, messages.Unavailable)
}

// nowhere gives files that cannot be moved in.
type nowhere struct{ fs.FS }

func (n nowhere) Open(name string) (fs.File, error) {
	f, err := n.FS.Open(name)
	return struct{ fs.File }{f}, err
}

func TestEmbedded(t *testing.T) {
	e := &embedded{nowhere{fstest.MapFS{"a": {Data: []byte("abc")}}}}
	f, err := e.OpenFile("a", os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Seek(1, io.SeekStart)
	wantKind(t, "seeking", err, messages.Invalid)
	_, err = f.Write([]byte("x"))
	wantKind(t, "writing", err, messages.PermissionDenied)
	if b, err := io.ReadAll(f); string(b) != "abc" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	_, err = e.Stat("/a")
	wantKind(t, "a slash", err, messages.Invalid)
}

// No name reaches what lies outside, or makes anything there.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"a", ".", "..", "../out", "a/../../out", "/out", "link/out", "link/../out", "dir/up/out", "\x00", "a\\..\\out", "link", strings.Repeat("a/", 300)} {
		f.Add(seed)
	}
	top := f.TempDir()
	dir := filepath.Join(top, "dir")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "out"), []byte("out"), 0o600); err != nil {
		f.Fatal(err)
	}
	for link, to := range map[string]string{"link": "..", "sub/up": "../..", "abs": top, "file": "../out"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			f.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Fatal(err)
	}
	folder := &folder{id: "app:f"}
	folder.set(&opened{root, 0o755})
	f.Cleanup(func() { folder.set(nil) })
	f.Fuzz(func(t *testing.T, name string) {
		if file, err := folder.OpenFile(name, os.O_RDONLY, 0); err == nil {
			if b, _ := io.ReadAll(file); string(b) == "out" {
				t.Errorf("%q leads out", name)
			}
			_ = file.Close()
		}
		if file, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err == nil {
			_ = file.Close()
		}
		_ = folder.Mkdir(name, 0o755)
		_ = folder.Remove(name)
		if b, err := os.ReadFile(filepath.Join(top, "out")); string(b) != "out" {
			t.Fatalf("%q changed a file outside: %q, %v", name, b, err)
		}
		if list, err := os.ReadDir(top); len(list) != 2 {
			t.Fatalf("%q left %v outside, %v", name, list, err)
		}
	})
}
