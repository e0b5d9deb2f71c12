package kms_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/kms"
)

const (
	acme = capability.TenantID("acme")
	uri  = "aws-kms://arn:aws:kms:eu-central-1:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc"
)

// memory is a service in this process.
type memory struct {
	cipher.AEAD
	down error
}

func newMemory(t *testing.T) *memory {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return &memory{AEAD: aead}
}

func (m *memory) EncryptWithContext(ctx context.Context, plain, aad []byte) ([]byte, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("a call without a deadline")
	}
	return m.Seal(nil, nil, plain, aad), m.down
}

func (m *memory) DecryptWithContext(ctx context.Context, box, aad []byte) ([]byte, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("a call without a deadline")
	}
	if m.down != nil {
		return nil, m.down
	}
	return m.Open(nil, nil, box, aad)
}

func TestKeyWrapsForARing(t *testing.T) {
	service := newMemory(t)
	k := kms.New(uri, service)
	ring, err := seal.NewRing(k)
	if err != nil {
		t.Fatal(err)
	}
	if ring.Primary() != uri {
		t.Errorf("the primary is %q, want the URI", ring.Primary())
	}
	if err := ring.Check(t.Context()); err != nil {
		t.Error(err)
	}
	service.down = errors.New("service away")
	if err := ring.Check(t.Context()); !errors.Is(err, service.down) || !strings.Contains(err.Error(), uri) {
		t.Errorf("%v, want the service's own error with the key's URI", err)
	}
}

func TestOpenRefusesWhatDoesNotNameOneKey(t *testing.T) {
	if _, err := kms.Open(t.Context(), uri); err != nil {
		t.Error(err)
	}
	for _, in := range []string{
		"", "arn:aws:kms:eu-central-1:111122223333:key/abc", "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
		"aws-kms://alias/testing", "aws-kms://arn:aws:kms:eu-central-1:111122223333:alias/testing", "aws-kms://arn:aws:kms::111122223333:key/abc",
		"aws-kms://arn:aws:kms:eu-central-1:1:key/abc", uri + "/x", uri + "\n",
	} {
		if _, err := kms.Open(t.Context(), in); err == nil || !strings.Contains(err.Error(), "aws-kms://arn:") {
			t.Errorf("%q: %v, want an error that shows the form", in, err)
		}
	}
}
