package index

import (
	"iter"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/words"
)

// maxWord cuts what is longer: nobody searches for it, and it may be a whole file.
const maxWord = 64

// Words yields the words of a text, those of [words.Of], as the index has them.
func Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, w := range words.Of(text) {
			if !yield(Cut(w)) {
				return
			}
		}
	}
}

// Cut is a word as the index has it, which keeps the beginning of long ones only.
func Cut(word string) string {
	if len(word) > maxWord {
		return strings.ToValidUTF8(word[:maxWord], "")
	}
	return word
}
