// Package queuetest is the contract of queue drivers: what each of them must do,
// as a test.
package queuetest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
)

// patience is how long a test waits for what must come: servers give some messages
// again only when they have waited for a sign of life.
const patience = time.Minute

// world is a node with a driver, two queues, a consumer and a handler that is
// written in Go.
type world struct {
	*testing.T
	node   *actors.Node
	kind   string // of the driver
	fields string
	name   string // that those at the broker begin with
	calls  chan *call

	repeats bool // as Driver has it
}

// call is a call of the handler: the test decides how it ends.
type call struct {
	message
	id        string
	headers   map[string]messages.Value
	body      messages.Value
	context   *messages.Context
	abandoned chan struct{}
	reply     func(any)
}

// message is what the handler finds in its context.
type message interface {
	Message() (string, map[string]messages.Value, error)
	Ack() error
	Nack() error
}

func (c *call) done()            { c.reply(&messages.FunctionResult{}) }
func (c *call) fail(text string) { c.reply(messages.Errorf(messages.Internal, "%s", text)) }

// whenAbandoned ends the call once nobody needs it any more.
func (c *call) whenAbandoned(result any) {
	go func() {
		<-c.abandoned
		c.reply(result)
	}()
}

type handlerConfig struct{}

// handler is the kind of functions that hand their calls to the test.
func (w *world) handler() actors.Kind {
	return actors.Define(actors.Spec[handlerConfig]{
		Name: "function.test", Doc: "A function of a test.",
		Serve: func(actors.Env, handlerConfig) actor.Actor {
			abandoned := map[uint64]chan struct{}{}
			return actor.ReceiveFunc(func(ctx actor.Context) {
				switch m := ctx.Message().(type) {
				case *actors.Abandon:
					close(abandoned[m.Tag])
				case *actors.Request:
					b, ok := m.Body.(*actors.CallWith)
					if !ok {
						m.Done() // of its life
						return
					}
					c := &call{message: b.Request.(message), body: b.Args[0], context: b.Context, reply: m.Reply, abandoned: make(chan struct{})}
					c.id, c.headers, _ = c.Message()
					abandoned[m.Tag] = c.abandoned
					w.calls <- c
				}
			})
		},
	})
}

// Driver says what to test.
type Driver struct {
	Kind   actors.Kind
	Fields func(t *testing.T) string // fields of the driver's entry, as in "url: x, "
	Name   func(t *testing.T) string // of the queue at the broker; nil if names need not differ

	Volatile bool // forgets everything with its node
	Repeats  bool // may give a message twice when its consumer goes away
}

// entries returns the entries of the test with other fields for one of them.
func (w *world) entries(name, fields string) string {
	list := map[string]string{
		"drv":     "kind: " + w.kind + w.fields,
		"handle":  "kind: function.test",
		"dead":    "kind: queue.queue, driver: drv, queue_name: " + w.name + "_dead",
		"jobs":    "kind: queue.queue, driver: drv, queue_name: " + w.name + "_jobs, codec: application/msgpack, dead_letter: {queue: dead, max_attempts: 3}",
		"plain":   "kind: queue.queue, driver: drv, queue_name: " + w.name + "_plain",
		"c_dead":  "kind: queue.consumer, queue: dead, func: handle",
		"c_jobs":  "kind: queue.consumer, queue: jobs, func: handle",
		"c_plain": "kind: queue.consumer, queue: plain, func: handle",
		"other":   "kind: queue.consumer, queue: jobs, func: handle",
	}
	if fields != "" {
		list[name] = fields
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(list)) {
		b.WriteString("  - {name: " + name + ", " + list[name] + "}\n")
	}
	return b.String()
}

// update gives an entry other fields.
func (w *world) update(name, fields string) error {
	w.Helper()
	return actorstest.Update(w, w.node, "app:"+name, w.entries(name, fields))
}

