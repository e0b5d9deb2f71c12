package tenant

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// ForgeInstallation is what a verified invocation says of a site that has the app by Forge. All but ClientKey is required.
type ForgeInstallation struct {
	InstallationID string
	BaseURL        string // of http or https; a trailing slash is cut off
	Forge          Forge
	// ClientKey is the site's, where it had the app by Connect before: only what the site itself has told. "" for a site that never had.
	ClientKey string
}

// forgeKey stands in for the client key of a site that never had the app by Connect. No installation of Connect may name one.
func forgeKey(cloudID string) string { return "forge:" + cloudID }

// IsForgeKey says whether a client key is that of a site that never had the app by Connect.
func IsForgeKey(clientKey string) bool { return strings.HasPrefix(clientKey, forgeKey("")) }

// InstallForge makes a tenant of a site, or renews the one that is the same site: by its client key, or by its cloud id. The id, the alias,
// the time of the first installation and the shared secret stay, and its state is Active.
func (r *Tenants) InstallForge(ctx context.Context, in ForgeInstallation) (Tenant, error) {
	in.BaseURL, in.Forge.APIBaseURL = strings.TrimRight(in.BaseURL, "/"), strings.TrimRight(in.Forge.APIBaseURL, "/")
	if err := in.validate(); err != nil {
		return Tenant{}, err
	}
	for range attempts {
		t, err := r.sameSite(ctx, in)
		var out Tenant
		switch {
		case err == nil && t.State == Purging:
			return Tenant{}, fmt.Errorf("install: %w: the data of an earlier installation is being destroyed; try again in a minute", store.ErrUnavailable)
		case err == nil:
			in.fill(&t.Tenant, r)
			out, err = r.save(ctx, t)
			if err == nil {
				return r.open(ctx, kept{out, t.sealed})
			}
		case errors.Is(err, store.ErrNotFound):
			out, err = r.createForge(ctx, in)
		}
		if !errors.Is(err, store.ErrConflict) {
			return out, err
		}
		// Another invocation of the same site was faster: look again.
	}
	return Tenant{}, fmt.Errorf("install: %w", store.ErrConflict)
}

func (in ForgeInstallation) validate() error {
	for _, address := range []string{in.BaseURL, in.Forge.APIBaseURL} {
		if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("install: %w: an address of the site is none of http or https", store.ErrInvalid)
		}
	}
	if in.InstallationID == "" || in.Forge.CloudID == "" || len(in.Forge.CloudID) > 100 || IsForgeKey(in.ClientKey) {
		return fmt.Errorf("install: %w: the installation, the cloud id or the client key is none", store.ErrInvalid)
	}
	return nil
}

// SameSite returns the tenant that InstallForge would renew, in whatever state it is and without its secret; store.ErrNotFound where it would
// make a new one.
func (r *Tenants) SameSite(ctx context.Context, in ForgeInstallation) (Tenant, error) {
	t, err := r.sameSite(ctx, in)
	return t.Tenant, err
}

// sameSite finds the tenant of a site that installs the app by Forge.
func (r *Tenants) sameSite(ctx context.Context, in ForgeInstallation) (kept, error) {
	if in.ClientKey != "" {
		t, err := r.find(ctx, byClientKey, in.ClientKey)
		if !errors.Is(err, store.ErrNotFound) {
			return t, err
		}
	}
	return r.find(ctx, byClientKey, forgeKey(in.Forge.CloudID))
}

func (in ForgeInstallation) fill(t *Tenant, r *Tenants) {
	t.BaseURL, t.InstallationID, t.Forge = in.BaseURL, in.InstallationID, in.Forge
	t.State, t.Uninstalled, t.Changed = Active, time.Time{}, r.time()
}

// createForge makes a new tenant. Its shared secret is drawn here and told to nobody, so that no token of Connect can speak for it.
func (r *Tenants) createForge(ctx context.Context, in ForgeInstallation) (Tenant, error) {
	connect := Installation{ClientKey: in.ClientKey, SharedSecret: seal.NewSecret(rand.Text() + rand.Text()), BaseURL: in.BaseURL, InstallationID: in.InstallationID}
	if connect.ClientKey == "" {
		connect.ClientKey = forgeKey(in.Forge.CloudID)
	}
	return r.create(ctx, connect, in.Forge)
}

// ByInstallation returns the tenant of a Forge installation, in whatever state it is.
func (r *Tenants) ByInstallation(ctx context.Context, id string) (Tenant, error) {
	t, err := r.find(ctx, byInstallation, id)
	if err != nil {
		return Tenant{}, err
	}
	return r.open(ctx, t)
}

// IndexInstallations makes tenants that an earlier version stored findable by their installation. Doing it again does no harm.
func (r *Tenants) IndexInstallations(ctx context.Context) error {
	for d, err := range store.Each(ctx, r.store, everyTenant) {
		if err != nil {
			return fmt.Errorf("list tenants: %w", err)
		}
		t, err := decode(d)
		if err != nil {
			return err
		}
		if t.InstallationID == "" || d.Index[byInstallation] == t.InstallationID {
			continue
		}
		if _, err := r.save(ctx, t); err != nil && !errors.Is(err, store.ErrConflict) { // whoever changed it has indexed it
			return err
		}
	}
	return nil
}
