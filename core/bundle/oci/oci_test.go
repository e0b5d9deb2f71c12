package oci_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/bundle/oci"
)

func TestWhatIsPulledIsWhatWasPushed(t *testing.T) {
	for name, start := range registries {
		t.Run(name, func(t *testing.T) {
			host, ctx, c := start(t), t.Context(), oci.New(oci.Config{})
			acme := secret(t)
			b := pack(t, "1.2.0+b1", strings.Repeat("code", 1<<18))
			signatures := sign(acme, b)
			pushed, err := c.Push(ctx, host+"/acme/labels", b, signatures)
			if err != nil {
				t.Fatal(err)
			}
			if pushed.Ref != host+"/acme/labels:1.2.0_b1" {
				t.Errorf("pushed to %s", pushed.Ref)
			}
			for _, ref := range []string{pushed.Ref, host + "/acme/labels@" + pushed.Digest, pushed.Ref + "@" + pushed.Digest} {
				p, err := c.Pull(ctx, ref, trust(acme))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(p.Archive, b.Archive) || !bytes.Equal(p.Signatures, signatures) || p.Digest != pushed.Digest || p.Signer.Publisher != "acme" {
					t.Errorf("%s: got %s, signed by %s", ref, p.Digest, p.Signer)
				}
			}
			again, err := c.Push(ctx, host+"/acme/labels", b, signatures)
			if err != nil || again != pushed {
				t.Errorf("pushed again: %+v, %v", again, err)
			}
		})
	}
}

