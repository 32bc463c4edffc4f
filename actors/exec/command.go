package exec

import (
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// grace is how long a command has to end after SIGTERM; tests have less patience.
var grace = 5 * time.Second

// command implements messages.Command. Its pipes are files of its own, not those
// of os/exec: what was written before the end can be read after it.
type command struct {
	node  *actors.Node
	words []string
	dir   string
	env   map[string]string

	mu      sync.Mutex
	begun   bool // Start was called
	closed  bool
	ending  bool // something sees to the end of the program
	process *os.Process
	stdin   *os.File
	out     [2]*pipe
	exited  chan struct{} // closed once the program was waited for
	code    int
}

// pipe is the standard output or error of the program.
type pipe struct {
	r, w    *os.File
	taken   bool // r belongs to whoever took it
	drained bool // wait reads it to its end
}

// check refuses what the operating system cannot take.
func (c *command) check() error {
	for _, word := range append([]string{c.dir}, c.words...) {
		if strings.ContainsRune(word, 0) {
			return messages.Errorf(messages.Invalid, "command %s: zero bytes are not allowed", c.words[0])
		}
	}
	for name, value := range c.env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return messages.Errorf(messages.Invalid, "command %s: %q=%q cannot be in an environment", c.words[0], name, value)
		}
	}
	return nil
}

// program finds the program: in the PATH of its environment, or else of the node.
func (c *command) program() (string, error) {
	name := c.words[0]
	if strings.ContainsRune(name, filepath.Separator) {
		return name, nil
	}
	path, ok := c.env["PATH"]
	if !ok {
		path = os.Getenv("PATH")
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // it would depend on where the node runs
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", messages.Errorf(messages.NotFound, "starting command: program %q is not in PATH %q", name, path)
}

// Start implements messages.Command.
func (c *command) Start() error {
	if err := c.begin(); err != nil {
		return err
	}
	process, err := c.run()
	c.mu.Lock()
	c.shutChildEnds()
	if err != nil {
		c.closed = true
		c.shut()
		c.mu.Unlock()
		return err
	}
	c.process = process
	closed := c.closed
	c.mu.Unlock()
	c.node.Go(c.reap)
	if closed {
		c.Close(false)
	}
	return nil
}

// begin makes the pipes that are not there yet.
func (c *command) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return errClosed
	case c.begun:
		return messages.Errorf(messages.Invalid, "process is already started")
	}
	for n := range c.out {
		if err := c.pipe(n); err != nil {
			return err
		}
	}
	c.begun = true
	return nil
}

func (c *command) pipe(n int) (err error) {
	if c.out[n] != nil {
		return nil
	}
	p := &pipe{}
	if p.r, p.w, err = os.Pipe(); err != nil {
		return messages.Because(messages.Internal, "making a pipe for a command", err)
	}
	c.out[n] = p
	return nil
}

func (c *command) run() (*os.Process, error) {
	path, err := c.program()
	if err != nil {
		return nil, err
	}
	if c.dir != "" {
		if info, err := os.Stat(c.dir); err != nil || !info.IsDir() {
			return nil, messages.Errorf(messages.NotFound, "starting command: work_dir %s is not a directory", c.dir)
		}
	}
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, messages.Because(messages.Internal, "making a pipe for a command", err)
	}
	defer in.Close()
	env := make([]string, 0, len(c.env)) // not nil: that would be the node's own
	for _, name := range slices.Sorted(maps.Keys(c.env)) {
		env = append(env, name+"="+c.env[name])
	}
	cmd := &exec.Cmd{Path: path, Args: c.words, Env: env, Dir: c.dir, Stdin: in, Stdout: c.out[0].w, Stderr: c.out[1].w, SysProcAttr: ownGroup()}
	if err := cmd.Start(); err != nil {
		stdin.Close()
		if errors.Is(err, os.ErrNotExist) {
			return nil, messages.Errorf(messages.NotFound, "starting command: program %s not found", path)
		}
		return nil, messages.Because(messages.Internal, "starting command", err)
	}
	c.mu.Lock()
	c.stdin = stdin
	c.mu.Unlock()
	return cmd.Process, nil
}

// shutChildEnds closes what only the program uses.
func (c *command) shutChildEnds() {
	for _, p := range c.out {
		if p != nil && p.w != nil {
			p.w.Close()
			p.w = nil
		}
	}
}

