package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The whole way of a signed bundle on real parts: a publisher packs and signs, an operator installs, the host serves it to a
// browser; and a byte that changes on the host's disk keeps it from running.
func TestSignedBundleServesUntilItIsChanged(t *testing.T) {
	t.Parallel()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir, plugins := t.TempDir(), t.TempDir()
	pergola := func(args ...string) {
		t.Helper()
		cmd := exec.Command(bin, append([]string{"plugin"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	pergola("pack", filepath.Join(filepath.Dir(bin), "plugins", "pergola.qrcode"), "-o", "qrcode.pergola")
	pergola("keygen", "-o", "publisher", "--no-passphrase")
	pergola("sign", "qrcode.pergola", "-s", "publisher.key")
	public, err := os.ReadFile(filepath.Join(dir, "publisher.pub"))
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{"--set", "plugins.dir=" + plugins, "--set", "plugins.trust.publishers=pergola.*=" + strings.Split(string(public), "\n")[1]}
	pergola(append([]string{"install", "qrcode.pergola"}, flags...)...)

	start := append([]string{"--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0"}, flags...)
	d := startDev(t, t.TempDir(), start...)
	b := newTab(t)
	b.open(d.Issue)
	b.click(panelFrame, button("Create code"))
	b.wait(panelFrame, `document.querySelector("figure svg")`)
	if log := d.stderr.String(); !strings.Contains(log, "trust=publisher") {
		t.Error("the log does not say why the plugin is trusted")
	}

	installed, err := filepath.Glob(filepath.Join(plugins, "*.pergola"))
	if err != nil || len(installed) != 1 {
		t.Fatalf("installed: %v, %v", installed, err)
	}
	data, err := os.ReadFile(installed[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(installed[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	changed := startDev(t, t.TempDir(), start...)
	for _, want := range []string{"plugin cannot be read", "not the one that was signed", "expected sha256:", "signed by publisher pergola"} {
		if log := changed.stderr.String(); !strings.Contains(log, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}
