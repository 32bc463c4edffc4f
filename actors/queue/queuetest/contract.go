package queuetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
)

// Contract checks that a driver does what every driver must do.
func Contract(t *testing.T, d Driver) {
	name := func(*testing.T) string { return "q" }
	if d.Name != nil {
		name = d.Name
	}
	for what, check := range map[string]func(t *testing.T, w *world){
		"what is published before the consumer runs waits": waits,
		"bodies and headers arrive as they were":           unchanged,
		"as many handlers as concurrency says":             concurrency,
		"no more is taken than prefetch says":              prefetch,
		"rejections come again":                            rejections,
		"settled by the handler":                           settledByHand,
		"dead letters":                                     deadLetters,
		"a consumer that stops gives everything back":      stopping,
		"a consumer that stops waits for its handlers":     waitsForHandlers,
		"what waits for a consumer that stops waits":       waitsForTheEnd,
		"a consumer that fails gives everything back":      failing,
		"two consumers share the work":                     sharing,
		"a driver that stops and starts":                   driverRestarts,
		"a driver that is replaced":                        driverReplaced,
		"changes of the entries":                           changes,
		"what cannot be decoded":                           undecodable,
	} {
		t.Run(what, func(t *testing.T) { check(t, newWorld(t, d, d.Fields(t), name(t))) })
	}
	t.Run("a new node finds what waits", func(t *testing.T) {
		if d.Volatile {
			t.Skip("not with this driver")
		}
		fields, name := d.Fields(t), name(t)
		t.Run("one", func(t *testing.T) {
			w := newWorld(t, d, fields, name)
			w.publish("jobs", "a", nil)
			w.publish("jobs", "b", map[string]messages.Value{"n": 7.0})
			w.consume("jobs", "")
			w.next().whenAbandoned(messages.Errorf(messages.Canceled, "cancelled"))
		})
		t.Run("two", func(t *testing.T) {
			w := newWorld(t, d, fields, name)
			w.consume("jobs", ", concurrency: 2")
			if got := w.each(2); got["b"] != 7.0 {
				t.Errorf("got %v", got)
			}
			w.empty("jobs")
		})
	})
}

func waits(t *testing.T, w *world) {
	const n = 25
	for i := range n {
		w.publish("jobs", float64(i), nil)
	}
	actorstest.Until(t, w.node, "all wait", func() bool { i := w.info("jobs"); return i.Messages == n && i.Consumers == 0 && i.Ready })
	w.consume("jobs", "")
	actorstest.Until(t, w.node, "the consumer counts", func() bool { return w.info("jobs").Consumers == 1 })
	for i := range n {
		c := w.next()
		if c.body != float64(i) {
			t.Fatalf("message %d is %v", i, c.body)
		}
		c.done()
	}
	w.empty("jobs")
	w.idle()
}

func unchanged(t *testing.T, w *world) {
	headers := map[string]messages.Value{"text": "ä\n", "empty": "", "whole": 7.0, "broken": 0.1, "yes": true, "no": false, "Mixed-Case": "x"}
	w.consume("jobs", "")
	w.consume("plain", "")
	table := (&messages.Table{Array: []messages.Value{1.0, "x"}}).Set("k", &messages.Table{Array: []messages.Value{false}})
	for _, queue := range []string{"jobs", "plain"} {
		ids := map[string]bool{}
		for _, body := range []messages.Value{"text", "", 1.5, true, false, &messages.Table{Array: []messages.Value{1.0, "x"}}, strings.Repeat("long ", 100_000)} {
			w.publish(queue, body, headers)
			c := w.next()
			if fmt.Sprint(messages.Native(c.body)) != fmt.Sprint(messages.Native(body)) || !maps.Equal(c.headers, headers) || c.id == "" || ids[c.id] {
				t.Errorf("%s: %.20v came as %.20v with %v, id %s", queue, body, c.body, c.headers, c.id)
			}
			ids[c.id] = true
			c.done()
		}
	}
	w.publish("jobs", table, nil)
	c := w.next()
	if k, ok := c.body.(*messages.Table); !ok || k.Get("k") == nil || len(c.headers) != 0 {
		t.Errorf("got %v with %v", c.body, c.headers)
	}
	c.done()
	w.publish("jobs", "\xff\x00", nil)
	c = w.next()
	if c.body != "\xff\x00" {
		t.Errorf("bytes came as %q", c.body)
	}
	c.done()
}

