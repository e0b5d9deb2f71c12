package personal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Jira takes reports; jira.Client does.
type Jira interface {
	ReportAccounts(ctx context.Context, t tenant.Tenant, accounts []jira.ReportedAccount) (jira.AccountReport, error)
}

// Tenants knows the sites; tenant.Tenants does.
type Tenants interface {
	Each(ctx context.Context) iter.Seq2[tenant.Tenant, error]
	ByID(ctx context.Context, id capability.TenantID) (tenant.Tenant, error)
}

// Reporter reports the accounts of each site to Atlassian when its cycle says so. Several hosts on one store share the work.
// Make it with NewReporter.
type Reporter struct {
	directory *Directory
	tenants   Tenants
	jira      Jira
	log       *slog.Logger
	now       func() time.Time
}

// NewReporter returns a Reporter. The clock is time.Now outside of tests.
func NewReporter(d *Directory, tenants Tenants, j Jira, log *slog.Logger, now func() time.Time) *Reporter {
	return &Reporter{directory: d, tenants: tenants, jira: j, log: log, now: now}
}

// Report is how the last report of a site went.
type Report struct {
	Reported time.Time `json:"reported,omitzero"` // the last that Atlassian answered
	Next     time.Time `json:"next"`              // when the next one is due
	// Refreshed is since when the accounts count as up to date: of an account nothing but its id is kept, so whatever
	// Atlassian says has changed is up to date as soon as that was heard.
	Refreshed time.Time `json:"refreshed,omitzero"`
	Accounts  int       `json:"accounts"` // of the last report
	Erased    int       `json:"erased"`   // accounts, ever
	Failures  int       `json:"failures"` // in a row
	rev       int64
}

const (
	reportCollection = "account_report"
	reportID         = "latest"
)

// Types are the documents that a Reporter keeps.
func Types() []privacy.Type {
	return []privacy.Type{{
		Collection: reportCollection, Name: "Account report", ID: privacy.Code,
		Purpose: "Know when Atlassian was told which account ids are kept, and when it is to be told again",
		Fields: []privacy.Field{
			{Path: "reported", Kind: privacy.Time}, {Path: "next", Kind: privacy.Time}, {Path: "refreshed", Kind: privacy.Time},
			{Path: "accounts", Kind: privacy.Count}, {Path: "erased", Kind: privacy.Count}, {Path: "failures", Kind: privacy.Count},
		},
	}}
}

// Latest returns how a site's last report went; the zero Report where there was none.
func (r *Reporter) Latest(ctx context.Context, t capability.TenantID) (Report, error) {
	d, err := r.directory.store.Get(ctx, reportKey(t))
	if errors.Is(err, store.ErrNotFound) {
		return Report{}, nil
	}
	if err != nil {
		return Report{}, fmt.Errorf("read the account report: %w", err)
	}
	out := Report{rev: d.Rev}
	if err := json.Unmarshal(d.Body, &out); err != nil {
		return Report{}, fmt.Errorf("decode the account report of %s: %w", t, err)
	}
	return out, nil
}

// Run reports whatever is due, then looks again after each pause, until ctx ends.
func (r *Reporter) Run(ctx context.Context, pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := r.Due(ctx); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "report accounts", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Due reports for every active site whose time has come. What goes wrong with one site keeps no other from its report.
func (r *Reporter) Due(ctx context.Context) error {
	var errs []error
	for t, err := range r.tenants.Each(ctx) {
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
		if t.State != tenant.Active {
			continue
		}
		if err := r.due(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("site %s: %w", t.ID, err))
		}
	}
	return errors.Join(errs...)
}

// retry is how long a report that failed waits, doubled with each failure in a row up to longestRetry. claim is how long a
// host has for one before another takes it over.
const (
	retry        = 10 * time.Minute
	longestRetry = 24 * time.Hour
	claim        = 10 * time.Minute
)

func (r *Reporter) due(ctx context.Context, t tenant.Tenant) error {
	last, err := r.Latest(ctx, t.ID)
	if err != nil {
		return err
	}
	now := r.now().UTC().Round(0)
	if now.Before(last.Next) {
		return nil
	}
	t, err = r.tenants.ByID(ctx, t.ID) // with its secret
	if errors.Is(err, store.ErrNotFound) || err == nil && t.State != tenant.Active {
		return nil // it left since it was listed, which may be many reports ago
	}
	if err != nil {
		return err
	}
	// Whoever moves the time of the next report does this one; another host finds it moved.
	mine := last
	mine.Next = now.Add(claim)
	if err := r.put(ctx, t.ID, &mine); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return nil
		}
		return err
	}
	return r.report(ctx, t, mine, now)
}

func (r *Reporter) report(ctx context.Context, t tenant.Tenant, state Report, now time.Time) error {
	held, err := r.directory.Accounts(ctx, t.ID)
	if err != nil {
		return r.finish(ctx, t, state, err, now)
	}
	accounts := make([]jira.ReportedAccount, 0, len(held))
	for _, id := range slices.Sorted(maps.Keys(held)) {
		at := held[id]
		if at.Before(state.Refreshed) {
			at = state.Refreshed
		}
		if at.IsZero() {
			at = now
		}
		accounts = append(accounts, jira.ReportedAccount{ID: id, UpdatedAt: at})
	}
	state.Accounts = len(accounts)
	var answer jira.AccountReport
	if len(accounts) > 0 { // nobody's data, nothing to tell
		answer, err = r.jira.ReportAccounts(ctx, t, accounts)
	}
	for _, account := range answer.Erase { // what was answered counts, whatever went wrong beside it
		n, erasing := r.directory.Erase(ctx, t.ID, account)
		if erasing != nil {
			err = errors.Join(err, erasing)
			continue
		}
		if n > 0 {
			state.Erased++
		}
	}
	if len(answer.Refresh) > 0 {
		state.Refreshed = now
	}
	switch {
	case err != nil:
	case len(accounts) == 0:
		state.Next = now.Add(idle)
	default:
		state.Reported, state.Next = now, now.Add(answer.Cycle)
	}
	if state.Accounts > 0 {
		r.log.InfoContext(ctx, "accounts reported", "tenant", t.ID, "accounts", state.Accounts, "closed", len(answer.Erase), "updated", len(answer.Refresh), "code", sdk.CodeOf(err))
	}
	return r.finish(ctx, t, state, err, now)
}

// finish keeps how a report went. After an error the next try waits, for as long as Jira asks at least.
func (r *Reporter) finish(ctx context.Context, t tenant.Tenant, state Report, err error, now time.Time) error {
	if err == nil {
		state.Failures = 0
		return r.put(ctx, t.ID, &state)
	}
	state.Failures++
	wait := retry << min(state.Failures-1, 10)
	if f := (*jira.Failure)(nil); errors.As(err, &f) {
		wait = max(wait, f.RetryAfter)
	}
	state.Next = now.Add(min(wait, longestRetry))
	return errors.Join(err, r.put(ctx, t.ID, &state))
}

// idle is when a site without accounts is looked at again.
const idle = 24 * time.Hour

func (r *Reporter) put(ctx context.Context, t capability.TenantID, state *Report) error {
	body, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode the account report: %w", err)
	}
	revs, err := r.directory.store.Write(ctx, store.Op{Doc: store.Doc{Key: reportKey(t), Body: body}, IfRev: state.rev})
	if err != nil {
		return fmt.Errorf("write the account report: %w", err)
	}
	state.rev = revs[0]
	return nil
}

func reportKey(t capability.TenantID) store.Key {
	return store.Key{Tenant: t, Collection: reportCollection, ID: reportID}
}
