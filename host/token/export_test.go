package token

// Parse says whether a text is one of a token, and writes it anew.
func Parse(s string) (string, bool) {
	x, ok := parse(s)
	return x.String(), ok
}
