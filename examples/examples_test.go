// Package examples runs every example and compares what it prints with its
// README.
package examples

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors/actorstest"
)

var troupe string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "troupe")
	if err != nil {
		panic(err)
	}
	troupe = filepath.Join(dir, "troupe")
	if out, err := exec.Command("go", "build", "-o", troupe, "github.com/troupe-go/troupe/cmd/troupe").CombinedOutput(); err != nil {
		panic(string(out))
	}
	if v := os.Getenv("TROUPE_TEMPORAL"); v != "" {
		_ = os.Setenv("TEMPORAL_ADDRESS", v)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// session is a block of a README: a command and what it prints.
var session = regexp.MustCompile("(?s)```console\n\\$ ([^\n]+)\n(.*?)```")

func TestReadmes(t *testing.T) {
	readmes, err := filepath.Glob("*/README.md")
	if err != nil || len(readmes) < 9 {
		t.Fatalf("found %d examples, %v", len(readmes), err)
	}
	for _, readme := range readmes {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		found := session.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s shows no command", readme)
		}
		for _, s := range found {
			t.Run(filepath.Dir(readme)+": "+s[1], func(t *testing.T) {
				t.Parallel()
				if strings.Contains(string(text), "TEMPORAL_ADDRESS") {
					actorstest.Server(t, "TROUPE_TEMPORAL")
				}
				dir := filepath.Dir(readme)
				if strings.HasPrefix(s[1], "troupe ") { // some write files where they run
					to := t.TempDir()
					if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
						t.Fatal(err)
					}
					dir = to
				}
				if got := run(t, dir, s[1]); got != s[2] {
					t.Errorf("prints\n%s\nthe README says\n%s", got, s[2])
				}
			})
		}
	}
}

// word is a word of a command line, perhaps in single quotes.
var word = regexp.MustCompile(`'[^']*'|\S+`)

func run(t *testing.T, dir, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	words := word.FindAllString(line, -1)
	for i, w := range words {
		words[i] = strings.Trim(w, "'")
	}
	if words[0] == "troupe" {
		words[0] = troupe
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	if strings.Contains(line, " | ") { // the shell finds the program in its path
		cmd = exec.CommandContext(ctx, "sh", "-c", line)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(troupe)+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	cmd.Dir = dir
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", line, err, errs.String())
	}
	return string(out)
}

// The tour of the project's README, as a reader would type it.
func TestTour(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tour, _ := strings.Cut(string(text), "## A tour of five minutes")
	block := func(kind string) string {
		_, rest, ok := strings.Cut(tour, "```"+kind+"\n")
		body, _, _ := strings.Cut(rest, "```")
		if !ok || body == "" {
			t.Fatalf("the tour has no %s block", kind)
		}
		return body
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "src"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"_index.yaml": block("yaml"), "counter.lua": block("lua")} {
		if err := os.WriteFile(filepath.Join(dir, "src", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := session.FindStringSubmatch(tour)
	if got := run(t, dir, s[1]); got != s[2] {
		t.Errorf("prints\n%s\nthe README says\n%s", got, s[2])
	}
}
