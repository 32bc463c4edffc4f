// Package jetstream is the queue driver for NATS JetStream: a server inside the
// node that keeps its queues on disk, or a remote one. It stands apart from package
// queue because of what it brings along.
package jetstream

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Config are the fields of queue.driver.jetstream.
type Config struct {
	Server    `yaml:",inline"`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Server says where the queues are.
type Server struct {
	DataDir string `yaml:"data_dir" doc:"Directory of the queues of a server inside this node. Only one node may use it at a time. Exclusive with url."`
	Sync    bool   `yaml:"sync" doc:"With data_dir: a message is on the disk before its publisher hears of it. Without it a message survives the end of the process, but perhaps not that of the machine."`
	URL     string `yaml:"url" doc:"Servers to connect to, as in nats://user:password@host:4222, separated by commas. Exclusive with data_dir."`
}

// Validate implements registry.Validator.
func (c *Config) Validate() error {
	if (c.DataDir == "") == (c.URL == "") {
		return messages.Errorf(messages.Invalid, "give either data_dir, for a server inside the node, or url, for a remote one")
	}
	return nil
}

// Kind is queue.driver.jetstream.
var Kind = actors.Define(actors.Spec[Config]{
	Name: "queue.driver.jetstream", Service: true,
	Doc: "Queues in NATS JetStream, on this node's disk or on a server. Each queue is a stream of its name with the subject queue.NAME.",
	Serve: func(env actors.Env, c Config) actor.Actor {
		return &queue.Broker[Server]{
			Env: env, Server: c.Server, Connect: connect,
			Decode: func(e registry.Entry) (Server, error) {
				c, _, problems := registry.Decode[Config](e)
				return c.Server, problems.Err()
			},
			Retry: func(int) time.Duration { return time.Second }, // the client connects again by itself
		}
	},
})
