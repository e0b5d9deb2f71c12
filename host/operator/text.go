package operator

import "github.com/pergola-platform/pergola/host/token/letters"

// Prefix begins the text of every token.
const Prefix = "pergola_operator_"

// The parts of a text, in letters of five bits.
const (
	idLetters     = 16
	secretLetters = 32
)

var form = letters.Form{Prefix: Prefix, Parts: []int{idLetters, secretLetters}}

// text is a token's text, taken apart.
type text struct{ id, secret string }

func (t text) String() string { return form.Write(t.id, t.secret) }

// Formed says whether a text has the form of an operator token, which says nothing about whether it is one.
func Formed(s string) bool {
	_, ok := parse(s)
	return ok
}

// parse takes a text apart. It is false for what cannot be one.
func parse(s string) (text, bool) {
	parts, ok := form.Parse(s)
	if !ok {
		return text{}, false
	}
	return text{parts[0], parts[1]}, true
}
