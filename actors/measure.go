package actors

import "github.com/troupe-go/troupe/messages"

// MetricName is the name of a metric of the runtime itself, with the prefix that
// the configuration gives.
func (n *Node) MetricName(name string) string {
	prefix, _ := n.Config["metrics.prefix"].(string)
	if prefix == "" {
		prefix = "troupe_"
	}
	return prefix + name
}

// Measure changes a metric of the runtime. Nothing waits for it; without a
// collector it does nothing.
func (n *Node) Measure(op messages.MetricOp, name string, value float64, labels map[string]string) {
	body := &messages.MetricUpdate{Op: op, Name: n.MetricName(name), Value: value, Labels: labels}
	if to := n.Commands.Lookup(body); to != nil {
		n.Sys.Root.Send(to, &Request{Body: body, Sys: n.Sys})
	}
}
