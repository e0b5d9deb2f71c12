package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

const (
	// Listening is how long a host listens before it judges who is silent. Each site calls once an hour: after a time in which the host itself was
	// not there, all of them have called again by then.
	Listening = 6 * time.Hour
	// lookPause is how often the host looks for silent sites.
	lookPause = time.Hour
)

// WatchSilence ends silent sites, from Listening after its begin and each hour, until ctx ends.
func (s *Sites) WatchSilence(ctx context.Context, after time.Duration) {
	for pause := time.After(Listening); ; pause = time.After(lookPause) {
		select {
		case <-ctx.Done():
			return
		case <-pause:
		}
		if _, err := s.EndSilent(ctx, after); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "look for sites on Forge that do not call any more", "error", err)
		}
	}
}

// EndSilent marks sites on Forge as uninstalled that have not called for a time, and returns how many. The farewell of a site can be lost, and
// the hourly call stays away once the app is removed; without this, what is kept of such a site would be kept for ever. Its data
// has the grace period of every site that left. A call that comes in it makes the site active again, and what was good for the installation,
// such as API tokens, is still good: the installation never ended.
//
// The last call of a site is known by the token that it brought: it ends four hours after the call at most. A site that never brought one is
// left alone.
func (s *Sites) EndSilent(ctx context.Context, after time.Duration) (int, error) {
	ended := 0
	var errs []error
	for t, err := range s.Tenants.Each(ctx) {
		if err != nil {
			return ended, errors.Join(append(errs, err)...)
		}
		if !t.OnForge() || t.State != tenant.Active && t.State != tenant.Disabled {
			continue
		}
		is, err := s.endSilent(ctx, t, after)
		if err != nil {
			errs = append(errs, fmt.Errorf("site %s: %w", t.ID, err))
		}
		if is {
			ended++
		}
	}
	return ended, errors.Join(errs...)
}

func (s *Sites) endSilent(ctx context.Context, t tenant.Tenant, after time.Duration) (bool, error) {
	ends, ok, err := s.Tokens.Ends(ctx, t.ID)
	if err != nil || !ok || s.Tokens.now().Before(ends.Add(after)) {
		return false, err
	}
	t, err = s.Tenants.Uninstall(ctx, t.ID)
	if err != nil {
		return false, err
	}
	s.Log.WarnContext(ctx, "site does not call any more and counts as one that uninstalled the app; the next call makes it active again", "tenant", t, "silent_since", ends)
	return true, s.Tokens.Drop(ctx, t.ID)
}

// Ends is when the stored token of a site ends, or has ended; false where none is stored.
func (k *Tokens) Ends(ctx context.Context, t capability.TenantID) (time.Time, bool, error) {
	d, err := k.store.Get(ctx, tokenKey(t))
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read the token of a site: %w", err)
	}
	var o storedToken
	if err := json.Unmarshal(d.Body, &o); err != nil {
		return time.Time{}, false, fmt.Errorf("decode the token of a site: %w", err)
	}
	return o.Ends, true, nil
}
