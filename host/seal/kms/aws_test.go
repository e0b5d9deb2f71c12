package kms_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/kms"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const secondURI = "aws-kms://arn:aws:kms:eu-central-1:111122223333:key/0f8b1c4e-9d1a-4a53-8a7e-6f6f0f0c2d11"

const seeds = `Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: bc436485-5092-42b8-92a3-0aa8b93536dc
        BackingKeys:
          - 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
      - Metadata:
          KeyId: 0f8b1c4e-9d1a-4a53-8a7e-6f6f0f0c2d11
        BackingKeys:
          - 84d76b2e3a9cf1d05be6a1740c8f92e3b65d07f41a2c9e8830d5f6b7c4e19a02
`

// program returns the path of local-kms.
func program(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("LOCAL_KMS"); path != "" {
		return path
	}
	if found, err := filepath.Glob("../../../bin/tools/local-kms-*/local-kms"); err == nil && len(found) > 0 {
		path, err := filepath.Abs(found[len(found)-1])
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	if path, err := exec.LookPath("local-kms"); err == nil {
		return path
	}
	const missing = "local-kms is not installed; run .ci/local-kms.sh"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// startAWS starts the stand-in and leads AWS's own configuration to it.
func startAWS(t *testing.T) {
	t.Helper()
	path, dir := program(t), t.TempDir()
	seed := filepath.Join(dir, "seed.yaml")
	if err := os.WriteFile(seed, []byte(seeds), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	// It takes no listener, only a number.
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = append(os.Environ(), "PORT="+port, "KMS_DATA_PATH="+filepath.Join(dir, "data"), "KMS_SEED_PATH="+seed,
		"KMS_ACCOUNT_ID=111122223333", "KMS_REGION=eu-central-1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	deadline := time.After(30 * time.Second)
	for try := time.NewTicker(10 * time.Millisecond); ; {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			try.Stop()
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			break
		}
		select {
		case <-try.C:
		case <-ended:
			t.Fatalf("local-kms ended: %s", log.String())
		case <-deadline:
			t.Fatal("local-kms does not listen")
		}
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:" + port, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"), "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_PROFILE": "", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
}

func openKey(t *testing.T, uri string) *kms.Key {
	t.Helper()
	k, err := kms.Open(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keeper(t *testing.T, d store.Driver, keys ...seal.Wrapper) *seal.Keeper {
	t.Helper()
	ring, err := seal.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.NewKeeper(d, ring, time.Now, seal.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAWSWrapsDataKeys(t *testing.T) {
	startAWS(t)
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	local, err := seal.ParseKeys(seal.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	at := seal.Place{Collection: "tenant", ID: "acme", Field: "sharedSecret"}
	text, err := keeper(t, s, local...).Seal(t.Context(), acme, at, seal.NewSecret("value"))
	if err != nil {
		t.Fatal(err)
	}
	opens := func(name string, k *seal.Keeper) {
		t.Helper()
		if got, err := k.Open(t.Context(), acme, at, text); err != nil || got.Reveal() != "value" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// From a local key to the service, and there from one key to another.
	for _, step := range []struct {
		name     string
		new, old seal.Wrapper
	}{
		{"local to AWS", openKey(t, uri), local[0]},
		{"AWS to AWS", openKey(t, secondURI), openKey(t, uri)},
		{"AWS to local", local[0], openKey(t, secondURI)},
	} {
		k := keeper(t, s, step.new, step.old)
		if p, err := k.Rewrap(t.Context(), s, seal.RewrapConfig{}); err != nil || p.Done != 1 || len(p.Left) > 0 {
			t.Fatalf("%s: %+v, %v", step.name, p, err)
		}
		opens(step.name, keeper(t, s, step.new))
	}
}

func TestAWSAuthenticatesWhatItUnwraps(t *testing.T) {
	startAWS(t)
	k, key, aad := openKey(t, uri), []byte(strings.Repeat("k", 32)), []byte("tenant and key")
	wrapped, err := k.Wrap(t.Context(), key, aad)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, key[:8]) {
		t.Error("the wrapping shows the key")
	}
	if got, err := k.Unwrap(t.Context(), wrapped, aad); err != nil || !bytes.Equal(got, key) {
		t.Errorf("unwrapped: %v", err)
	}
	changed := bytes.Clone(wrapped)
	changed[len(changed)-1] ^= 1
	for name, try := range map[string]func() ([]byte, error){
		"for something else": func() ([]byte, error) { return k.Unwrap(t.Context(), wrapped, []byte("another tenant")) },
		"for nothing":        func() ([]byte, error) { return k.Unwrap(t.Context(), wrapped, nil) },
		"changed":            func() ([]byte, error) { return k.Unwrap(t.Context(), changed, aad) },
		"by another key":     func() ([]byte, error) { return openKey(t, secondURI).Unwrap(t.Context(), wrapped, aad) },
		"by a key that is not there": func() ([]byte, error) {
			return openKey(t, strings.Replace(uri, "bc43", "bc44", 1)).Unwrap(t.Context(), wrapped, aad)
		},
	} {
		if got, err := try(); err == nil {
			t.Errorf("%s: unwrapped %d bytes", name, len(got))
		} else if text := fmt.Sprintf("%+v", err); strings.Contains(text, string(key)) {
			t.Errorf("%s: the error shows the key: %s", name, text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Wrap(ctx, key, aad); err == nil {
		t.Error("wrapped after the context had ended")
	}
}
