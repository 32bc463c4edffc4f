package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors/actorstest"
)

// block is a block of a page: its language, the file it is, and its text.
var block = regexp.MustCompile("(?sm)^```([a-z]+) ?([^\n]*)\n(.*?)^```$")

// The pages of the guide, step by step as a reader would go through them: files
// are written, commands run, and what they print compared. A file that is
// written while the application runs has to become a version first.
func TestGuide(t *testing.T) {
	pages, err := filepath.Glob("../docs/guide/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := exec.LookPath("curl"); err != nil && strings.Contains(string(text), "$ curl ") {
				t.Skip("the page needs curl")
			}
			if strings.Contains(string(text), "TEMPORAL_ADDRESS") {
				actorstest.Server(t, "TROUPE_TEMPORAL")
			}
			dir := t.TempDir()
			var up *exec.Cmd
			home := dir // of the application that runs
			version := 0
			for _, b := range block.FindAllStringSubmatch(string(text), -1) {
				switch {
				case b[1] == "background":
					args := strings.Fields(b[3])[1:]
					if args[0] == "-C" {
						home = filepath.Join(dir, args[1])
					}
					up = exec.Command(troupe, args...)
					up.Dir = dir
					if err := up.Start(); err != nil {
						t.Fatal(err)
					}
					defer func() {
						_ = up.Process.Signal(syscall.SIGTERM)
						if err := up.Wait(); err != nil {
							t.Error(err)
						}
					}()
					await(t, home, "* v0")
				case b[1] == "console":
					line, want, _ := strings.Cut(strings.TrimPrefix(b[3], "$ "), "\n")
					got := run(t, dir, line)
					if strings.HasPrefix(line, "curl ") && !strings.HasSuffix(got, "\n") {
						got += "\n" // answers end without one
					}
					if got != want {
						t.Errorf("%s prints\n%s\nthe page says\n%s", line, got, want)
					}
				case b[2] != "":
					file := filepath.Join(dir, b[2])
					if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, []byte(b[3]), 0o644); err != nil {
						t.Fatal(err)
					}
					if up != nil && strings.HasPrefix(file, home+string(filepath.Separator)) {
						version++
						await(t, home, fmt.Sprint("* v", version))
					}
				}
			}
		})
	}
}

// await waits until the history of the node shows a line.
func await(t *testing.T, dir, line string) {
	t.Helper()
	var out []byte
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		cmd := exec.Command(troupe, "registry", "history")
		cmd.Dir = dir
		out, _ = cmd.CombinedOutput() // until the node is up it fails
		if _, err := os.Stat(filepath.Join(dir, ".troupe")); err == nil && strings.Contains(string(out), line) {
			return
		}
	}
	t.Fatalf("%q does not appear:\n%s", line, out)
}
