package env

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func TestFileText(t *testing.T) {
	const text = "# settings\n\n  A = one # first\nB=\"quoted value\"\n#C=hidden\nD=\nE=a=b\nno value\n=x\nB=two\r\nF= # nothing\nG=last"
	want := map[string]string{"A": "one", "B": "two", "D": "", "E": "a=b", "F": "", "G": "last"}
	if got := fileValues(text); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := join(parseFile(text)); got != text {
		t.Errorf("what was not changed is not the same: %q", got)
	}
	for _, c := range []struct{ before, key, value, after string }{
		{"", "A", "1", "A=1\n"},
		{"B=2", "A", "1", "B=2\nA=1\n"},
		{"B=2\r\n", "A", "1", "B=2\r\nA=1\r\n"},
		{"A=0\nB=2\n", "A", "1", "A=1\nB=2\n"},
		{"  A = 0   # why\n", "A", "1", "  A = 1   # why\n"},
		{"A= # why\n", "A", "1", "A=1 # why\n"},
		{"A=#why\n", "A", "1", "A=1 #why\n"},
		{"A=0 # why\n", "A", "", "A= # why\n"},
		{"A=x=x\n", "A", "y", "A=y\n"},
		{"A=0\nA=1\n", "A", "2", "A=0\nA=2\n"},
		{"#A=0\n", "A", "1", "#A=0\nA=1\n"},
		{"\ufeffA=0\n", "A", "1", "A=1\n"},
	} {
		got, err := setValue(c.before, c.key, c.value)
		if err != nil || got != c.after {
			t.Errorf("%q with %s=%s: got %q, %v, want %q", c.before, c.key, c.value, got, err, c.after)
		}
	}
	for _, c := range [][2]string{{"", "1"}, {"A=B", "1"}, {"A#", "1"}, {" A", "1"}, {"A\n", "1"}, {"A", "a#b"}, {"A", "a\nB=2"}, {"A", " x"}} {
		if _, err := setValue("", c[0], c[1]); !messages.IsKind(err, messages.Invalid) {
			t.Errorf("%q=%q: got %v", c[0], c[1], err)
		}
	}
	if got := removeValue("# a\nA=1\nB=2\nA=3\n", "A"); got != "# a\nB=2\n" {
		t.Errorf("removed: %q", got)
	}
}

// What is written is read back, and no other value changes.
func FuzzFileText(f *testing.F) {
	f.Add("A=1 # c\r\nB =\n#\n", "A", "x")
	f.Add("0\r", "0", "0")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		text = strings.TrimPrefix(text, "\ufeff")
		if got := join(parseFile(text)); got != text {
			t.Fatalf("%q became %q", text, got)
		}
		after, err := setValue(text, key, value)
		if err != nil {
			return
		}
		want := fileValues(text)
		want[key] = value
		if got := fileValues(after); !maps.Equal(got, want) {
			t.Fatalf("%q with %q=%q gives %q: %q, want %q", text, key, value, after, got, want)
		}
		delete(want, key)
		if got := fileValues(removeValue(after, key)); !maps.Equal(got, want) {
			t.Fatalf("%q without %q gives %q", after, key, got)
		}
	})
}

func fileNode(t *testing.T, fields string) (*actors.Node, func(body any) string) {
	t.Helper()
	n := node(t, "  - {name: f, kind: env.storage.file, "+fields+"}\n")
	return n, func(body any) string {
		t.Helper()
		return outcome(actorstest.Ask(t, n, "app:f", body))
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	n, ask := fileNode(t, "file_path: "+path)
	const missing = "NotFound: environment variable not found"
	if got := ask(&messages.EnvRead{Key: "A"}); got != missing {
		t.Errorf("a missing file: %s", got)
	}
	if got := len(actorstest.Must[map[string]string](t, n, "app:f", &messages.EnvList{})); got != 0 {
		t.Errorf("a missing file has %d values", got)
	}
	if got := ask(&messages.EnvDelete{Key: "A"}); got != "done" {
		t.Errorf("deleting from a missing file: %s", got)
	}
	if got := ask(&messages.EnvWrite{Key: "A", Value: "1"}); got != "NotFound: writing env file "+path+": it does not exist; create it, or set auto_create" {
		t.Errorf("writing a missing file: %s", got)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# head\nA=1 # one\n")
	if got := ask(&messages.EnvRead{Key: "A"}); got != "1" {
		t.Errorf("read: %s", got)
	}
	write("# head\nA=2 # one\n") // it is read afresh
	if got := ask(&messages.EnvRead{Key: "A"}) + ask(&messages.EnvWrite{Key: "A", Value: "3"}) + ask(&messages.EnvWrite{Key: "B", Value: "4"}); got != "2donedone" {
		t.Errorf("write: %s", got)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "# head\nA=3 # one\nB=4\n" {
		t.Errorf("the file is %q, %v", content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its permissions changed: %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("something else is left: %v, %v", left, err)
	}
	if got := ask("nonsense"); got != "Invalid: app:f does not answer string" {
		t.Errorf("nonsense: %s", got)
	}
}

func TestFileIsCreated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", ".env")
	_, ask := fileNode(t, "auto_create: true, file_mode: 0600, dir_mode: 0700, file_path: "+path)
	if got := ask(&messages.EnvWrite{Key: "A", Value: "1"}); got != "done" {
		t.Fatal(got)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestFileBehindLink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.env"), filepath.Join(dir, "link.env")
	if err := os.WriteFile(real, []byte("A=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	_, ask := fileNode(t, "file_path: "+link)
	if got := ask(&messages.EnvWrite{Key: "A", Value: "2"}); got != "done" {
		t.Fatal(got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info.Mode(), err)
	}
	if content, err := os.ReadFile(real); err != nil || string(content) != "A=2\n" {
		t.Errorf("got %q, %v", content, err)
	}
}

// Writers at the same time lose nothing.
func TestFileManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	n, _ := fileNode(t, "auto_create: true, file_path: "+path)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if got := outcome(actorstest.Ask(t, n, "app:f", &messages.EnvWrite{Key: fmt.Sprint("K", i), Value: "v"})); got != "done" {
				t.Error(got)
			}
		})
	}
	all.Wait()
	if got := len(actorstest.Must[map[string]string](t, n, "app:f", &messages.EnvList{})); got != 20 {
		t.Errorf("%d values are there", got)
	}
}