func concurrency(t *testing.T, w *world) {
	for i := range 10 {
		w.publish("jobs", float64(i), nil)
	}
	w.consume("jobs", ", concurrency: 3, prefetch: 1")
	now := w.all(3)
	w.idle()
	for range 7 {
		now[0].done()
		now = append(now[1:], w.next())
	}
	for _, c := range now {
		c.done()
	}
	w.empty("jobs")
}

func prefetch(t *testing.T, w *world) {
	for i := range 10 {
		w.publish("jobs", float64(i), nil)
	}
	w.consume("jobs", ", prefetch: 4")
	first := w.next()
	actorstest.Until(t, w.node, "4 are taken", func() bool { return w.info("jobs").Messages == 6 })
	w.idle()
	if n := w.info("jobs").Messages; n != 6 {
		t.Errorf("%d wait", n)
	}
	if err := first.Ack(); err != nil { // makes room, although the handler is busy
		t.Error(err)
	}
	actorstest.Until(t, w.node, "one more is taken", func() bool { return w.info("jobs").Messages == 5 })
	first.done()
	for range 9 {
		w.next().done()
	}
	w.empty("jobs")
}

func rejections(t *testing.T, w *world) {
	headers := map[string]messages.Value{"n": 1.0}
	for _, body := range []string{"a", "b", "c"} {
		w.publish("plain", body, headers)
	}
	w.consume("plain", "")
	ids, count := map[messages.Value]string{}, map[messages.Value]int{}
	for range 3 * 4 {
		c := w.next()
		count[c.body]++
		if id := ids[c.body]; id != "" && id != c.id || !maps.Equal(c.headers, headers) {
			t.Errorf("%v: id %s, then %s; headers %v", c.body, id, c.id, c.headers)
		}
		ids[c.body] = c.id
		switch count[c.body] {
		case 1:
			c.fail("raised")
		case 2:
			c.reply(&messages.FunctionResult{Values: []messages.Value{false}})
		case 3:
			c.reply(&messages.FunctionResult{Values: []messages.Value{messages.Errorf(messages.Conflict, "returned")}})
		default:
			c.reply(&messages.FunctionResult{Values: []messages.Value{"anything"}})
		}
	}
	w.empty("plain")
	w.idle()
}

func settledByHand(t *testing.T, w *world) {
	w.consume("plain", "")
	w.publish("plain", "a", nil)
	c := w.next()
	if err := c.Nack(); err != nil {
		t.Error(err)
	}
	for _, f := range []func() error{c.Ack, c.Nack} {
		if err := f(); !messages.IsKind(err, messages.Invalid) || err.Error() != "queue.Message already settled" {
			t.Errorf("settling twice gave %v", err)
		}
	}
	c.done()
	again := w.next()
	if again.id != c.id {
		t.Errorf("another message came: %v", again.body)
	}
	for _, f := range []func() error{c.Ack, c.Nack, func() error { _, _, err := c.Message(); return err }} {
		if err := f(); !messages.IsKind(err, messages.Invalid) || err.Error() != "queue.Message released" {
			t.Errorf("use after the handler returned gave %v", err)
		}
	}
	if err := again.Ack(); err != nil {
		t.Error(err)
	}
	again.fail("too late")
	w.empty("plain")
	w.idle()
}

