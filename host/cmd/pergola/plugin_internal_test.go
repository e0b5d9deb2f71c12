package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
)

// must runs the program, which must end with the given code, and returns what it printed.
func must(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	got, stdout, stderr := pergola(t, args...)
	if got != code {
		t.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, code, stdout, stderr)
	}
	return stdout, stderr
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

// source makes the directory of a plugin.
func source(t *testing.T, dir, version, code string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "plugin.json"), `{"manifestVersion": 1, "id": "acme.labels", "name": "Labels", "version": "`+version+`", "publisher": {"name": "Acme"},
		"description": "A plugin for a test.", "compat": {"abi": 1}, "runtime": {"kind": "wasm", "entry": "plugin.wasm"}}`)
	write(t, filepath.Join(dir, "plugin.wasm"), code)
	write(t, filepath.Join(dir, "main.go"), "package main")
	return dir
}

// signed packs and signs a version, and returns the public key line.
func signed(t *testing.T, version, code, file string) (key string) {
	t.Helper()
	must(t, 0, "plugin", "pack", source(t, "src", version, code), "-o", file)
	if _, err := os.Stat("acme.key"); err != nil {
		must(t, 0, "plugin", "keygen", "-o", "acme", "--no-passphrase")
	}
	must(t, 0, "plugin", "sign", file, "-s", "acme.key")
	text, err := os.ReadFile("acme.pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")[1]
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	items, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		list = append(list, item.Name())
	}
	return list
}

func TestPublisherPacksAndSignsAndOperatorVerifies(t *testing.T) {
	alone(t)
	stdout, stderr := must(t, 0, "plugin", "pack", source(t, "src", "1.0.0", "one"))
	contains(t, stdout, "acme.labels-1.0.0.pergola: acme.labels 1.0.0, 2 files", "sha256:")
	contains(t, stderr, "left out: main.go")
	stdout, _ = must(t, 0, "plugin", "keygen", "-o", "acme", "--no-passphrase")
	contains(t, stdout, "acme.key is secret", "acme.*=RW")
	if info, err := os.Stat("acme.key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret key: %v, %v", info.Mode(), err)
	}
	_, stderr = must(t, 2, "plugin", "keygen", "-o", "acme", "--no-passphrase")
	contains(t, stderr, "acme.key is there already")
	const file = "acme.labels-1.0.0.pergola"
	must(t, 0, "plugin", "sign", file, "-s", "acme.key")
	stdout, _ = must(t, 0, "plugin", "verify", file, "--key", "acme.pub")
	contains(t, stdout, "acme.labels 1.0.0", "sha256:", "signed by")
	_, stderr = must(t, 3, "plugin", "verify", file)
	contains(t, stderr, "by a key that this host knows", "plugins.trust.publishers")

	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(data), "one", "two", 1))
	_, stderr = must(t, 3, "plugin", "verify", file, "--key", "acme.pub")
	contains(t, stderr, "plugin.wasm", "expected sha256:", "found sha256:", "signed by")
	must(t, 3, "plugin", "inspect", file)

	_, stderr = must(t, 0, "plugin", "pack", "src")
	contains(t, stderr, "removed "+file+".minisig, which was for the bundle that was there before")
}

func TestInspectShowsWhatNobodyTrusts(t *testing.T) {
	alone(t)
	key := signed(t, "1.0.0", "one", "x.pergola")
	stdout, _ := must(t, 0, "plugin", "inspect", "x.pergola")
	contains(t, stdout, "acme.labels 1.0.0, Labels", "refuses it", "plugin.wasm", "Acme (as plugin.json says)", "permission  none")
	stdout, _ = must(t, 0, "plugin", "inspect", "--json", "x.pergola", "--set", "plugins.trust.publishers=acme.labels="+key)
	var d description
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.ID != "acme.labels" || len(d.Files) != 2 || d.Trust.Tier != "publisher" || d.Trust.Publisher != "acme.labels" || len(d.Signatures) != 1 || d.Trust.Key != d.Signatures[0].Key {
		t.Errorf("got %+v", d)
	}
}

