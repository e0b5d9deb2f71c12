package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Kind says why a bundle was refused.
type Kind string

// The kinds of refusal.
const (
	Malformed Kind = "malformed" // it is no bundle, or one that nobody should have made
	Tampered  Kind = "tampered"  // something differs from its digest or signature
	Untrusted Kind = "untrusted" // it may be what its publisher made, but nobody who counts says so
)

// Refusal is the error of a bundle that may not be used. It names what an operator needs to see what happened and what to do.
type Refusal struct {
	Kind   Kind
	Bundle string // the name of the bundle's file
	File   string // the file inside that it is about; empty where it is about the whole
	// Problem says what is wrong.
	Problem string
	// Expected and Found are digests ("sha256:…"), where two of them disagree.
	Expected, Found string
	// Signer says who signed, as far as that is known.
	Signer string
	// Next says what to do.
	Next string
}

// Error returns it all in one line.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString(r.Bundle)
	if r.File != "" {
		b.WriteString(": ")
		b.WriteString(r.File)
	}
	b.WriteString(": ")
	b.WriteString(r.Problem)
	if r.Expected != "" {
		b.WriteString(": expected " + r.Expected + ", found " + r.Found)
	}
	for _, part := range []string{r.Signer, r.Next} {
		if part != "" {
			b.WriteString("; ")
			b.WriteString(part)
		}
	}
	return b.String()
}

// Digest is the SHA-256 of an archive or of a file in it.
type Digest [sha256.Size]byte

// DigestOf returns the digest of some bytes.
func DigestOf(data []byte) Digest { return sha256.Sum256(data) }

// String returns the digest as "sha256:" and 64 hexadecimal digits.
func (d Digest) String() string { return "sha256:" + hex.EncodeToString(d[:]) }
