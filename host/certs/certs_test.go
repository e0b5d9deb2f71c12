package certs_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/certs"
)

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// pair writes a certificate that ends some time from now, and its key.
func pair(t *testing.T, dir, name string, ends time.Duration) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(ends),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	check(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	check(t, err)
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	return cert, key
}

func write(t *testing.T, name, text string) {
	t.Helper()
	check(t, os.WriteFile(name, []byte(text), 0o600))
}

func copyFile(t *testing.T, from, to string, changed time.Time) {
	t.Helper()
	raw, err := os.ReadFile(from)
	check(t, err)
	write(t, to, string(raw))
	check(t, os.Chtimes(to, changed, changed))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shown is whose certificate a listener shows to a client that speaks a version of TLS.
func shown(t *testing.T, f *certs.Files, version uint16) (string, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	served := tls.NewListener(l, f.TLS())
	defer served.Close()
	go func() {
		if c, err := served.Accept(); err == nil {
			_ = c.(*tls.Conn).HandshakeContext(context.Background())
			_ = c.Close()
		}
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

func TestCertificateIsExchangedWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	oldCert, oldKey := pair(t, dir, "old", 90*24*time.Hour)
	newCert, newKey := pair(t, dir, "new", 90*24*time.Hour)
	copyFile(t, oldCert, cert, now)
	copyFile(t, oldKey, key, now)
	var log bytes.Buffer
	f, err := certs.Open(certs.Config{Cert: cert, Key: key, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }})
	check(t, err)
	show := func() string {
		name, err := shown(t, f, 0)
		check(t, err)
		return name
	}
	if got := show(); got != "old" {
		t.Fatalf("at the start: %q", got)
	}
	copyFile(t, newCert, cert, now.Add(time.Minute)) // half of the pair
	f.Look()
	f.Look()
	if got := show(); got != "old" || strings.Count(log.String(), "was not read again") != 1 {
		t.Errorf("half of a pair: %q, log %s", got, log.String())
	}
	copyFile(t, newKey, key, now.Add(time.Minute))
	f.Look()
	if got := show(); got != "new" || !strings.Contains(log.String(), "was read again") {
		t.Errorf("after the exchange: %q, log %s", got, log.String())
	}
	check(t, os.Remove(cert))
	f.Look()
	if got := show(); got != "new" {
		t.Errorf("after the file was lost: %q", got)
	}
	copyFile(t, oldCert, cert, now.Add(2*time.Minute))
	copyFile(t, oldKey, key, now.Add(2*time.Minute))
	ctx, stop := context.WithCancel(t.Context())
	watching := make(chan struct{})
	go func() { defer close(watching); f.Watch(ctx, time.Millisecond) }()
	for end := time.Now().Add(10 * time.Second); f.Current().Subject.CommonName != "old"; {
		if time.Now().After(end) {
			t.Error("nobody saw that the files changed")
			break
		}
	}
	stop()
	<-watching
}

func TestOldVersionsOfTLSAreRefused(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "a", 90*24*time.Hour)
	for _, tt := range []struct {
		least string
		speak uint16
		want  bool
	}{{"", tls.VersionTLS11, false}, {"1.2", tls.VersionTLS11, false}, {"1.2", tls.VersionTLS12, true}, {"1.3", tls.VersionTLS12, false}, {"1.3", tls.VersionTLS13, true}} {
		f, err := certs.Open(certs.Config{Cert: cert, Key: key, MinVersion: tt.least, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
		check(t, err)
		if _, err := shown(t, f, tt.speak); (err == nil) != tt.want {
			t.Errorf("at least %q, spoken %s: %v", tt.least, tls.VersionName(tt.speak), err)
		}
	}
}

func TestWrongFilesSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "a", 90*24*time.Hour)
	_, other := pair(t, dir, "b", 90*24*time.Hour)
	text, locked := filepath.Join(dir, "text"), filepath.Join(dir, "locked")
	write(t, text, "hello")
	write(t, locked, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
	for _, tt := range []struct {
		name, cert, key string
		want            []string
	}{
		{"no certificate", filepath.Join(dir, "nothing"), key, []string{"server.tls.cert_file", "there is no file"}},
		{"no key", cert, filepath.Join(dir, "nothing"), []string{"server.tls.key_file", "there is no file"}},
		{"another's key", cert, other, []string{"is not that of the first certificate", "name the pair"}},
		{"exchanged", key, cert, []string{"server.tls.cert_file", "holds a private key, want a certificate"}},
		{"no PEM", text, key, []string{"server.tls.cert_file", "is not in PEM", "-----BEGIN"}},
		{"a passphrase", cert, locked, []string{"server.tls.key_file", "passphrase", "openssl pkey"}},
		{"a folder", dir, key, []string{"server.tls.cert_file"}},
	} {
		_, err := certs.Open(certs.Config{Cert: tt.cert, Key: tt.key, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if err == nil {
			t.Errorf("%s: accepted", tt.name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", tt.name, err, want)
			}
		}
	}
}

func TestCertificatesThatEndAreWarnedAboutOnceADay(t *testing.T) {
	dir := t.TempDir()
	cert, key := pair(t, dir, "a", 15*24*time.Hour)
	var log bytes.Buffer
	at := now
	f, err := certs.Open(certs.Config{Cert: cert, Key: key, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return at }})
	check(t, err)
	warned := func() int {
		f.Look()
		f.Look()
		return strings.Count(log.String(), "expires soon")
	}
	if n := warned(); n != 0 {
		t.Errorf("15 days before: %d warnings", n)
	}
	at = at.Add(48 * time.Hour)
	if n := warned(); n != 1 {
		t.Errorf("13 days before: %d warnings", n)
	}
	at = at.Add(24 * time.Hour)
	if n := warned(); n != 2 {
		t.Errorf("12 days before: %d warnings", n)
	}
	at = at.Add(30 * 24 * time.Hour)
	f.Look()
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "has expired") {
		t.Errorf("afterwards: %s", log.String())
	}
}
