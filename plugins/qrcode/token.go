package main

import (
	"fmt"
	"io"
	"strings"
)

// A token is the random id of a code: 18 letters and digits, 105 bits, so that nobody finds one by trying. The alphabet
// leaves out 0, O, I and l, which people mix up when they type a code from a label.
const (
	tokenLength   = 18
	tokenAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

func newToken(random io.Reader) (string, error) {
	var (
		out  [tokenLength]byte
		pool [2 * tokenLength]byte
	)
	for n := 0; n < tokenLength; {
		if _, err := io.ReadFull(random, pool[:]); err != nil {
			return "", fmt.Errorf("make a code: %w", err)
		}
		for _, b := range pool {
			// 232 is 4 × 58: larger bytes would make the first letters likelier.
			if b < 232 && n < tokenLength {
				out[n] = tokenAlphabet[b%58]
				n++
			}
		}
	}
	return string(out[:]), nil
}

// validToken says whether text has the form of a token.
func validToken(text string) bool {
	return len(text) == tokenLength && strings.Trim(text, tokenAlphabet) == ""
}
