package tenant

import (
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
)

// Types are the documents that this package keeps.
func Types() []privacy.Type {
	granted := privacy.Field{Path: "granted[]", Kind: privacy.Permission}
	return []privacy.Type{
		{
			Collection: tenantCollection, Name: "Site", Scope: privacy.AboutSite, ID: privacy.Tenant, Changed: "changed",
			Purpose: "Know the Jira site that installed the app, and sign what is said to it",
			Fields: []privacy.Field{
				{Path: "id", Kind: privacy.Tenant},
				{Path: "alias", Kind: privacy.Alias, Index: byAlias},
				{Path: "clientKey", Kind: privacy.ClientKey, Index: byClientKey},
				{Path: "sharedSecret", Kind: privacy.Sealed},
				{Path: "baseUrl", Kind: privacy.Address},
				{Path: "displayUrl", Kind: privacy.Address},
				{Path: "oauthClientId", Kind: privacy.Identifier},
				{Path: "installationId", Kind: privacy.Identifier, Index: byInstallation},
				{Path: "cloudId", Kind: privacy.Identifier},
				{Path: "apiBaseUrl", Kind: privacy.Address},
				{Path: "environment", Kind: privacy.Identifier},
				{Path: "state", Kind: privacy.Status, Values: []string{string(Active), string(Disabled), string(Uninstalled), string(Purging)}},
				{Path: "installed", Kind: privacy.Time},
				{Path: "uninstalled", Kind: privacy.Time},
				{Path: "changed", Kind: privacy.Time},
			},
		},
		{
			Collection: clientKeyCollection, Name: "Client key in use", Scope: privacy.AboutSite, ID: privacy.ClientKey,
			Purpose: "Keep two installations of one site from making two of it", Fields: []privacy.Field{{Path: "tenant", Kind: privacy.Tenant}},
		},
		{
			Collection: aliasCollection, Name: "Alias in use", Scope: privacy.AboutSite, ID: privacy.Alias,
			Purpose: "Keep two sites from having the same short links", Fields: []privacy.Field{{Path: "tenant", Kind: privacy.Tenant}},
		},
		{
			Collection: moduleCollection, Name: "Feature configuration", ID: privacy.Plugin, Changed: "changed",
			Purpose: "Remember what an admin chose for a feature: on or off, its settings, what it may do, and which admin it was",
			Fields: []privacy.Field{
				{Path: "plugin", Kind: privacy.Plugin}, {Path: "enabled", Kind: privacy.Switch}, {Path: "settings", Kind: privacy.Configuration},
				{Path: "people[]", Kind: privacy.Account, Of: "settings"},
				granted, {Path: "changed", Kind: privacy.Time}, {Path: "by", Kind: privacy.Account},
			},
		},
		{
			Collection: configCollection, Name: "Configuration document", ID: manifest.KindConfig, Changed: "changed",
			Purpose: "Remember what admins wrote for a feature, and which admin it was",
			Kept:    "until an admin deletes it, and 30 days after that, in case it is taken back",
			Fields: []privacy.Field{
				{Path: "type", Kind: privacy.Collection, Index: byConfigType}, {Path: "values", Kind: privacy.Configuration},
				{Path: "created", Kind: privacy.Time}, {Path: "changed", Kind: privacy.Time}, {Path: "by", Kind: privacy.Account}, {Path: "deleted", Kind: privacy.Time},
				{Path: "people[]", Kind: privacy.Account, Of: "values"},
			},
		},
		{
			Collection: baselineCollection, Name: "Consent with the installation", ID: privacy.Plugin, Changed: "since",
			Purpose: "Know what was granted to a feature with the app, so that whatever a newer version asks for waits for an admin",
			Fields:  []privacy.Field{{Path: "plugin", Kind: privacy.Plugin}, granted, {Path: "since", Kind: privacy.Time}},
		},
		{
			Collection: tokenCollection, Name: "Key of record tokens", ID: privacy.Code,
			Purpose: "Tell the random tokens that were made for features' records from anything else", Fields: []privacy.Field{{Path: "key", Kind: privacy.Sealed}},
		},
		{
			Collection: quarantineCollection, Name: "Pause of a feature", ID: privacy.PluginVersion, Changed: "since",
			Purpose: "Remember over a restart that a feature kept failing and is paused", Kept: "until the feature works again",
			Fields: []privacy.Field{
				{Path: "plugin", Kind: privacy.Plugin}, {Path: "version", Kind: privacy.Version}, {Path: "code", Kind: privacy.Code},
				{Path: "limit", Kind: privacy.Code}, {Path: "since", Kind: privacy.Time}, {Path: "until", Kind: privacy.Time}, {Path: "times", Kind: privacy.Count},
			},
		},
	}
}
