package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
)

const admin = "5b10ac8d82e05b22cc7d4ef5"

// used leaves a data directory in the working directory, as a host with two sites leaves it, and returns the first site's id.
func used(t *testing.T) capability.TenantID {
	t.Helper()
	alone(t)
	t.Setenv("PERGOLA_PLUGINS_DIR", t.TempDir())
	storage, err := app.OpenStorage(t.Context(), config.Config{Data: "data", Store: config.Store{Driver: "sqlite"}}, app.NoPlugins, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := storage.Close(); err != nil {
			t.Error(err)
		}
	}()
	var first capability.TenantID
	for _, name := range []string{"one", "two"} {
		site, err := storage.Tenants.Install(t.Context(), tenant.Installation{
			ClientKey: "key-of-" + name, SharedSecret: seal.NewSecret("secret of " + name), BaseURL: "https://" + name + ".example",
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tenant.NewModules(storage.Store, time.Now).Put(t.Context(), site.ID, tenant.Module{Plugin: "acme.labels", Enabled: true, By: admin}); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = site.ID
		}
	}
	return first
}

// succeeds runs a command that has to succeed and returns its output.
func succeeds(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := pergola(t, append([]string{"admin"}, args...)...)
	if code != 0 {
		t.Fatalf("admin %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	code, _, stderr := pergola(t, append([]string{"admin"}, args...)...)
	if code == 0 || !strings.Contains(stderr, want) {
		t.Errorf("admin %s: exit code %d, %q; want a failure that says %q", strings.Join(args, " "), code, stderr, want)
	}
}

func TestAdminShowsAndErasesAccounts(t *testing.T) {
	used(t)
	if out := succeeds(t, "account", "list"); strings.Count(out, admin) != 2 {
		t.Errorf("list shows %q", out)
	}
	if out := succeeds(t, "account", "show", admin); strings.Count(out, "\n") != 2 || !strings.Contains(out, `"collection":"module"`) {
		t.Errorf("show prints %q", out)
	}
	if out := succeeds(t, "account", "erase", admin); !strings.Contains(out, "2 documents name the account. Give --yes") {
		t.Errorf("erase without --yes prints %q", out)
	}
	if out := succeeds(t, "account", "erase", admin, "--yes"); !strings.Contains(out, "Erased from 2 documents") {
		t.Errorf("erase prints %q", out)
	}
	if out := succeeds(t, "account", "list"); strings.Contains(out, admin) {
		t.Errorf("the account is there still: %q", out)
	}
}

func TestAdminPurgesASiteThatLeft(t *testing.T) {
	site := string(used(t))
	fails(t, "uninstall it there first", "purge", site, "--yes")
	fails(t, "there is no site", "purge", "nobody", "--yes")
	leave(t, site)
	if out := succeeds(t, "sites"); !strings.Contains(out, "uninstalled") || !strings.Contains(out, "due ") {
		t.Errorf("sites shows %q", out)
	}
	if out := succeeds(t, "purge", site); !strings.Contains(out, "Give --yes") || !strings.Contains(out, "module") {
		t.Errorf("purge without --yes prints %q", out)
	}
	receipt := succeeds(t, "purge", site, "--yes")
	if out := succeeds(t, "sites", "--json"); strings.Contains(out, site) || strings.Count(out, "\n") != 1 {
		t.Errorf("sites after the purge: %q", out)
	}
	if out := succeeds(t, "receipts"); out != receipt {
		t.Errorf("receipts shows %q, purge printed %q", out, receipt)
	}
	write(t, "receipt.json", receipt)
	if out := succeeds(t, "receipts", "--verify", "receipt.json"); !strings.Contains(out, "is genuine") {
		t.Errorf("verify prints %q", out)
	}
	write(t, "forged.json", strings.Replace(receipt, `"documents": 1`, `"documents": 0`, 1))
	fails(t, "was changed", "receipts", "--verify", "forged.json")
	fails(t, "is no public key", "receipts", "--verify", "receipt.json", "--key", "x")
}

// leave has a site uninstall the app.
func leave(t *testing.T, site string) {
	t.Helper()
	storage, err := app.OpenBeside(t.Context(), config.Config{Data: "data", Store: config.Store{Driver: "sqlite"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = storage.Close() }()
	if _, err := storage.Tenants.Uninstall(t.Context(), capability.TenantID(site)); err != nil {
		t.Fatal(err)
	}
}

func TestInstallationMoves(t *testing.T) {
	site := string(used(t))
	before := succeeds(t, "sites", "--json")
	if out := succeeds(t, "export", "moving"); !strings.Contains(out, "All checksums are right") {
		t.Errorf("export prints %q", out)
	}
	if left, _ := filepath.Glob("moving.snapshot*"); len(left) > 0 {
		t.Errorf("the export left %q", left)
	}
	for _, name := range []string{"one", "two"} { // sealed all the way
		files, _ := filepath.Glob("moving/*")
		for _, file := range files {
			if b, err := os.ReadFile(file); err != nil || bytes.Contains(b, []byte("secret of "+name)) {
				t.Errorf("%s holds a secret as it is (%v)", file, err)
			}
		}
	}
	succeeds(t, "verify", "moving")
	fails(t, "not empty", "import", "moving")
	succeeds(t, "import", "moving", "--data", "there")
	fails(t, "keys", "sites", "--data", "there") // without the keys of the old installation nothing opens
	succeeds(t, "sites", "--data", "there", "--set", "keys.file=data/keys.json")
	if after := succeeds(t, "sites", "--json", "--data", "there", "--set", "keys.file=data/keys.json"); after != before {
		t.Errorf("sites before:\n%safter:\n%s", before, after)
	}
	if out := succeeds(t, "keys", "rotate", site, "--data", "there", "--set", "keys.file=data/keys.json"); !strings.Contains(out, "1 secrets") {
		t.Errorf("rotate prints %q", out)
	}
	succeeds(t, "backup", "copy.db")
	fails(t, "copy.db", "backup", "copy.db")
	succeeds(t, "restore", "copy.db", "--data", "back")
	fails(t, "back", "restore", "copy.db", "--data", "back")
	if after := succeeds(t, "sites", "--json", "--data", "back", "--set", "keys.file=data/keys.json"); after != before {
		t.Errorf("sites before:\n%sin the restored backup:\n%s", before, after)
	}
	fails(t, "no store in it", "sites", "--data", "nowhere")
}

func TestWrappingKeysAreExchanged(t *testing.T) {
	used(t)
	first, _, _ := strings.Cut(succeeds(t, "keys", "status"), " ")
	fails(t, "still need", "keys", "remove", first)
	second, _, _ := strings.Cut(succeeds(t, "keys", "add"), "\n")
	succeeds(t, "keys", "promote", second)
	storage, err := app.OpenStorage(t.Context(), config.Config{Data: "data", Store: config.Store{Driver: "sqlite"}}, app.NoPlugins, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := storage.Keys.Rewrap(t.Context(), storage.Store, seal.RewrapConfig{}); err != nil {
		t.Error(err)
	}
	if err := storage.Close(); err != nil {
		t.Error(err)
	}
	succeeds(t, "keys", "remove", first)
	out := succeeds(t, "keys", "status")
	if strings.Contains(out, first) || !strings.Contains(out, second) {
		t.Errorf("status shows %q, want %s alone", out, second)
	}
	if out := succeeds(t, "keys", "make"); !strings.Contains(out, ":") {
		t.Errorf("make prints %q", out)
	}
	fails(t, "keys.ring or keys.kms", "keys", "add", "--set", "keys.ring="+strings.TrimSpace(succeeds(t, "keys", "make")))
}

func TestLinesOfSitesAreJSON(t *testing.T) {
	site := used(t)
	line, _, _ := strings.Cut(succeeds(t, "sites", "--json"), "\n")
	var got siteLine
	if err := json.Unmarshal([]byte(line), &got); err != nil || got.Documents == 0 || got.State != tenant.Active {
		t.Errorf("line %q: %v (one site is %s)", line, err, site)
	}
}
