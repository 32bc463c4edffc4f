package standard_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/messages"
)

func TestControlSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "ctl") // t.TempDir() is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s", "control.sock")
	if _, err := boot.DialControl(socket); err == nil || !strings.Contains(err.Error(), "no node is running") {
		t.Errorf("without a node: %v", err)
	}
	config, problems := boot.NewConfig(map[string]any{"control": map[string]any{"enabled": true, "socket": socket}})
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	one, err := boot.Start(t.Context(), app(hostEntry+proc("idle", `return { main = function() local i = process.inbox() while true do i:receive() end end }`)), standard.Parts(), boot.WithConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	defer one.Stop()
	// A second node of the folder works, and leaves the socket to the first one.
	two, err := boot.Start(t.Context(), app(""), standard.Parts(), boot.WithConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	if err := two.Stop(); err != nil {
		t.Error(err)
	}
	pid, err := one.Spawn(t.Context(), "app:idle", "app:a_host")
	if err != nil {
		t.Fatal(err)
	}
	c, err := boot.DialControl(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var list []messages.ProcessData
	if err := c.Ask(t.Context(), &messages.Processes{}, &list); err != nil || len(list) != 1 || list[0].PID != pid || list[0].Source != "app:idle" {
		t.Errorf("processes: %+v, %v", list, err)
	}
	// A trace begins before the messages that follow, and ends with the process.
	end := func() {
		if err := one.Send(pid, "note", "last words"); err != nil {
			t.Error(err)
		}
		if err := c.Ask(t.Context(), &messages.ControlTerminate{PID: pid}, nil); err != nil {
			t.Error(err)
		}
	}
	until(t, "it waits for messages", func() bool { // one that ends before it looks gets none
		err := c.Ask(t.Context(), &messages.Processes{}, &list)
		return err == nil && len(list) == 1 && list[0].State == "waiting"
	})
	var heard []messages.TraceEvent
	if err := c.Trace(t.Context(), pid, end, func(e messages.TraceEvent) error { heard = append(heard, e); return nil }); err != nil {
		t.Error(err)
	}
	if len(heard) != 1 || heard[0].Topic != "note" || heard[0].To != pid || heard[0].Payload != `"last words"` {
		t.Errorf("heard %+v", heard)
	}
	if err := c.Trace(t.Context(), pid, nil, nil); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("a trace of what has ended: %v", err)
	}
	if err := c.Ask(t.Context(), &messages.ControlTerminate{PID: pid}, nil); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("terminated twice: %v", err)
	}
	if err := c.Ask(t.Context(), &messages.RegistryGoto{ID: 7}, nil); !messages.IsKind(err, messages.NotFound) {
		t.Errorf("an unknown version: %v", err)
	}
	if err := c.Ask(t.Context(), &messages.SystemExit{}, nil); !messages.IsKind(err, messages.Invalid) {
		t.Errorf("a command that is not for tools: %v", err)
	}
	// A client that hangs up ends its trace; another one ends with the node.
	if pid, err = one.Spawn(t.Context(), "app:idle", "app:a_host"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Trace(ctx, pid, cancel, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("hung up: %v", err)
	}
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- c.Trace(t.Context(), pid, func() { close(begun) }, func(messages.TraceEvent) error { return nil })
	}()
	<-begun
	defer func() {
		if err := errors.Join(one.Stop(), <-ended); err != nil {
			t.Error(err)
		}
	}()
	raw := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	defer raw.CloseIdleConnections()
	for _, body := range []string{"", "{", `{"At":"x"}`, `{"Namespace":"` + strings.Repeat("x", 2<<20) + `"}`} {
		res, err := raw.Post("http://node"+messages.ControlPath+"RegistryFind", "", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Error(err)
			continue
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(text), `"Kind":"Invalid"`) {
			t.Errorf("%.20q: %s, %v", body, text, err)
		}
		_ = res.Body.Close()
	}
}
