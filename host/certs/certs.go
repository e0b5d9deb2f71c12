// Package certs holds the certificate that a listener shows, read from files and read again when they change, so that whatever renews
// them needs to tell nobody. Start with [Open]:
//
//	files, err := certs.Open(certs.Config{Cert: "cert.pem", Key: "key.pem", MinVersion: "1.2", Log: log, Now: time.Now})
//	listener = tls.NewListener(listener, files.TLS())
//	go files.Watch(ctx, 10*time.Second)
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Config is what Open needs. All of it is required, but for MinVersion.
type Config struct {
	Cert, Key  string // files in PEM
	MinVersion string // "1.2", which is meant by "", or "1.3"
	Log        *slog.Logger
	Now        func() time.Time
}

// Soon is how long before its end a certificate is warned about: whatever renews them does so a month before.
const Soon = 14 * 24 * time.Hour

// Files is a certificate in files. It is safe for concurrent use. Make it with Open.
type Files struct {
	c       Config
	current atomic.Pointer[tls.Certificate]

	// Of Watch and Look alone.
	seen   [2]stamp
	broken string // what the log was told last
	warned time.Time
}

// stamp tells a file from what it was before.
type stamp struct {
	changed time.Time
	size    int64
}

// Open reads the files. The error says which of them is wrong, and what to do.
func Open(c Config) (*Files, error) {
	f := &Files{c: c}
	seen := f.stamps()
	cert, err := Load(c.Cert, c.Key)
	if err != nil {
		return nil, err
	}
	f.seen = seen
	f.current.Store(cert)
	f.warn()
	return f, nil
}

// TLS returns the configuration of a listener, which shows whatever certificate is current.
func (f *Files) TLS() *tls.Config {
	c := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current.Load(), nil },
	}
	if f.c.MinVersion == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	return c
}

// Current returns the certificate that is shown.
func (f *Files) Current() *x509.Certificate { return f.current.Load().Leaf }

// Watch looks whether the files have changed, again and again after a pause, until ctx ends.
func (f *Files) Watch(ctx context.Context, pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.Look()
		}
	}
}

// Look reads the files again where they have changed. What is wrong with them is told once, and the certificate from before stays: half
// of a pair that is being exchanged is mended by the other half. It is not called while Watch runs.
func (f *Files) Look() {
	seen := f.stamps()
	if seen == f.seen {
		f.warn()
		return
	}
	cert, err := Load(f.c.Cert, f.c.Key)
	if err != nil {
		if f.broken != err.Error() {
			f.broken = err.Error()
			f.c.Log.Error("the certificate was not read again; the one from before stays", "error", err)
		}
		return
	}
	f.seen, f.broken, f.warned = seen, "", time.Time{}
	f.current.Store(cert)
	f.c.Log.Info("the certificate was read again", "expires", cert.Leaf.NotAfter)
	f.warn()
}

// warn tells once a day that the certificate ends soon.
func (f *Files) warn() {
	now, end := f.c.Now(), f.Current().NotAfter
	if end.Sub(now) > Soon || now.Sub(f.warned) < 24*time.Hour {
		return
	}
	f.warned = now
	if now.After(end) {
		f.c.Log.Error("the certificate has expired: browsers and Jira refuse it; renew it", "file", f.c.Cert, "expired", end)
		return
	}
	f.c.Log.Warn("the certificate expires soon; renew it", "file", f.c.Cert, "expires", end)
}

func (f *Files) stamps() (out [2]stamp) {
	for i, name := range []string{f.c.Cert, f.c.Key} {
		if at, err := os.Stat(name); err == nil {
			out[i] = stamp{at.ModTime(), at.Size()}
		}
	}
	return out
}

// Load reads a certificate and its key once. The error names the setting that is wrong.
func Load(certFile, keyFile string) (*tls.Certificate, error) {
	cert, err := read("server.tls.cert_file", certFile, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	key, err := read("server.tls.key_file", keyFile, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
		return &pair, nil
	case strings.Contains(err.Error(), "does not match"):
		return nil, fmt.Errorf("server.tls: the key in %s is not that of the first certificate in %s; name the pair, and put the host's own certificate before those of the authority", keyFile, certFile)
	}
	return nil, fmt.Errorf("server.tls: %s and %s: %w", certFile, keyFile, err)
}

// read returns the bytes of a file in PEM that holds a block of some type.
func read(setting, name, want string) ([]byte, error) {
	raw, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no file %s", setting, name)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: the host may not read %s; give its user the right to", setting, name)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	found := ""
	for rest := raw; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.HasSuffix(block.Type, want) {
			if block.Type == "ENCRYPTED "+want {
				return nil, fmt.Errorf("%s: the key in %s has a passphrase, for which there is nobody to ask; take it off (openssl pkey -in %s -out NEW)", setting, name, name)
			}
			return raw, nil
		}
		found = block.Type
	}
	if found != "" {
		return nil, fmt.Errorf("%s: %s holds a %s, want a %s", setting, name, strings.ToLower(found), strings.ToLower(want))
	}
	return nil, fmt.Errorf("%s: %s is not in PEM, the form that begins with -----BEGIN", setting, name)
}
