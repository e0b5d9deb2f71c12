package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Server is how the host is reached: by TLS, and by way of which proxies.
type Server struct {
	TLS TLS `koanf:"tls"`
	// Whoever can set the header can be anybody, so it is read only where the connection comes from one of these.
	TrustedProxies []string `koanf:"trusted_proxies" help:"addresses or ranges of the proxies in front of the host, such as 10.0.0.0/8; only of them proxy_header is believed"`
	ProxyHeader    string   `koanf:"proxy_header" help:"header in which trusted proxies name the client's address"`
	RedirectListen string   `koanf:"redirect_listen" help:"address of a second listener, host:port, that sends plain HTTP on to base_url; empty: none"`
}

// TLS is the host's certificate. Without one the host speaks plain HTTP, for a proxy that adds TLS.
type TLS struct {
	CertFile   string `koanf:"cert_file" help:"file with the certificate and those between it and its authority (PEM), read again when it changes; empty: plain HTTP"`
	KeyFile    string `koanf:"key_file" help:"file with the certificate's key (PEM), read again when it changes"`
	MinVersion string `koanf:"min_version" help:"oldest version of TLS that is spoken: 1.2 or 1.3"`
}

// On says whether the host speaks TLS itself.
func (t TLS) On() bool { return t.CertFile != "" }

// Operator is how commands of the operator's reach the host from elsewhere. Beside the host they come over a socket in the data directory.
type Operator struct {
	Listen string `koanf:"listen" help:"address of a listener for operator credentials, host:port, by TLS where server.tls is set, and otherwise on this machine alone; empty: none"`
}

func (o *Operator) validate(encrypted bool, bad func(key, format string, args ...any)) {
	if o.Listen == "" {
		return
	}
	host, _, err := net.SplitHostPort(o.Listen)
	switch {
	case err != nil:
		bad("operator.listen", "%q is not host:port; write 127.0.0.1:8444, or :8444 for every address of this machine, which needs server.tls", o.Listen)
	case !encrypted && host != "localhost" && !net.ParseIP(host).IsLoopback():
		bad("operator.listen", "%q is reached from other machines, and tokens would go there unencrypted; name server.tls.cert_file and server.tls.key_file, or write 127.0.0.1:PORT", o.Listen)
	}
}

// Rates bound how often clients may ask, in requests a minute, half of which may come at once. 0 is no bound.
type Rates struct {
	// The address is that of a client, or the network of 64 bits of an IPv6 client.
	Address int `koanf:"address" help:"requests a minute of one address that carry no valid token; a wrong token counts as five; 0: no bound"`
	Static  int `koanf:"static" help:"requests a minute of one address for files of pages and the descriptor; 0: no bound"`
	Health  int `koanf:"health" help:"requests a minute of one address for /healthz, /readyz and /metrics; 0: no bound"`
	Tenant  int `koanf:"tenant" help:"requests a minute of all users of one site together; 0: no bound"`
	Events  int `koanf:"events" help:"webhooks, events and functions in JQL of one site in a minute; Jira sends again what is refused, for half an hour; 0: no bound"`
}

func (s *Server) validate(baseURL string, bad func(key, format string, args ...any)) {
	if (s.TLS.CertFile == "") != (s.TLS.KeyFile == "") {
		bad("server.tls.cert_file", "and server.tls.key_file belong together; name both files, or neither")
	}
	if s.TLS.MinVersion != "1.2" && s.TLS.MinVersion != "1.3" {
		bad("server.tls.min_version", "%q is unknown; write 1.2 or 1.3", s.TLS.MinVersion)
	}
	if s.TLS.On() && strings.HasPrefix(baseURL, "http:") {
		bad("base_url", "begins with http:, but server.tls.cert_file is set; write https:")
	}
	for _, p := range s.TrustedProxies {
		if _, err := ParseNetwork(p); err != nil {
			bad("server.trusted_proxies", "%q is no address or range of addresses; write 10.0.0.0/8, or 192.0.2.7", p)
		}
	}
	if s.ProxyHeader == "" || strings.Trim(s.ProxyHeader, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		bad("server.proxy_header", "%q is no name of a header; write X-Forwarded-For, or what your proxy sets", s.ProxyHeader)
	}
	if s.RedirectListen == "" {
		return
	}
	if _, _, err := net.SplitHostPort(s.RedirectListen); err != nil {
		bad("server.redirect_listen", "%q is not host:port; write :80 for every address of this machine", s.RedirectListen)
	}
	if !strings.HasPrefix(baseURL, "https:") {
		bad("server.redirect_listen", "sends visitors to base_url, which does not begin with https:; set that, or leave the redirection out")
	}
}

// ParseNetwork reads an address or a range of addresses.
func ParseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// Networks are the trusted proxies. A validated configuration has no wrong ones.
func (s *Server) Networks() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range s.TrustedProxies {
		if n, err := ParseNetwork(p); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// maxRate is beyond what a host can answer.
const maxRate = 10_000_000

func (w *Web) validate(bad func(key, format string, args ...any)) {
	if w.BodyLimit < 64<<10 || w.BodyLimit > 64<<20 {
		bad("web.body_limit", "%d is out of range; write %d to %d", w.BodyLimit, 64<<10, 64<<20)
	}
	for _, n := range []struct {
		key   string
		value time.Duration
	}{{"read_timeout", w.ReadTimeout}, {"header_timeout", w.HeaderTimeout}} {
		if n.value <= 0 {
			bad("web."+n.key, "%s is not positive", n.value)
		}
	}
	if w.Drain < 0 {
		bad("web.drain", "%s is negative", w.Drain)
	}
	for _, n := range []struct {
		key   string
		value int
	}{{"address", w.Rates.Address}, {"static", w.Rates.Static}, {"health", w.Rates.Health}, {"tenant", w.Rates.Tenant}, {"events", w.Rates.Events}} {
		if n.value < 0 || n.value > maxRate {
			bad("web.rates."+n.key, "%d is out of range; write 0 for no bound, or up to %d requests a minute", n.value, maxRate)
		}
	}
}

// ancestor says what is wrong with an origin that may show our pages in a frame, "" where nothing is. What is no origin would be taken
// for another part of the content security policy, or for nothing.
func ancestor(a string) string {
	if strings.ContainsAny(a, " ;,'\"\n\t") || !strings.Contains(a, "://") {
		return "is no origin"
	}
	u, err := url.Parse(strings.Replace(a, "://*.", "://", 1))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "is no origin"
	case strings.Contains(u.Host, "*"):
		return "has a * where none may be"
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "is more than an origin"
	case strings.Contains(a, "://*.") && strings.Count(u.Hostname(), ".") == 0:
		return "lets every site of a top-level domain in"
	}
	return ""
}
