package template

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"runtime"
	"strconv"
	"strings"

	"github.com/CloudyKit/jet/v6"

	"github.com/troupe-go/troupe/messages"
)

const (
	// maxRoom is how many bytes one render may write and build.
	maxRoom = 64 << 20
	// maxFrames is how deep the stack of Go may be in a render.
	maxFrames = 10_000
	// maxError is how much of Jet's text is in an error: Jet lists variables.
	maxError = 1000
)

// render is one render of a template. It is used by one goroutine.
type render struct {
	done     <-chan struct{}
	room     int
	steps    int
	failed   error // why it must end: a template can catch an error, but not go on
	canceled bool
	hidden   map[string]reflect.Value // data with the names of functions
}

// GoString keeps the render out of what the function dump prints.
func (r *render) GoString() string { return "…" }

// render implements messages.TemplateSet.
func (s *set) render(done <-chan struct{}, name string, data messages.Value) (string, error) {
	c := s.now()
	if c == nil {
		return "", messages.Errorf(messages.NotFound, "rendering template %s: template set not found: %s", name, s.id)
	}
	at := path.Join("/", name)
	if !c.find(at) {
		return "", messages.Errorf(messages.NotFound, "template not found: %s in set %s", name, s.id)
	}
	r := &render{done: done, room: maxRoom, hidden: map[string]reflect.Value{}}
	text, err := r.run(c, at, data)
	switch {
	case err == nil:
		return text, nil
	case r.canceled:
		return "", messages.Errorf(messages.Canceled, "rendering template %s of set %s: %s", name, s.id, err)
	}
	return "", messages.Errorf(messages.Internal, "rendering template %s of set %s: %s", name, s.id, shorten(err.Error()))
}

func (r *render) run(c *compiled, at string, data messages.Value) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		if r.failed != nil {
			err = r.failed
		}
	}()
	if _, err := c.jet.GetTemplate(at); err != nil {
		return "", err
	}
	// The block with an empty content shields the template: what was the content
	// in a render that failed may still be in what Jet uses again.
	entry, err := c.jet.Parse("/_render", c.action("block _render()")+c.action("include "+strconv.Quote(at))+c.action("content")+c.action("end"))
	if err != nil {
		return "", err
	}
	vars := jet.VarMap{}
	context := r.copy(messages.Native(data))
	for _, from := range []any{r.copy(messages.Native(c.globals)), context} {
		m, _ := from.(map[string]any)
		for k, v := range m {
			switch {
			case v == nil || strings.HasPrefix(k, " "): // those are of guard.go
			case isFunction(k):
				r.hidden[k] = reflect.ValueOf(v)
			default:
				vars[k] = reflect.ValueOf(v)
			}
		}
	}
	vars[varRender] = reflect.ValueOf(r)
	var b bytes.Buffer
	if err := entry.Execute(r.counted(&b), vars, context); err != nil {
		return "", err
	}
	return b.String(), nil
}

// shorten takes the variables out of Jet's error of an unknown name.
func shorten(text string) string {
	if before, after, ok := strings.Cut(text, " not available in current ("); ok {
		if _, after, ok = strings.Cut(after, ") or parent scope"); ok {
			text = before + " not available in current or parent scope" + after
		}
	}
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "…"
	}
	return text
}

// step ends a render that must not go on.
func (r *render) step() {
	r.steps++
	switch {
	case r.failed != nil:
	case ended(r.done):
		r.canceled = true
		r.failed = errors.New("the process has ended")
	case r.steps%32 == 0 && tooDeep():
		r.failed = errors.New("blocks or templates run one another without end")
	}
	if r.failed != nil {
		panic(r.failed)
	}
}

func ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// tooDeep reports whether the stack is deeper than any template needs. Jet
// recurses, and a stack that overflows ends the node.
func tooDeep() bool {
	var pc [1]uintptr
	return runtime.Callers(maxFrames, pc[:]) > 0
}

// spend takes n bytes of the room.
func (r *render) spend(n int) {
	if n > r.room || n < 0 {
		r.room = 0
		if r.failed == nil {
			r.failed = fmt.Errorf("it writes or builds more than %d MB", maxRoom>>20)
		}
		panic(r.failed)
	}
	r.room -= n
}

// valueSize is what a number, or the header of anything, counts.
const valueSize = 16

// copy makes a value of plain data that shares no part with another one, so that
// its size is known and nothing ever contains itself.
func (r *render) copy(v any) any {
	r.spend(valueSize)
	switch v := v.(type) {
	case string:
		r.spend(len(v))
	case []byte:
		r.spend(len(v))
	case error:
		text := v.Error()
		r.spend(len(text))
		return text
	case []string:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.copy(item)
		}
		return list
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.copy(item)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, item := range v {
			r.spend(len(k) + valueSize)
			m[k] = r.copy(item)
		}
		return m
	}
	return v
}

// counted is a writer whose bytes count.
func (r *render) counted(w io.Writer) io.Writer { return &writer{r, w} }

type writer struct {
	r *render
	w io.Writer
}

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	w.r.spend(len(b))
	return w.w.Write(b)
}
