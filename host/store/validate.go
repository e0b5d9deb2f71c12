package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/core/capability"
)

// Limits of what a driver takes. They are the narrowest of the databases that a driver may stand on, with room to spare.
const (
	MaxID         = 256     // bytes of a document id, a tenant id
	MaxCollection = 200     // bytes of a collection's name
	MaxIndexName  = 64      // bytes of an index's name
	MaxIndexValue = 512     // bytes of an index value
	MaxIndexes    = 32      // indexes of a document
	MaxBody       = 8 << 20 // bytes of a document's body
	MaxOps        = 1000    // writes of a batch
	MaxLimit      = 1000    // documents of a page
	MaxCount      = 100_000 // documents that a Count counts
	DefaultLimit  = 100
)

// Validate returns an ErrInvalid that says which part of k cannot be stored. Ids and values are UTF-8 without the byte 0.
func (k Key) Validate() error {
	if err := scope(k.Tenant, k.Collection); err != nil {
		return err
	}
	if k.ID == "" || len(k.ID) > MaxID || !text(k.ID) {
		return fmt.Errorf("%w: an id has 1 to %d bytes of UTF-8 without the byte 0, %q does not", ErrInvalid, MaxID, clip(k.ID))
	}
	return nil
}

// ValidateOp returns an ErrInvalid that says what of op cannot be stored.
func ValidateOp(op Op) error {
	if err := op.Doc.Key.Validate(); err != nil {
		return err
	}
	if op.IfRev < Any {
		return fmt.Errorf("%w: %s: there is no revision %d", ErrInvalid, op.Doc.Key, op.IfRev)
	}
	if op.Delete {
		if op.IfRev == 0 {
			// The zero value of IfRev, forgotten, would refuse every delete that has something to do.
			return fmt.Errorf("%w: %s: a delete needs the revision that it expects, or Any", ErrInvalid, op.Doc.Key)
		}
		return nil
	}
	if len(op.Doc.Body) > MaxBody {
		return fmt.Errorf("%w: %s: the body has %d bytes, at most %d are allowed", ErrInvalid, op.Doc.Key, len(op.Doc.Body), MaxBody)
	}
	if !json.Valid(op.Doc.Body) {
		return fmt.Errorf("%w: %s: the body is not JSON", ErrInvalid, op.Doc.Key)
	}
	if len(op.Doc.Index) > MaxIndexes {
		return fmt.Errorf("%w: %s: %d indexes, at most %d are allowed", ErrInvalid, op.Doc.Key, len(op.Doc.Index), MaxIndexes)
	}
	for name, value := range op.Doc.Index {
		if err := index(name, value); err != nil {
			return fmt.Errorf("%s: %w", op.Doc.Key, err)
		}
	}
	return nil
}

// ValidateOps returns an ErrInvalid where one of ops cannot be stored, where they are of more than one tenant, where two
// of them write the same document, or where there are more than MaxOps. An empty batch is valid and does nothing.
func ValidateOps(ops []Op) error {
	if len(ops) > MaxOps {
		return fmt.Errorf("%w: %d writes in a batch, at most %d are allowed", ErrInvalid, len(ops), MaxOps)
	}
	seen := make(map[Key]struct{}, len(ops))
	for _, op := range ops {
		if err := ValidateOp(op); err != nil {
			return err
		}
		if op.Doc.Key.Tenant != ops[0].Doc.Key.Tenant {
			return fmt.Errorf("%w: a batch writes for one tenant", ErrInvalid)
		}
		if _, ok := seen[op.Doc.Key]; ok {
			return fmt.Errorf("%w: %s is written twice in a batch", ErrInvalid, op.Doc.Key)
		}
		seen[op.Doc.Key] = struct{}{}
	}
	return nil
}

// Validate returns an ErrInvalid where q cannot be listed, and q with its defaults filled in otherwise.
func (q Query) Validate() (Query, error) { return q.validate(DefaultLimit, MaxLimit) }

// ValidateCount is Validate for a query to be counted.
func (q Query) ValidateCount() (Query, error) { return q.validate(MaxCount, MaxCount) }

func (q Query) validate(usual, most int) (Query, error) {
	if err := scope(q.Tenant, q.Collection); err != nil {
		return q, err
	}
	if q.Index == "" && q.Value != "" {
		return q, fmt.Errorf("%w: a query for a value needs an index", ErrInvalid)
	}
	if q.Index != "" {
		if err := index(q.Index, q.Value); err != nil {
			return q, err
		}
	}
	if len(q.After) > MaxID || !text(q.After) {
		return q, fmt.Errorf("%w: no document has the id %q to go on after", ErrInvalid, clip(q.After))
	}
	if len(q.Prefix) > MaxID || !text(q.Prefix) {
		return q, fmt.Errorf("%w: no document has an id that begins with %q", ErrInvalid, clip(q.Prefix))
	}
	if q.Limit < 0 || q.Limit > most {
		return q, fmt.Errorf("%w: a page has 1 to %d documents, not %d", ErrInvalid, most, q.Limit)
	}
	if q.Limit == 0 {
		q.Limit = usual
	}
	return q, nil
}

// Range returns the IDs between which, without the two, those of the documents lie: what Prefix and After say together. below
// is "" where there is no end.
func (q Query) Range() (after, below string) {
	return max(q.After, q.Prefix), next(q.Prefix)
}

// next returns the first string behind all that begin with s, in the order of their bytes, which of UTF-8 is that of its
// characters; "" where there is none.
func next(s string) string {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
		switch {
		case r == utf8.MaxRune: // what begins with s and goes on ends with s
		case r+1 == 0xd800: // of which UTF-8 has no characters
			return s + "\ue000"
		default:
			return s + string(r+1)
		}
	}
	return ""
}

// ValidateTenant returns an ErrInvalid where t can be no tenant.
func ValidateTenant(t capability.TenantID) error {
	if t == "" || len(t) > MaxID || !text(string(t)) {
		return fmt.Errorf("%w: a tenant's id has 1 to %d bytes of UTF-8 without the byte 0, %q does not", ErrInvalid, MaxID, clip(string(t)))
	}
	return nil
}

// ValidateTenants returns an ErrInvalid where no page of tenants can start or end so, and the limit with its default filled
// in otherwise.
func ValidateTenants(after capability.TenantID, limit int) (int, error) {
	q, err := Query{Tenant: Platform, Collection: "x", After: string(after), Limit: limit}.Validate()
	return q.Limit, err
}

func scope(t capability.TenantID, collection string) error {
	if err := ValidateTenant(t); err != nil {
		return err
	}
	if collection == "" || len(collection) > MaxCollection || strings.ContainsFunc(collection, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '_'
	}) {
		return fmt.Errorf("%w: a collection's name has 1 to %d of a-z 0-9 . _, %q does not", ErrInvalid, MaxCollection, clip(collection))
	}
	return nil
}

func index(name, value string) error {
	if name == "" || len(name) > MaxIndexName || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	}) {
		return fmt.Errorf("%w: an index's name has 1 to %d of A-Z a-z 0-9 _, %q does not", ErrInvalid, MaxIndexName, clip(name))
	}
	if len(value) > MaxIndexValue || !text(value) {
		return fmt.Errorf("%w: a value of index %s has at most %d bytes of UTF-8 without the byte 0", ErrInvalid, name, MaxIndexValue)
	}
	return nil
}

// text says whether every database orders and returns s as it went in: some end a string at 0, some replace what is not
// UTF-8.
func text(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
