package syncing

import (
	"github.com/pergola-platform/pergola/host/privacy"
)

// Collections of each tenant.
const (
	connectionCollection = "sync.connection"
	syncCollection       = "sync.config"
)

// byConnection is the index of synchronizations by the connection that they read.
const byConnection = "connection"

// secretsField holds the secrets of a connection.
const secretsField = "secrets"

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	return []privacy.Type{
		{
			Collection: connectionCollection, Name: "Connection of a synchronizer", ID: privacy.Code, Changed: "changed",
			Purpose: "Reach the source that an admin named, and remember which admin it was",
			Fields: []privacy.Field{
				{Path: "name", Kind: privacy.Configuration},
				{Path: "plugin", Kind: privacy.Plugin},
				{Path: "synchronizer", Kind: privacy.Configuration},
				{Path: "settings", Kind: privacy.Configuration},
				{Path: secretsField, Kind: privacy.Sealed},
				{Path: "set[]", Kind: privacy.Configuration},
				{Path: "trouble", Kind: privacy.Code},
				{Path: "by", Kind: privacy.Account},
				{Path: "created", Kind: privacy.Time},
				{Path: "changed", Kind: privacy.Time},
			},
		},
		{
			Collection: syncCollection, Name: "Configuration of a synchronization", ID: privacy.Code, Changed: "changed",
			Purpose: "Make issues of the rows that an admin chose: into which project and fields, by their ids, and in whose name",
			Fields: []privacy.Field{
				{Path: "name", Kind: privacy.Configuration},
				{Path: "connection", Kind: privacy.Code, Index: byConnection},
				{Path: "mapping", Kind: privacy.Configuration},
				{Path: "runAs", Kind: privacy.Account},
				{Path: "trouble", Kind: privacy.Code},
				{Path: "by", Kind: privacy.Account},
				{Path: "created", Kind: privacy.Time},
				{Path: "changed", Kind: privacy.Time},
			},
		},
	}
}
