// Package natstest runs what tests of host/jobs need of NATS: a server in the process, a cluster of three on loopback, and a
// network between a host and its cluster that can be cut. Start with [StartCluster].
package natstest

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// nodes is how many a cluster has.
const nodes = 3

// Cluster is three NATS servers on loopback ports, with file stores in the test's directory.
type Cluster struct {
	tb      testing.TB
	dir     string
	clients []int // ports
	routes  []int
	servers []*server.Server
}

// StartCluster starts a cluster, which ends with the test.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	dir, err := os.MkdirTemp("", "natstest") //nolint:usetesting // TempDir fails a test while a server still writes
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cluster{tb: tb, dir: dir, servers: make([]*server.Server, nodes)}
	tb.Cleanup(func() {
		for n := range c.servers {
			c.Stop(n)
		}
		_ = os.RemoveAll(dir) // best effort
	})
	ports := freePorts(tb, 2*nodes)
	c.clients, c.routes = ports[:nodes], ports[nodes:]
	for n := range nodes {
		c.Start(n)
	}
	c.waitForLeader()
	return c
}

// Start starts a node that was stopped, with what it stored.
func (c *Cluster) Start(n int) {
	c.tb.Helper()
	var routes []*url.URL
	for _, port := range c.routes {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	s, err := server.NewServer(&server.Options{
		ServerName: fmt.Sprintf("n%d", n), Host: "127.0.0.1", Port: c.clients[n], NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: filepath.Join(c.dir, fmt.Sprint(n)), JetStreamMaxStore: 64 << 30, JetStreamMaxMemory: 64 << 20,
		Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: c.routes[n], NoAdvertise: true}, Routes: routes,
	})
	if err != nil {
		c.tb.Fatal(err)
	}
	go s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		c.tb.Fatalf("node %d does not start", n)
	}
	c.servers[n] = s
}

// Stop ends a node. One that is stopped already stays so.
func (c *Cluster) Stop(n int) {
	if s := c.servers[n]; s != nil {
		s.Shutdown()
		s.WaitForShutdown()
		c.servers[n] = nil
	}
}

func (c *Cluster) waitForLeader() {
	c.tb.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, s := range c.servers {
			if s != nil && s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == nodes {
				return
			}
		}
	}
	c.tb.Fatal("the cluster elects no leader")
}

// URL is the addresses of all nodes.
func (c *Cluster) URL() string {
	var all []string
	for _, port := range c.clients {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	return strings.Join(all, ",")
}

// Address is that of one node.
func (c *Cluster) Address(n int) string { return fmt.Sprintf("127.0.0.1:%d", c.clients[n]) }

// StartServer starts one server in the process without a port, which stores nothing for longer than the test.
func StartServer(tb testing.TB) nats.Option {
	tb.Helper()
	dir, err := os.MkdirTemp("", "natstest") //nolint:usetesting // TempDir fails a test while a server still writes
	if err != nil {
		tb.Fatal(err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "test", DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir, JetStreamMaxStore: 64 << 30,
	})
	if err != nil {
		tb.Fatal(err)
	}
	go s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		tb.Fatal("the server does not start")
	}
	tb.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
		_ = os.RemoveAll(dir) // best effort
	})
	return nats.InProcessServer(s)
}

func freePorts(tb testing.TB, n int) []int {
	tb.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// Link is a network between a host and one node of a cluster.
type Link struct {
	to       string
	listener net.Listener
	done     sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// NewLink opens a link to an address, which ends with the test.
func NewLink(tb testing.TB, to string) *Link {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	l := &Link{to: to, listener: listener}
	l.done.Go(l.serve)
	tb.Cleanup(func() {
		_ = listener.Close()
		l.Cut()
		l.done.Wait()
	})
	return l
}

// URL is the link's own address.
func (l *Link) URL() string { return "nats://" + l.listener.Addr().String() }

func (l *Link) serve() {
	for {
		from, err := l.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", l.to)
		if err != nil || !l.keep(from, to) {
			_ = from.Close()
			if err == nil {
				_ = to.Close()
			}
			continue
		}
		l.done.Go(func() { l.pump(from, to) })
		l.done.Go(func() { l.pump(to, from) })
	}
}

func (l *Link) keep(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	l.conns = append(l.conns, conns...)
	return true
}

func (l *Link) pump(from, to net.Conn) {
	_, _ = io.Copy(to, from) // it ends when the link is cut
	_ = from.Close()
	_ = to.Close()
}

// Cut breaks the link until it is mended.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// Mend lets new connections through.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}
