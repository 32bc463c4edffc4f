package process

import (
	"context"
	"io"
	"os"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// keys is the part of a terminal host that turns what comes from the terminal into
// events.
type keys struct {
	on     bool
	mouse  bool
	stop   func()            // ends what reads
	to     []follower        // who gets the events
	before []*messages.Table // events that nobody has asked for yet
	run    uint64            // of reading; events of earlier ones come too late
}

type follower struct {
	proc *actors.Proc
	tag  uint64
}

// maxBefore bounds the events that wait for the first follower.
const maxBefore = 256

// terminalEvent tells the host what its reader has read.
type terminalEvent struct {
	run   uint64
	event *messages.Table
}

// readKeys switches the events on or off.
func (t *terminal) readKeys(m *actors.Request, b *messages.TerminalKeys) {
	switch {
	case b.Off && t.keys.on:
		t.stopKeys()
		if err := t.switchRaw(false); err != nil {
			m.Reply(err)
			return
		}
	case !b.Off && !t.keys.on:
		if err := t.startKeys(); err != nil {
			m.Reply(err)
			return
		}
	}
	m.Done()
}

func (t *terminal) startKeys() *messages.Error {
	f, bad := t.input()
	if bad != nil {
		return bad
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return messages.Errorf(messages.Internal, "asking for the size of the terminal: %s", err)
	}
	reader, err := uv.NewCancelReader(f)
	if err != nil {
		return messages.Errorf(messages.Internal, "reading the terminal: %s", err)
	}
	if err := t.switchRaw(true); err != nil {
		return err
	}
	k := &t.keys
	k.on, k.run = true, k.run+1
	t.happened(&terminalEvent{k.run, sizeEvent("start", width, height)})
	t.control(ansi.SetModeBracketedPaste + ansi.SetModeFocusEvent)

	ctx, cancel := context.WithCancel(context.Background())
	events := make(chan uv.Event)
	size := uv.NewSizeNotifier(f)
	if err := size.Start(); err != nil {
		t.env.Log.Warn("the size of the terminal is not followed", "error", err)
	}
	k.stop = func() {
		cancel()
		reader.Cancel()
	}
	self, sys, run := t.env.Cell.Self(), t.env.Sys, k.run
	tell := func(e *messages.Table) {
		if e != nil {
			sys.Root.Send(self, &terminalEvent{run, e})
		}
	}
	t.env.Go(func() {
		_ = uv.NewTerminalReader(reader, os.Getenv("TERM")).StreamEvents(ctx, events) // it ends with the input
		close(events)
		_ = reader.Close()
	})
	t.env.Go(func() {
		defer size.Stop() //nolint:errcheck // nothing follows
		for {
			select {
			case e, more := <-events:
				if !more {
					return
				}
				tell(eventTable(e))
			case <-size.C:
				if w, h, err := size.GetSize(); err == nil {
					tell(sizeEvent("resize", w, h))
				}
			}
		}
	})
	return nil
}

// stopKeys ends the events; what follows them stays subscribed.
func (t *terminal) stopKeys() {
	if !t.keys.on {
		return
	}
	t.setMouse(false)
	t.control(ansi.ResetModeBracketedPaste + ansi.ResetModeFocusEvent)
	t.keys.stop()
	t.keys.on, t.keys.before = false, nil
}

// follow adds a stream that gets the events.
func (t *terminal) follow(m *actors.Request, b *messages.TerminalEvents) {
	p := t.env.Procs.Find(b.By)
	if p == nil {
		m.Reply(messages.Errorf(messages.NotFound, "process not found: %s", b.By))
		return
	}
	m.Done()
	t.keys.to = append(t.keys.to, follower{p, b.Tag})
	before := t.keys.before
	t.keys.before = nil
	for _, e := range before {
		t.push(e)
	}
}

// happened passes an event on, or keeps it for who asks first.
func (t *terminal) happened(m *terminalEvent) {
	if m.run != t.keys.run || !t.keys.on {
		return
	}
	t.push(m.event)
}

func (t *terminal) push(e *messages.Table) {
	k := &t.keys
	alive := k.to[:0]
	for _, f := range k.to {
		if f.proc.Alive() {
			alive = append(alive, f)
			t.env.Sys.Root.Send(f.proc.Actor, &messages.Push{Tag: f.tag, Value: e})
		}
	}
	clear(k.to[len(alive):])
	k.to = alive
	if len(alive) == 0 && len(k.before) < maxBefore {
		k.before = append(k.before, e)
	}
}

func (t *terminal) mouse(m *actors.Request, on bool) {
	if on && !t.keys.on {
		m.Reply(messages.Errorf(messages.Invalid, "the mouse is reported between start and stop only; call start first"))
		return
	}
	t.setMouse(on)
	m.Done()
}

func (t *terminal) setMouse(on bool) {
	switch {
	case on && !t.keys.mouse:
		t.control(ansi.SetModeMouseAnyEvent + ansi.SetModeMouseExtSgr)
	case !on && t.keys.mouse:
		t.control(ansi.ResetModeMouseAnyEvent + ansi.ResetModeMouseExtSgr)
	}
	t.keys.mouse = on
}

func (t *terminal) control(sequence string) {
	if _, err := io.WriteString(t.con.Out, sequence); err != nil {
		t.env.Log.Warn("writing to the terminal", "error", err)
	}
}

func (t *terminal) size(m *actors.Request) {
	for _, c := range []any{t.con.Out, t.con.In} {
		if f, ok := c.(*os.File); ok {
			if w, h, err := term.GetSize(int(f.Fd())); err == nil {
				m.Reply([2]int{w, h})
				return
			}
		}
	}
	m.Reply(messages.Errorf(messages.Internal, "the size of the screen: standard output is no terminal"))
}

func sizeEvent(kind string, width, height int) *messages.Table {
	return (&messages.Table{}).Set("type", kind).Set("width", float64(width)).Set("height", float64(height))
}

// eventTable is an event as programs see it, nil for what they do not.
func eventTable(e uv.Event) *messages.Table {
	kind := func(s string) *messages.Table { return (&messages.Table{}).Set("type", s) }
	mods := func(t *messages.Table, m uv.KeyMod) *messages.Table {
		return t.Set("alt", m.Contains(uv.ModAlt)).Set("ctrl", m.Contains(uv.ModCtrl)).Set("shift", m.Contains(uv.ModShift))
	}
	key := func(k uv.Key, action string) *messages.Table {
		name := "rune"
		if k.Text == "" {
			name = uv.Key{Code: k.Code}.Keystroke()
		}
		return mods(kind("key").Set("key", k.String()).Set("key_type", name).Set("action", action), k.Mod)
	}
	mouse := func(m uv.Mouse, action string) *messages.Table {
		return mods(kind("mouse").Set("action", action).Set("button", m.Button.String()).Set("x", float64(m.X)).Set("y", float64(m.Y)), m.Mod)
	}
	switch e := e.(type) {
	case uv.KeyPressEvent:
		return key(uv.Key(e), "press")
	case uv.KeyReleaseEvent:
		return key(uv.Key(e), "release")
	case uv.MouseClickEvent:
		return mouse(uv.Mouse(e), "press")
	case uv.MouseReleaseEvent:
		return mouse(uv.Mouse(e), "release")
	case uv.MouseMotionEvent:
		return mouse(uv.Mouse(e), "motion")
	case uv.MouseWheelEvent:
		return mouse(uv.Mouse(e), "wheel")
	case uv.FocusEvent:
		return kind("focus").Set("focused", true)
	case uv.BlurEvent:
		return kind("focus").Set("focused", false)
	case uv.PasteEvent:
		return kind("paste").Set("text", e.Content)
	}
	return nil
}
