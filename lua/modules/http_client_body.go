package modules

import (
	"io"
	"strings"
	"sync"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// payload is the body of a request: strings, and streams that the process lends.
type payload []any

// streams are those that are lent.
func (p payload) streams() []*stream {
	var out []*stream
	for _, part := range p {
		if s, ok := part.(*stream); ok {
			out = append(out, s)
		}
	}
	return out
}

// open begins to read the body. After release nothing reads the streams any more.
func (p payload) open() (body io.Reader, release func()) {
	if len(p) == 1 {
		if text, ok := p[0].(string); ok { // one that can be sent again
			return strings.NewReader(text), func() {}
		}
	}
	var parts []io.Reader
	for _, part := range p {
		switch part := part.(type) {
		case string:
			parts = append(parts, strings.NewReader(part))
		case *stream:
			parts = append(parts, part.source.(io.Reader))
		}
	}
	l := &loan{r: io.MultiReader(parts...)}
	return l, l.end
}

// loan reads what belongs to a process until it is given back.
type loan struct {
	mu   sync.Mutex
	r    io.Reader
	over bool
}

// Read implements io.Reader.
func (l *loan) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return 0, io.ErrClosedPipe
	}
	return l.r.Read(p)
}

func (l *loan) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
}

// borrow takes the streams that requests send: meanwhile the process cannot use
// them. giveBack makes a command give them back at its end.
func borrow(outs ...*outgoing) (giveBack func(*lua.Command) *lua.Command, err error) {
	var held []*stream
	free := func() {
		for _, s := range held {
			s.busy = false
		}
	}
	for _, out := range outs {
		for _, s := range out.body.streams() {
			_, readable := s.source.(io.Reader)
			if s.closed || s.busy || !readable {
				free()
				return nil, messages.Errorf(messages.Invalid, "sending a file: %s is closed, in use, or cannot be read", s.noun)
			}
			s.busy = true
			held = append(held, s)
		}
	}
	return func(cmd *lua.Command) *lua.Command {
		if len(held) == 0 {
			return cmd
		}
		then, catch := cmd.Then, cmd.Catch
		cmd.Then = func(c *lua.Call, answer any) error {
			free()
			if then == nil {
				return c.Return(answer)
			}
			return then(c, answer)
		}
		cmd.Catch = func(c *lua.Call, err *messages.Error) error {
			free()
			if catch == nil {
				return err
			}
			return catch(c, err)
		}
		return cmd
	}, nil
}
