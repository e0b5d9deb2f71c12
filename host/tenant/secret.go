package tenant

import (
	"crypto/subtle"
	"log/slog"
)

// Secret is a string that shows itself to nobody who did not ask by name. The zero value is the empty secret.
type Secret struct {
	// value is a pointer because fmt prints the fields of a struct it cannot call methods on, such as one inside an
	// unexported field; of a pointer it prints the address.
	value *string
}

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{&s} }

// Reveal returns the secret itself, for signing and for the store.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal says whether both are the same secret, in a time that does not depend on where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String, GoString and LogValue hide the secret from logs and error messages.
func (s Secret) String() string { return "[secret]" }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return "[secret]" }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalJSON hides the secret from everything that is encoded by accident.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"[secret]"`), nil }
