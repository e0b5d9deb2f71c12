// Package kms makes wrapping keys of the keys in a key management service, which the host can use and never see. It is the only
// place that knows tink and the library of AWS. Start with [Open], and give what it returns to [seal.NewRing].
//
// Credentials and addresses are those of AWS's own chain: the environment (AWS_ACCESS_KEY_ID and so on), the files
// in ~/.aws, the role of a pod or a machine. AWS_ENDPOINT_URL_KMS leads to another server of the same interface. The
// permissions needed are kms:Encrypt and kms:Decrypt; [seal.Ring.Check] says whether both are there.
package kms

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/pergola-platform/pergola/host/seal"
)

// timeout bounds one call, with what the library tries again; nobody else knows how long a tenant may wait for its key.
const timeout = 15 * time.Second

// Key is a wrapping key in a key management service. Its id is its URI.
//
// What a wrapping is bound to, the ids of the tenant and the data key, goes along as encryption context, which AWS writes into
// its log (CloudTrail).
type Key struct {
	uri  string
	aead tink.AEADWithContext
}

var _ seal.Wrapper = (*Key)(nil)

const scheme = "aws-kms://"

// An alias is refused because it can be moved to another key, after which nothing opens.
var awsKey = regexp.MustCompile(`^aws-kms://arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)

// Open returns the key with a URI of the form aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID. It calls nobody; [seal.Ring.Check]
// does.
func Open(ctx context.Context, uri string) (*Key, error) {
	if !awsKey.MatchString(uri) {
		return nil, fmt.Errorf("KMS key %q: write aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID, with the key's own id and no alias", uri)
	}
	aead, err := awskms.NewAEADWithContext(ctx, strings.TrimPrefix(uri, scheme))
	if err != nil {
		return nil, fmt.Errorf("KMS key %s: %w", uri, err)
	}
	return New(uri, aead), nil
}

// New returns a key of any service for which tink has an AEAD. The uri names it for ever.
func New(uri string, aead tink.AEADWithContext) *Key { return &Key{uri, aead} }

// KeyID returns the key's URI.
func (k *Key) KeyID() string { return k.uri }

// Wrap has the service encrypt key.
func (k *Key) Wrap(ctx context.Context, key, aad []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return k.aead.EncryptWithContext(ctx, key, aad)
}

// Unwrap has the service decrypt what Wrap returned.
func (k *Key) Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return k.aead.DecryptWithContext(ctx, wrapped, aad)
}
