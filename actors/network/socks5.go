// Package network serves the ways out of this machine that programs can choose.
package network

import (
	"context"
	"crypto/rand"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/net/proxy"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/registry"
)

// Kinds lists the kinds of this package.
func Kinds() []actors.Kind { return []actors.Kind{SOCKS5} }

// SOCKS5Config are the fields of network.socks5.
type SOCKS5Config struct {
	Host     string `yaml:"host" required:"true" doc:"Name or address of the proxy."`
	Port     int    `yaml:"port" required:"true" min:"1" max:"65535" doc:"Its port."`
	Username string `yaml:"username" doc:"Who logs in; without it nobody does."`
	Password string `yaml:"password" doc:"The password."`
	Isolate  bool   `yaml:"isolate_streams" default:"false" doc:"Give random credentials for each connection in place of username and password: a proxy such as Tor then keeps the connections apart."`
}

// SOCKS5 is a way out through a proxy.
var SOCKS5 = actors.Define(actors.Spec[SOCKS5Config]{
	Name: "network.socks5", Doc: "A way out through a SOCKS5 proxy, which finds the addresses of names.",
	Serve: func(env actors.Env, _ SOCKS5Config) actor.Actor { return &socks{env: env} },
})

// socks is the actor of a network.socks5.
type socks struct {
	env actors.Env
	way *messages.Network
}

// Load implements actors.Loader.
func (s *socks) Load(ctx context.Context) (context.Context, error) {
	return ctx, s.Update(ctx, s.env.Entry)
}

// Update implements actors.Updater: connections that were made stay.
func (s *socks) Update(ctx context.Context, e registry.Entry) error {
	c, err := actors.Configure[SOCKS5Config](ctx, s.env, e)
	if err == nil {
		s.way = &messages.Network{ID: s.env.ID, Key: s.env.ID + "#" + strconv.FormatUint(ways.Add(1), 10), Dial: c.dial}
	}
	return err
}

// ways counts the ways that were ever made in this program.
var ways atomic.Uint64

// Receive implements actor.Actor.
func (s *socks) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(*actors.Request)
	if !ok {
		return
	}
	if _, ok := req.Body.(*messages.NetworkOpen); !ok {
		actors.Unknown(req, s.env.ID)
		return
	}
	req.Reply(s.way)
}

func (c SOCKS5Config) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var auth *proxy.Auth
	switch {
	case c.Isolate:
		auth = &proxy.Auth{User: rand.Text(), Password: rand.Text()}
	case c.Username != "":
		auth = &proxy.Auth{User: c.Username, Password: c.Password}
	}
	d, err := proxy.SOCKS5("tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), auth, &net.Dialer{})
	if err != nil {
		return nil, err
	}
	return d.(proxy.ContextDialer).DialContext(ctx, network, address)
}