// shut closes all pipes but those that were taken.
func (c *command) shut() {
	c.shutStdin()
	for _, p := range c.out {
		if p != nil && !p.taken {
			p.r.Close()
		}
	}
}

func (c *command) shutStdin() {
	if c.stdin != nil {
		c.stdin.Close()
		c.stdin = nil
	}
}

// reap waits for the program, so that no zombie stays.
func (c *command) reap() {
	state, err := c.process.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code = -1
	if err == nil {
		c.code = exitCode(state)
	}
	c.shutStdin()
	close(c.exited)
}

func (c *command) hasExited() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

var (
	errClosed     = messages.Errorf(messages.Invalid, "process is closed")
	errNotStarted = messages.Errorf(messages.Invalid, "process is not started")
)

// running refuses what only a command that runs can do. c.mu is held.
func (c *command) running() error {
	switch {
	case c.closed:
		return errClosed
	case c.process == nil:
		return errNotStarted
	}
	return nil
}

// Wait implements messages.Command.
func (c *command) Wait(done <-chan struct{}) (int, error) {
	c.mu.Lock()
	if err := c.running(); err != nil {
		c.mu.Unlock()
		return 0, err
	}
	for _, p := range c.out {
		if !p.taken && !p.drained {
			p.drained = true // or the program could wait for ever to write
			c.node.Go(func() { _, _ = io.Copy(io.Discard, p.r) })
		}
	}
	c.mu.Unlock()
	select {
	case <-c.exited:
	case <-done:
		return 0, messages.Errorf(messages.Canceled, "waiting for a command: the process has ended")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.over() {
		c.shut()
	}
	return c.code, nil
}

// Output implements messages.Command.
func (c *command) Output(n int) (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	if err := c.pipe(n - 1); err != nil {
		return nil, err
	}
	p := c.out[n-1]
	if p.taken || p.drained {
		return nil, messages.Errorf(messages.Invalid, "the output of the process is taken, or was thrown away by wait; take it before")
	}
	p.taken = true
	return struct{ io.ReadCloser }{p.r}, nil // not the file: it would seem to be writable
}

// WriteStdin implements messages.Command.
func (c *command) WriteStdin(data string) error {
	c.mu.Lock()
	if err := c.running(); err != nil {
		c.mu.Unlock()
		return err
	}
	in := c.stdin
	if data == "" {
		c.shutStdin()
		c.mu.Unlock()
		return nil
	}
	c.mu.Unlock()
	if in == nil {
		return messages.Errorf(messages.Invalid, "the input of the process has ended")
	}
	if _, err := io.WriteString(in, data); err != nil {
		return messages.Because(messages.Internal, "writing to the input of a process", err)
	}
	return nil
}

// Signal implements messages.Command.
func (c *command) Signal(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.running(); err != nil {
		return err
	}
	if n < 1 || n > 64 {
		return messages.Errorf(messages.Invalid, "signal %d does not exist; a number from 1 to 64 is expected", n)
	}
	switch err := c.process.Signal(syscall.Signal(n)); {
	case errors.Is(err, os.ErrProcessDone):
		return messages.Errorf(messages.Invalid, "the process has ended")
	case err != nil:
		return messages.Because(messages.Internal, "sending a signal", err)
	}
	return nil
}

// Close implements messages.Command.
func (c *command) Close(force bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.shutStdin()
	if c.process == nil {
		if !c.begun {
			c.shutChildEnds()
			c.shut()
		}
		return // Start sees to the rest
	}
	s := syscall.SIGTERM
	if force {
		s = syscall.SIGKILL
	}
	if !signalGroup(c.process.Pid, c.hasExited(), s) {
		c.shut()
	} else if !c.ending {
		c.ending = true
		c.node.Go(c.end)
	}
}

// Over implements messages.Command.
func (c *command) Over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over()
}

func (c *command) over() bool {
	if c.process == nil {
		return c.closed
	}
	return c.hasExited() && !signalGroup(c.process.Pid, true, 0)
}

// end sees to it that a command that was asked to end does.
func (c *command) end() {
	late := time.NewTimer(grace)
	defer late.Stop()
	tick := time.NewTicker(20 * time.Millisecond) // for what the program left behind: nothing tells of its end
	defer tick.Stop()
	for over := false; !over && !c.Over(); {
		select {
		case <-tick.C:
		case <-late.C:
			over = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	signalGroup(c.process.Pid, c.hasExited(), syscall.SIGKILL)
	c.shut()
}
