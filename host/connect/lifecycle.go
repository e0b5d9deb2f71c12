package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Tenants keeps the sites; tenant.Tenants is one.
type Tenants interface {
	ByClientKey(ctx context.Context, clientKey string) (tenant.Tenant, error)
	Install(ctx context.Context, in tenant.Installation) (tenant.Tenant, error)
	SetState(ctx context.Context, id capability.TenantID, to tenant.State) (tenant.Tenant, error)
	Uninstall(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// LifecycleConfig is what a Lifecycle needs. AppKey, Tenants and Log are required.
type LifecycleConfig struct {
	AppKey  string
	Tenants Tenants
	Log     *slog.Logger
	// LoopbackSites lets sites install that are reached by plain http on this machine. For development.
	LoopbackSites bool
	// Left ends what was good for the last installation of a site only, such as API tokens; nil does nothing. It is called when a site
	// uninstalls the app and, in case that failed, again before it comes back.
	Left func(ctx context.Context, t capability.TenantID) error
}

// Lifecycle carries out what Jira tells about an installation. Every method takes the principal that host/auth made of
// the call's token. It is safe for concurrent use. Make it with NewLifecycle.
type Lifecycle struct {
	LifecycleConfig

	// mu keeps two installs of one site from overtaking each other between the look at the tenant and the write.
	mu sync.Mutex
}

// NewLifecycle returns a Lifecycle.
func NewLifecycle(c LifecycleConfig) (*Lifecycle, error) {
	if c.AppKey == "" || c.Tenants == nil || c.Log == nil {
		return nil, errors.New("lifecycle: the app key, the tenants or the log are missing")
	}
	return &Lifecycle{LifecycleConfig: c}, nil
}

// event is the body of installed and uninstalled. Fields that Atlassian adds or drops are none of our business.
type event struct {
	Key            string `json:"key"`
	ClientKey      string `json:"clientKey"`
	SharedSecret   string `json:"sharedSecret"`
	BaseURL        string `json:"baseUrl"`
	DisplayURL     string `json:"displayUrl"`
	ProductType    string `json:"productType"`
	OAuthClientID  string `json:"oauthClientId"`
	InstallationID string `json:"installationId"`
	EventType      string `json:"eventType"`
}

// minSecret is the least length of a shared secret in bytes. Atlassian's are several times as long; one that could be
// guessed would open the tenant.
const minSecret = 16

// Installed stores a new site, or renews one that is known: its new secret takes the place of the old one.
//
// A verified install can still be an old one that somebody sends again, to bring back a secret that has leaked. The token
// of an install lives for minutes, so its age alone does not tell. Therefore an install must be newer than the tenant's
// last change:
//
//   - issued in an earlier second than the last change: refused, whatever it holds;
//   - issued in the same second: accepted only where the tenant is not active and the secret is another one, which is a
//     site that was uninstalled and installed again at once;
//   - the same secret and address as an active tenant has: nothing to do, and a success, because Jira may send a call
//     twice.
//
// The tenant's last change is a time of our clock and iat one of Jira's. Where ours runs ahead, a site that changed a
// moment ago has to wait for the difference, which host/auth bounds to a minute.
func (l *Lifecycle) Installed(ctx context.Context, body []byte, p auth.Principal) error {
	e, err := l.parse(body, p, "installed")
	if err != nil {
		return err
	}
	base, err := l.siteURL(e.BaseURL)
	if err != nil {
		return err
	}
	if len(e.SharedSecret) < minSecret {
		return invalid("The shared secret is missing or too short.")
	}
	in := tenant.Installation{
		ClientKey: e.ClientKey, SharedSecret: seal.NewSecret(e.SharedSecret), BaseURL: base,
		OAuthClientID: e.OAuthClientID, InstallationID: e.InstallationID,
	}
	if display, err := l.siteURL(e.DisplayURL); err == nil { // for display only, so a wrong one is left out
		in.DisplayURL = display
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	known, err := l.Tenants.ByClientKey(ctx, e.ClientKey)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return fmt.Errorf("installed: %w", err)
	case known.State == tenant.Active && known.SharedSecret.Equal(in.SharedSecret) && known.BaseURL == base:
		return nil
	case replayed(known, in.SharedSecret, p.IssuedAt):
		l.Log.WarnContext(ctx, "refused an installation that is older than what is known of the site", "tenant", known, "issued", p.IssuedAt)
		return &sdk.Error{
			Code: sdk.Exists, Source: sdk.FromHost,
			Message: "This installation is older than what we know of the site. Install the app again.",
		}
	}
	if err == nil && known.State == tenant.Uninstalled && l.Left != nil {
		if err := l.Left(ctx, known.ID); err != nil {
			return fmt.Errorf("installed: %w", err)
		}
	}
	t, err := l.Tenants.Install(ctx, in)
	if err != nil {
		return fmt.Errorf("installed: %w", err)
	}
	l.Log.InfoContext(ctx, "site installed the app", "tenant", t)
	return nil
}

func replayed(known tenant.Tenant, secret seal.Secret, issued time.Time) bool {
	changed := known.Changed.Truncate(time.Second) // iat has whole seconds
	if issued.Equal(changed) {
		return known.State == tenant.Active || known.SharedSecret.Equal(secret)
	}
	return issued.Before(changed)
}

// Uninstalled marks a site as gone; its data is kept for a grace period. It is a success for a site that is gone already
// or was never known. A call that was clearly issued before the site's last installation is left alone: it is about an
// earlier one. "Clearly" leaves room for two clocks, because Jira does not call again, and a site that is wrongly taken
// for installed stays so.
func (l *Lifecycle) Uninstalled(ctx context.Context, body []byte, p auth.Principal) error {
	if _, err := l.parse(body, p, "uninstalled"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known, err := l.Tenants.ByClientKey(ctx, p.ClientKey)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("uninstalled: %w", err)
	case known.State == tenant.Uninstalled:
		return nil
	case known.State == tenant.Active && p.IssuedAt.Add(auth.Leeway).Before(known.Changed):
		l.Log.WarnContext(ctx, "left out an uninstallation that is older than the installation", "tenant", known, "issued", p.IssuedAt)
		return nil
	}
	t, err := l.Tenants.Uninstall(ctx, known.ID)
	if err != nil {
		return fmt.Errorf("uninstalled: %w", err)
	}
	if l.Left != nil {
		if err := l.Left(ctx, known.ID); err != nil {
			return fmt.Errorf("uninstalled: %w", err)
		}
	}
	l.Log.InfoContext(ctx, "site uninstalled the app", "tenant", t)
	return nil
}

// Enabled notes that a site has switched the app on, and returns the tenant.
func (l *Lifecycle) Enabled(ctx context.Context, p auth.Principal) (tenant.Tenant, error) {
	return l.set(ctx, p, tenant.Active)
}

// Disabled notes that a site has switched the app off. A site that is gone stays gone, in whatever order the calls arrive.
func (l *Lifecycle) Disabled(ctx context.Context, p auth.Principal) error {
	_, err := l.set(ctx, p, tenant.Disabled)
	return err
}

func (l *Lifecycle) set(ctx context.Context, p auth.Principal, to tenant.State) (tenant.Tenant, error) {
	if p.Via != auth.ViaEvent || p.Tenant == "" {
		return tenant.Tenant{}, fmt.Errorf("a %s token cannot make a site %s", p.Via, to)
	}
	t, err := l.Tenants.SetState(ctx, p.Tenant, to)
	if err != nil {
		return tenant.Tenant{}, fmt.Errorf("make a site %s: %w", to, err)
	}
	return t, nil
}

// parse reads a signed event and checks that it is about the site that signed it.
func (l *Lifecycle) parse(body []byte, p auth.Principal, want string) (event, error) {
	if p.Via != auth.ViaLifecycle {
		return event{}, fmt.Errorf("%s: a %s token cannot do that", want, p.Via)
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return event{}, invalid("The body is no JSON object of the expected form.")
	}
	switch {
	case e.ClientKey == "" || e.ClientKey != p.ClientKey:
		return event{}, &sdk.Error{Code: sdk.Unauthenticated, Source: sdk.FromHost, Message: "The body speaks of another site than the one that signed it."}
	case e.Key != "" && e.Key != l.AppKey:
		return event{}, invalid("The body speaks of another app.")
	case e.EventType != "" && e.EventType != want:
		return event{}, invalid("The body speaks of another event.")
	case e.ProductType != "" && e.ProductType != "jira":
		return event{}, invalid("This app is for Jira.")
	}
	return e, nil
}

// siteURL checks the address of a site and cuts its trailing slashes off. All our calls with the site's secret go there.
func (l *Lifecycle) siteURL(address string) (string, error) {
	const maxAddress = 500
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", invalid("The base URL is no address of a Jira site.")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !l.LoopbackSites || !loopback(u.Hostname())) {
		return "", invalid("The base URL must begin with https.")
	}
	return strings.TrimRight(address, "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func invalid(message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: message}
}
