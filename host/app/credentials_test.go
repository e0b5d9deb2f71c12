package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/door"
)

// ownCertificate writes a certificate of this machine's and its key, and returns what trusts it.
func ownCertificate(t *testing.T, cfg *config.TLS) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg.CertFile, cfg.KeyFile = filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, bytes := range map[string][]byte{cfg.CertFile: cert, cfg.KeyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})} {
		if err := os.WriteFile(name, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(cert)
	return trusted
}

func TestOperatorCredentialsOpenTheirListenerByTLSAfterARestartToo(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Plugins.Dir, cfg.Operator.Listen = t.TempDir(), "127.0.0.1:0", t.TempDir(), "127.0.0.1:0"
	trusted := ownCertificate(t, &cfg.Server.TLS)
	start := func() (address string, stop func()) {
		var log bytes.Buffer
		h, err := app.Start(t.Context(), cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`credentials are taken" address=(\S+) tls=true`).FindStringSubmatch(log.String())
		if found == nil {
			t.Fatalf("the log does not say where: %s", log.String())
		}
		return found[1], func() {
			if err := h.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
	ask := func(c *http.Client, method, address, token, body string) (int, string) {
		t.Helper()
		defer c.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		got, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = got.Body.Close() }()
		raw, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, string(raw)
	}
	encrypted := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}}

	address, stop := start()
	_, raw := ask(door.Client(cfg.Data), http.MethodPost, "http://host/operators", "", `{"name":"ci","seconds":7200}`)
	var made struct{ Token string }
	if err := json.Unmarshal([]byte(raw), &made); err != nil || made.Token == "" {
		t.Fatalf("%s: %v", raw, err)
	}
	if status, got := ask(encrypted, http.MethodGet, "https://"+address+"/state", made.Token, ""); status != http.StatusOK || !strings.Contains(got, app.Version()) {
		t.Errorf("%d: %s", status, got)
	}
	for _, scheme := range []string{"http", "https"} { // without TLS, and without knowing the certificate
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+address+"/state", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+made.Token)
		got, err := new(http.Client).Do(r)
		if err == nil {
			_ = got.Body.Close()
			if got.StatusCode == http.StatusOK {
				t.Errorf("it answers by %s", scheme)
			}
		}
		if unknown := new(x509.UnknownAuthorityError); scheme == "https" && !errors.As(err, unknown) {
			t.Errorf("whoever does not know the certificate: %v", err)
		}
	}
	stop()

	address, stop = start()
	defer stop()
	if status, got := ask(encrypted, http.MethodGet, "https://"+address+"/tenants", made.Token, ""); status != http.StatusOK || got != "[]" {
		t.Errorf("after a restart: %d: %s", status, got)
	}
	if status, got := ask(door.Client(cfg.Data), http.MethodDelete, "http://host/operators/ci", "", ""); status != http.StatusNoContent {
		t.Errorf("revoke: %d: %s", status, got)
	}
	if status, got := ask(encrypted, http.MethodGet, "https://"+address+"/tenants", made.Token, ""); status != http.StatusUnauthorized {
		t.Errorf("revoked: %d: %s", status, got)
	}
	cfg.Data, cfg.Operator.Listen = t.TempDir(), address
	if h, err := app.Start(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "operator.listen: ") {
		t.Errorf("where the address is taken: %v", err)
		if err == nil {
			_ = h.Close(context.Background())
		}
	}
}
