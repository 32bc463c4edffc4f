// Package amqp is the queue driver for brokers that speak AMQP 0.9.1, as RabbitMQ
// does.
package amqp

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/actors/queue"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Config are the fields of queue.driver.amqp.
type Config struct {
	Server    `yaml:",inline"`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// Server says where the broker is and how to talk to it.
type Server struct {
	URL               string        `yaml:"url" default:"amqp://guest:guest@localhost:5672/" doc:"The broker."`
	Vhost             string        `yaml:"vhost" doc:"Virtual host, in place of that of the URL."`
	Name              string        `yaml:"connection_name" doc:"Name of the connections at the broker; the id of the entry if left out."`
	Auth              string        `yaml:"auth_mechanism" default:"PLAIN" oneof:"PLAIN|EXTERNAL|AMQPLAIN" doc:"How to log in. EXTERNAL takes the client certificate."`
	Heartbeat         time.Duration `yaml:"heartbeat" default:"10s" min:"0s" doc:"Interval of signs of life."`
	ConnectionTimeout time.Duration `yaml:"connection_timeout" default:"10s" min:"0s" doc:"Longest time to connect."`
	ReconnectDelay    time.Duration `yaml:"reconnect_delay" default:"1s" min:"1ms" doc:"Delay before a lost connection is made again; it doubles with every failure."`
	ReconnectMaxDelay time.Duration `yaml:"reconnect_max_delay" default:"30s" min:"1ms" doc:"Upper limit of the delay."`
	MessageTTL        time.Duration `yaml:"default_message_ttl" min:"0s" doc:"message_ttl of queues that do not say theirs."`
	QueueTTL          time.Duration `yaml:"default_queue_ttl" min:"0s" doc:"Used where default_message_ttl is left out."`
	QueueExpiry       time.Duration `yaml:"default_queue_expiry" min:"0s" doc:"queue_expiry of queues that do not say theirs."`
	Prefetch          int           `yaml:"prefetch_count" min:"0" doc:"Upper limit of the prefetch of every consumer."`
	FrameSize         int           `yaml:"frame_size" min:"0" doc:"Largest frame in bytes; that of the broker if left out."`
	ChannelMax        int           `yaml:"channel_max" min:"0" max:"65535" doc:"Channels at most; as many as the broker has if left out."`
	TLS               TLS           `yaml:"tls" doc:"Encryption."`
}

// TLS are the fields under tls.
type TLS struct {
	Enabled    bool   `yaml:"enabled" doc:"Encrypt the connection, as a URL with amqps does."`
	ServerName string `yaml:"server_name" doc:"Name in the broker's certificate; the host of the URL if left out."`
	Cert       string `yaml:"cert" doc:"Client certificate as PEM."`
	Key        string `yaml:"key" doc:"Private key as PEM."`
	CA         string `yaml:"ca" doc:"Trusted authorities as PEM, in place of those of the system."`
	Insecure   bool   `yaml:"insecure_skip_verify" doc:"Take any certificate; for tests only."`
}

// build makes the configuration of the connection.
func (c TLS) build() (*tls.Config, error) {
	out := &tls.Config{ServerName: c.ServerName, InsecureSkipVerify: c.Insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // asked for
	if c.Cert != "" || c.Key != "" {
		pair, err := tls.X509KeyPair([]byte(c.Cert), []byte(c.Key))
		if err != nil {
			return nil, messages.Errorf(messages.Invalid, "tls.cert and tls.key: %s", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	if c.CA != "" {
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM([]byte(c.CA)) {
			return nil, messages.Errorf(messages.Invalid, "tls.ca has no certificate in PEM")
		}
	}
	return out, nil
}

// Kind is queue.driver.amqp.
var Kind = actors.Define(actors.Spec[Config]{
	Name: "queue.driver.amqp", Service: true,
	Doc: "Queues at a broker that speaks AMQP 0.9.1. A rejected message is published again, at the end of its queue.",
	Serve: func(env actors.Env, c Config) actor.Actor {
		return &queue.Broker[Server]{
			Env: env, Server: c.Server, Connect: connect,
			Decode: func(e registry.Entry) (Server, error) {
				c, _, problems := registry.Decode[Config](e)
				return c.Server, problems.Err()
			},
			Retry: func(attempt int) time.Duration {
				return messages.Backoff(c.ReconnectDelay, c.ReconnectMaxDelay, 2, 0.1, attempt-1, env.Random())
			},
		}
	},
})
