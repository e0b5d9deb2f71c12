package seal

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// ErrNotSealed says that a text is not one that Seal returned: it has another form, such as a value that was stored before it was
// sealed.
var ErrNotSealed = errors.New("not a sealed value")

// Place is where a sealed value stands, and the only place where it opens. Its parts are those of a document's key and the
// value's name inside of it; all are needed. Whose key seals the value is said apart from it: the documents of tenants lie in the
// platform's own collection, and what is sealed in each is its tenant's.
type Place struct {
	Collection string
	ID         string
	Field      string
}

// String returns the place for messages. It holds identifiers only.
func (p Place) String() string { return p.Collection + "/" + p.ID + " " + p.Field }

// aad is what a value of t in that place is bound to.
func (p Place) aad(t capability.TenantID) ([]byte, error) {
	if err := (store.Key{Tenant: t, Collection: p.Collection, ID: p.ID}).Validate(); err != nil {
		return nil, err
	}
	if p.Field == "" {
		return nil, fmt.Errorf("%w: the place %s names no field", store.ErrInvalid, p)
	}
	return join(version, string(t), p.Collection, p.ID, p.Field), nil
}

// keyAAD is what the wrapped data key of t with that id is bound to. Its label keeps it apart from every place.
func keyAAD(t capability.TenantID, id string) []byte { return join(version+" data key", string(t), id) }

// join puts the length of each part before it, four bytes, so that no two lists of parts make the same bytes. A part is
// a name or an id, which the store bounds.
func join(parts ...string) []byte {
	n := 0
	for _, p := range parts {
		n += 4 + len(p)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

// version stands before each sealed value and in what it is bound to. Another cipher or form needs another one.
const version = "v1"

// A sealed value is text, so that it can stand in JSON, BSON, SQL and a shell alike:
//
//	v1.KEY.BASE64URL
//
// KEY is the id of the data key, and the last part, without padding, is the nonce of 12 bytes, the ciphertext and the tag of
// 16 bytes. testdata/v1.json has values that must open for ever.
func encode(key string, box []byte) string {
	return version + "." + key + "." + base64.RawURLEncoding.EncodeToString(box)
}

// strict refuses the second spelling that the unused bits of a last character would allow.
var strict = base64.RawURLEncoding.Strict()

func decode(sealed string) (key string, box []byte, err error) {
	text, ok := strings.CutPrefix(sealed, version+".")
	if !ok {
		return "", nil, ErrNotSealed
	}
	key, text, ok = strings.Cut(text, ".")
	if !ok || !validDataKeyID(key) {
		return "", nil, ErrNotSealed
	}
	if strings.ContainsAny(text, "\r\n") { // which the decoder would skip
		return "", nil, ErrNotSealed
	}
	if box, err = strict.DecodeString(text); err != nil {
		return "", nil, ErrNotSealed // the decoder's error would quote it
	}
	return key, box, nil
}

func validDataKeyID(id string) bool {
	return len(id) == 10 && !strings.ContainsFunc(id, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '2' || r > '7') })
}
