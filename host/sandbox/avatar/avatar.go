// Package avatar says how somebody without a picture is shown: by initials in a circle of a colour.
package avatar

import (
	"hash/fnv"
	"strings"
)

// Initials are the first letters of the first and last word of a name; "?" for none.
func Initials(name string) string {
	parts := strings.Fields(name)
	if len(parts) == 0 {
		return "?"
	}
	out := []rune(parts[0])[:1]
	if len(parts) > 1 {
		out = append(out, []rune(parts[len(parts)-1])[0])
	}
	return strings.ToUpper(string(out))
}

// Shade picks one of six colours, from 0, always the same for the same text.
func Shade(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // a hash takes everything
	return h.Sum32() % 6
}
