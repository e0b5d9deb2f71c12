//go:build !wasip1

package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestEncryptionIsWhatTheConnectionAsksFor(t *testing.T) {
	for _, engine := range []string{"postgresql", "mariadb"} {
		t.Run(engine, func(t *testing.T) {
			p := newPlace(t, engine)
			s := served()
			stranger, err := certificates(filepath.Join(t.TempDir(), "stranger"))
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				name, mode, host, ca string
				problem              string // the setting that it is about; "" for none
			}{
				{"off", "off", "localhost", "", ""},
				{"encrypted with whoever answers", "encrypt", "localhost", "", ""},
				{"authority", "verify-ca", "127.0.0.1", authority, ""},
				{"authority and name", "verify", "localhost", authority, ""},
				{"another name", "verify", "127.0.0.1", authority, "tls"},
				{"another authority", "verify", "localhost", stranger, "tls"},
				{"another authority, name not looked at", "verify-ca", "localhost", stranger, "tls"},
				{"public authorities alone", "verify", "localhost", "", "tls"},
				{"nothing said", "", "localhost", "", "tls"}, // which is verify
			} {
				c := p.with(func(c *sync.Config) {
					c.Settings.Strings["tls"], c.Settings.Strings["host"], c.Secrets["ca"] = tt.mode, tt.host, sync.Secret(tt.ca)
				})
				health, err := s.Check.Check(t.Context(), &sync.Check{Config: c})
				switch {
				case err != nil:
					t.Errorf("%s: %v", tt.name, err)
				case tt.problem == "" && len(health.Problems) > 0:
					t.Errorf("%s: %+v", tt.name, health.Problems)
				case tt.problem != "" && (len(health.Problems) == 0 || health.Problems[0].Setting != tt.problem):
					t.Errorf("%s: %+v, want a problem of %s", tt.name, health, tt.problem)
				}
			}
		})
	}
}

// That a connection works says nothing about encryption: the server is asked too.
func TestServerSeesTheEncryption(t *testing.T) {
	for engine, question := range map[string]string{
		"postgresql": "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
		"mariadb":    "SELECT IF(variable_value = '', 'false', 'true') FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'",
	} {
		t.Run(engine, func(t *testing.T) {
			p := newPlace(t, engine)
			for mode, want := range map[string]string{"off": "false", "encrypt": "true", "verify": "true"} {
				q := *p
				q.config = p.with(func(c *sync.Config) { c.Settings.Strings["tls"], c.Secrets["ca"] = mode, sync.Secret(authority) })
				db := q.connect(t)
				var got string
				if err := db.QueryRowContext(t.Context(), question).Scan(&got); err != nil || got != want {
					t.Errorf("%s: encrypted is %s, %v", mode, got, err)
				}
				_ = db.Close()
			}
		})
	}
}

// A server that offers no encryption gets no password.
func TestServerWithoutEncryptionIsNotSpokenTo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard := make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(conn, make([]byte, 8)) // the question for TLS
			_, _ = conn.Write([]byte("N"))
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			rest, _ := io.ReadAll(conn)
			heard <- string(rest)
			_ = conn.Close()
		}
	}()
	for _, mode := range []string{"encrypt", "verify-ca", "verify"} {
		c := sync.Config{
			Settings: settings.Values{
				Strings: map[string]string{"engine": "postgresql", "host": "127.0.0.1", "database": "d", "user": "somebody", "tls": mode},
				Numbers: map[string]float64{"port": float64(listener.Addr().(*net.TCPAddr).Port)},
			},
			Secrets: map[string]sync.Secret{"password": "hunter22"}, Reach: sync.Reach{Networks: []string{"127.0.0.0/8"}},
		}
		health, err := served().Check.Check(t.Context(), &sync.Check{Config: c})
		if err != nil || len(health.Problems) != 1 || health.Problems[0].Setting != "tls" {
			t.Errorf("%s: %+v, %v", mode, health, err)
		}
		if rest := <-heard; rest != "" {
			t.Errorf("%s: the server heard %q", mode, rest)
		}
	}
}

func TestFilesOutsideOfTheFolderAreNotThere(t *testing.T) {
	p := fixture(t, "sqlite")
	folder := p.config.Reach.Folder
	outside := filepath.Join(t.TempDir(), "other.db")
	content, err := os.ReadFile(filepath.Join(folder, "assets.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(outside, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "link.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(folder, "dir")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "inner", "a?mode=rwc#b.db"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := served()
	for file, found := range map[string]bool{
		"assets.db": true, "./inner/../assets.db": true, "inner/a?mode=rwc#b.db": true, "../other.db": false, outside: false, "link.db": false, "dir/other.db": false, "inner": false, ".": false, "/": false,
		"file:assets.db": false, ":memory:": false, "": false, "no.db": false,
	} {
		c := p.with(func(c *sync.Config) { c.Settings.Strings["file"] = file })
		health, err := s.Check.Check(t.Context(), &sync.Check{Config: c})
		if err != nil || (len(health.Problems) == 0) != found {
			t.Errorf("%q: %+v, %v", file, health, err)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "no.db")); err == nil {
		t.Error("a file was made")
	}
}
