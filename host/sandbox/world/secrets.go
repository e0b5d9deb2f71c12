package world

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// NewSigningKey makes an RSA key pair, which takes a moment.
func NewSigningKey() (SigningKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return SigningKey{}, fmt.Errorf("make a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return SigningKey{}, fmt.Errorf("encode a signing key: %w", err)
	}
	return SigningKey{
		ID:  NewUUID(),
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}, nil
}

// Private is the key itself. The zero value has none.
func (k SigningKey) Private() (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil {
		return nil, fmt.Errorf("the site's signing key %q is no PEM block", k.ID)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the site's signing key %q: %w", k.ID, err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the site's signing key %q is no RSA key", k.ID)
	}
	return private, nil
}

// NewUUID returns a random UUID of version 4.
func NewUUID() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NewSecret returns a new shared secret, as long and as odd as Jira's.
func NewSecret() string { return fmt.Sprintf("ATCO%xSANDBOX", random(40)) }

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails, says crypto/rand
	return b
}
