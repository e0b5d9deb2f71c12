package index

import (
	"iter"
	"strings"
	"unicode"
)

// maxWord cuts what is longer: nobody searches for it, and it may be a whole file.
const maxWord = 64

// Words yields the words of a text in lower case: what stands between anything that is neither letter nor digit.
func Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(w) > maxWord {
				w = strings.ToValidUTF8(w[:maxWord], "")
			}
			if !yield(w) {
				return
			}
		}
	}
}
