//go:build unix

package exec

import (
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"ls":                    {"ls"},
		"  ls \t -l\n/tmp ":     {"ls", "-l", "/tmp"},
		`echo 'a b' "c d"`:      {"echo", "a b", "c d"},
		`echo a'b c'd"e"`:       {"echo", "ab cde"},
		`echo '' ""`:            {"echo", "", ""},
		`echo 'a\b"' "it's"`:    {"echo", `a\b"`, "it's"},
		`echo "a\"b\\c\d\$x"`:   {"echo", `a"b\c\d$x`},
		`echo a\ b \'c \\`:      {"echo", "a b", "'c", `\`},
		`echo $HOME *.go | cat`: {"echo", "$HOME", "*.go", "|", "cat"},
		`sh -c 'echo "$1"' x ;`: {"sh", "-c", `echo "$1"`, "x", ";"},
		"echo ü# # b":           {"echo", "ü#", "#", "b"},
	} {
		if got, err := split(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", line, got, err, want)
		}
	}
	for _, line := range []string{"", "  \t", "echo 'a", `echo "a`, `echo a\`, `echo "a\`, `''`, `"" a`} {
		if got, err := split(line); messages.AsError(err) == nil || messages.AsError(err).Kind != messages.Invalid {
			t.Errorf("%s: got %q, %v", line, got, err)
		}
	}
}

// Words that are quoted come back as they were.
func FuzzSplit(f *testing.F) {
	f.Add("a", `it's "x" \ $`)
	f.Add("", "\n")
	f.Add("\xc9", "\x8c")
	f.Fuzz(func(t *testing.T, a, b string) {
		_, _ = split(a)
		_, _ = split(a + " " + b)
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
		if got, err := split("x " + quote(a) + "\t" + quote(b)); err != nil || !slices.Equal(got, []string{"x", a, b}) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// executorFor makes an executor, and waits at the end for all it has started.
func executorFor(t *testing.T, c NativeConfig) *executor {
	t.Helper()
	node := &actors.Node{}
	t.Cleanup(node.Wait)
	return &executor{node, "app:exec", c}
}

func (x *executor) command(t *testing.T, line string) messages.Command {
	t.Helper()
	c, err := x.Command(line, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(true) })
	return c
}

// run gives the output and exit code of a line.
func (x *executor) run(t *testing.T, line string) (string, int) {
	t.Helper()
	c := x.command(t, line)
	out, err := c.Output(1)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	code, err := c.Wait(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(out) // after the end, all is still there
	if err != nil {
		t.Fatal(err)
	}
	return string(text), code
}

func wantKind(t *testing.T, err error, kind string) {
	t.Helper()
	if e := messages.AsError(err); e == nil || e.Kind != kind {
		t.Errorf("got %v, want an error of kind %s", err, kind)
	}
}

func TestRun(t *testing.T) {
	x := executorFor(t, NativeConfig{Env: map[string]string{"A": "1"}})
	t.Setenv("SECRET", "x")
	for _, tt := range []struct {
		line, out string
		code      int
	}{
		{"echo hello", "hello\n", 0},
		{"echo '$A' *", "$A *\n", 0},
		{"env", "A=1\n", 0},
		{"sh -c 'exit 7'", "", 7},
		{"sh -c 'kill -KILL $$'", "", 137},
		{"sh -c 'kill -TERM $$'", "", 143},
	} {
		if out, code := x.run(t, tt.line); out != tt.out || code != tt.code {
			t.Errorf("%s: got %q, %d, want %q, %d", tt.line, out, code, tt.out, tt.code)
		}
	}
}

func TestEnvironmentAndDirectory(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	if err := os.WriteFile(dir+"/mine", []byte("#!/bin/sh\n/bin/pwd\n/usr/bin/env\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	x := executorFor(t, NativeConfig{WorkDir: dir, Env: map[string]string{"A": "1", "B": "2", "PATH": "relative::" + dir}})
	run := func(line, in string, env map[string]string) string {
		t.Helper()
		c, err := x.Command(line, in, env)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := c.Output(1)
		defer out.Close()
		if err := c.Start(); err != nil {
			return err.Error()
		}
		_, _ = c.Wait(nil)
		text, _ := io.ReadAll(out)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		slices.Sort(lines[1:])
		return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "PWD=") || strings.HasPrefix(l, "_=") || strings.HasPrefix(l, "SHLVL=") || strings.HasPrefix(l, "OLDPWD=") // of the shell itself
		}), " ")
	}
	real, _ := os.Readlink(dir)
	if real == "" {
		real = dir
	}
	if got, want := run("mine", "", map[string]string{"B": "3", "C": "a b"}), real+" A=1 B=3 C=a b PATH=relative::"+dir; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := run("./mine", "", nil), real+" A=1 B=2 PATH=relative::"+dir; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := run("./mine", other, nil); !strings.Contains(got, "not found") {
		t.Errorf("a program of another directory: %s", got)
	}
	if got := run("ls", "", nil); !strings.Contains(got, `"ls" is not in PATH`) {
		t.Errorf("the PATH of the node was used: %s", got)
	}
	if got := run("mine", dir+"/none", nil); !strings.Contains(got, "is not a directory") {
		t.Errorf("a directory that is not there: %s", got)
	}
	if err := os.Chmod(dir+"/mine", 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run("mine", "", nil); !strings.Contains(got, "is not in PATH") {
		t.Errorf("a file that is no program: %s", got)
	}
}

func TestRefused(t *testing.T) {
	x := executorFor(t, NativeConfig{Whitelist: []string{"echo a", "echo 'b"}})
	if _, err := x.Command("echo a", "", nil); err != nil {
		t.Error(err)
	}
	for _, line := range []string{"echo  a", "echo a b", "echo", "echo 'b", ""} {
		_, err := x.Command(line, "", nil)
		wantKind(t, err, messages.Invalid)
	}
	x = executorFor(t, NativeConfig{})
	for _, env := range []map[string]string{{"": "x"}, {"A=B": "x"}, {"A": "\x00"}, {"A\x00": "x"}} {
		_, err := x.Command("echo", "", env)
		wantKind(t, err, messages.Invalid)
	}
	_, err := x.Command("echo \x00", "", nil)
	wantKind(t, err, messages.Invalid)
	_, err = x.Command("echo", "\x00", nil)
	wantKind(t, err, messages.Invalid)
	wantKind(t, x.command(t, "no-such-program-anywhere").Start(), messages.NotFound)
	wantKind(t, x.command(t, "/no/such/program").Start(), messages.NotFound)
	wantKind(t, x.command(t, "/tmp").Start(), messages.Internal)
	if _, err := (&executor{&actors.Node{}, "x", NativeConfig{Whitelist: []string{}}}).Command("echo", "", nil); err == nil {
		t.Error("an empty whitelist lets a command through")
	}
}

func TestWrongTime(t *testing.T) {
	x := executorFor(t, NativeConfig{})
	c := x.command(t, "sleep 100")
	_, err := c.Wait(nil)
	wantKind(t, err, messages.Invalid)
	wantKind(t, c.WriteStdin("x"), messages.Invalid)
	wantKind(t, c.Signal(15), messages.Invalid)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, c.Start(), messages.Invalid)
	if _, err := c.Output(1); err != nil {
		t.Error(err)
	}
	_, err = c.Output(1)
	wantKind(t, err, messages.Invalid)
	wantKind(t, c.Signal(0), messages.Invalid)
	wantKind(t, c.Signal(1000), messages.Invalid)
	done := make(chan struct{})
	close(done)
	_, err = c.Wait(done)
	wantKind(t, err, messages.Canceled)
	if err := c.Signal(int(syscall.SIGUSR1)); err != nil {
		t.Error(err)
	}
	if code, err := c.Wait(nil); err != nil || code != 128+int(syscall.SIGUSR1) {
		t.Errorf("got %d, %v", code, err)
	}
	_, err = c.Wait(nil)
	wantKind(t, err, messages.Invalid)
	wantKind(t, c.Start(), messages.Invalid)
	wantKind(t, c.Signal(15), messages.Invalid)
	wantKind(t, c.WriteStdin("x"), messages.Invalid)
	_, err = c.Output(2)
	wantKind(t, err, messages.Invalid)

	c = x.command(t, "true")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-c.(*command).exited
	wantKind(t, c.Signal(15), messages.Invalid)
	wantKind(t, c.WriteStdin("x"), messages.Invalid)
}

func TestStdin(t *testing.T) {
	x := executorFor(t, NativeConfig{})
	c := x.command(t, "cat")
	out, _ := c.Output(1)
	defer out.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("0123456789", 100_000)
	got := make(chan string)
	go func() {
		b, _ := io.ReadAll(out)
		got <- string(b)
	}()
	for _, text := range []string{"a\n", big, ""} {
		if err := c.WriteStdin(text); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, c.WriteStdin("more"), messages.Invalid)
	if text := <-got; text != "a\n"+big {
		t.Errorf("got %d bytes", len(text))
	}
	if code, err := c.Wait(nil); code != 0 || err != nil {
		t.Errorf("got %d, %v", code, err)
	}

	c = x.command(t, "sleep 100") // it never reads
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error)
	go func() { wrote <- c.WriteStdin(big) }()
	c.Close(false)
	if err := <-wrote; err == nil {
		t.Error("the write did not end with the command")
	}
}

// Output that nobody takes does not hold the program up.
func TestOutputIsLost(t *testing.T) {
	x := executorFor(t, NativeConfig{})
	c := x.command(t, "sh -c 'head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 3'")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if code, err := c.Wait(nil); code != 3 || err != nil {
		t.Errorf("got %d, %v", code, err)
	}
	if !c.Over() {
		t.Error("it is not over")
	}
}

// exists reports whether a program with that number is there and no zombie.
func exists(pid string) bool {
	n, _ := strconv.Atoi(strings.TrimSpace(pid))
	if syscall.Kill(n, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(n) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// Close reaches the whole group, and what does not hear is killed.
func TestClose(t *testing.T) {
	was := grace
	grace = 300 * time.Millisecond
	x := executorFor(t, NativeConfig{})
	t.Cleanup(func() { x.node.Wait(); grace = was })
	for _, tt := range []struct {
		name, line string
		force      bool
		code       int
	}{
		{"term", "sh -c 'sleep 1000 & echo $!; wait'", false, 143},
		{"kill", "sh -c 'sleep 1000 & echo $!; wait'", true, 137},
		{"deaf", "sh -c 'trap \"\" TERM; sleep 1000 & echo $!; while :; do sleep 1; done'", false, 137},
		{"polite", "sh -c 'trap \"exit 5\" TERM; sleep 1000 & echo $!; wait'", false, 5},
		{"deaf child", "sh -c '(trap \"\" TERM; exec sleep 1000) & echo $!; wait'", false, 143},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := x.command(t, tt.line)
			out, _ := c.Output(1)
			defer out.Close()
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 32)
			n, err := out.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			child := string(b[:n])
			code := make(chan int)
			go func() {
				n, _ := c.Wait(nil)
				code <- n
			}()
			until(t, "the wait began", func() bool {
				p := c.(*command)
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.out[1].drained
			})
			c.Close(tt.force)
			c.Close(false)
			if got := <-code; got != tt.code {
				t.Errorf("got %d, want %d", got, tt.code)
			}
			until(t, "the child is gone", func() bool { return !exists(child) })
		})
	}
}

