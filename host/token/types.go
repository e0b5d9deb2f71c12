package token

import "github.com/pergola-platform/pergola/host/privacy"

const collection = "api_token"

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: collection, Name: "API token", ID: privacy.Digest, Changed: "created",
		Purpose: "Know the programs that an admin lets call the app in their name, and what each is for",
		Kept:    "until it is revoked or the app is uninstalled, and otherwise 30 days after it has expired",
		Erasure: privacy.EraseRecord,
		Fields: []privacy.Field{
			{Path: "name", Kind: privacy.Configuration}, {Path: "account", Kind: privacy.Account}, {Path: "scopes[]", Kind: privacy.Permission},
			{Path: "digest", Kind: privacy.Digest}, {Path: "created", Kind: privacy.Time}, {Path: "expires", Kind: privacy.Time}, {Path: "used", Kind: privacy.Time},
		},
	}}
}
