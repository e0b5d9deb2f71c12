package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/pergola-platform/pergola/host/certs"
	"github.com/pergola-platform/pergola/host/config"
)

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
