package jetstream_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/actors/queue/jetstream"
	"github.com/troupe-go/troupe/actors/queue/queuetest"
	"github.com/troupe-go/troupe/messages"
)

func TestEmbedded(t *testing.T) {
	queuetest.Contract(t, queuetest.Driver{Kind: jetstream.Kind, Fields: func(t *testing.T) string { return "data_dir: " + t.TempDir() }})
}

// serverVariable makes the test program a server: directory and port.
const serverVariable = "TROUPE_TEST_NATS"

func TestMain(m *testing.M) {
	args := os.Getenv(serverVariable)
	if args == "" {
		os.Exit(m.Run())
	}
	dir, at, _ := strings.Cut(args, "|")
	port, _ := strconv.Atoi(at)
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		panic(err)
	}
	go s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		panic("the server did not become ready")
	}
	fmt.Println(s.ClientURL())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test is over
	s.Shutdown()
	s.WaitForShutdown()
}

// serve runs a server in a program of its own; port 0 chooses one. end stops it.
func serve(t *testing.T, dir string, port int) (url string, end func()) {
	t.Helper()
	if port == 0 {
		port = server.RANDOM_PORT
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", serverVariable, dir, port))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatalf("the server did not say where it is: %v", err)
	}
	return url, end
}

func TestRemote(t *testing.T) {
	address, _ := serve(t, t.TempDir(), 0)
	var n atomic.Int64
	queuetest.Contract(t, queuetest.Driver{
		Kind:   jetstream.Kind,
		Fields: func(*testing.T) string { return "url: " + address },
		Name:   func(*testing.T) string { return fmt.Sprintf("a name.with > all * of it %d", n.Add(1)) },
	})
}

// TestServer is TestRemote with the server as it is installed. Its streams stay
// there; no name is used twice.
func TestServer(t *testing.T) {
	address := actorstest.Server(t, "TROUPE_NATS")
	queuetest.Contract(t, queuetest.Driver{
		Kind:   jetstream.Kind,
		Fields: func(*testing.T) string { return "url: " + address },
		Name:   func(*testing.T) string { return "troupe-test-" + rand.Text() },

		Repeats: true, // nats-server 2.9 does, and gives another message only when it has waited for it
	})
}

// newNode starts a node with a driver and a queue.
func newNode(t *testing.T, fields, options string, more ...actors.Component) *actors.Node {
	t.Helper()
	n := actorstest.Node(t, actorstest.Parts{
		Components: append(more, actorstest.Entries),
		Kinds:      append(queue.Kinds(), jetstream.Kind),
	})
	err := actorstest.Create(t, n, "  - {name: drv, kind: queue.driver.jetstream, "+fields+"}\n  - {name: jobs, kind: queue.queue, driver: drv"+options+"}\n")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func start(t *testing.T, n *actors.Node) {
	t.Helper()
	actorstest.Must[*messages.Done](t, n, "app:drv", &actors.Start{})
	t.Cleanup(func() { actorstest.Must[*messages.Done](t, n, "app:drv", &actors.Stop{}) })
}

func publish(t *testing.T, n *actors.Node, data messages.Value) error {
	t.Helper()
	_, err := actorstest.Ask(t, n, "app:jobs", &messages.QueuePublish{Data: data})
	return err
}

func TestRefusals(t *testing.T) {
	n := newNode(t, "data_dir: "+t.TempDir(), ", driver_options: {jetstream: {max_length: 2}}")
	retryable := func(what string, err error) {
		t.Helper()
		if !messages.IsKind(err, messages.Unavailable) || messages.AsError(err).Retry != messages.RetryYes {
			t.Errorf("%s gave %v", what, err)
		}
	}
	retryable("publishing before the driver runs", publish(t, n, "x"))
	start(t, n)
	if err := publish(t, n, strings.Repeat("x", 10<<20)); !messages.IsKind(err, messages.Invalid) || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("publishing 10 MB gave %.200v", err)
	}
	for range 2 {
		if err := publish(t, n, "x"); err != nil {
			t.Fatal(err)
		}
	}
	retryable("publishing to a full queue", publish(t, n, "x"))
}