// newWorld starts a node with the entries of the test; the driver runs.
func newWorld(t *testing.T, d Driver, fields, name string) *world {
	if fields != "" {
		fields = ", " + fields
	}
	w := &world{T: t, kind: d.Kind.Name, fields: fields, name: name, calls: make(chan *call, 1000), repeats: d.Repeats}
	w.node = actorstest.Node(t, actorstest.Parts{
		Components: []actors.Component{actorstest.Entries},
		Kinds:      slices.Concat(queue.Kinds(), []actors.Kind{d.Kind, w.handler()}),
	})
	if err := actorstest.Create(t, w.node, w.entries("", "")); err != nil {
		t.Fatal(err)
	}
	w.start("drv")
	t.Cleanup(func() {
		_, _ = actorstest.Ask(t, w.node, "app:drv", &actors.Stop{}) // it may be stopped already
		actorstest.Remove(t, w.node, "app:drv")
	})
	return w
}

// replaceDriver gives the driver's entry a new actor.
func (w *world) replaceDriver() {
	w.Helper()
	w.stop("drv")
	actorstest.Remove(w, w.node, "app:drv")
	if err := actorstest.Create(w, w.node, "  - {name: drv, kind: "+w.kind+w.fields+"}\n"); err != nil {
		w.Fatal(err)
	}
	w.start("drv")
}

func (w *world) start(name string) {
	w.Helper()
	actorstest.Must[*messages.Done](w, w.node, "app:"+name, &actors.Start{})
}

func (w *world) stop(name string) {
	w.Helper()
	actorstest.Must[*messages.Done](w, w.node, "app:"+name, &actors.Stop{})
}

// consume starts the consumer of a queue with more fields.
func (w *world) consume(queue, fields string) {
	w.Helper()
	if err := w.update("c_"+queue, "kind: queue.consumer, queue: "+queue+", func: handle"+fields); err != nil {
		w.Fatal(err)
	}
	w.start("c_" + queue)
	w.Cleanup(func() { _, _ = actorstest.Ask(w, w.node, "app:c_"+queue, &actors.Stop{}) }) // the test may have stopped it
}

func (w *world) publish(queue string, data messages.Value, headers map[string]messages.Value) {
	w.Helper()
	actorstest.Must[*messages.Done](w, w.node, "app:"+queue, &messages.QueuePublish{Data: data, Headers: headers})
}

func (w *world) next() *call {
	w.Helper()
	select {
	case c := <-w.calls:
		return c
	case <-time.After(patience):
		w.Fatal("the handler was not called")
		return nil
	}
}

// all takes n calls.
func (w *world) all(n int) []*call {
	w.Helper()
	out := make([]*call, n)
	for i := range out {
		out[i] = w.next()
	}
	return out
}

// each takes calls until n different messages have come, and ends them. It returns
// their header n by their bodies.
func (w *world) each(n int) map[messages.Value]messages.Value {
	w.Helper()
	got := map[messages.Value]messages.Value{}
	for len(got) < n {
		c := w.next()
		if _, again := got[c.body]; again && !w.repeats {
			w.Errorf("%v came twice; until then there were %v", c.body, got)
		}
		got[c.body] = c.headers["n"]
		c.done()
	}
	return got
}

// idle checks that no call comes in the moment in which one would.
func (w *world) idle() {
	w.Helper()
	select {
	case c := <-w.calls:
		w.Fatalf("the handler was called with %v", c.body)
	case <-time.After(50 * time.Millisecond):
	}
}

// empty waits until nothing is left in a queue.
func (w *world) empty(queue string) {
	w.Helper()
	actorstest.Until(w, w.node, queue+" is empty", func() bool { return w.info(queue).Messages == 0 })
}

func (w *world) info(queue string) *messages.QueueData {
	w.Helper()
	return actorstest.Must[*messages.QueueData](w, w.node, "app:"+queue, &messages.QueueInfo{})
}
