package bundle_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/bundle"
)

// program finds a program that has nothing in common with our code, and skips where it is not installed.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and in CI nothing may be skipped; .ci/needs.sh installs it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

func run(t *testing.T, dir, name string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func save(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMinisignVerifiesWhatWeSign(t *testing.T) {
	minisign := program(t, "minisign")
	dir := t.TempDir()
	key, counter := secret(t), secret(t)
	archive := encode(t, labels()...)
	signatures, err := bundle.AddSignature(key.Sign("x.pergola", archive, day), counter.Sign("x.pergola", archive, day))
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	save(t, dir, "x.pergola", archive)
	save(t, dir, "x.pergola.minisig", signatures)
	save(t, dir, "x.pub", public)
	out, err := run(t, dir, minisign, "-V", "-m", "x.pergola", "-p", "x.pub")
	if err != nil || !strings.Contains(out, "verified") || !strings.Contains(out, bundle.DigestOf(archive).String()) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(t, dir, minisign, "-V", "-m", "x.pergola", "-P", key.Public().String()); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	save(t, dir, "x.pergola", append(archive, 0))
	if out, err := run(t, dir, minisign, "-V", "-m", "x.pergola", "-p", "x.pub"); err == nil {
		t.Errorf("another archive is accepted\n%s", out)
	}
	// Our secret key signs with minisign too.
	text, err := key.Encrypt("")
	if err != nil {
		t.Fatal(err)
	}
	save(t, dir, "x.key", text)
	if out, err := run(t, dir, minisign, "-S", "-m", "x.pergola", "-s", "x.key", "-W"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run(t, dir, minisign, "-V", "-m", "x.pergola", "-p", "x.pub"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWeVerifyWhatMinisignSigns(t *testing.T) {
	minisign := program(t, "minisign")
	dir := t.TempDir()
	archive := encode(t, labels()...)
	save(t, dir, "x.pergola", archive)
	if out, err := run(t, dir, minisign, "-G", "-W", "-p", "x.pub", "-s", "x.key"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key, err := bundle.ParseKey(string(load(t, dir, "x.pub")))
	if err != nil {
		t.Fatal(err)
	}
	trust := bundle.Trust{Publishers: []bundle.Pin{pin("acme.*", key)}}
	for _, form := range []string{"-H", "-l"} { // over a digest, and over the bytes as old versions did
		if out, err := run(t, dir, minisign, "-S", form, "-m", "x.pergola", "-s", "x.key"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		v, err := trust.Verify("x.pergola", archive, load(t, dir, "x.pergola.minisig"))
		if err != nil || v.Signer.Key != key.ID() {
			t.Errorf("%s: %+v, %v", form, v.Signer, err)
		}
		if _, err := trust.Verify("x.pergola", encode(t, labels()[1:]...), load(t, dir, "x.pergola.minisig")); err == nil {
			t.Errorf("%s: another archive is accepted", form)
		}
	}
	ours, err := bundle.ParseSecretKey(load(t, dir, "x.key"), "")
	if err != nil || ours.Public() != key {
		t.Fatalf("secret key: %v", err)
	}
	if _, err := trust.Verify("x.pergola", archive, ours.Sign("x.pergola", archive, day)); err != nil {
		t.Error(err)
	}
}

// GNU tar, told to leave out what differs between machines, writes a bundle to the last byte.
func TestGNUTarWritesTheSameArchive(t *testing.T) {
	tar := program(t, "tar")
	if out, err := run(t, "", tar, "--version"); err != nil || !strings.Contains(out, "GNU tar") {
		t.Skip("tar is not GNU tar")
	}
	dir := t.TempDir()
	archive := encode(t, labels()...)
	save(t, dir, "ours.tar", archive)
	if out, err := run(t, dir, tar, "-xf", "ours.tar"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := run(t, dir, tar, "--format=ustar", "-b2", "--mtime=@0", "--numeric-owner", "--owner=0", "--group=0", "--mode=0644",
		"-cf", "gnu.tar", "SHA256SUMS.json", "plugin.json", "plugin.wasm", "static/logo.svg")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, want := bundle.DigestOf(load(t, dir, "gnu.tar")), bundle.DigestOf(archive); got != want {
		t.Errorf("GNU tar writes %s, we write %s", got, want)
	}
}
