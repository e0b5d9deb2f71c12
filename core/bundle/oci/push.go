package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/pergola-platform/pergola/core/bundle"
)

// ErrExists is the error of a version that lies in the registry with another content.
var ErrExists = errors.New("the registry has another bundle under this version")

// Pushed says what lies in the registry now.
type Pushed struct {
	Ref    string // with the tag
	Digest string // of the manifest, "sha256:…"; HOST/NAME@DIGEST pins bundle and signatures
}

// Push puts a bundle into a registry, with the content of its .minisig file (nil for none). Without a tag in ref it is that of the
// version, see [TagOf]. A version's tag that holds another bundle is an [ErrExists]; signatures may be added, and tags that are
// not the version, such as latest, may move. The manifest goes last, so what was broken off is nowhere to be seen.
func (c *Client) Push(ctx context.Context, ref string, b *bundle.Bundle, signatures []byte) (Pushed, error) {
	r, err := parse(ref)
	if err != nil {
		return Pushed{}, err
	}
	if r.Reference == "" {
		r.Reference = TagOf(b)
	}
	if r.ValidateReferenceAsDigest() == nil {
		return Pushed{}, fmt.Errorf("%q is %w to push to: a digest is what comes out; name a tag or nothing", ref, ErrReference)
	}
	fail := func(err error) (Pushed, error) { return Pushed{}, explain(ctx, "push", r.String(), err) }
	repo, err := c.repository(r)
	if err != nil {
		return fail(err)
	}
	m, blobs := describe(b, signatures)
	text, err := json.Marshal(m)
	if err != nil {
		return fail(err)
	}
	if r.Reference == TagOf(b) {
		if err := free(ctx, repo, r.Reference, m.Layers[0]); err != nil {
			return fail(err)
		}
	}
	for i, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		there, err := repo.Blobs().Exists(ctx, d)
		if err == nil && !there {
			err = repo.Blobs().Push(ctx, d, bytes.NewReader(blobs[i]))
		}
		if err != nil {
			return fail(err)
		}
	}
	d := content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, text)
	if err := repo.Manifests().PushReference(ctx, d, bytes.NewReader(text), r.Reference); err != nil {
		return fail(err)
	}
	return Pushed{Ref: r.String(), Digest: d.Digest.String()}, nil
}

// describe returns the manifest and the blobs that it names, the configuration first.
func describe(b *bundle.Bundle, signatures []byte) (ocispec.Manifest, [][]byte) {
	named := func(mediaType, name string, data []byte) ocispec.Descriptor {
		d := content.NewDescriptorFromBytes(mediaType, data)
		d.Annotations = map[string]string{ocispec.AnnotationTitle: name}
		return d
	}
	blobs := [][]byte{ocispec.DescriptorEmptyJSON.Data, b.Archive}
	layers := []ocispec.Descriptor{named(BundleType, b.FileName(), b.Archive)}
	if signatures != nil {
		blobs = append(blobs, signatures)
		layers = append(layers, named(SignatureType, b.FileName()+bundle.SignatureExtension, signatures))
	}
	return ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: ArtifactType,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers:       layers,
		// No time of creation: it would be another manifest each time.
		Annotations: map[string]string{
			ocispec.AnnotationTitle:       string(b.Manifest.ID),
			ocispec.AnnotationVersion:     b.Manifest.Version,
			ocispec.AnnotationDescription: b.Manifest.Description,
		},
	}, blobs
}

// free checks that a version's tag is not taken by another bundle.
func free(ctx context.Context, repo *remote.Repository, tag string, layer ocispec.Descriptor) error {
	m, _, err := fetchManifest(ctx, repo, tag)
	var other *notBundle
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return nil
	case errors.As(err, &other):
		return fmt.Errorf("%w: %w", ErrExists, err)
	case err != nil:
		return err
	}
	there, _, err := layers(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrExists, err)
	}
	if there.Digest != layer.Digest {
		return fmt.Errorf("%w: there it is %s, here %s", ErrExists, there.Digest, layer.Digest)
	}
	return nil
}
