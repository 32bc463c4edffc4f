package process

import (
	"bufio"
	"context"
	"io"
	"os"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/term"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// TerminalConfig are the fields of terminal.host.
type TerminalConfig struct {
	HideLogs  bool             `yaml:"hide_logs" doc:"Keep log lines off the terminal while a process runs here."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Console is what a terminal host is connected to. The zero value stands for
// that of the program.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
}

// ConsoleKey finds the console of a node that has one of its own.
var ConsoleKey = actors.NewKey[Console]("console")

func (rt *Runtime) terminalKind() actors.Kind {
	return actors.Define(actors.Spec[TerminalConfig]{
		Name: "terminal.host", Doc: "The host of one process that owns the terminal.", Service: true,
		Serve: func(env actors.Env, c TerminalConfig) actor.Actor {
			con, _ := ConsoleKey.Lookup(env.App)
			if con.In == nil {
				con.In = os.Stdin
			}
			if con.Out == nil {
				con.Out = os.Stdout
			}
			if con.Err == nil {
				con.Err = os.Stderr
			}
			return &terminal{nursery: newNursery(rt, env, c.Lifecycle.StopTimeout), con: con, hide: c.HideLogs, show: func() {}}
		},
	})
}

// terminal is the actor of a terminal.host.
type terminal struct {
	nursery
	con  Console
	in   *bufio.Reader
	hide bool
	show func() // lets log lines through again
	raw  int
	back func() error // restores the terminal
	keys keys
}

// Start implements actors.Starter.
func (t *terminal) Start(context.Context) error {
	t.up = true
	return nil
}

// Stop implements actors.Stopper.
func (t *terminal) Stop(ctx context.Context) error {
	err := t.close(ctx)
	t.restore()
	return err
}

// Receive implements actor.Actor.
func (t *terminal) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Terminated:
		t.terminated(m)
		if len(t.children) == 0 {
			t.restore()
			t.show()
		}
	case *actor.Stopping:
		t.restore()
		t.show()
	case *actors.Abandon:
		t.abandoned(m)
	case *terminalEvent:
		t.happened(m)
	case *actors.Request:
		t.request(m)
	}
}

func (t *terminal) request(m *actors.Request) {
	defer func() {
		if len(t.children) == 0 { // it did not start
			t.show()
		}
	}()
	switch b := m.Body.(type) {
	case *messages.Spawn:
		if t.free(m) {
			t.spawn(m, b, t.console(b.Args), nil)
		}
	case *messages.Exec:
		if t.free(m) {
			t.exec(m, b.Spawn, t.console(b.Spawn.Args))
		}
	case *callProcess:
		if t.free(m) {
			t.callLike(m, b.Spawn)
		}
	case *actors.SpawnFor:
		if t.free(m) {
			t.spawnFor(m, b, t.console(b.Args))
		}
	case *messages.TerminalWrite:
		w := t.con.Out
		if b.Error {
			w = t.con.Err
		}
		if _, err := io.WriteString(w, b.Text); err != nil {
			m.Reply(messages.Errorf(messages.Internal, "writing to the terminal: %s", err))
			return
		}
		m.Done()
	case *messages.TerminalRead:
		t.read(m, b)
	case *messages.TerminalRaw:
		t.setRaw(m, b.On)
	case *messages.TerminalKeys:
		t.readKeys(m, b)
	case *messages.TerminalEvents:
		t.follow(m, b)
	case *messages.TerminalMouse:
		t.mouse(m, b.On)
	case *messages.TerminalSize:
		t.size(m)
	case *messages.Hosts:
		m.Reply(messages.HostData{ID: t.env.ID, Workers: 1, Processes: len(t.children), Executed: t.made})
	default:
		m.Reply(actors.NotAnswered(t.env.ID, m.Body))
	}
}

// free refuses a second process.
func (t *terminal) free(m *actors.Request) bool {
	if len(t.children) > 0 {
		m.Reply(messages.Errorf(messages.Unavailable, "terminal host %s runs a process already", t.env.ID))
		return false
	}
	return true
}

func (t *terminal) console(args []messages.Value) *lua.Terminal {
	if t.hide {
		t.show()
		t.show = t.env.Output.Close()
	}
	out := &lua.Terminal{Handler: t.env.ID}
	for _, a := range args {
		if s, ok := a.(string); ok {
			out.Args = append(out.Args, s)
		}
	}
	return out
}

// read waits for input on a goroutine of its own. One that waits when the
// program ends goes with it: a read of a terminal cannot be called back.
func (t *terminal) read(m *actors.Request, b *messages.TerminalRead) {
	if t.in == nil {
		t.in = bufio.NewReader(t.con.In)
	}
	go func() {
		if b.Line {
			s, err := t.in.ReadString('\n')
			if s == "" && err != nil {
				m.Reply(messages.Errorf(messages.Internal, "reading a line: %s", err))
				return
			}
			m.Reply(trimLine(s))
			return
		}
		n := b.Max
		if n <= 0 {
			n = 1024
		}
		buf := make([]byte, n)
		got, err := t.in.Read(buf)
		if got == 0 && err != nil {
			m.Reply(messages.Errorf(messages.Internal, "reading: %s", err))
			return
		}
		m.Reply(string(buf[:got]))
	}()
}

func trimLine(s string) string {
	for len(s) > 0 && (s[len(s)-1] == '\n' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	return s
}

// setRaw counts: raw mode ends with as many calls as began it.
func (t *terminal) setRaw(m *actors.Request, on bool) {
	if err := t.switchRaw(on); err != nil {
		m.Reply(err)
		return
	}
	m.Done()
}

func (t *terminal) switchRaw(on bool) *messages.Error {
	f, err := t.input()
	switch {
	case err != nil:
		return err
	case on && t.raw == 0:
		before, err := term.MakeRaw(int(f.Fd()))
		if err != nil {
			return messages.Errorf(messages.Internal, "raw mode: %s", err)
		}
		t.back = func() error { return term.Restore(int(f.Fd()), before) }
		t.raw = 1
	case on:
		t.raw++
	case t.raw > 1:
		t.raw--
	default:
		t.restore()
	}
	return nil
}

// input is standard input, if that is a terminal.
func (t *terminal) input() (*os.File, *messages.Error) {
	f, ok := t.con.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, messages.Errorf(messages.Internal, "raw mode: standard input is no terminal")
	}
	return f, nil
}

func (t *terminal) restore() {
	t.stopKeys()
	t.raw = 0
	if t.back != nil {
		if err := t.back(); err != nil {
			t.env.Log.Warn("restoring the terminal", "error", err)
		}
		t.back = nil
	}
}
