package oci

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/pergola-platform/pergola/core/bundle"
)

// The types under which bundles lie in a registry.
const (
	ArtifactType  = "application/vnd.pergola.plugin.v1"
	BundleType    = "application/vnd.pergola.plugin.bundle.v1.tar"
	SignatureType = "application/vnd.pergola.plugin.signature.v1.minisig"
)

// MaxManifest is how many bytes of a manifest are read.
const MaxManifest = 64 << 10

// Scheme is how a registry is spoken to.
type Scheme string

// The schemes.
const (
	Auto  Scheme = ""      // http for a registry on this machine's loopback, https for every other
	HTTP  Scheme = "http"  // in the clear: whoever is on the way can read credentials
	HTTPS Scheme = "https" // always encrypted
)

// Config is how registries are reached. The zero Config will do.
type Config struct {
	Scheme Scheme
	// User and Password are for the registry of the reference. Where both are empty, they come from Docker's configuration
	// ($DOCKER_CONFIG, ~/.docker) with its credential helpers.
	User, Password string
}

// Client pushes to and pulls from registries. It is safe for concurrent use.
type Client struct{ cfg Config }

// New returns a client; it connects to nothing yet.
func New(cfg Config) *Client { return &Client{cfg: cfg} }

// Error is the error of a registry that could not be reached, refused something or holds something else than a bundle. A
// bundle that was refused for what it is has a *bundle.Refusal instead.
type Error struct {
	Op  string // "push" or "pull"
	Ref string
	Err error
	// Next says what to do.
	Next string
}

// Error returns it all in one line. A registry's own words are kept from writing to a terminal.
func (e *Error) Error() string {
	text := e.Op + " " + e.Ref + ": " + e.Err.Error()
	if e.Next != "" {
		text += "; " + e.Next
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrReference is the error of a reference that cannot be one.
var ErrReference = errors.New("no reference to a bundle in a registry")

// parse reads HOST/NAME:TAG or HOST/NAME@sha256:….
func parse(ref string) (registry.Reference, error) {
	r, err := registry.ParseReference(ref)
	if err != nil {
		return r, fmt.Errorf("%q is %w; write HOST/NAME:TAG or HOST/NAME@sha256:…, such as registry.example.com/acme/labels:1.2.0", ref, ErrReference)
	}
	return r, nil
}

// patience bounds the wait for a registry that answers with errors. Whoever waits is a person or a script that tries again itself.
var patience retry.Policy = &retry.GenericPolicy{
	Retryable: retry.DefaultPredicate,
	Backoff:   retry.ExponentialBackoff(250*time.Millisecond, 2, 0.1),
	MinWait:   200 * time.Millisecond,
	MaxWait:   2 * time.Second,
	MaxRetry:  2,
}

// repository connects a reference with credentials and limits.
func (c *Client) repository(ref registry.Reference) (*remote.Repository, error) {
	repo, err := remote.NewRepository(ref.Registry + "/" + ref.Repository)
	if err != nil {
		return nil, err
	}
	repo.PlainHTTP = c.cfg.Scheme == HTTP || c.cfg.Scheme == Auto && loopback(ref.Registry)
	repo.MaxMetadataBytes = MaxManifest
	credential, err := c.credential(ref)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	client := &auth.Client{
		Client:     &http.Client{Transport: &retry.Transport{Base: transport, Policy: func() retry.Policy { return patience }}},
		Credential: credential,
		Cache:      auth.NewCache(),
	}
	client.SetUserAgent("pergola")
	repo.Client = client
	return repo, nil
}

func (c *Client) credential(ref registry.Reference) (auth.CredentialFunc, error) {
	if c.cfg.User != "" || c.cfg.Password != "" {
		return auth.StaticCredential(ref.Host(), auth.Credential{Username: c.cfg.User, Password: c.cfg.Password}), nil
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("the credentials in Docker's configuration cannot be read: %w", err)
	}
	return credentials.Credential(store), nil
}

// loopback says whether a registry's address can only be on this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// TagOf returns the tag of a plugin's version: a tag cannot hold the + of a version with build metadata.
func TagOf(b *bundle.Bundle) string { return strings.ReplaceAll(b.Manifest.Version, "+", "_") }

// canceled says whether an error is only that of the caller's own end.
func canceled(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