func TestOperatorInstallsUpgradesAndNothingElse(t *testing.T) {
	alone(t)
	key := signed(t, "1.0.0", "one", "one.pergola")
	signed(t, "1.1.0", "two", "two.pergola")
	signed(t, "1.1.0", "three", "three.pergola")
	must(t, 0, "plugin", "pack", source(t, "src", "1.2.0", "four"), "-o", "four.pergola")
	write(t, "pergola.yaml", "plugins:\n  dir: plugins\n  trust:\n    publishers: ['acme.*="+key+"']\n")

	stdout, _ := must(t, 0, "plugin", "install", "one.pergola")
	contains(t, stdout, "acme.labels 1.0.0 installed as plugins/acme.labels-1.0.0.pergola", "signed by publisher acme", "kill -HUP")
	stdout, _ = must(t, 0, "plugin", "install", "two.pergola")
	contains(t, stdout, "removed the older acme.labels-1.0.0.pergola")
	stdout, _ = must(t, 0, "plugin", "install", "two.pergola")
	contains(t, stdout, "was installed already")
	for file, want := range map[string]struct {
		code int
		says string
	}{
		"one.pergola":     {5, "is older"},
		"three.pergola":   {5, "with another content"},
		"four.pergola":    {3, "not signed"},
		"nowhere.pergola": {1, "nowhere.pergola cannot be read"},
		"pergola.yaml":    {3, "not signed"},
	} {
		_, stderr := must(t, want.code, "plugin", "install", file)
		contains(t, stderr, want.says)
	}
	if diff := cmp.Diff([]string{installLock, "acme.labels-1.1.0.pergola", "acme.labels-1.1.0.pergola.minisig"}, names(t, "plugins")); diff != "" {
		t.Errorf("installed (-want +got):\n%s", diff)
	}
	_, stderr := must(t, 2, "plugin", "install", "two.pergola", "--set", "plugins.trust.publishers=acme")
	contains(t, stderr, "plugins.trust.publishers", "write IDS=KEY")
	write(t, "pergola.yaml", "plugins:\n  dir: other\n")
	_, stderr = must(t, 3, "plugin", "install", "two.pergola", "--key", "acme.pub")
	contains(t, stderr, "the key fits, but the host would not load the bundle")
}

func TestBundlesTravelThroughARegistry(t *testing.T) {
	alone(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewServer(registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError))))
	t.Cleanup(server.Close)
	ref := strings.TrimPrefix(server.URL, "http://") + "/acme/labels"
	key := signed(t, "1.0.0", "one", "x.pergola")
	trusted := "plugins.trust.publishers=acme.*=" + key

	pushed, _ := must(t, 0, "plugin", "push", "x.pergola", ref)
	_, digest, _ := strings.Cut(strings.TrimSpace(pushed), "@")
	pinned := ref + "@" + digest
	_, stderr := must(t, 3, "plugin", "pull", pinned, "-o", "y.pergola")
	contains(t, stderr, pinned, "by a key that this host knows")
	if _, err := os.Stat("y.pergola"); err == nil {
		t.Error("a bundle that is not trusted was saved")
	}
	stdout, _ := must(t, 0, "plugin", "pull", pinned, "--set", trusted)
	contains(t, stdout, "signed by publisher acme", "pinned: "+pinned)
	for name, want := range map[string]string{"acme.labels-1.0.0.pergola": "x.pergola", "acme.labels-1.0.0.pergola.minisig": "x.pergola.minisig"} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if from, _ := os.ReadFile(want); !bytes.Equal(got, from) {
			t.Errorf("%s is not what was pushed", name)
		}
	}
	must(t, 0, "plugin", "install", ref+":1.0.0", "--set", trusted, "--set", "plugins.dir=plugins")
	signed(t, "1.0.0", "two", "z.pergola")
	_, stderr = must(t, 5, "plugin", "push", "z.pergola", ref)
	contains(t, stderr, "a version never changes")
	_, stderr = must(t, 4, "plugin", "pull", ref+":9.9.9", "--set", trusted)
	contains(t, stderr, "look at the name and the tag")
	_, stderr = must(t, 2, "plugin", "pull", ref, "--set", trusted)
	contains(t, stderr, "names no version")
}

func TestInstallWithoutTheRegistryChangesNothing(t *testing.T) {
	alone(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, stderr := must(t, 4, "plugin", "install", l.Addr().String()+"/acme/labels:1.0.0", "--set", "plugins.dir=plugins")
	contains(t, stderr, "cannot be reached; nothing was changed")
	if _, err := os.Stat("plugins"); err == nil {
		t.Error("the plugin directory was made")
	}
}

// Standard input is no terminal here, so nothing can be asked.
func TestPassphraseIsAskedForOrTakenFromTheEnvironment(t *testing.T) {
	dir := alone(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	stdin := os.Stdin
	os.Stdin = null
	t.Cleanup(func() { os.Stdin = stdin })
	_, stderr := must(t, 2, "plugin", "keygen")
	contains(t, stderr, "PERGOLA_KEY_PASSPHRASE", "--no-passphrase")
	if list := names(t, dir); len(list) > 0 {
		t.Errorf("it left %v", list)
	}
	if testing.Short() {
		t.Skip("deriving a key from a passphrase takes seconds")
	}
	t.Setenv("PERGOLA_KEY_PASSPHRASE", "correct horse")
	must(t, 0, "plugin", "keygen")
	must(t, 0, "plugin", "pack", source(t, "src", "1.0.0", "one"), "-o", "x.pergola")
	must(t, 0, "plugin", "sign", "x.pergola", "-s", "pergola.key")
	must(t, 0, "plugin", "verify", "x.pergola", "--key", "pergola.pub")
	t.Setenv("PERGOLA_KEY_PASSPHRASE", "")
	_, stderr = must(t, 2, "plugin", "sign", "x.pergola", "-s", "pergola.key")
	contains(t, stderr, "there is no terminal")
}
