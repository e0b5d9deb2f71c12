package functions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

const (
	// timeout bounds an answer. Somebody waits for their search; Jira gives up after 25 seconds at most.
	timeout = 10 * time.Second
	// gather is for how long reasons to ask again become one run.
	gather = 3 * time.Second

	maxArguments = 8 << 10 // bytes of a clause's arguments
	maxJQL       = 20_000  // bytes of an answer
	maxWords     = 400     // bytes of what a user reads instead
)

// Features knows the plugins of tenants; *feature.Service is one.
type Features interface {
	// Functions are those that the version of a plugin has which serves a tenant: none where the plugin is not there.
	Functions(ctx context.Context, t capability.TenantID, id capability.PluginID) ([]manifest.Function, error)
	// Answer asks a plugin. It is refused where the plugin is switched off.
	Answer(ctx context.Context, t tenant.Tenant, id capability.PluginID, key string, q jqlfunc.Question) (*jqlfunc.Answer, error)
}

var _ Features = (*feature.Service)(nil)

// Tenants finds tenants; *tenant.Tenants is one.
type Tenants interface {
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Site is what is asked of Jira; *jira.Client does it.
type Site interface {
	IssueIDs(ctx context.Context, t tenant.Tenant, keys []string) (map[string]string, error)
	Computations(ctx context.Context, t tenant.Tenant, functionKey string, start, limit int) (jira.ComputationPage, error)
	UpdateComputations(ctx context.Context, t tenant.Tenant, list []jira.ComputationUpdate) error
}

var _ Site = (*jira.Client)(nil)

// Config is what a Service needs. All of it is required.
type Config struct {
	AppKey   string
	Tenants  Tenants
	Features Features
	Site     Site
	Jobs     *jobs.Jobs
	Log      *slog.Logger
	Now      func() time.Time
}

// Service answers functions. It is safe for concurrent use. Make it with New.
type Service struct{ cfg Config }

// New returns a Service, and makes the kind of its runs known to the jobs, which must not be worked on yet.
func New(c Config) (*Service, error) {
	if c.AppKey == "" || c.Tenants == nil || c.Features == nil || c.Site == nil || c.Jobs == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("functions: something that they need is missing")
	}
	s := &Service{cfg: c}
	return s, c.Jobs.Register(jobs.Kind{Name: Kind, Step: s.step, Timeout: stepTimeout, Retry: retry, Counts: []string{counted, changed}})
}

// Asked is a clause of a query, as Jira asks about it.
type Asked struct {
	Operator  string
	Arguments []string
}

// Answer is the JQL that Jira puts in the place of a clause with a function of a plugin, by the function's key. The error is for whoever searches.
func (s *Service) Answer(ctx context.Context, id capability.TenantID, plugin capability.PluginID, key string, q Asked) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	t, err := s.cfg.Tenants.ByID(ctx, id)
	if err != nil {
		return "", fmt.Errorf("load tenant: %w", err)
	}
	return s.answer(ctx, t, plugin, key, q)
}

func (s *Service) answer(ctx context.Context, t tenant.Tenant, plugin capability.PluginID, key string, q Asked) (string, error) {
	size := 0
	for _, a := range q.Arguments {
		size += len(a)
	}
	if size > maxArguments {
		return "", refuse(sdk.Invalid, "The arguments have %d bytes; at most %d are allowed. Name fewer issues at once.", size, maxArguments)
	}
	a, err := s.cfg.Features.Answer(ctx, t, plugin, key, jqlfunc.Question{Operator: strings.ToLower(q.Operator), Arguments: q.Arguments})
	if err != nil {
		return "", err
	}
	if n := len(a.JQL); n == 0 || n > maxJQL {
		s.cfg.Log.WarnContext(ctx, "a plugin answers a function in JQL with too much or nothing", "tenant", t.ID, "plugin", plugin, "function", key, "bytes", n)
		return "", refuse(sdk.Internal, "The answer has %d bytes, and Jira takes 1 to %d. Tell a Jira admin.", n, maxJQL)
	}
	return "(" + a.JQL + ")", nil // so that an OR in it stays in it, whatever stands around
}

// Words is what a user reads of an error.
func Words(err error) string {
	var e *sdk.Error
	if !errors.As(err, &e) || e.Message == "" || e.Code == sdk.Internal && e.Source != sdk.FromHost {
		return "This could not be answered just now. Try again in a minute; if it stays so, tell a Jira admin."
	}
	words := strings.Join(strings.Fields(e.Message), " ")
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords-len("…")], "") + "…" // what was cut in the middle of a letter goes
	}
	return words
}

// Issues finds issues by their keys, for a plugin that answers a function.
func (s *Service) Issues(ctx context.Context, b *capability.Binding, q *jqlfunc.Keys) (*jqlfunc.Found, error) {
	switch {
	case !b.Function:
		return nil, refuse(sdk.PermissionDenied, "issues are found by their keys for functions in JQL only; ask in a handler of one")
	case len(q.Keys) > jqlfunc.MaxKeys:
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "keys", Message: fmt.Sprintf("name up to %d issues", jqlfunc.MaxKeys)}
	}
	t, err := s.cfg.Tenants.ByID(ctx, b.Tenant)
	if err != nil {
		return nil, fmt.Errorf("load tenant: %w", err)
	}
	ids, err := s.cfg.Site.IssueIDs(ctx, t, q.Keys)
	if err != nil {
		return nil, err
	}
	return &jqlfunc.Found{IDs: ids}, nil
}

// Stale has the answers asked for anew that Jira keeps of the functions of the plugin that asks.
func (s *Service) Stale(ctx context.Context, b *capability.Binding, q *jqlfunc.Functions) error {
	return s.outdate(ctx, b.Tenant, b.Plugin, q.Keys)
}

// Changed is Stale for all functions of a plugin, after an admin has changed something of it. It does nothing for one without functions.
func (s *Service) Changed(ctx context.Context, t capability.TenantID, plugin capability.PluginID) error {
	return s.outdate(ctx, t, plugin, nil)
}

// outdate begins a run for functions of a plugin, for all of them where keys is empty.
func (s *Service) outdate(ctx context.Context, t capability.TenantID, plugin capability.PluginID, keys []string) error {
	declared, err := s.cfg.Features.Functions(ctx, t, plugin)
	if err != nil {
		return err
	}
	var in input
	for _, f := range declared {
		if len(keys) == 0 || slices.Contains(keys, f.Key) {
			in.Keys = append(in.Keys, f.Key)
		}
	}
	for _, k := range keys {
		if !slices.Contains(in.Keys, k) {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "keys", Message: fmt.Sprintf("plugin.json declares no function %.64q in jqlFunctions", k)}
		}
	}
	if len(in.Keys) == 0 {
		return nil
	}
	slices.Sort(in.Keys)
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the functions of a run: %w", err)
	}
	since := s.cfg.Now().UTC().Truncate(gather)
	_, err = s.cfg.Jobs.Start(ctx, t, jobs.Request{
		Kind: Kind, Plugin: plugin, Input: raw, Key: string(plugin), Happened: since, At: since.Add(gather), Once: string(raw),
	})
	return err
}

func refuse(code sdk.Code, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}
}
