package seal

import "github.com/pergola-platform/pergola/host/privacy"

// Types are the documents that a Keeper keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: Collection, Name: "Encryption key", Scope: privacy.OfEach, ID: privacy.Digest, Changed: "created",
		Purpose: "Encrypt the site's secrets; destroying it destroys them, wherever copies lie",
		Fields: []privacy.Field{
			{Path: "format", Kind: privacy.Count}, {Path: "by", Kind: privacy.Identifier}, {Path: "wrapped", Kind: privacy.WrappedKey},
			{Path: "created", Kind: privacy.Time}, {Path: "id", Kind: privacy.Digest}, {Path: "since", Kind: privacy.Time},
		},
	}}
}
