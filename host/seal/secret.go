package seal

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// ErrMarshal is what every encoder gets that is given a Secret.
var ErrMarshal = errors.New("a secret is not marshalled: to store it, seal it with a seal.Keeper; to show what holds it, leave it out")

// redacted is what people see in place of a secret.
const redacted = "[secret]"

// Secret is a string that shows itself to nobody who did not ask by name. The zero value is the empty secret.
//
// What is written for people, by fmt, slog or a template, says "[secret]". What is written to be read again, as JSON, XML, YAML,
// gob, BSON or whatever rests on encoding.TextMarshaler and BinaryMarshaler, is refused with ErrMarshal: a placeholder there
// would take the secret's place in a store, and be found out when it is needed. Inside of a struct that slog writes as JSON the
// refusal stands in the log line, which appears all the same.
//
// Its memory cannot be wiped, as it is a Go string. Keep it for as long as it is used.
type Secret struct {
	// reveal is a function because there is no way into one: fmt, which cannot call methods on an unexported field, prints
	// its address, and so do dumpers that follow pointers. It also makes == on secrets a compiler's error; see Equal.
	reveal func() string
}

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{func() string { return s }} }

// Reveal returns the secret itself, for whoever uses it this moment.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Equal says whether both are the same secret, in a time that depends on their lengths, but not on where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// Format hides the secret from every verb of fmt, %x and %d included.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) } //nolint:errcheck // fmt has no use for it

// String hides the secret from those who ask for a text without fmt.
func (s Secret) String() string { return redacted }

// GoString hides the secret from those who ask for Go code without fmt.
func (s Secret) GoString() string { return redacted }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns ErrMarshal.
func (s Secret) MarshalJSON() ([]byte, error) { return nil, ErrMarshal }

// MarshalText returns ErrMarshal. XML, TOML and the keys of JSON objects come by here.
func (s Secret) MarshalText() ([]byte, error) { return nil, ErrMarshal }

// MarshalBinary returns ErrMarshal. CBOR and MessagePack come by here.
func (s Secret) MarshalBinary() ([]byte, error) { return nil, ErrMarshal }

// GobEncode returns ErrMarshal.
func (s Secret) GobEncode() ([]byte, error) { return nil, ErrMarshal }

// MarshalYAML returns ErrMarshal.
func (s Secret) MarshalYAML() (any, error) { return nil, ErrMarshal }

// MarshalBSONValue returns ErrMarshal. Without it the driver of MongoDB would store an empty document.
func (s Secret) MarshalBSONValue() (kind byte, data []byte, err error) { return 0, nil, ErrMarshal }
