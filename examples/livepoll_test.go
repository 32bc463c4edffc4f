package examples

import (
	"context"
	"encoding/json"
	"io"
	nethttp "net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/http"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/registry"
)

// visitor is a browser with the page open.
type visitor struct {
	*testing.T
	conn *websocket.Conn
}

func visit(t *testing.T, addr string) visitor {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws://"+addr+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return visitor{t, c}
}

func (v visitor) send(text string) {
	v.Helper()
	if err := v.conn.Write(v.Context(), websocket.MessageText, []byte(text)); err != nil {
		v.Fatal(err)
	}
}

// sees reads until the results are these.
func (v visitor) sees(want map[string]int) {
	v.Helper()
	ctx, cancel := context.WithTimeout(v.Context(), 20*time.Second)
	defer cancel()
	for {
		_, b, err := v.conn.Read(ctx)
		if err != nil {
			v.Fatalf("%v is not seen: %v", want, err)
		}
		var m struct {
			Topic string
			Data  struct {
				Options []struct {
					Name  string
					Votes int
				}
			}
		}
		if json.Unmarshal(b, &m) != nil || m.Topic != "results" {
			v.Fatalf("got %s", b)
		}
		same := len(m.Data.Options) == 3
		for _, o := range m.Data.Options {
			same = same && o.Votes == want[o.Name]
		}
		if same {
			return
		}
	}
}

// startPoll runs the example until the test is over, and returns where.
func startPoll(t *testing.T) string {
	t.Helper()
	addr, err := registry.ParseOverride("app:web:addr=127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rt, err := boot.Start(t.Context(), os.DirFS("live-poll/src"), standard.Parts(), boot.WithOverrides(addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Stop(); err != nil {
			t.Error(err)
		}
	})
	at, err := actors.As[string](rt.Node().AskEntry(t.Context(), "app:web", &http.Addr{}))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The page and many visitors, as a browser would.
func TestLivePoll(t *testing.T) {
	at := startPoll(t)
	defer nethttp.DefaultClient.CloseIdleConnections()
	for path, want := range map[string][2]string{"/": {"text/html; charset=utf-8", `<script src="/poll.js">`}, "/poll.js": {"text/javascript; charset=utf-8", "new WebSocket("}} {
		res, err := nethttp.Get("http://" + at + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != want[0] || !strings.Contains(string(body), want[1]) {
			t.Errorf("%s: %d %v\n%s", path, res.StatusCode, res.Header, body)
		}
	}

	first := visit(t, at)
	first.sees(nil)
	first.send("nonsense")
	if _, b, err := first.conn.Read(t.Context()); string(b) != `{"topic":"error","data":"vote for one of: Lua, Go, Erlang"}` {
		t.Fatalf("a vote for nothing: %s, %v", b, err)
	}
	first.send(`{"vote":"Go"}`)
	first.sees(map[string]int{"Go": 1})
	const many = 30
	others := make([]visitor, many)
	for i := range others {
		others[i] = visit(t, at)
		others[i].send(`{"vote":"Lua"}`)
	}
	first.sees(map[string]int{"Go": 1, "Lua": many})
	others[many-1].sees(map[string]int{"Go": 1, "Lua": many})
	first.send(`{"vote":"Erlang"}`)
	others[0].sees(map[string]int{"Erlang": 1, "Lua": many})
	for _, v := range others[1:] {
		_ = v.conn.CloseNow()
	}
	first.sees(map[string]int{"Erlang": 1, "Lua": 1})

	if _, res, err := websocket.Dial(t.Context(), "ws://"+at+"/live", &websocket.DialOptions{HTTPHeader: nethttp.Header{"Origin": {"http://evil.example"}}}); err == nil || res.StatusCode != nethttp.StatusForbidden {
		t.Errorf("a page of another origin: %v", err)
	}
}
