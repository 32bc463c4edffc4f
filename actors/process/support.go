package process

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// blockingCall is a call of a library that runs for a process.
type blockingCall struct {
	tag    uint64
	cancel context.CancelFunc
}

func guarded(ctx context.Context, f func(<-chan struct{}) (any, error)) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = messages.Errorf(messages.Internal, "panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f(ctx.Done())
}

// callOptions are the options that an entry gives all its calls.
func callOptions(e registry.Entry, limit time.Duration) *messages.CallOptions {
	t, _ := messages.ValueOf(e.Meta["options"]).(*messages.Table)
	o, _ := messages.OptionsFrom(t) // checked when the entry is loaded
	if limit <= 0 || o != nil && o.Timeout > 0 {
		return o
	}
	if o == nil {
		o = &messages.CallOptions{}
	}
	o.Timeout = limit
	return o
}

// checkOptions checks meta.options of an entry.
func checkOptions(options map[string]any) error {
	t, _ := messages.ValueOf(options).(*messages.Table)
	if _, err := messages.OptionsFrom(t); err != nil {
		return &registry.FieldError{Path: []string{"meta", "options"}, Text: err.Error(), Hint: "correct or remove it"}
	}
	return nil
}

// stackText is an error's Lua stack on one line for each frame.
func stackText(err *messages.Error) string {
	var b strings.Builder
	for i, f := range err.Stack {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d", f.Source, f.Line)
		if f.Name != "" {
			fmt.Fprintf(&b, " in %s", f.Name)
		}
	}
	return b.String()
}
