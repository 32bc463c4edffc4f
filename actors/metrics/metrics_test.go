package metrics

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/actorstest"
	"github.com/troupe-go/troupe/messages"
)

func node(t *testing.T, config map[string]any) *actors.Node {
	t.Helper()
	return actorstest.Node(t, actorstest.Parts{Components: []actors.Component{Component}, Config: config})
}

// ofPrograms leaves out what the runtime tells of itself.
func ofPrograms(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimPrefix(line, "# TYPE "), "troupe_") {
			out.WriteString(line)
		}
	}
	return out.String()
}

func TestRuntime(t *testing.T) {
	n := node(t, map[string]any{"metrics.prefix": "my_"})
	if _, err := actorstest.Ask(t, n, "metrics", &messages.MetricUpdate{Name: "my_processes", Value: 3}); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	got := actorstest.Must[string](t, n, "metrics", &Render{})
	for _, want := range []string{"# TYPE my_goroutines gauge\nmy_goroutines ", "\nmy_uptime_seconds ", "\nmy_memory_heap_bytes ", "\nmy_memory_total_bytes ", "# TYPE my_gc_cycles_total counter\n", "my_processes 3\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestRender(t *testing.T) {
	n := node(t, nil)
	for _, m := range []messages.MetricUpdate{
		{Name: "orders.total", Value: 1, Labels: map[string]string{"shop": "a\"b\\\n", "1st": "x"}},
		{Name: "orders.total", Value: 2.5, Labels: map[string]string{"1st": "x", "shop": "a\"b\\\n"}},
		{Name: "orders.total", Value: 0},
		{Op: messages.GaugeSet, Name: "depth", Value: 7},
		{Op: messages.GaugeAdd, Name: "depth", Value: -1},
		{Op: messages.HistogramObserve, Name: "wait", Value: 0.1},
		{Op: messages.HistogramObserve, Name: "wait", Value: 3},
		{Op: messages.HistogramObserve, Name: "wait", Value: 99},
	} {
		if _, err := actorstest.Ask(t, n, "metrics", &m); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
	got := ofPrograms(actorstest.Must[string](t, n, "metrics", &Render{}))
	want := `# TYPE depth gauge
depth 6
# TYPE orders_total counter
orders_total 0
orders_total{_1st="x",shop="a\"b\\\n"} 3.5
# TYPE wait histogram
wait_bucket{le="0.005"} 0
wait_bucket{le="0.01"} 0
wait_bucket{le="0.025"} 0
wait_bucket{le="0.05"} 0
wait_bucket{le="0.1"} 1
wait_bucket{le="0.25"} 1
wait_bucket{le="0.5"} 1
wait_bucket{le="1"} 1
wait_bucket{le="2.5"} 1
wait_bucket{le="5"} 2
wait_bucket{le="10"} 2
wait_bucket{le="+Inf"} 3
wait_sum 102.1
wait_count 3
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRefusals(t *testing.T) {
	n := node(t, nil)
	if _, err := actorstest.Ask(t, n, "metrics", &messages.MetricUpdate{Name: "a", Value: 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m    messages.MetricUpdate
		kind string
	}{
		{messages.MetricUpdate{Op: messages.GaugeSet, Name: "a"}, messages.Conflict},
		{messages.MetricUpdate{Name: ""}, messages.Invalid},
		{messages.MetricUpdate{Name: "a", Value: -1}, messages.Invalid},
		{messages.MetricUpdate{Op: 99, Name: "b"}, messages.Invalid},
	} {
		if _, err := actorstest.Ask(t, n, "metrics", &c.m); !messages.IsKind(err, c.kind) {
			t.Errorf("%+v gave %v, not %s", c.m, err, c.kind)
		}
	}
	if got, want := ofPrograms(actorstest.Must[string](t, n, "metrics", &Render{})), "# TYPE a counter\na 1\n"; got != want {
		t.Errorf("after the refusals:\n%s\nwant\n%s", got, want)
	}
}

// No more series than the limit; those that are there go on.
func TestSeriesLimit(t *testing.T) {
	c := collection{families: map[string]*family{}}
	for i := range maxSeries {
		if err := c.update(&messages.MetricUpdate{Name: "a", Labels: map[string]string{"i": fmt.Sprint(i)}}); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := c.update(&messages.MetricUpdate{Name: "b"}); !messages.IsKind(err, messages.Internal) {
		t.Errorf("one more series gave %v", err)
	}
	if err := c.update(&messages.MetricUpdate{Name: "a", Labels: map[string]string{"i": "0"}}); err != nil {
		t.Errorf("a known series gave %v", err)
	}
}

func TestServe(t *testing.T) {
	n := node(t, map[string]any{"prometheus.enabled": true, "prometheus.address": "127.0.0.1:0"})
	if _, err := actorstest.Ask(t, n, "metrics", &messages.MetricUpdate{Name: "hits", Value: 2}); err != nil {
		t.Fatal(err)
	}
	addr := actorstest.Must[string](t, n, "metrics", &where{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || ofPrograms(string(body)) != "# TYPE hits counter\nhits 2\n" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("served %q as %q, %v", body, res.Header.Get("Content-Type"), err)
	}
}

func TestNotServed(t *testing.T) {
	for _, config := range []map[string]any{nil, {"prometheus.address": "127.0.0.1:0"}, {"prometheus.enabled": true}} {
		n := node(t, config)
		if addr := actorstest.Must[string](t, n, "metrics", &where{}); addr != "" {
			t.Errorf("with %v metrics are served on %s", config, addr)
		}
	}
}
