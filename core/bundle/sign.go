package bundle

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"strings"
	"time"

	"aead.dev/minisign"
)

// linesOfSignature is how many lines a signature of minisign has.
const linesOfSignature = 4

// Signature is one signature, of which nothing is known yet but what it says itself.
type Signature struct {
	Key     KeyID  // which key it says to be of
	Comment string // the trusted comment: signed along, once the signature is verified
	text    []byte
}

// Sign returns the content of a .minisig file. The name of the bundle's file and the time are noted in the signed comment, as
// minisign does, and the archive's SHA-256, so that a host can say what was signed when the archive is another one.
func (s SecretKey) Sign(name string, archive []byte, now time.Time) []byte {
	r := minisign.NewReader(bytes.NewReader(archive))
	_, _ = io.Copy(io.Discard, r) // a bytes.Reader has no errors
	trusted := fmt.Sprintf("timestamp:%d\tfile:%s\thashed\t%s", now.Unix(), printable(name), DigestOf(archive))
	return r.SignWithComments(s.key, trusted, "signature of a Pergola plugin, key "+s.Public().ID().String())
}

// ParseSignatures reads the content of a .minisig file: one signature or several, one after the other.
func ParseSignatures(text []byte) ([]Signature, error) {
	if len(text) > MaxSignature {
		return nil, fmt.Errorf("the signatures are longer than %d bytes", MaxSignature)
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	if len(lines)%linesOfSignature != 0 {
		return nil, fmt.Errorf("a signature of minisign has %d lines, and here are %d", linesOfSignature, len(lines))
	}
	if len(lines)/linesOfSignature > MaxSignatures {
		return nil, fmt.Errorf("there are more than %d signatures", MaxSignatures)
	}
	var out []Signature
	for i := 0; i < len(lines); i += linesOfSignature {
		one := strings.Join(lines[i:i+linesOfSignature], "\n") + "\n"
		var s minisign.Signature
		if err := s.UnmarshalText([]byte(one)); err != nil {
			return nil, fmt.Errorf("lines %d to %d are no signature of minisign", i+1, i+linesOfSignature)
		}
		out = append(out, Signature{Key: KeyID(s.KeyID), Comment: s.TrustedComment, text: []byte(one)})
	}
	return out, nil
}

// AddSignature returns the content of a .minisig file with one more signature behind those that are there, or in the place of
// that by the same key. The old content may be nil.
func AddSignature(old, signature []byte) ([]byte, error) {
	added, err := ParseSignatures(signature)
	if err != nil {
		return nil, err
	}
	var all []Signature
	if len(old) > 0 {
		if all, err = ParseSignatures(old); err != nil {
			return nil, err
		}
	}
	var out []byte
	for _, s := range all {
		for i, a := range added {
			if a.Key == s.Key {
				s, added = a, append(added[:i:i], added[i+1:]...)
				break
			}
		}
		out = append(out, s.text...)
	}
	for _, a := range added {
		out = append(out, a.text...)
	}
	if _, err := ParseSignatures(out); err != nil {
		return nil, err
	}
	return out, nil
}

// verifies says whether the key signed the archive, comment and all.
func (s Signature) verifies(k Key, archive []byte) bool {
	pub, _ := k.public()
	return k != Key{} && minisign.Verify(pub, archive, s.text)
}

// signedDigest returns the SHA-256 which a key's owner noted in the comment, "" where there is none or the key did not sign
// the comment. It is for messages only.
func (s Signature) signedDigest(k Key) string {
	var raw minisign.Signature
	if raw.UnmarshalText(s.text) != nil {
		return ""
	}
	_, pub := k.public()
	if !ed25519.Verify(pub, append(raw.Signature[:], raw.TrustedComment...), raw.CommentSignature[:]) {
		return ""
	}
	for part := range strings.FieldsSeq(raw.TrustedComment) {
		if strings.HasPrefix(part, "sha256:") {
			return printable(part)
		}
	}
	return ""
}
