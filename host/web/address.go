package web

import (
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// client is the address that a request counts for: that of the connection, or, where that is a trusted proxy, the one that the proxies
// name. Of IPv6 it is the network of 64 bits, of which a client has all addresses.
func (s *Server) client(c *fiber.Ctx) netip.Prefix {
	tcp, ok := c.Context().RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	at := tcp.AddrPort().Addr().Unmap().WithZone("")
	if s.trusted(at) {
		at = s.behind(at, c)
	}
	bits := at.BitLen()
	if at.Is6() {
		bits = 64
	}
	p, err := at.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, n := range s.TrustedProxies {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// behind reads the header of the proxies from its end, where the nearest wrote: what stands before the first address that is no trusted
// proxy was sent by the client, who may write anything. Fiber's own reading begins there.
func (s *Server) behind(proxy netip.Addr, c *fiber.Ctx) netip.Addr {
	var named []string
	for _, line := range c.Context().Request.Header.PeekAll(s.ProxyHeader) {
		named = append(named, strings.Split(string(line), ",")...)
	}
	at := proxy
	for i := len(named) - 1; i >= 0; i-- {
		next, ok := address(strings.TrimSpace(named[i]))
		if !ok {
			break
		}
		at = next
		if !s.trusted(at) {
			break
		}
	}
	return at
}

// address reads an address as proxies write it: bare, with a port, in brackets.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		with, err := netip.ParseAddrPort(s)
		if err != nil {
			return a, false
		}
		a = with.Addr()
	}
	return a.Unmap().WithZone(""), true
}