func TestVersionsInTheRegistryNeverChange(t *testing.T) {
	for name, start := range registries {
		t.Run(name, func(t *testing.T) {
			host, ctx, c := start(t), t.Context(), oci.New(oci.Config{})
			acme := secret(t)
			first, second := pack(t, "1.0.0", "one"), pack(t, "1.0.0", "two")
			ref := host + "/acme/labels"
			for _, tag := range []string{"", ":latest"} {
				if _, err := c.Push(ctx, ref+tag, first, nil); err != nil {
					t.Fatal(err)
				}
			}
			_, err := c.Push(ctx, ref, second, sign(acme, second))
			says(t, err, ref+":1.0.0", first.Digest.String(), second.Digest.String(), "a version never changes")
			if !errors.Is(err, oci.ErrExists) {
				t.Errorf("got %v", err)
			}
			if _, err := c.Push(ctx, ref+":latest", second, nil); err != nil {
				t.Errorf("latest does not move: %v", err)
			}
			if _, err := c.Push(ctx, ref, first, sign(acme, first)); err != nil {
				t.Errorf("a signature cannot be added: %v", err)
			}
			if p, err := c.Pull(ctx, ref+":1.0.0", trust(acme)); err != nil || string(p.Code) != "one" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPullReturnsOnlyWhatIsTrusted(t *testing.T) {
	host, ctx, c := serve(t, inProcess()), t.Context(), oci.New(oci.Config{})
	acme, stranger := secret(t), secret(t)
	b := pack(t, "1.0.0", "one")
	for tag, signatures := range map[string][]byte{"unsigned": nil, "stranger": sign(stranger, b), "wrong": sign(acme, pack(t, "1.0.1", "two"))} {
		if _, err := c.Push(ctx, host+"/acme/labels:"+tag, b, signatures); err != nil {
			t.Fatal(err)
		}
		_, err := c.Pull(ctx, host+"/acme/labels:"+tag, trust(acme))
		var refusal *bundle.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v", tag, err)
		}
		says(t, err, host+"/acme/labels:"+tag)
	}
}

func TestReferencesAreChecked(t *testing.T) {
	c := oci.New(oci.Config{})
	b := pack(t, "1.0.0", "one")
	digest := "@sha256:" + strings.Repeat("0", 64)
	for _, tt := range []struct {
		ref  string
		push bool
		says string
	}{
		{"labels", true, "HOST/NAME:TAG"},
		{"Host/UPPER:1", false, "HOST/NAME:TAG"},
		{"", false, "HOST/NAME:TAG"},
		{"127.0.0.1:1/acme/labels", false, "names no version"},
		{"127.0.0.1:1/acme/labels" + digest, true, "a digest is what comes out"},
	} {
		var err error
		if tt.push {
			_, err = c.Push(t.Context(), tt.ref, b, nil)
		} else {
			_, err = c.Pull(t.Context(), tt.ref, bundle.Trust{})
		}
		says(t, err, tt.says, `"`+tt.ref+`"`)
		if !errors.Is(err, oci.ErrReference) {
			t.Errorf("%s: %v", tt.ref, err)
		}
	}
}

// between changes what a registry answers.
type between struct {
	http.Handler
	change func(w http.ResponseWriter, r *http.Request) bool
}

func (b between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !b.change(w, r) {
		b.Handler.ServeHTTP(w, r)
	}
}

func TestRegistryErrorsSayWhatToDo(t *testing.T) {
	acme := secret(t)
	b := pack(t, "1.0.0", "one")
	status := func(code int, under string) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, under) {
				w.WriteHeader(code)
				return true
			}
			return false
		}
	}
	for name, tt := range map[string]struct {
		change func(w http.ResponseWriter, r *http.Request) bool
		ref    string
		says   string
	}{
		"no such tag":     {status(200, "nothing"), "acme/labels:2.0.0", "look at the name and the tag"},
		"not logged in":   {status(401, "manifests"), "acme/labels:1.0.0", "docker login"},
		"forbidden":       {status(403, "blobs"), "acme/labels:1.0.0", "PERGOLA_REGISTRY_USER"},
		"broken":          {status(503, "manifests"), "acme/labels:1.0.0", "a problem of its own; nothing was changed"},
		"another blob":    {func(w http.ResponseWriter, r *http.Request) bool { return other(w, r, "blobs/", len(b.Archive)) }, "acme/labels:1.0.0", "another digest"},
		"no manifest":     {func(w http.ResponseWriter, r *http.Request) bool { return manifest(w, r, `hello`) }, "acme/labels:1.0.0", "no JSON"},
		"container image": {func(w http.ResponseWriter, r *http.Request) bool { return manifest(w, r, `{"schemaVersion":2}`) }, "acme/labels:1.0.0", `of the artifact type "", not a plugin bundle`},
		"huge bundle": {func(w http.ResponseWriter, r *http.Request) bool {
			return manifest(w, r, `{"artifactType":"`+oci.ArtifactType+`","layers":[{"mediaType":"`+oci.BundleType+`","digest":"`+b.Digest.String()+`","size":9999999999}]}`)
		}, "acme/labels:1.0.0", "9999999999 bytes, more than the"},
		"no bundle": {func(w http.ResponseWriter, r *http.Request) bool {
			return manifest(w, r, `{"artifactType":"`+oci.ArtifactType+`","layers":[]}`)
		}, "acme/labels:1.0.0", "0 layers"},
	} {
		t.Run(name, func(t *testing.T) {
			armed := false
			host := serve(t, between{inProcess(), func(w http.ResponseWriter, r *http.Request) bool { return armed && tt.change(w, r) }})
			c := oci.New(oci.Config{})
			if _, err := c.Push(t.Context(), host+"/acme/labels", b, sign(acme, b)); err != nil {
				t.Fatal(err)
			}
			armed = true
			_, err := c.Pull(t.Context(), host+"/"+tt.ref, trust(acme))
			says(t, err, tt.says, "pull "+host+"/"+tt.ref)
			var e *oci.Error
			if !errors.As(err, &e) {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// other answers with other bytes of the right length.
func other(w http.ResponseWriter, r *http.Request, under string, length int) bool {
	if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, under) {
		return false
	}
	_, _ = w.Write(bytes.Repeat([]byte("x"), length))
	return true
}

// manifest answers with another manifest.
func manifest(w http.ResponseWriter, r *http.Request, text string) bool {
	if !strings.Contains(r.URL.Path, "/manifests/") {
		return false
	}
	w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	w.Header().Set("Docker-Content-Digest", bundle.DigestOf([]byte(text)).String())
	_, _ = w.Write([]byte(text))
	return true
}

// A pin holds against a registry that answers with another manifest, whatever headers it sends.
func TestPinnedDigestHolds(t *testing.T) {
	acme := secret(t)
	text := `{"artifactType":"` + oci.ArtifactType + `","layers":[]}`
	host := serve(t, between{inProcess(), func(w http.ResponseWriter, r *http.Request) bool { return manifest(w, r, text) }})
	_, err := oci.New(oci.Config{}).Pull(t.Context(), host+"/acme/labels@sha256:"+strings.Repeat("0", 64), trust(acme))
	says(t, err, strings.Repeat("0", 64))
	if strings.Contains(err.Error(), "layers") {
		t.Errorf("the other manifest was read: %v", err)
	}
}

func TestRegistryThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ref := l.Addr().String() + "/acme/labels:1.0.0"
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := oci.New(oci.Config{})
	_, err = c.Pull(t.Context(), ref, bundle.Trust{})
	says(t, err, "pull "+ref, "cannot be reached; nothing was changed")
	_, err = c.Push(t.Context(), ref, pack(t, "1.0.0", "one"), nil)
	says(t, err, "push "+ref, "cannot be reached")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = c.Pull(ended, ref, bundle.Trust{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	host := serve(t, inProcess())
	b := pack(t, "1.0.0", "one")
	_, port, _ := net.SplitHostPort(host)
	for _, name := range []string{host, "localhost:" + port} {
		if _, err := oci.New(oci.Config{}).Push(t.Context(), name+"/acme/labels", b, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := oci.New(oci.Config{Scheme: oci.HTTPS}).Push(t.Context(), host+"/acme/labels", b, nil)
	says(t, err, "--plain-http")
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:5000": true, "127.8.9.1:5000": true, "localhost": true, "localhost:5000": true, "[::1]:5000": true, "[::1]": true,
		"registry.example.com": false, "127.0.0.1.example.com:5000": false, "localhost.example.com": false, "10.0.0.1:5000": false, "0.0.0.0:5000": false, "": false,
	} {
		if oci.Loopback(host) != want {
			t.Errorf("loopback %q: %v", host, !want)
		}
	}
}

func TestCredentialsComeFromTheConfigOrFromDocker(t *testing.T) {
	locked := between{inProcess(), func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "mia" && password == "hush-7" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}}
	host := serve(t, locked)
	b := pack(t, "1.0.0", "one")
	docker := t.TempDir()
	t.Setenv("DOCKER_CONFIG", docker)
	push := func(cfg oci.Config) error {
		_, err := oci.New(cfg).Push(t.Context(), host+"/acme/labels", b, nil)
		return err
	}
	says(t, push(oci.Config{}), "docker login "+host)
	err := push(oci.Config{User: "mia", Password: "hush-8"})
	says(t, err, "docker login")
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the error shows the password: %v", err)
	}
	if err := push(oci.Config{User: "mia", Password: "hush-7"}); err != nil {
		t.Error(err)
	}
	text := `{"auths": {"` + host + `": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("mia:hush-7")) + `"}}}`
	if err := os.WriteFile(filepath.Join(docker, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := push(oci.Config{}); err != nil {
		t.Error(err)
	}
}
