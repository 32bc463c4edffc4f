package standard_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

// lockedBuffer is a buffer for loggers.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A process that fails makes one line that says where, and what it had used.
func TestCrashReport(t *testing.T) {
	var out lockedBuffer
	entries := hostEntry + proc("crash", `return { main = function() error("boom") end }`)
	rt, err := boot.Start(t.Context(), app(entries), standard.Parts(), boot.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	pid, err := rt.Spawn(t.Context(), "app:crash", "app:a_host")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(out.String(), "process failed") && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	text := out.String()
	for _, want := range []string{"level=ERROR", pid, "entry=app:crash", "version=0", "boom", "stack=app:crash:", "used.instructions=", "limits.memory="} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "process failed"); n != 1 {
		t.Errorf("%d reports", n)
	}
}
