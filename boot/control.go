package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"reflect"

	"github.com/troupe-go/troupe/messages"
)

// Control speaks to a running node through its control socket. It is safe for
// use by many goroutines.
type Control struct {
	socket string
	client *http.Client
}

// DialControl finds the node that listens on a socket. The error says so if
// there is none.
func DialControl(socket string) (*Control, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("no node is running in this folder: %w; start one with 'troupe run'", err)
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Control{socket: socket, client: &http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// Ask sends one of the commands of messages.ControlTypes and decodes the answer
// into out, unless that is nil. It blocks until the node has carried it out.
func (c *Control) Ask(ctx context.Context, command, out any) error {
	body, err := json.Marshal(command)
	if err != nil {
		return err
	}
	name := reflect.Indirect(reflect.ValueOf(command)).Type().Name()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node"+messages.ControlPath+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := c.client.Do(r)
	if err != nil {
		return fmt.Errorf("asking the node at %s: %w", c.socket, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	answer := messages.ControlAnswer{Value: out}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("reading the answer of the node: %w", err)
	}
	if e := answer.Error; e != nil {
		return messages.Errorf(e.Kind, "%s", e.Message)
	}
	return nil
}

// Trace calls f with each message that a process, by PID or registered name, gets
// or sends from now on, one after the other; begun, unless it is nil, is called
// once before. It returns nil when the process or the node has ended, and
// otherwise the error of ctx or of f, or why there is nothing to trace. Where f
// is too slow events are dropped, and the next one says how many; the process
// never waits.
func (c *Control) Trace(ctx context.Context, pid string, begun func(), f func(messages.TraceEvent) error) error {
	body, err := json.Marshal(messages.ControlTrace{PID: pid})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node"+messages.ControlTracePath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := c.client.Do(r)
	if err != nil {
		return fmt.Errorf("asking the node at %s: %w", c.socket, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	in := json.NewDecoder(res.Body)
	var answer messages.ControlAnswer
	if err := in.Decode(&answer); err != nil {
		return fmt.Errorf("reading the answer of the node: %w", err)
	}
	if e := answer.Error; e != nil {
		return messages.Errorf(e.Kind, "%s", e.Message)
	}
	if begun != nil {
		begun()
	}
	for {
		var e messages.TraceEvent
		if err := in.Decode(&e); err != nil {
			return ctx.Err() // else the node has closed the stream
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

// Close ends the connections.
func (c *Control) Close() { c.client.CloseIdleConnections() }