func deadLetters(t *testing.T, w *world) {
	w.consume("jobs", "")
	w.consume("dead", "")
	w.publish("jobs", "poison", map[string]messages.Value{"mine": "kept"})
	for range 3 {
		w.next().fail("no " + strings.Repeat("x", 5000))
	}
	c := w.next()
	reason, _ := c.headers["x-death-reason"].(string)
	if c.body != "poison" || c.headers["mine"] != "kept" || c.headers["x-death-queue"] != "app:jobs" || c.headers["x-death-attempts"] != 3.0 || !strings.HasPrefix(reason, "no xxx") || len(reason) > 2000 {
		t.Errorf("got %v with %v", c.body, c.headers)
	}
	c.done()
	w.empty("jobs")
	w.idle()
}

func stopping(t *testing.T, w *world) {
	for i := range 6 {
		w.publish("jobs", float64(i), nil)
	}
	w.consume("jobs", ", concurrency: 2")
	for _, c := range w.all(2) {
		c.whenAbandoned(messages.Errorf(messages.Canceled, "cancelled"))
	}
	w.stop("c_jobs")
	w.idle()
	if i := w.info("jobs"); i.Messages != 6 || i.Consumers != 0 {
		t.Errorf("%+v", i)
	}
	w.publish("jobs", 6.0, nil)
	w.start("c_jobs")
	w.each(7)
	w.empty("jobs")
}

func waitsForHandlers(t *testing.T, w *world) {
	w.publish("jobs", "good", nil)
	w.publish("jobs", "stubborn", nil)
	w.consume("jobs", ", concurrency: 2, lifecycle: {stop_timeout: 400ms}")
	calls := w.all(2)
	slices.SortFunc(calls, func(a, b *call) int { return strings.Compare(a.body.(string), b.body.(string)) })
	good, stubborn := calls[0], calls[1]
	good.whenAbandoned(&messages.FunctionResult{})
	_, err := actorstest.Ask(t, w.node, "app:c_jobs", &actors.Stop{})
	if !messages.IsKind(err, messages.Timeout) || !strings.Contains(err.Error(), "stop timeout") {
		t.Errorf("stopping gave %v", err)
	}
	if err := stubborn.Ack(); err == nil || err.Error() != "queue.Message released" {
		t.Errorf("settling after the stop gave %v", err)
	}
	w.start("c_jobs")
	again := w.next()
	if again.id != stubborn.id {
		t.Errorf("%v came again", again.body)
	}
	stubborn.done() // late, and of no consequence
	again.done()
	w.empty("jobs")
	w.idle()
}

