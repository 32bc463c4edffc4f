package cluster

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
	"github.com/troupe-go/troupe/messages/wire"
)

// network is this node's end of Proto.Actor remote. It has an actor system of its
// own with a single actor in it, so that nobody from outside can name another.
type network struct {
	sys    *actor.ActorSystem
	remote *remote.Remote
	addr   string

	mu  sync.Mutex
	tos map[string]*actor.PID
}

// receiver is the name of the actor that takes batches.
const receiver = "internode"

// The ports that are tried where none is set.
const firstPort, lastPort = 7950, 7959

// openNetwork listens for other nodes. arrived is called with each batch, on one
// goroutine at a time.
func openNetwork(s settings, env actors.Env, arrived func(*wire.Batch)) (*network, error) {
	client, server := insecure.NewCredentials(), grpc.Creds(insecure.NewCredentials())
	if len(s.secret) > 0 {
		config, err := identity(s.secret, env.Procs.Node)
		if err != nil {
			return nil, err
		}
		client, server = credentials.NewTLS(config), grpc.Creds(credentials.NewTLS(config))
	}
	ports := []int{s.wirePort}
	if s.autoPort {
		if s.wirePort == 0 {
			ports = nil
			for p := firstPort; p <= lastPort; p++ {
				ports = append(ports, p)
			}
		}
		ports = append(ports, 0)
	}
	var failed error
	for _, port := range ports {
		port, err := free(s.wireAddr, port)
		if err != nil {
			failed = err
			continue
		}
		n := &network{tos: map[string]*actor.PID{}}
		advertised := port
		if s.wireAdvertisePort != 0 {
			advertised = s.wireAdvertisePort
		}
		n.addr = net.JoinHostPort(s.wireAdvertise, strconv.Itoa(advertised))
		n.sys = actor.NewActorSystem(actor.WithLoggerFactory(actors.FrameworkLog(env.Log)),
			actor.WithDeadLetterThrottleCount(0), actor.WithDeadLetterThrottleInterval(time.Millisecond))
		guard := &guard{addr: n.addr}
		n.remote = remote.NewRemote(n.sys, remote.Configure(s.wireAddr, port,
			remote.WithAdvertisedHost(n.addr),
			remote.WithEndpointWriterQueueSize(1024), remote.WithEndpointManagerQueueSize(1024), // as they come they take 16 MB for each node
			remote.WithEndpointWriterBatchSize(64),
			remote.WithServerOptions(server, grpc.MaxRecvMsgSize(maxPacket), grpc.StreamInterceptor(guard.stream), grpc.UnaryInterceptor(guard.unary)),
			remote.WithDialOptions(grpc.WithTransportCredentials(client)),
			remote.WithCallOptions(grpc.MaxCallRecvMsgSize(maxPacket), grpc.MaxCallSendMsgSize(maxPacket)),
		))
		if failed = begin(n.remote); failed != nil {
			n.sys.Shutdown()
			continue
		}
		if _, failed = n.sys.Root.SpawnNamed(actor.PropsFromFunc(func(ctx actor.Context) {
			if b, ok := ctx.Message().(*wire.Batch); ok {
				arrived(b)
			}
		}), receiver); failed != nil {
			n.close()
			continue
		}
		return n, nil
	}
	return nil, messages.Because(messages.Unavailable, fmt.Sprintf("listening for other nodes on %s (cluster.internode.bind_addr, bind_port; with auto_port another port is taken)", s.wireAddr), failed)
}

// maxPacket bounds what Proto.Actor puts into one message of gRPC.
const maxPacket = 256 << 20

// free returns the port, or one that is free for 0.
func free(addr string, port int) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(addr, strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// begin starts r, which panics where it cannot listen.
func begin(r *remote.Remote) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	r.Start()
	return nil
}

// send gives a batch to Proto.Actor. It does not block, and promises nothing.
func (n *network) send(addr string, b *wire.Batch) {
	n.mu.Lock()
	to := n.tos[addr]
	if to == nil {
		to = actor.NewPID(addr, receiver)
		n.tos[addr] = to
	}
	n.mu.Unlock()
	n.sys.Root.Send(to, b)
}

func (n *network) close() {
	n.remote.Shutdown(true)
	n.sys.Shutdown()
}

// serverName is what the certificates of all nodes are made out to: they trust the
// key of the cluster, not names of machines.
const serverName = "troupe-internode"

// identity is the TLS of a node whose cluster has a secret. The key of the
// authority comes from the secret (HKDF, RFC 5869), so that every node can make
// its own certificate, and nobody else can.
func identity(secret []byte, node string) (*tls.Config, error) {
	config, err := certify(secret, node)
	if err != nil {
		return nil, messages.Because(messages.Internal, "making this node's certificate", err)
	}
	return config, nil
}

func certify(secret []byte, node string) (*tls.Config, error) {
	seed, err := hkdf.Key(sha256.New, secret, nil, "troupe internode authority 1", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	authority := ed25519.NewKeyFromSeed(seed)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "troupe cluster"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, authority.Public(), authority)
	if err != nil {
		return nil, err
	}
	if ca, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: node}, DNSNames: []string{serverName},
		NotBefore: time.Unix(0, 0), NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if der, err = x509.CreateCertificate(rand.Reader, leaf, ca, public, authority); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		ServerName: serverName, MinVersion: tls.VersionTLS13,
	}, nil
}
