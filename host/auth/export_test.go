package auth

// MaxKnown and MaxKnownBytes bound what is remembered of the tokens of Connect, and again of those of Forge.
const (
	MaxKnown      = maxKnown
	MaxKnownBytes = maxKnownBytes
)

// Known returns how many tokens are remembered, and the bytes that they take.
func (v *Verifier) Known() (entries, bytes int) {
	entries, bytes = v.connects.Size()
	n, more := v.invocations.Size()
	return entries + n, bytes + more
}
