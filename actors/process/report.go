package process

import (
	"context"
	"log/slog"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// report logs the failure of a process, once: what failed, in which code, and
// what it had used. It is called before the VM is closed. A process that was
// asked to end, that a linked one took with it, or whose caller is told of the
// error, is worth a line only where somebody looks for it.
func (p *process) report(pid string, err *messages.Error) {
	level := slog.LevelError
	if err.Kind == messages.Canceled || err.Message == linkedFailed || p.spawn.awaited {
		level = slog.LevelDebug
	}
	p.write(level, "process failed", pid, err)
}

// reportCall logs the failure of a call where its caller does not hear of it, and
// as a warning where the call was ended by a limit: that is as much for who wrote
// the function.
func (p *process) reportCall(r *runCall, err *messages.Error) {
	_, retried := r.more.(*inner)
	switch {
	case r.req.From == nil && !retried:
		p.write(slog.LevelError, "function call failed", p.name(), err, "caller", p.self.Parent)
	case p.vm.Killed() && (err.Kind == messages.Unavailable || err.Kind == messages.Timeout):
		p.write(slog.LevelWarn, "function call ended by a limit", p.name(), err, "caller", p.self.Parent)
	}
}

// write logs a failure with everything that is known of it.
func (p *process) write(level slog.Level, what, pid string, err *messages.Error, said ...any) {
	stack := err
	for len(stack.Stack) == 0 && stack.Cause != nil {
		stack = stack.Cause
	}
	if !p.node.Log.Enabled(context.Background(), level) {
		return
	}
	l := p.def.program.Limits
	if m := p.vm.Handling(); m != nil {
		said = append(said, "message", messages.NewTraceEvent(p.node.Clock.Now(), messages.TraceIn, m.From, pid, m).About())
	}
	if t := p.traced.Load(); t != nil && t.last != nil && len(t.last.ring) > 0 {
		said = append(said, "messages", t.last.text())
	}
	p.node.Log.Log(context.Background(), level, what, append([]any{
		"pid", pid, "entry", p.self.Entry, "version", p.def.version,
		"kind", err.Root().Kind, "error", err.Error(), "stack", stackText(stack),
		slog.Group("used", "instructions", p.vm.Instructions(), "memory", p.vm.Memory(), "mailbox", p.vm.Waiting()),
		slog.Group("limits", "instructions", l.Instructions, "memory", l.Memory, "mailbox", l.Mailbox),
	}, said...)...)
}

// linkedFailed is the message of a process that ends because a linked one did.
const linkedFailed = "linked process failed"

// version is the version of the registry that code compiled now belongs to.
func (c *code) version() uint64 {
	if s, ok := actors.SnapshotsKey.Lookup(c.env.App); ok && s.Now() != nil {
		return s.Now().Version().Number
	}
	return 0
}
