package operator

import "github.com/pergola-platform/pergola/host/privacy"

const (
	collection    = "operator"
	keyCollection = "operator_key"

	byID = "id"
)

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: collection, Name: "Operator credential", Scope: privacy.OfPlatform, ID: privacy.Operator, Changed: "created",
		Purpose: "Know the commands of the operator that come over a network, and what each may do",
		Kept:    "until it is revoked",
		Fields: []privacy.Field{
			{Path: "id", Kind: privacy.Digest, Index: byID}, {Path: "digest", Kind: privacy.Digest}, {Path: "readOnly", Kind: privacy.Switch},
			{Path: "created", Kind: privacy.Time}, {Path: "expires", Kind: privacy.Time}, {Path: "used", Kind: privacy.Time},
		},
	}, {
		Collection: keyCollection, Name: "Key of operator credentials", Scope: privacy.OfPlatform, ID: privacy.Code,
		Purpose: "Know operator credentials without keeping them",
		Fields:  []privacy.Field{{Path: "key", Kind: privacy.Sealed}},
	}}
}
