package sync

//go:generate msgp -tests=false -io=false -o zz_secret_msgp.go

// Secret is a password, a token or a private key. Printed or logged it is [secret]; [Secret.Reveal] is the text.
//
// Since: v0.3
type Secret string

const hidden = "[secret]"

// Reveal returns the secret itself, for whoever it opens a door to.
//
// Since: v0.3
func (s Secret) Reveal() string { return string(s) }

// String returns [secret], and nothing for an empty one.
//
// Since: v0.3
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString returns what String does.
//
// Since: v0.3
func (s Secret) GoString() string { return s.String() }

// MarshalText returns what String does, for JSON and for logs.
//
// Since: v0.3
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