func TestFields(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: []actors.Kind{jetstream.Kind}})
	for fields, ok := range map[string]bool{"": false, ", url: nats://x, data_dir: y": false, ", url: nats://x": true, ", data_dir: y": true} {
		if _, problems := actorstest.Read(n, "  - {name: drv, kind: queue.driver.jetstream"+fields+"}\n"); (problems.Err() == nil) != ok {
			t.Errorf("%q gave %v", fields, problems)
		}
	}
}

func TestNoServer(t *testing.T) {
	n := newNode(t, "url: nats://127.0.0.1:1", "")
	if _, err := actorstest.Ask(t, n, "app:drv", &actors.Start{}); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("starting gave %v", err)
	}
	file := newNode(t, "data_dir: /dev/null/x", "")
	if _, err := actorstest.Ask(t, file, "app:drv", &actors.Start{}); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("starting in a directory that cannot be gave %v", err)
	}
}

// A stream that somebody else has made is left alone.
func TestForeignStream(t *testing.T) {
	address, _ := serve(t, t.TempDir(), 0)
	conn, err := nats.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := conn.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AddStream(&nats.StreamConfig{Name: "jobs", Subjects: []string{"orders.*"}}); err != nil {
		t.Fatal(err)
	}
	n := newNode(t, "url: "+address, "")
	if _, err := actorstest.Ask(t, n, "app:drv", &actors.Start{}); !messages.IsKind(err, messages.Conflict) {
		t.Errorf("starting gave %v", err)
	}
}

// taker is an actor that takes what is delivered.
func taker(got chan *queue.Delivery) actors.Component {
	return actors.Component{Name: "taker", New: func(actors.Env) actor.Actor {
		return actorstest.Answers(func(_ actor.Context, body any) any {
			if d, ok := body.(*queue.Delivery); ok {
				got <- d
			}
			return nil
		})
	}}
}

// take waits for a delivery and acknowledges it.
func take(t *testing.T, n *actors.Node, got chan *queue.Delivery) *queue.Delivery {
	t.Helper()
	select {
	case d := <-got:
		n.Sys.Root.Send(n.PID("app:jobs"), &actors.Request{Body: &queue.Settle{Delivery: d, Outcome: queue.Ack}, Sys: n.Sys})
		return d
	case <-time.After(time.Minute):
		t.Fatal("nothing was delivered")
		return nil
	}
}

// What others publish is delivered too, and a server that comes back after a
// while is used again.
func TestOthersAndReconnect(t *testing.T) {
	dir, got := t.TempDir(), make(chan *queue.Delivery, 10)
	address, end := serve(t, dir, 0)
	n := newNode(t, "url: "+address, "", taker(got))
	start(t, n)
	actorstest.Must[*messages.Done](t, n, "app:jobs", &queue.Consume{Queue: "app:jobs", To: n.PID("taker"), Limit: 3})

	conn, err := nats.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	foreign := nats.NewMsg("queue.jobs")
	foreign.Header.Set("X-Mine", "yes")
	foreign.Data = []byte(`{"n":1}`)
	if err := conn.PublishMsg(foreign); err != nil {
		t.Fatal(err)
	}
	d := take(t, n, got)
	if d.Body != `{"n":1}` || d.Format != messages.FormatJSON || d.ID == "" || d.Headers["X-Mine"] != "yes" || len(d.Headers) != 1 {
		t.Errorf("got %+v", d.Message)
	}
	conn.Close()

	if err := publish(t, n, "before"); err != nil {
		t.Fatal(err)
	}
	if d := take(t, n, got); d.Body != `"before"` {
		t.Errorf("got %s", d.Body)
	}
	end()
	if err := publish(t, n, "lost"); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("publishing without a server gave %v", err)
	}
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(at.Port())
	serve(t, dir, port)
	actorstest.Until(t, n, "the server is used again", func() bool { return publish(t, n, "after") == nil })
	if d := take(t, n, got); d.Body != `"after"` {
		t.Errorf("got %s", d.Body)
	}
}
