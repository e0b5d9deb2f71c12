//go:build !wasip1

package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	stdsync "sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestGuardRefusesWhatIsNotPublic(t *testing.T) {
	g, err := newGuard(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200",
		"192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "168.63.129.16",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::", "100::1", "3fff::1",
	} {
		if err := g.check(netip.MustParseAddr(address)); !errors.Is(err, errClosed) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"8.8.8.8", "172.15.255.255", "172.32.0.1", "192.167.255.255", "100.128.0.1", "169.253.1.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"} {
		if err := g.check(netip.MustParseAddr(address)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestGuardOpensWhatTheOperatorSays(t *testing.T) {
	g, err := newGuard([]string{"10.20.0.0/16", "fd12::/32", "127.0.0.1/32"})
	if err != nil {
		t.Fatal(err)
	}
	for address, open := range map[string]bool{
		"10.20.3.4": true, "::ffff:10.20.3.4": true, "10.21.0.1": false, "fd12::1": true, "fd13::1": false, "127.0.0.1": true, "127.0.0.2": false, "169.254.169.254": false,
	} {
		if err := g.check(netip.MustParseAddr(address)); (err == nil) != open {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := newGuard([]string{"10.20.0.0"}); err == nil {
		t.Error("a network without its length was taken")
	}
}

func TestGuardConnectsByTCPAlone(t *testing.T) {
	g, err := newGuard([]string{"0.0.0.0/0", "::/0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"unix", "udp", "unixgram"} {
		if _, err := g.dial(t.Context(), network, "/run/some.sock"); !errors.Is(err, errClosed) {
			t.Errorf("%s: %v", network, err)
		}
	}
}

// A name that is public when somebody looks and the machine's own when the connection is made.
func TestGuardIsNotFooledByANameThatMoves(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	reached := make(chan struct{}, 10)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			reached <- struct{}{}
			_ = c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	dns := &movingName{answers: [][4]byte{{203, 0, 113, 7}, {127, 0, 0, 1}, {127, 0, 0, 1}}}
	g := &guard{resolver: dns.resolver(t)}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := g.dial(ctx, "tcp", net.JoinHostPort("moving.example", port))
		cancel()
		if !errors.Is(err, errClosed) {
			t.Errorf("got %v", err)
		}
	}
	if dns.count() < 3 {
		t.Errorf("the name was asked for %d times: the test tried nothing", dns.count())
	}
	select {
	case <-reached:
		t.Error("a connection came through")
	default:
	}
	// The same name through an open network, so that it is the guard and nothing else that refused.
	g.open = prefixes("127.0.0.0/8")
	conn, err := g.dial(t.Context(), "tcp", net.JoinHostPort("moving.example", port))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// movingName is a DNS server that has another answer each time, and stays with the last.
type movingName struct {
	mu      stdsync.Mutex
	answers [][4]byte
	asked   int
}

func (m *movingName) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

func (m *movingName) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer := m.answer(buffer[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (m *movingName) answer(question []byte) []byte {
	var msg dnsmessage.Message
	if msg.Unpack(question) != nil || len(msg.Questions) != 1 {
		return nil
	}
	msg.Response, msg.Additionals = true, nil
	if q := msg.Questions[0]; q.Type == dnsmessage.TypeA {
		m.mu.Lock()
		a := m.answers[min(m.asked, len(m.answers)-1)]
		m.asked++
		m.mu.Unlock()
		msg.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}, Body: &dnsmessage.AResource{A: a},
		}}
	}
	out, err := msg.Pack()
	if err != nil {
		return nil
	}
	return out
}
