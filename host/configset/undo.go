package configset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// Undone is what becomes of a document when an import is undone.
type Undone struct {
	Plugin, Type, Label string
	What                UndoWhat
	Why                 string // of one that is kept
}

// UndoWhat is an outcome of undoing.
type UndoWhat string

// The outcomes.
const (
	Deleted UndoWhat = "deleted" // it can be taken back as any that was deleted
	PutBack UndoWhat = "put back"
	Kept    UndoWhat = "kept"
)

// undoing is one change with what is done about it.
type undoing struct {
	change
	draft feature.Draft
	shown Undone
}

// PlanUndo says what undoing an import would do.
func (s *Service) PlanUndo(ctx context.Context, t tenant.Tenant, account, id string) ([]Undone, error) {
	_, all, err := s.undo(ctx, t, account, id)
	return shownOf(all), err
}

// Undo undoes an import: what it made is deleted, what it changed is as before, all at once. What somebody edited since, or uses, is kept.
func (s *Service) Undo(ctx context.Context, t tenant.Tenant, account, id string) ([]Undone, error) {
	r, all, err := s.undo(ctx, t, account, id)
	if err != nil {
		return nil, err
	}
	var drafts []feature.Draft
	var ops []store.Op
	for _, u := range all {
		if u.shown.What != Kept {
			drafts = append(drafts, u.draft)
			ops = append(ops, store.Op{Doc: store.Doc{Key: changeKey(t.ID, u.ID)}, Delete: true, IfRev: store.Any})
		}
	}
	if len(drafts) == 0 {
		return shownOf(all), nil
	}
	r.Undone, r.UndoneBy = s.now().UTC().Round(0), account
	op, err := r.op(t.ID)
	if err != nil {
		return nil, err
	}
	problems, err := s.features.WriteDrafts(ctx, t, account, drafts, func([]feature.Overwritten) ([]store.Op, error) { return append(ops, op), nil })
	if errors.Is(err, feature.ErrFields) {
		err = meanwhile(problems)
	}
	return shownOf(all), err
}

func shownOf(all []undoing) []Undone {
	out := make([]Undone, len(all))
	for i, u := range all {
		out[i] = u.shown
	}
	return out
}

// undo finds out what can be undone. What is refused may be what others refer to, so it goes on until nothing more is.
func (s *Service) undo(ctx context.Context, t tenant.Tenant, account, id string) (Record, []undoing, error) {
	r, err := s.record(ctx, t, id)
	if err != nil {
		return r, nil, err
	}
	h, err := s.here(ctx, t)
	if err != nil {
		return r, nil, err
	}
	changes, err := s.changes(ctx, t.ID, id)
	if err != nil {
		return r, nil, err
	}
	var all []undoing
	for _, c := range slices.Backward(changes) { // what refers to others came after them
		all = append(all, h.undoing(c))
	}
	for {
		refused, err := s.refuse(ctx, t, account, all)
		if err != nil || !refused {
			return r, all, err
		}
	}
}

// refuse has what would be undone judged, and keeps what is refused. It says whether there was any.
func (s *Service) refuse(ctx context.Context, t tenant.Tenant, account string, all []undoing) (bool, error) {
	var drafts []feature.Draft
	var at []int
	for i, u := range all {
		if u.shown.What != Kept {
			drafts, at = append(drafts, u.draft), append(at, i)
		}
	}
	found, err := s.features.JudgeDrafts(ctx, t, account, drafts)
	if err != nil {
		return false, err
	}
	refused := false
	for i, problems := range found {
		if len(problems) > 0 {
			all[at[i]].keep(problems[0].Message)
			refused = true
		}
	}
	return refused, nil
}

func (u *undoing) keep(why string) { u.shown.What, u.shown.Why = Kept, why }

// record reads an import that can still be undone.
func (s *Service) record(ctx context.Context, t tenant.Tenant, id string) (Record, error) {
	gone := &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("There is no such import that can be undone: that is possible for %d days.", int(Regret.Hours()/24))}
	d, err := s.store.Get(ctx, importKey(t.ID, id))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
		return Record{}, gone
	}
	if err != nil {
		return Record{}, fmt.Errorf("read an import: %w", err)
	}
	r, err := decodeRecord(d)
	if err == nil && !s.now().Before(r.Until) {
		return Record{}, gone
	}
	return r, err
}

// undoing is what would be done about a change, as things are now.
func (h *here) undoing(c change) undoing {
	u := undoing{change: c, draft: feature.Draft{Plugin: c.Plugin, Type: c.Type, ID: c.Document, Values: c.Before, Rev: c.Rev}}
	u.shown = Undone{Plugin: string(c.Plugin), Type: c.Type, Label: c.Document, What: PutBack}
	part, ok := h.part(c.Plugin)
	if !ok {
		u.keep("Its plugin is not installed any more.")
		return u
	}
	u.shown.Plugin = part.Manifest.Name
	if c.Type == "" {
		u.shown.Label = "Settings"
		if part.Choice.Rev != c.Rev {
			u.keep("Somebody changed the settings, or switched the plugin, since.")
		}
		return u
	}
	if c.Before == nil {
		u.shown.What = Deleted
	}
	t, ok := h.typeOf(sourceOf(c.Plugin, c.Type))
	i := slices.IndexFunc(t.Documents, func(d tenant.Config) bool { return d.ID == c.Document })
	if !ok || i < 0 {
		u.keep("It is not there any more.")
		return u
	}
	d := t.Documents[i]
	u.shown.Type, u.shown.Label = t.Title, t.LabelOf(d)
	switch {
	case d.Rev == c.Rev:
	case !d.Deleted.IsZero():
		u.keep("Somebody deleted it since.")
	default:
		u.keep("Somebody edited it since.")
	}
	return u
}
