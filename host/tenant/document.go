package tenant

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// Collections of the platform's tenant. The last two hold a marker for each client key and alias in use: a document id is
// unique, an index value is not.
const (
	tenantCollection    = "tenant"
	clientKeyCollection = "tenant.client_key"
	aliasCollection     = "tenant.alias"
)

// Indexes of tenantCollection.
const (
	byClientKey    = "clientKey"
	byAlias        = "alias"
	byInstallation = "installation"
)

// everyTenant finds the documents of all tenants.
var everyTenant = store.Query{Tenant: store.Platform, Collection: tenantCollection, Limit: store.MaxLimit}

// document is a tenant as it is stored.
type document struct {
	ID             capability.TenantID `json:"id"`
	Alias          string              `json:"alias"`
	ClientKey      string              `json:"clientKey"`
	SharedSecret   string              `json:"sharedSecret"` // sealed under the tenant's own key
	BaseURL        string              `json:"baseUrl"`
	DisplayURL     string              `json:"displayUrl,omitempty"`
	OAuthClientID  string              `json:"oauthClientId,omitempty"`
	InstallationID string              `json:"installationId,omitempty"`
	CloudID        string              `json:"cloudId,omitempty"`
	APIBaseURL     string              `json:"apiBaseUrl,omitempty"`
	Environment    string              `json:"environment,omitempty"`
	State          State               `json:"state"`
	Installed      time.Time           `json:"installed"`
	Uninstalled    time.Time           `json:"uninstalled,omitzero"`
	Changed        time.Time           `json:"changed"`
}

// kept is a tenant whose secret is still sealed, or sealed anew. Changes that leave the secret alone need no key for it.
type kept struct {
	Tenant
	sealed string
}

func tenantKey(id capability.TenantID) store.Key {
	return store.Key{Tenant: store.Platform, Collection: tenantCollection, ID: string(id)}
}

// secretPlace is where the shared secret of a tenant stands.
func secretPlace(id capability.TenantID) seal.Place {
	return seal.Place{Collection: tenantCollection, ID: string(id), Field: "sharedSecret"}
}

// put is the write of t, on the condition that its revision is still t.Rev.
func (t kept) put() (store.Op, error) {
	body, err := json.Marshal(document{
		ID: t.ID, Alias: t.Alias, ClientKey: t.ClientKey, SharedSecret: t.sealed,
		BaseURL: t.BaseURL, DisplayURL: t.DisplayURL, OAuthClientID: t.OAuthClientID, InstallationID: t.InstallationID,
		CloudID: t.Forge.CloudID, APIBaseURL: t.Forge.APIBaseURL, Environment: t.Forge.Environment,
		State: t.State, Installed: t.Installed, Uninstalled: t.Uninstalled, Changed: t.Changed,
	})
	if err != nil {
		return store.Op{}, fmt.Errorf("encode tenant %s: %w", t.ID, err)
	}
	index := map[string]string{byClientKey: t.ClientKey, byAlias: t.Alias}
	if t.InstallationID != "" {
		index[byInstallation] = t.InstallationID
	}
	return store.Op{Doc: store.Doc{Key: tenantKey(t.ID), Body: body, Index: index}, IfRev: t.Rev}, nil
}

// marker is the write that takes a client key or an alias, or fails where it is taken.
func marker(collection, id string, t capability.TenantID) (store.Op, error) {
	body, err := json.Marshal(map[string]capability.TenantID{"tenant": t})
	if err != nil {
		return store.Op{}, fmt.Errorf("encode a marker of tenant %s: %w", t, err)
	}
	return store.Op{Doc: store.Doc{Key: store.Key{Tenant: store.Platform, Collection: collection, ID: id}, Body: body}}, nil
}

func decode(d store.Doc) (kept, error) {
	var o document
	if err := json.Unmarshal(d.Body, &o); err != nil {
		return kept{}, fmt.Errorf("decode tenant %s: %w", d.Key.ID, err)
	}
	return kept{sealed: o.SharedSecret, Tenant: Tenant{
		ID: o.ID, Alias: o.Alias, ClientKey: o.ClientKey,
		BaseURL: o.BaseURL, DisplayURL: o.DisplayURL, OAuthClientID: o.OAuthClientID, InstallationID: o.InstallationID,
		Forge: Forge{CloudID: o.CloudID, APIBaseURL: o.APIBaseURL, Environment: o.Environment},
		State: o.State, Installed: o.Installed, Uninstalled: o.Uninstalled, Changed: o.Changed,
		Rev: d.Rev,
	}}, nil
}
