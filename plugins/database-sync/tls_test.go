//go:build !wasip1

package main

import (
	"os"
	"path/filepath"
	"testing"

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
