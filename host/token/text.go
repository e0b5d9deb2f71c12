package token

import "github.com/pergola-platform/pergola/host/token/letters"

// Prefix begins the text of every token.
const Prefix = "pergola_"

// The parts of a text, in letters of five bits.
const (
	aliasLetters  = 8
	idLetters     = 16
	secretLetters = 32
)

var form = letters.Form{Prefix: Prefix, Parts: []int{aliasLetters, idLetters, secretLetters}}

// text is a token's text, taken apart.
type text struct{ alias, id, secret string }

func (t text) String() string { return form.Write(t.alias, t.id, t.secret) }

// parse takes a text apart. It is false for what cannot be one.
func parse(s string) (text, bool) {
	parts, ok := form.Parse(s)
	if !ok {
		return text{}, false
	}
	return text{parts[0], parts[1], parts[2]}, true
}
