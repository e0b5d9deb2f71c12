// Package letters is how tokens are written that people copy: a prefix, by which a search for leaked secrets finds them, random parts in letters of
// five bits (a to z and 2 to 7), and a CRC-32 of all before, so that what was cut or mistyped is known without asking the store.
package letters

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	sumSize  = 7
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// Form is a form of tokens. Two forms are told apart by their lengths, whatever their prefixes.
type Form struct {
	Prefix string
	Parts  []int // lengths of the parts, in letters
}

// Write returns the text of a token.
func (f Form) Write(parts ...string) string {
	body := f.Prefix + strings.Join(parts, "")
	return body + sum(body)
}

// Parse takes a text apart, into parts of the lengths that the form has. It is false for what cannot be a token of this form.
func (f Form) Parse(s string) ([]string, bool) {
	rest, ok := strings.CutPrefix(s, f.Prefix)
	size := sumSize
	for _, n := range f.Parts {
		size += n
	}
	if !ok || len(rest) != size || strings.Trim(rest, alphabet) != "" {
		return nil, false
	}
	if body := s[:len(s)-sumSize]; sum(body) != s[len(body):] {
		return nil, false
	}
	parts := make([]string, len(f.Parts))
	for i, n := range f.Parts {
		parts[i], rest = rest[:n], rest[n:]
	}
	return parts, true
}

func sum(body string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// Draw returns n random letters; n is a multiple of eight.
func Draw(random io.Reader, n int) (string, error) {
	b := make([]byte, n*5/8)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("draw a token: %w", err)
	}
	return encoding.EncodeToString(b), nil
}
