package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/pergola-platform/pergola/core/bundle"
)

// Pulled is a verified bundle from a registry.
type Pulled struct {
	bundle.Verified
	Digest string // of the manifest, "sha256:…"
}

// Pull fetches a bundle and its signatures into memory and verifies them. The reference names a tag or, to get the same for
// ever, a digest (HOST/NAME@sha256:…). Nothing is stored.
func (c *Client) Pull(ctx context.Context, ref string, trust bundle.Trust) (Pulled, error) {
	r, err := parse(ref)
	if err != nil {
		return Pulled{}, err
	}
	if r.Reference == "" {
		return Pulled{}, fmt.Errorf("%q is %w: it names no version; add :TAG, or @sha256:… for one that cannot change", ref, ErrReference)
	}
	fail := func(err error) (Pulled, error) { return Pulled{}, explain(ctx, "pull", r.String(), err) }
	repo, err := c.repository(r)
	if err != nil {
		return fail(err)
	}
	m, digest, err := fetchManifest(ctx, repo, r.Reference)
	if err != nil {
		return fail(err)
	}
	packed, signed, err := layers(m)
	if err != nil {
		return fail(err)
	}
	archive, err := content.FetchAll(ctx, repo.Blobs(), packed)
	if err != nil {
		return fail(err)
	}
	var signatures []byte
	if signed != nil {
		if signatures, err = content.FetchAll(ctx, repo.Blobs(), *signed); err != nil {
			return fail(err)
		}
	}
	v, err := trust.Verify(r.String(), archive, signatures)
	if err != nil {
		return Pulled{}, err
	}
	return Pulled{Verified: v, Digest: digest}, nil
}

// notBundle is the error of something in a registry that is no bundle.
type notBundle struct{ what string }

func (e *notBundle) Error() string { return "it is " + e.what + ", not a plugin bundle" }

// fetchManifest fetches the manifest of a tag or digest. What it returns has the digest that was asked for.
func fetchManifest(ctx context.Context, repo *remote.Repository, reference string) (m ocispec.Manifest, digest string, err error) {
	d, body, err := repo.Manifests().FetchReference(ctx, reference)
	if err != nil {
		return m, "", err
	}
	defer func() { _ = body.Close() }()
	if d.MediaType != ocispec.MediaTypeImageManifest {
		return m, "", &notBundle{fmt.Sprintf("of the type %q", d.MediaType)}
	}
	if d.Size > MaxManifest {
		return m, "", &notBundle{fmt.Sprintf("described by a manifest of %d bytes", d.Size)}
	}
	text, err := content.ReadAll(body, d) // compares size and digest
	if err != nil {
		return m, "", err
	}
	if strings.HasPrefix(reference, "sha256:") && d.Digest.String() != reference {
		return m, "", fmt.Errorf("the registry returned %s instead of %s", d.Digest, reference)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, "", &notBundle{"described by something that is no JSON"}
	}
	if m.ArtifactType != ArtifactType {
		return m, "", &notBundle{fmt.Sprintf("of the artifact type %q", m.ArtifactType)}
	}
	return m, d.Digest.String(), nil
}

// layers finds bundle and signatures in a manifest, and checks the sizes that it declares.
func layers(m ocispec.Manifest) (packed ocispec.Descriptor, signed *ocispec.Descriptor, err error) {
	bundles := 0
	for i, l := range m.Layers {
		limit := int64(bundle.MaxArchive)
		switch l.MediaType {
		case BundleType:
			bundles++
			packed = l
		case SignatureType:
			if signed != nil {
				return packed, nil, &notBundle{"something with two files of signatures"}
			}
			signed, limit = &m.Layers[i], bundle.MaxSignature
		default:
			continue
		}
		if l.Size < 0 || l.Size > limit {
			return packed, nil, &notBundle{fmt.Sprintf("something with a part (%s) of %d bytes, more than the %d of a bundle", l.MediaType, l.Size, limit)}
		}
		if err := l.Digest.Validate(); err != nil {
			return packed, nil, &notBundle{"something with a part whose digest is none"}
		}
	}
	if bundles != 1 {
		return packed, nil, &notBundle{fmt.Sprintf("something with %d layers of the type %s", bundles, BundleType)}
	}
	return packed, signed, nil
}

// explain says what to do about an error.
func explain(ctx context.Context, op, ref string, err error) error {
	if canceled(ctx, err) {
		return fmt.Errorf("%s %s: %w", op, ref, context.Canceled)
	}
	e := &Error{Op: op, Ref: ref, Err: err}
	host, _, _ := strings.Cut(ref, "/")
	var response *errcode.ErrorResponse
	var network net.Error
	var other *notBundle
	switch {
	case errors.Is(err, ErrExists):
		e.Next = "a version never changes; give the plugin a new version in plugin.json"
	case errors.As(err, &other):
		e.Next = "look at the name, or push a bundle there with pergola plugin push"
	case errors.Is(err, auth.ErrBasicCredentialNotFound), errors.As(err, &response) && (response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden):
		e.Next = "log in with docker login " + host + ", or set PERGOLA_REGISTRY_USER and PERGOLA_REGISTRY_PASSWORD"
	case errors.Is(err, errdef.ErrNotFound), errors.As(err, &response) && response.StatusCode == http.StatusNotFound:
		e.Next = "look at the name and the tag; some registries also say so to who is not logged in"
	case errors.As(err, &response) && (response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests):
		e.Next = "the registry has a problem of its own; nothing was changed here, try again later"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.Next = "the registry speaks no TLS; --plain-http allows that, with everything readable on the way"
	case errors.Is(err, content.ErrMismatchedDigest), errors.Is(err, content.ErrTrailingData):
		e.Next = "what the registry sent has another digest than was asked for; try again, and if it stays so, tell who runs the registry"
	case errors.As(err, &network):
		e.Next = "the registry cannot be reached; nothing was changed here, look at the address and whether it runs"
	}
	return e
}
