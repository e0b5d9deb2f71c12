//go:build !wasip1

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// guard decides which addresses may be connected to: those of the public internet, and what the operator opens. It looks at
// the address of the very connection, after names were resolved, so a name that leads elsewhere a moment later changes nothing.
type guard struct {
	open     []netip.Prefix
	resolver *net.Resolver // nil means the system's
}

func newGuard(networks []string) (*guard, error) {
	g := &guard{}
	for _, n := range networks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			return nil, fmt.Errorf("network %q: %w", n, err)
		}
		g.open = append(g.open, p.Masked())
	}
	return g, nil
}

// closed are the ranges that netip does not know by itself: https://www.iana.org/assignments/iana-ipv4-special-registry and the
// same for IPv6. An IPv4 address inside of one of IPv6 (6to4, NAT64, Teredo) could lead anywhere, so those are closed as a whole.
var closed = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "168.63.129.16/32",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// errClosed is the refusal of an address. It does not say which: a name's addresses inside of a network are nobody's business.
var errClosed = errors.New("the address is private, of this machine, or otherwise not public")

// check refuses an address that is not open.
func (g *guard) check(a netip.Addr) error {
	a = a.Unmap().WithZone("") // an IPv4 address in the clothes of IPv6 is what it is
	if slices.ContainsFunc(g.open, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return nil
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return errClosed
	}
	return nil
}

// dial connects to host:port by TCP. Every address that is tried passes check when the socket connects, with no proxy in between.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 8 * time.Second, KeepAlive: 30 * time.Second, Resolver: g.resolver, Control: g.control}
	switch network {
	case "tcp", "tcp4", "tcp6":
		return d.DialContext(ctx, network, address)
	}
	return nil, fmt.Errorf("connect by %s: %w", network, errClosed)
}

// control runs between the making of a socket and its connecting, for each address on its own.
func (g *guard) control(network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connect by %s to something that is no address: %w", network, errClosed)
	}
	return g.check(at.Addr())
}