// What a program leaves behind in its group ends when the command is closed, not
// when the program ends.
func TestLeftBehind(t *testing.T) {
	x := executorFor(t, NativeConfig{})
	c := x.command(t, "sh -c 'sleep 1000 > /dev/null 2>&1 & echo $!'")
	out, _ := c.Output(1)
	defer out.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if code, err := c.Wait(nil); code != 0 || err != nil {
		t.Errorf("got %d, %v", code, err)
	}
	child, _ := io.ReadAll(out)
	if !exists(string(child)) || c.Over() {
		t.Error("what was left behind has ended with the program")
	}
	c.Close(false)
	until(t, "it is gone", func() bool { return !exists(string(child)) })
}

// However a command ends, nothing of it stays: no file, no goroutine, no zombie.
func TestNothingStays(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("it counts in /proc")
	}
	node := &actors.Node{}
	x := &executor{node, "app:exec", NativeConfig{}}
	files := func() int {
		list, _ := os.ReadDir("/proc/self/fd")
		return len(list)
	}
	round := func() (pids []int) {
		for _, end := range []func(c messages.Command){
			func(c messages.Command) { _ = c.Start(); _, _ = c.Wait(nil) },
			func(c messages.Command) { _ = c.Start(); c.Close(false) },
			func(c messages.Command) { _ = c.Start(); c.Close(true); c.Close(true) },
			func(c messages.Command) { c.Close(false); _ = c.Start() },
			func(c messages.Command) { out, _ := c.Output(1); c.Close(false); out.Close() },
			func(c messages.Command) {
				out, _ := c.Output(2)
				_ = c.Start()
				c.Close(false)
				_, _ = io.ReadAll(out)
				out.Close()
			},
			func(c messages.Command) { go c.Close(false); _ = c.Start(); c.Close(false) },
		} {
			c, err := x.Command("sleep 0.01", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			end(c)
			if p := c.(*command).process; p != nil {
				pids = append(pids, p.Pid)
			}
		}
		c, _ := x.Command("no-such-program", "", nil)
		_ = c.Start()
		c.Close(false)
		node.Wait()
		return pids
	}
	round()
	fds, goroutines := files(), runtime.NumGoroutine()
	for range 20 {
		for _, pid := range round() {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("program %d is still there: %v", pid, err)
			}
		}
	}
	until(t, "files are back", func() bool { return files() <= fds })
	until(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines })
}
