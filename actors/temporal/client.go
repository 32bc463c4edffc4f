package temporal

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// ClientConfig are the fields of temporal.client.
type ClientConfig struct {
	Address   string     `yaml:"address" required:"true" doc:"The server, host:port."`
	Namespace string     `yaml:"namespace" default:"default" doc:"The namespace on the server."`
	Prefix    string     `yaml:"tq_prefix" doc:"Put in front of the task queues of its workers."`
	Auth      AuthConfig `yaml:"auth" doc:"How the client says who it is."`
	TLS       *TLSConfig `yaml:"tls" doc:"How the connection is encrypted. Without it, it is with an API key or a certificate of its own, and not without."`

	ConnectionTimeout time.Duration `yaml:"connection_timeout" default:"10s" min:"1ms" doc:"Longest time to connect."`
	KeepAliveTime     time.Duration `yaml:"keep_alive_time" default:"30s" min:"0s" doc:"How often a silent connection is tried."`
	KeepAliveTimeout  time.Duration `yaml:"keep_alive_timeout" default:"10s" min:"0s" doc:"How long the server may take to answer that."`

	HealthCheck struct {
		Enabled  bool          `yaml:"enabled" doc:"Ask the server whether it is well; while it is not, the client is a service that has failed."`
		Interval time.Duration `yaml:"interval" default:"30s" min:"1ms" doc:"How often."`
	} `yaml:"health_check" doc:"Whether the server is looked after."`
	Lifecycle actors.Lifecycle `yaml:"lifecycle" doc:"When it runs."`
}

// AuthConfig says who a client is.
type AuthConfig struct {
	Type       string `yaml:"type" default:"none" oneof:"none|api_key|mtls" doc:"none, an API key, or a certificate."`
	APIKey     string `yaml:"api_key" doc:"The API key."`
	APIKeyEnv  string `yaml:"api_key_env" doc:"Environment variable with the API key."`
	APIKeyFile string `yaml:"api_key_file" doc:"File with the API key."`
	CertFile   string `yaml:"cert_file" doc:"File with the certificate as PEM."`
	CertPEM    string `yaml:"cert_pem" doc:"The certificate as PEM."`
	KeyFile    string `yaml:"key_file" doc:"File with the private key as PEM."`
	KeyPEM     string `yaml:"key_pem" doc:"The private key as PEM."`
	KeyPEMEnv  string `yaml:"key_pem_env" doc:"Environment variable with the private key."`
}

// TLSConfig says how a connection is encrypted.
type TLSConfig struct {
	Enabled    bool   `yaml:"enabled" doc:"Encrypt the connection."`
	CAFile     string `yaml:"ca_file" doc:"File with the trusted authorities as PEM; without it those of the system."`
	ServerName string `yaml:"server_name" doc:"Name in the certificate of the server, where it is not that of the address."`
	Insecure   bool   `yaml:"insecure_skip_verify" doc:"Take any certificate: for tests only."`
}

// Validate implements registry.Validator.
func (a *AuthConfig) Validate() error {
	wrong := func(field, text, hint string) error {
		return &registry.FieldError{Path: []string{field}, Text: text, Hint: hint}
	}
	key := a.APIKey != "" || a.APIKeyEnv != "" || a.APIKeyFile != ""
	switch {
	case a.Type == "api_key" && !key:
		return wrong("api_key", "the API key is missing", "write api_key, api_key_env or api_key_file")
	case a.Type == "mtls" && a.CertFile == "" && a.CertPEM == "":
		return wrong("cert_file", "the certificate is missing", "write cert_file or cert_pem")
	case a.Type == "mtls" && a.KeyFile == "" && a.KeyPEM == "" && a.KeyPEMEnv == "":
		return wrong("key_file", "the private key is missing", "write key_file, key_pem or key_pem_env")
	}
	return nil
}

var clientKind = actors.Define(actors.Spec[ClientConfig]{
	Name: "temporal.client", Doc: "A connection to a Temporal server.", Service: true,
	Serve: func(env actors.Env, c ClientConfig) actor.Actor { return &link{env: env, config: c} },
})

// link is the actor of a temporal.client. The connection lives until it is
// stopped: it connects again by itself.
type link struct {
	env    actors.Env
	config ClientConfig // as written
	conn   client.Client
	look   func()       // stops the next look at the server
	users  []*actor.PID // who has the connection
}

// connect asks a temporal.client for its connection. Answered with *connection;
// when that is closed, By is sent closed.
type connect struct{ By *actor.PID }

type closed struct{ conn client.Client }

type connection struct {
	client.Client
	id        string // of the entry
	namespace string
	prefix    string
}

// Start implements actors.Starter.
func (l *link) Start(ctx context.Context) error {
	c, err := actors.Configure[ClientConfig](ctx, l.env, l.env.Entry)
	if err != nil {
		return err
	}
	l.config = c
	if l.conn == nil {
		v, err := actors.Await(ctx, func() (any, error) { return dial(l.env, c) })
		if err != nil {
			return messages.Because(messages.Unavailable, "connecting "+l.env.ID+" to Temporal at "+c.Address, err).WithRetry(true)
		}
		l.conn = v.(client.Client)
	} else if err := l.check(ctx); err != nil {
		return err
	}
	l.lookLater()
	return nil
}

