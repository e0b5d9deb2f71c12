//go:build !wasip1

package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// servers are the databases that .ci/databases.sh runs for this test program: ports by the names of engines.
var (
	servers   = map[string]int{}
	authority string // PEM of the authority of their certificates
)

// password is the one that the script gives to its user, who is called pergola.
const password = "pass word'1"

func TestMain(m *testing.M) {
	stop, err := startServers()
	if err != nil {
		fmt.Fprintln(os.Stderr, "no servers for the tests:", err)
		if os.Getenv("CI") == "true" {
			os.Exit(1)
		}
		stop = func() {}
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func startServers() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "pergola-databases-")
	if err != nil {
		return nil, err
	}
	// Beside it, since the script makes its own directory, which belongs to nobody.
	own := dir + "-run"
	if authority, err = certificates(own + ".tls"); err != nil {
		return nil, err
	}
	postgres, mariadb := freePort(), freePort()
	cmd := exec.Command(filepath.Join("..", "..", ".ci", "databases.sh"), "run", own, strconv.Itoa(postgres), strconv.Itoa(mariadb))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
		_ = os.RemoveAll(own + ".tls")
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch lines.Text() {
		case "postgres ready":
			servers["postgresql"] = postgres
		case "mariadb ready":
			servers["mariadb"] = mariadb
		case "all ready":
			return stop, nil
		}
	}
	stop()
	return nil, fmt.Errorf("databases.sh ended before its servers were ready")
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// certificates writes ca.crt, server.crt and server.key for localhost, and returns the first.
func certificates(dir string) (ca string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)
	if err != nil {
		return "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, caKey)
	if err != nil {
		return "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}))
	for name, content := range map[string][]byte{
		"ca.crt": []byte(ca), "server.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER}),
		"server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return "", err
		}
	}
	return ca, nil
}

// place is a database of a test's own.
type place struct {
	config sync.Config
	admin  *sql.DB // without guard, and with all rights
	engine string
}

// newPlace makes an empty database of an engine. The test is skipped where the engine is not there.
func newPlace(t testing.TB, engineName string) *place {
	t.Helper()
	p := &place{engine: engineName, config: sync.Config{
		Settings: settings.Values{Strings: map[string]string{"engine": engineName}, Numbers: map[string]float64{}, Lists: map[string][]string{}},
		Secrets:  map[string]sync.Secret{},
	}}
	s := p.config.Settings.Strings
	if engineName == "sqlite" {
		p.config.Reach.Folder, s["file"] = t.TempDir(), "assets.db"
		p.admin = open(t, "sqlite", "file:"+filepath.Join(p.config.Reach.Folder, "assets.db"))
		p.exec(t, "CREATE TABLE touched (id INTEGER PRIMARY KEY); DROP TABLE touched")
		return p
	}
	port, runs := servers[engineName]
	if !runs {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no %s runs; .ci/needs.sh installs it", engineName)
		}
		t.Skipf("no %s is installed: run .ci/needs.sh", engineName)
	}
	name := fmt.Sprintf("t%x", time.Now().UnixNano())
	s["host"], s["database"], s["user"], s["tls"] = "localhost", name, "pergola", "off"
	p.config.Settings.Numbers["port"] = float64(port)
	p.config.Secrets["password"] = password
	p.config.Reach.Networks = []string{"127.0.0.0/8", "::1/128"}
	root := *p
	root.config.Settings.Strings = map[string]string{}
	for k, v := range s {
		root.config.Settings.Strings[k] = v
	}
	root.config.Settings.Strings["database"] = map[string]string{"postgresql": "postgres", "mariadb": "pergola"}[engineName]
	db := root.connect(t)
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name+map[string]string{"mariadb": " CHARACTER SET utf8mb4"}[engineName]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end := map[string]string{"postgresql": " WITH (FORCE)"}[engineName]
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name+end); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	p.admin = p.connect(t)
	t.Cleanup(func() { _ = p.admin.Close() })
	return p
}

// connect opens a place without a source.
func (p *place) connect(t testing.TB) *sql.DB {
	t.Helper()
	target, problems := parse(p.config)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	db, err := target.engine.open(target, &dialer{target: target})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func open(t testing.TB, driver, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// exec runs statements, which semicolons at the ends of lines part.
func (p *place) exec(t testing.TB, statements string) {
	t.Helper()
	for statement := range strings.SplitSeq(statements, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := p.admin.ExecContext(t.Context(), strings.TrimSuffix(strings.TrimSpace(statement), ";")); err != nil {
			t.Fatalf("%s\n%v", statement, err)
		}
	}
}

// with returns the place's config with other settings.
func (p *place) with(change func(c *sync.Config)) sync.Config {
	c := p.config
	c.Settings.Strings, c.Settings.Numbers, c.Settings.Lists = copied(c.Settings.Strings), copied(c.Settings.Numbers), copied(c.Settings.Lists)
	c.Secrets = copied(c.Secrets)
	change(&c)
	return c
}

func copied[V any](m map[string]V) map[string]V {
	out := map[string]V{}
	for k, v := range m {
		out[k] = v
	}
	return out
}