// While a consumer waits for its last handler it is not given again and again what it
// has no handler for: that would count as attempts, and end as a dead letter.
func waitsForTheEnd(t *testing.T, w *world) {
	w.publish("jobs", "busy", nil)
	w.publish("jobs", "next", nil)
	w.consume("jobs", ", prefetch: 2, lifecycle: {stop_timeout: 400ms}")
	stubborn := w.next()
	if _, err := actorstest.Ask(t, w.node, "app:c_jobs", &actors.Stop{}); !messages.IsKind(err, messages.Timeout) {
		t.Errorf("stopping gave %v", err)
	}
	stubborn.done() // late, and of no consequence
	w.start("c_jobs")
	count := map[messages.Value]int{}
	for count["busy"] < 1 || count["next"] < 2 {
		c := w.next()
		if count[c.body]++; c.body == "next" && count[c.body] == 1 {
			c.fail("once")
		} else {
			c.done()
		}
	}
	w.empty("jobs")
	if n := w.info("dead").Messages; n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

func failing(t *testing.T, w *world) {
	for i := range 5 {
		w.publish("jobs", float64(i), nil)
	}
	w.consume("jobs", "")
	w.next()
	actorstest.Remove(t, w.node, "app:c_jobs") // without a stop: its actor is gone all at once
	w.start("other")
	defer w.stop("other")
	w.each(5)
	w.empty("jobs")
}

func sharing(t *testing.T, w *world) {
	w.consume("jobs", ", prefetch: 1")
	if err := w.update("other", "kind: queue.consumer, queue: jobs, func: handle, prefetch: 1"); err != nil {
		t.Fatal(err)
	}
	w.start("other")
	defer w.stop("other")
	for i := range 4 {
		w.publish("jobs", float64(i), nil)
	}
	calls := w.all(2)
	w.idle()
	actorstest.Until(t, w.node, "both consumers count", func() bool { return w.info("jobs").Consumers == 2 })
	for _, c := range append(calls, nil, nil) {
		if c == nil {
			c = w.next()
		}
		c.done()
	}
	w.empty("jobs")
}

func driverRestarts(t *testing.T, w *world) {
	w.publish("jobs", "a", nil)
	w.stop("drv")
	w.start("drv")
	w.publish("jobs", "b", nil)
	w.consume("jobs", "")
	w.next().done()
	w.next().done()
	w.stop("drv")
	w.start("drv")
	w.publish("jobs", "c", nil)
	for {
		c := w.next()
		c.done()
		if c.body == "c" { // what the driver did not hear of any more comes again
			break
		}
	}
	w.empty("jobs")
}

// driverReplaced has the actor of the driver replaced below a queue that is in
// use.
func driverReplaced(t *testing.T, w *world) {
	w.publish("jobs", "a", nil)
	w.consume("jobs", "")
	w.next().done()
	w.empty("jobs")
	w.replaceDriver()
	actorstest.Until(t, w.node, "the queue has the new driver", func() bool {
		v, err := actors.As[*messages.QueueData](actorstest.Ask(t, w.node, "app:jobs", &messages.QueueInfo{}))
		return err == nil && v.Ready && v.Consumers == 1
	})
	w.publish("jobs", "b", nil)
	if c := w.next(); c.body != "b" {
		t.Errorf("got %v", c.body)
	} else {
		c.done()
	}
	w.empty("jobs")
}

// changes of queues and consumers lose nothing.
func changes(t *testing.T, w *world) {
	for i := range 3 {
		w.publish("jobs", float64(i), nil)
	}
	jobs := "kind: queue.queue, driver: drv, queue_name: " + w.name + "_jobs, "
	if err := w.update("jobs", jobs+"codec: json/plain"); err != nil {
		t.Fatal(err)
	}
	w.publish("jobs", 3.0, nil)
	if err := w.update("jobs", jobs+"codec: nonsense"); err == nil {
		t.Error("an unknown codec was accepted")
	}
	if err := w.update("jobs", jobs+"dead_letter: {queue: jobs}"); err == nil {
		t.Error("a queue is its own dead letter queue")
	}
	w.consume("jobs", "")
	first := w.next()
	if err := w.update("c_jobs", "kind: queue.consumer, queue: jobs, func: handle, concurrency: 2, prefetch: 3"); err != nil {
		t.Fatal(err)
	}
	second := w.next()
	w.idle()
	first.done()
	second.done()
	w.next().done()
	w.next().done()
	w.empty("jobs")
	if err := w.update("c_jobs", "kind: queue.consumer, queue: plain, func: handle"); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("another queue gave %v", err)
	}
}

func undecodable(t *testing.T, w *world) {
	w.consume("jobs", "")
	w.consume("dead", "")
	actorstest.Must[*messages.Done](t, w.node, "app:jobs", &queue.Put{Message: &queue.Message{ID: "x", Format: messages.FormatJSON, Body: "{broken"}})
	w.publish("jobs", "whole", nil)
	if c := w.next(); c.body != "whole" {
		t.Errorf("got %v", c.body)
	} else {
		c.done()
	}
	actorstest.Until(t, w.node, "it is a dead letter, which cannot be decoded either", func() bool { return w.info("jobs").Messages == 0 && w.info("dead").Messages == 1 })
}
