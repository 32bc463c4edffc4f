package queue_test

import (
	"strings"
	"testing"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/actors/queue/queuetest"
	"github.com/troupe-go/troupe/messages"
)

func TestMemory(t *testing.T) {
	queuetest.Contract(t, queuetest.Driver{Kind: queue.Memory, Fields: func(*testing.T) string { return "" }, Volatile: true})
}

const twoDrivers = `
  - {name: mem, kind: queue.driver.memory}
  - {name: mem2, kind: queue.driver.memory}
`

// What would be lost with another driver keeps a queue where it is, and a full
// queue refuses.
func TestMemoryKeepsWhatItHas(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: queue.Kinds()})
	const list = twoDrivers + "  - {name: jobs, kind: queue.queue, driver: mem, driver_options: {memory: {max_length: 2}}}\n"
	if err := actorstest.Create(t, n, list); err != nil {
		t.Fatal(err)
	}
	publish := func() error {
		_, err := actorstest.Ask(t, n, "app:jobs", &messages.QueuePublish{Data: "x"})
		return err
	}
	moved := strings.Replace(list, "driver: mem,", "driver: mem2,", 1)
	longer := strings.Replace(list, "max_length: 2", "max_length: 3", 1)
	for range 2 {
		if err := publish(); err != nil {
			t.Fatal(err)
		}
	}
	if err := publish(); !messages.IsKind(err, messages.Unavailable) || messages.AsError(err).Retry != messages.RetryYes {
		t.Errorf("publishing to a full queue gave %v", err)
	}
	if err := actorstest.Update(t, n, "app:jobs", moved); !messages.IsKind(err, messages.Invalid) || !strings.Contains(err.Error(), "2 messages") {
		t.Errorf("changing the driver gave %v", err)
	}
	if err := actorstest.Update(t, n, "app:jobs", longer); err != nil {
		t.Fatal(err)
	}
	if err := publish(); err != nil {
		t.Error(err)
	}
	if i := actorstest.Must[*messages.QueueData](t, n, "app:jobs", &messages.QueueInfo{}); i.Messages != 3 {
		t.Errorf("%d messages", i.Messages)
	}
}

func TestMoveAnEmptyQueue(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: queue.Kinds()})
	const list = twoDrivers + "  - {name: jobs, kind: queue.queue, driver: mem}\n"
	if err := actorstest.Create(t, n, list); err != nil {
		t.Fatal(err)
	}
	if err := actorstest.Update(t, n, "app:jobs", strings.Replace(list, "driver: mem}", "driver: mem2}", 1)); err != nil {
		t.Fatal(err)
	}
	actorstest.Must[*messages.Done](t, n, "app:jobs", &messages.QueuePublish{Data: "x"})
	if i := actorstest.Must[*messages.QueueData](t, n, "app:mem2", &queue.Info{Queue: "app:jobs"}); i.Messages != 1 {
		t.Errorf("%d messages", i.Messages)
	}
	if _, err := actorstest.Ask(t, n, "app:mem", &queue.Info{Queue: "app:jobs"}); !messages.IsKind(err, messages.Unavailable) {
		t.Errorf("the driver before still has it: %v", err)
	}
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: 5 * time.Millisecond, 2: 10 * time.Millisecond, 5: 80 * time.Millisecond, 9: time.Second, 1 << 40: time.Second} {
		if got := queue.Backoff(attempt); got != want {
			t.Errorf("attempt %d waits %s, want %s", attempt, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	n := actorstest.Node(t, actorstest.Parts{Components: []actors.Component{actorstest.Entries}, Kinds: queue.Kinds()})
	for fields, want := range map[string]string{
		"concurrency: 1001": "concurrency 1001 exceeds maximum 1000",
		"prefetch: 10001":   "prefetch 10001 exceeds maximum 10000",
	} {
		_, problems := actorstest.Read(n, "  - {name: c, kind: queue.consumer, queue: q, func: f, "+fields+"}\n")
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("%s gave %s", fields, problems)
		}
	}
}
