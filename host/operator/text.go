package operator

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// Prefix begins the text of every token.
const Prefix = "pergola_operator_"

// The parts of a text, in letters of five bits.
const (
	idLetters     = 16
	secretLetters = 32
	sumLetters    = 7
	letters       = idLetters + secretLetters + sumLetters
)

const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// text is a token's text, taken apart.
type text struct{ id, secret string }

func (t text) String() string {
	body := Prefix + t.id + t.secret
	return body + sum(body)
}

// Formed says whether a text has the form of an operator token, which says nothing about whether it is one.
func Formed(s string) bool {
	_, ok := parse(s)
	return ok
}

// parse takes a text apart. It is false for what cannot be one.
func parse(s string) (text, bool) {
	rest, ok := strings.CutPrefix(s, Prefix)
	if !ok || len(rest) != letters || strings.Trim(rest, alphabet) != "" {
		return text{}, false
	}
	body := s[:len(s)-sumLetters]
	if sum(body) != s[len(body):] {
		return text{}, false
	}
	return text{rest[:idLetters], rest[idLetters : letters-sumLetters]}, true
}

func sum(body string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// draw returns n random letters.
func draw(random io.Reader, n int) (string, error) {
	b := make([]byte, n*5/8)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("draw an operator token: %w", err)
	}
	return encoding.EncodeToString(b), nil
}
