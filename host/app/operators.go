package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// openOperators serves those who have an operator credential, where operator.listen is set: with the certificate of server.tls, or on this machine
// alone, as the configuration was judged.
func (h *Host) openOperators(ctx context.Context) error {
	at := h.cfg.Operator.Listen
	if at == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("operator.listen: %w; name another address, or none", err)
	}
	h.log.InfoContext(ctx, "commands with operator credentials are taken", "address", l.Addr().String(), "tls", h.certs != nil)
	if h.certs != nil {
		l = tls.NewListener(l, h.certs.TLS())
	}
	h.background.Go(func() {
		if err := h.server.ServeOperators(l); err != nil {
			h.log.Error("commands with operator credentials are not taken any more", "error", err)
		}
	})
	return nil
}
