package blueprint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Import makes a tenant's configuration be as a file says, in the name of an account, and returns what it did. The error is an
// *Error where the file cannot be understood, of which nothing was done. After any other one some of it may be done: importing the
// file again does the rest.
func (s *Service) Import(ctx context.Context, t tenant.Tenant, account string, in Import) ([]Change, error) {
	p, err := s.plan(ctx, t, in)
	if err != nil {
		return nil, err
	}
	a := &applier{Service: s, t: t, account: account, ids: map[string]string{}}
	for _, w := range p.connections {
		if err := a.connection(ctx, w); err != nil {
			return nil, a.stopped(Connection, w.Name, err)
		}
	}
	if err := a.synchronizations(ctx, p); err != nil {
		return nil, err
	}
	if !in.Delete {
		return p.changes, nil
	}
	for _, c := range p.goingSyncs() {
		if err := s.syncs.DeleteSync(ctx, t, c.ID); err != nil {
			return nil, a.stopped(Synchronization, c.Name, err)
		}
	}
	for _, c := range p.goingConnections() {
		if err := s.syncs.DeleteConnection(ctx, t, c.ID); err != nil {
			return nil, a.stopped(Connection, c.Name, err)
		}
	}
	return p.changes, nil
}

// applier does what a plan says.
type applier struct {
	*Service
	t       tenant.Tenant
	account string
	ids     map[string]string // by what stood for them
	done    int
}

// stopped says how far an import came.
func (a *applier) stopped(kind, name string, err error) error {
	var e *sdk.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("import a %s: %w", kind, err)
	}
	out := *e
	out.Message = fmt.Sprintf("the import stopped at the %s %.100q: %s; %d changes before it are done; import the file again when this is mended",
		kind, name, strings.TrimSuffix(e.Message, "."), a.done)
	return &out
}

func (a *applier) connection(ctx context.Context, w wantedConnection) error {
	if w.what == Unchanged {
		return nil
	}
	made, err := a.syncs.SaveConnection(ctx, a.t, a.account, w.id, w.ConnectionDraft)
	if err != nil {
		return err
	}
	a.ids[w.ref] = made.ID
	a.done++
	return nil
}

// synchronizations saves them. One may name another that is not made yet, and that one name it: so what names a new one is saved again
// when all are there.
func (a *applier) synchronizations(ctx context.Context, p plan) error {
	again := map[int]syncing.Synchronization{}
	for i, w := range p.syncs {
		if !w.saves {
			continue
		}
		draft, whole := a.draft(w.SyncDraft)
		made, err := a.syncs.SaveSync(ctx, a.t, a.account, w.id, draft)
		if err != nil {
			return a.stopped(Synchronization, w.Name, err)
		}
		a.ids[w.ref] = made.ID
		a.done++
		if !whole {
			again[i] = made
		}
	}
	for i, made := range again {
		draft, _ := a.draft(p.syncs[i].SyncDraft)
		draft.Rev = made.Rev
		if _, err := a.syncs.SaveSync(ctx, a.t, a.account, made.ID, draft); err != nil {
			return a.stopped(Synchronization, p.syncs[i].Name, err)
		}
	}
	for _, w := range p.syncs {
		if !w.schedules {
			continue
		}
		if _, err := a.syncs.SetSchedule(ctx, a.t, a.account, a.id(w.ref), w.schedule); err != nil {
			return a.stopped(Synchronization, w.Name, err)
		}
		a.done++
	}
	return nil
}

// id returns what something is called by now.
func (a *applier) id(ref string) string {
	if id, ok := a.ids[ref]; ok {
		return id
	}
	return ref
}

// draft puts ids in place of what stood for them. It is not whole while something that it names is not made.
func (a *applier) draft(d syncing.SyncDraft) (out syncing.SyncDraft, whole bool) {
	out, whole = d, true
	out.Connection = a.id(d.Connection)
	out.Mapping.Fields = append([]mapping.Field(nil), d.Mapping.Fields...)
	for i := range out.Mapping.Fields {
		f := &out.Mapping.Fields[i]
		f.Values = maps.Clone(f.Values)
		if f.Sync = a.id(f.Sync); strings.HasPrefix(f.Sync, "new:") {
			f.Sync, whole = "", false
		}
	}
	return out, whole
}
