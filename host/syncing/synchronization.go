package syncing

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Synchronization says which rows become which issues, and when.
type Synchronization struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Connection string         `json:"connection"` // id
	Mapping    mapping.Config `json:"mapping"`
	// Trouble is the code with which its last run failed for good; its schedule waits until an admin saved it or had it run. Empty
	// for none.
	Trouble  sdk.Code  `json:"trouble,omitempty"`
	Schedule *Schedule `json:"schedule,omitempty"` // nil where it runs by hand only
	By       string    `json:"by,omitempty"`       // account of the admin who wrote it last
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`
	Rev      int64     `json:"rev"`
}

// SyncDraft is a synchronization as an admin writes it.
type SyncDraft struct {
	Name       string         `json:"name"`
	Connection string         `json:"connection"`
	Mapping    mapping.Config `json:"mapping"`
	// Rev is the revision that was read, 0 for a new one.
	Rev int64 `json:"rev,omitempty"`
}

type syncDocument struct {
	Name       string         `json:"name"`
	Connection string         `json:"connection"`
	Mapping    mapping.Config `json:"mapping"`         // without RunAs
	RunAs      string         `json:"runAs,omitempty"` // apart, so that it is found where the account is erased
	Trouble    sdk.Code       `json:"trouble,omitempty"`
	By         string         `json:"by,omitempty"`
	Created    time.Time      `json:"created"`
	Changed    time.Time      `json:"changed"`
}

func syncOf(k kept[syncDocument]) Synchronization {
	d := k.doc
	d.Mapping.RunAs = d.RunAs
	return Synchronization{
		ID: k.id, Name: d.Name, Connection: d.Connection, Mapping: d.Mapping, Trouble: d.Trouble, By: d.By, Created: d.Created, Changed: d.Changed, Rev: k.rev,
	}
}

// Synchronizations returns those of a tenant, by name.
func (s *Service) Synchronizations(ctx context.Context, t tenant.Tenant) ([]Synchronization, error) {
	all, err := s.syncs.list(ctx, t.ID, "", "")
	if err != nil {
		return nil, err
	}
	schedules, err := s.schedules(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	out := make([]Synchronization, len(all))
	for i, k := range all {
		out[i] = syncOf(k)
		out[i].Schedule = schedules[k.id]
	}
	slices.SortFunc(out, func(a, b Synchronization) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out, nil
}

// Synchronization returns one.
func (s *Service) Synchronization(ctx context.Context, t tenant.Tenant, id string) (Synchronization, error) {
	k, err := s.syncs.get(ctx, t.ID, id)
	if err != nil {
		return Synchronization{}, err
	}
	out := syncOf(k)
	out.Schedule, err = s.schedule(ctx, t.ID, id)
	return out, err
}

// SaveSync keeps what an admin wrote, with a new id where id is "". It is kept even where the mapping does not fit the source or the
// site yet: Check says what is missing, and a run begins with the same look.
func (s *Service) SaveSync(ctx context.Context, t tenant.Tenant, account, id string, draft SyncDraft) (Synchronization, error) {
	k := kept[syncDocument]{id: id}
	var err error
	if id == "" {
		k.id = newID("s")
	} else if k, err = s.syncs.get(ctx, t.ID, id); err != nil {
		return Synchronization{}, err
	}
	if k.rev != draft.Rev && draft.Rev != 0 {
		return Synchronization{}, fail(sdk.Exists, "somebody else changed this synchronization meanwhile; reload it and try again")
	}
	if err := s.checkDraft(ctx, t, draft); err != nil {
		return Synchronization{}, err
	}
	now := s.now()
	if k.rev == 0 {
		k.doc.Created = now
	}
	d := &k.doc
	d.Name, d.Connection, d.Mapping, d.RunAs, d.By, d.Changed, d.Trouble = draft.Name, draft.Connection, draft.Mapping.WithDefaults(), draft.Mapping.RunAs, account, now, ""
	d.Mapping.RunAs = ""
	if k, err = s.syncs.put(ctx, t.ID, k); err != nil {
		return Synchronization{}, err
	}
	out := syncOf(k)
	out.Schedule, err = s.schedule(ctx, t.ID, k.id)
	return out, err
}

func (s *Service) checkDraft(ctx context.Context, t tenant.Tenant, draft SyncDraft) error {
	if err := checkName(draft.Name); err != nil {
		return err
	}
	if draft.Mapping.Stream == "" {
		return refuse("mapping.stream", "choose what is read: a table, a view, a list")
	}
	raw, err := draft.Mapping.Print()
	if err != nil {
		return refuse("mapping", "the mapping cannot be kept")
	}
	if _, err := mapping.Parse(raw); err != nil {
		return refuse("mapping", "%v", err)
	}
	_, err = s.connections.get(ctx, t.ID, draft.Connection)
	if sdk.CodeOf(err) == sdk.NotFound {
		return refuse("connection", "there is no such connection; choose another one")
	}
	return err
}

// DeleteSync deletes a synchronization with its schedule and ends its runs. The issues stay as they are.
func (s *Service) DeleteSync(ctx context.Context, t tenant.Tenant, id string) error {
	if _, err := s.syncs.get(ctx, t.ID, id); err != nil {
		return err
	}
	if err := s.deleteSchedules(ctx, t.ID, scheduleID(id), eventID(id)); err != nil {
		return err
	}
	if err := s.endRuns(ctx, t.ID, id); err != nil {
		return err
	}
	return s.syncs.delete(ctx, t.ID, id)
}

// endRuns cancels the runs of a synchronization that are not over.
func (s *Service) endRuns(ctx context.Context, t capability.TenantID, id string) error {
	const newest = 50 // more of one synchronization never wait: they have one key, and a schedule skips
	runs, err := s.cfg.Log.Runs(ctx, t, id, "", newest)
	if err != nil {
		return err
	}
	for _, h := range runs {
		if !h.Ended.IsZero() {
			continue
		}
		if err := s.cfg.Jobs.Cancel(ctx, t, jobs.RunID(h.Run)); err != nil && sdk.CodeOf(err) != sdk.NotFound && sdk.CodeOf(err) != sdk.Invalid {
			return err
		}
	}
	return nil
}

// Check says what keeps a synchronization from running: mapping.Problems, or another error of host/syncer. nil is for nothing.
func (s *Service) Check(ctx context.Context, t tenant.Tenant, draft SyncDraft) error {
	work, _, err := s.prepare(ctx, t, s.cfg.Features.Source, draft.Connection, "draft", draft.Mapping)
	if err != nil {
		return err
	}
	_, err = s.cfg.Engine.Check(ctx, work)
	return err
}
