package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pergola-platform/pergola/host/certs"
	"github.com/pergola-platform/pergola/host/config"
)

// listener is one of TCP whose end is also that of the connections on which nothing was asked yet. Browsers open some in advance, and a server that
// ends would wait for seconds for what does not come.
type listener struct {
	net.Listener
	unasked sync.Map // of *conn
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l}, nil
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	out := &conn{Conn: c, of: l}
	l.unasked.Store(out, nil)
	return out, nil
}

// Close implements net.Listener.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.unasked.Range(func(c, _ any) bool {
		_ = c.(*conn).Close() // it was of no use to anybody
		return true
	})
	return err
}

type conn struct {
	net.Conn
	of    *listener
	asked atomic.Bool
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.asked.Load() {
		c.asked.Store(true)
		c.of.unasked.Delete(c)
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.of.unasked.Delete(c)
	return c.Conn.Close()
}

// lookForCerts is how often the host looks whether its certificate has changed.
const lookForCerts = 10 * time.Second

// scheme begins the address of a host that was given none.
func scheme(cfg config.Config) string {
	if cfg.Server.TLS.On() {
		return "https://"
	}
	return "http://"
}

// OpenCerts reads the certificate of a listener, nil where none is configured. Whoever serves with it has it watched.
func OpenCerts(c config.TLS, log *slog.Logger) (*certs.Files, error) {
	if !c.On() {
		return nil, nil
	}
	return certs.Open(certs.Config{Cert: c.CertFile, Key: c.KeyFile, MinVersion: c.MinVersion, Log: log, Now: time.Now})
}

// openCerts reads the certificate before anything else: what is wrong with it is told at once.
func (h *Host) openCerts(context.Context) (err error) {
	h.certs, err = OpenCerts(h.cfg.Server.TLS, h.log)
	return err
}

// serve answers requests on l, by TLS where that is configured, and sends plain HTTP on to it.
func (h *Host) serve(ctx context.Context, l net.Listener) error {
	if h.certs != nil {
		l = tls.NewListener(l, h.certs.TLS())
		h.background.Go(func() { h.certs.Watch(h.work, lookForCerts) })
	}
	if at := h.cfg.Server.RedirectListen; at != "" {
		plain, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
		if err != nil {
			return fmt.Errorf("server.redirect_listen: %w; name another address, or none", err)
		}
		h.background.Go(func() {
			if err := h.server.ServePlain(plain); err != nil {
				h.log.Error("plain HTTP is not sent on to TLS any more", "error", err)
			}
		})
	}
	served := make(chan error, 1)
	go func() { served <- h.server.Serve(l) }()
	h.served = served
	return nil
}
