// Package work is what the handlers do that are measured against each other, so that all of them do the same, whatever carries
// the bytes. Start with [XOR], which is as little as a handler can do that reads its message and makes an answer of it.
package work

// XOR returns a new slice with the bytes of in, each of them changed.
func XOR(in []byte) []byte {
	out := make([]byte, len(in))
	for i, b := range in {
		out[i] = b ^ 0x5a
	}
	return out
}
