package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// Kind is the name of the jobs that tell plugins of events.
const Kind = "event.tell"

// retry is for a plugin that fails, or a Jira that does not answer: for about an hour.
var retry = jobs.Retry{Attempts: 10, First: 2 * time.Second, Most: 20 * time.Minute}

// Features knows the plugins of tenants; *feature.Service is one.
type Features interface {
	// Listeners are the plugins that are switched on and listen to a kind of event, each with what it wants to hear of it.
	Listeners(ctx context.Context, t capability.TenantID, kind string) ([]feature.Listener, error)
	// Tell tells one of them. It does nothing where its version listens no more.
	Tell(ctx context.Context, t tenant.Tenant, id capability.PluginID, e event.Event) error
}

var _ Features = (*feature.Service)(nil)

// Tenants finds tenants; *tenant.Tenants is one.
type Tenants interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Site says which account is the app's own; *jira.Client does.
type Site interface {
	Self(ctx context.Context, t tenant.Tenant) (account string, err error)
}

// Config is what a Service needs. All of it is required.
type Config struct {
	Tenants  Tenants
	Features Features
	Site     Site
	Jobs     *jobs.Jobs
	Store    store.Driver
	Log      *slog.Logger
	Now      func() time.Time
}

// Service takes webhooks and tells plugins. It is safe for concurrent use. Make it with New.
type Service struct {
	cfg Config

	mu    sync.Mutex
	selfs map[capability.TenantID]string // accounts of the app, which never change
}

// New returns a Service, and makes the kind of its runs known to the jobs, which must not be worked on yet.
func New(c Config) (*Service, error) {
	if c.Tenants == nil || c.Features == nil || c.Site == nil || c.Jobs == nil || c.Store == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("events: something that they need is missing")
	}
	s := &Service{cfg: c, selfs: map[capability.TenantID]string{}}
	return s, c.Jobs.Register(jobs.Kind{Name: Kind, Step: s.step, Timeout: time.Minute, Retry: retry, InOrder: true, Keep: keep})
}

// Take has every plugin of a tenant told that listens to what a webhook tells, and wants to hear of this issue and change. When it returns nil,
// they are told whatever happens to this host. told is the identifier with which it came, at is when it happened. However often something is told, and
// by whichever way, plugins are told once. Taking a webhook again is safe, and is what to do after an error.
func (s *Service) Take(ctx context.Context, t capability.TenantID, kind, told string, at time.Time, body []byte) error {
	ears, err := s.cfg.Features.Listeners(ctx, t, kind)
	if err != nil || len(ears) == 0 {
		return err
	}
	h, err := normalize(kind, told, body)
	if err != nil {
		return err
	}
	ears = slices.DeleteFunc(ears, func(l feature.Listener) bool { return !l.Wants.Hears(h.by) })
	if len(ears) == 0 {
		return nil
	}
	if at, err = s.first(ctx, t, h.same, at); err != nil {
		return err
	}
	h.At = at.UnixMilli()
	input, err := json.Marshal(h.happening)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	for _, ear := range ears {
		if _, err := s.cfg.Jobs.Start(ctx, t, jobs.Request{
			Kind: Kind, Plugin: ear.Plugin, Job: jobOf(kind), Input: input, Key: Kind + "/" + string(ear.Plugin) + "/" + h.about(), By: h.account, Once: h.same, Happened: at,
		}); err != nil {
			return err
		}
	}
	return nil
}

// step tells a plugin.
func (s *Service) step(ctx context.Context, js jobs.Step) (jobs.Next, error) {
	var h happening
	if err := json.Unmarshal(js.Input, &h); err != nil {
		return jobs.Next{}, damaged()
	}
	err := s.tell(ctx, js, h)
	if err != nil && retry.Final(err, js.Attempt) {
		s.cfg.Log.ErrorContext(ctx, "an event was given up; its run is a dead letter, which can be begun anew",
			"tenant", js.Tenant, "plugin", js.Plugin, "event", h.Kind, "run", js.Run, "attempts", js.Attempt+1, "code", sdk.CodeOf(err))
	}
	return jobs.Next{Done: true, Add: 1}, err
}

func damaged() error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "the input of the run is damaged"}
}

func (s *Service) tell(ctx context.Context, js jobs.Step, h happening) error {
	t, err := s.cfg.Tenants.ByID(ctx, js.Tenant)
	if err != nil {
		return err
	}
	e := h.event()
	e.ID, e.Account = string(js.Run), js.By
	if js.By != "" {
		self, err := s.self(ctx, t)
		if err != nil {
			return err
		}
		e.Own = self == js.By
	}
	return s.cfg.Features.Tell(ctx, t, js.Plugin, e)
}

// self is the account under which the app works on a site.
func (s *Service) self(ctx context.Context, t tenant.Tenant) (string, error) {
	s.mu.Lock()
	known := s.selfs[t.ID]
	s.mu.Unlock()
	if known != "" {
		return known, nil
	}
	account, err := s.cfg.Site.Self(ctx, t)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.selfs[t.ID] = account
	return account, nil
}