// Stop implements actors.Stopper.
func (l *link) Stop(context.Context) error {
	l.close()
	return nil
}

func (l *link) close() {
	if l.look != nil {
		l.look()
		l.look = nil
	}
	if conn := l.conn; conn != nil {
		l.conn = nil
		for _, u := range l.users {
			l.env.Sys.Root.Send(u, &closed{conn})
		}
		l.users = nil
		l.env.Go(conn.Close) // it waits for what is on its way
	}
}

func (l *link) check(ctx context.Context) error {
	conn, limit := l.conn, l.config.ConnectionTimeout
	_, err := actors.Await(ctx, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return conn.CheckHealth(ctx, &client.CheckHealthRequest{})
	})
	if err != nil {
		return messages.Because(messages.Unavailable, "the Temporal server at "+l.config.Address+" is not well", fromTemporal(err)).WithRetry(true)
	}
	return nil
}

// lookLater looks after the server. A server that is not well makes a service that
// has failed: the supervisor has it look again, with growing delays.
func (l *link) lookLater() {
	if !l.config.HealthCheck.Enabled {
		return
	}
	l.look = l.env.Cell.After(l.config.HealthCheck.Interval, func() {
		l.look = nil
		l.env.Cell.Script(func(ctx context.Context) {
			conn := l.conn
			err := l.check(ctx)
			switch {
			case l.conn != conn || conn == nil: // it was stopped meanwhile
			case err != nil:
				l.env.Cell.Tell(l.env.PID("supervisor"), &actors.ServiceEnded{ID: l.env.ID, Err: messages.AsError(err)})
			default:
				l.lookLater()
			}
		})
	})
}

// Receive implements actor.Actor.
func (l *link) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		l.close()
	case *actors.Request:
		b, ok := m.Body.(*connect)
		switch {
		case !ok:
			actors.Unknown(m, l.env.ID)
		case l.conn == nil:
			m.Reply(messages.Errorf(messages.Unavailable, "client %s is not running", l.env.ID))
		default:
			if !slices.ContainsFunc(l.users, b.By.Equal) {
				l.users = append(l.users, b.By)
			}
			m.Reply(&connection{l.conn, l.env.ID, l.config.Namespace, l.config.Prefix})
		}
	}
}

func dial(env actors.Env, c ClientConfig) (client.Client, error) {
	opt := client.Options{
		HostPort: c.Address, Namespace: c.Namespace, Logger: logger{env.Log.With("client", env.ID)},
		DataConverter: dataConverter, FailureConverter: failureConverter,
		ContextPropagators: []workflow.ContextPropagator{propagator{}},
		ConnectionOptions: client.ConnectionOptions{
			KeepAliveTime: c.KeepAliveTime, KeepAliveTimeout: c.KeepAliveTimeout, GetSystemInfoTimeout: c.ConnectionTimeout,
		},
	}
	if err := secure(&opt, c); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.ConnectionTimeout)
	defer cancel()
	conn, err := client.DialContext(ctx, opt)
	if err != nil {
		return nil, fromTemporal(err)
	}
	return conn, nil
}

// secure says who the client is and how it is encrypted.
func secure(opt *client.Options, c ClientConfig) error {
	t := c.TLS
	if t == nil {
		t = &TLSConfig{Enabled: c.Auth.Type != "none"}
	}
	if !t.Enabled {
		opt.ConnectionOptions.TLSDisabled = true
	} else {
		conf := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // as the entry wants
		if t.CAFile != "" {
			pem, err := read("", t.CAFile, "tls.ca_file")
			if err != nil {
				return err
			}
			conf.RootCAs = x509.NewCertPool()
			if !conf.RootCAs.AppendCertsFromPEM([]byte(pem)) {
				return messages.Errorf(messages.Invalid, "tls.ca_file: %s has no certificates as PEM", t.CAFile)
			}
		}
		opt.ConnectionOptions.TLS = conf
	}
	switch c.Auth.Type {
	case "api_key":
		key, err := read(c.Auth.APIKey, c.Auth.APIKeyFile, "auth.api_key_file")
		if err != nil {
			return err
		}
		if key = strings.TrimSpace(key); key == "" {
			return messages.Errorf(messages.Invalid, "auth: the API key is empty")
		}
		opt.Credentials = client.NewAPIKeyStaticCredentials(key)
	case "mtls":
		if !t.Enabled {
			return messages.Errorf(messages.Invalid, "auth.type is mtls and tls.enabled is false: a certificate needs an encrypted connection")
		}
		cert, err := read(c.Auth.CertPEM, c.Auth.CertFile, "auth.cert_file")
		if err != nil {
			return err
		}
		key, err := read(c.Auth.KeyPEM, c.Auth.KeyFile, "auth.key_file")
		if err != nil {
			return err
		}
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			return messages.Because(messages.Invalid, "auth: certificate and private key", err)
		}
		opt.ConnectionOptions.TLS.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// read gives a text that is written in the entry or in a file.
func read(text, file, field string) (string, error) {
	if text != "" || file == "" {
		return text, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", messages.Because(messages.Invalid, field, err)
	}
	return string(data), nil
}
