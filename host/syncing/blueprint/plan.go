package blueprint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Import is a file that is to be imported.
type Import struct {
	File []byte
	// Secrets are those that the file names, by connection and name.
	Secrets map[string]map[string]sync.Secret
	// Delete deletes what the file does not name.
	Delete bool
}

// The kinds of changes, and what becomes of something.
const (
	Connection      = "connection"
	Synchronization = "synchronization"

	Created   = "created"
	Changed   = "changed"
	Unchanged = "unchanged"
	Deleted   = "deleted"
)

// Change is what becomes of a connection or a synchronization.
type Change struct {
	Kind string       `json:"kind"`
	Name string       `json:"name"`
	What string       `json:"what"`
	Diff []Difference `json:"diff,omitempty"` // of a changed one
}

// plan is what an import does.
type plan struct {
	there       state
	connections []wantedConnection
	syncs       []wantedSync
	changes     []Change
	delete      bool
}

type wantedConnection struct {
	id   string // "" for a new one
	ref  string // what stands for its id in the drafts of synchronizations
	what string
	line int
	syncing.ConnectionDraft
}

type wantedSync struct {
	id, ref  string
	what     string // Changed also where only its schedule does
	line     int
	schedule *syncing.Schedule
	syncing.SyncDraft
	saves, schedules bool
}

// fresh is what stands for the id of something that is to be made.
func fresh(name string) string { return "new:" + name }

// reader makes a plan of a file.
type reader struct {
	*Service
	ctx      context.Context //nolint:containedctx // it is as long as one call
	t        tenant.Tenant
	in       Import
	names    *names
	plan     plan
	problems []Problem
	// connections and all (the synchronizations) are those there are and those of the file.
	connections, all things
	// err is one of the site or the store, which ends the reading.
	err error
}

func (r *reader) bad(line int, do, format string, args ...any) {
	r.problems = append(r.problems, Problem{line, fmt.Sprintf(format, args...), do})
}

// Plan returns what an import would do. The error is an *Error where the file cannot be understood.
func (s *Service) Plan(ctx context.Context, t tenant.Tenant, in Import) ([]Change, error) {
	p, err := s.plan(ctx, t, in)
	return p.changes, err
}

func (s *Service) plan(ctx context.Context, t tenant.Tenant, in Import) (plan, error) {
	f, err := parse(in.File)
	if err != nil {
		return plan{}, err
	}
	there, err := s.state(ctx, t)
	if err != nil {
		return plan{}, err
	}
	r := &reader{Service: s, ctx: ctx, t: t, in: in, names: &names{site: s.site, tenant: t}, plan: plan{there: there, delete: in.Delete}}
	r.connections, r.all = there.connectionThings(), there.syncThings()
	r.match(f)
	for i, c := range f.Connections {
		r.connection(&r.plan.connections[i], c)
	}
	for i, c := range f.Synchronizations {
		r.sync(&r.plan.syncs[i], c)
	}
	switch {
	case r.err != nil:
		return plan{}, r.err
	case len(r.problems) > 0:
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
		return plan{}, problemsError(r.problems)
	}
	return r.plan, r.compare()
}

// match finds what the file names among what is there, before any of it is read: synchronizations name each other.
func (r *reader) match(f file) {
	connections, syncs := r.connections, r.all
	seen := map[string]int{}
	one := func(t things, id, name text) string {
		if name.value == "" {
			r.bad(max(id.line, name.line), "write name: and a name", "a %s has no name", t.kind)
			return ""
		}
		got := r.find(t, id, name)
		key := t.kind + " " + got
		if got == "" {
			key = t.kind + " " + fresh(name.value)
		}
		if first, twice := seen[key]; twice {
			r.bad(name.line, "give each a name of its own, or write the id: beside", "the %s %.100q stands on line %d already", t.kind, name.value, first)
		}
		seen[key] = name.line
		return got
	}
	for _, c := range f.Connections {
		w := wantedConnection{id: one(connections, c.ID, c.Name), line: c.Name.line}
		if w.ref = w.id; w.id == "" {
			w.ref = fresh(c.Name.value)
		}
		r.connections = r.connections.with(w.ref, c.Name.value)
		r.plan.connections = append(r.plan.connections, w)
	}
	for _, c := range f.Synchronizations {
		w := wantedSync{id: one(syncs, c.ID, c.Name), line: c.Name.line}
		if w.ref = w.id; w.id == "" {
			w.ref = fresh(c.Name.value)
		}
		r.all = r.all.with(w.ref, c.Name.value)
		r.plan.syncs = append(r.plan.syncs, w)
	}
}

// with adds a thing, or lets one have the name that a file gives it.
func (t things) with(id, name string) things {
	t.all = slices.DeleteFunc(slices.Clone(t.all), func(one thing) bool { return one.id == id })
	t.all = append(t.all, thing{id, []string{name}})
	return t
}

// find returns the id of what is there, "" for something new.
func (r *reader) find(t things, id, name text) string {
	if id.value != "" {
		if !t.has(id.value) {
			r.bad(id.line, "leave the id out to make a new one", "there is no %s with the id %.64q", t.kind, id.value)
		}
		return id.value
	}
	var found []string
	for _, one := range t.all {
		if one.names[0] == name.value {
			found = append(found, one.id)
		}
	}
	if len(found) > 1 {
		r.bad(name.line, "write id: and one of these beside it: "+list(found), "there are %d of the kind %s with the name %.100q", len(found), t.kind, name.value)
	}
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// resolve finds the id of a name in a file.
func (r *reader) resolve(t things, err error, in text) string {
	if err != nil || in.value == "" {
		if r.err == nil {
			r.err = err
		}
		return ""
	}
	id, what, do := t.find(in.value)
	if what != "" {
		r.bad(in.line, do, "%s", what)
	}
	return id
}

func (r *reader) connection(w *wantedConnection, c connection) {
	settings, err := object(&c.Settings)
	if err != nil {
		r.bad(c.Settings.Line, "compare it with what pergola admin sync export writes", "settings of the connection %.100q: %v", c.Name.value, err)
		return
	}
	w.ConnectionDraft = syncing.ConnectionDraft{
		Name: c.Name.value, Plugin: capability.PluginID(c.Plugin.value), Synchronizer: c.Synchronizer.value, Settings: settings,
	}
	for _, there := range r.plan.there.connections {
		if there.ID == w.id {
			w.Rev = there.Rev
		}
	}
	for name, o := range c.Secrets {
		value, sent := r.in.Secrets[c.Name.value][name]
		if !sent {
			r.bad(max(c.Name.line, o.Env.line, o.File.line), "import the file with pergola admin sync import, or leave it out: what is not named stays",
				"the value of the secret %.64q is where the file is imported, and did not come with it", name)
			continue
		}
		if w.Secrets == nil {
			w.Secrets = map[string]sync.Secret{}
		}
		w.Secrets[name] = value
	}
	r.refused(c.Name.line, "connection", c.Name.value, r.syncs.CheckConnection(r.ctx, r.t, w.id, w.ConnectionDraft))
}

// refused notes what would be refused when it is saved. Whatever is not about the file ends the reading.
func (r *reader) refused(line int, kind, name string, err error) {
	var e *sdk.Error
	switch code := sdk.CodeOf(err); {
	case err == nil:
	case errors.As(err, &e) && (code == sdk.Invalid || code == sdk.NotFound || code == sdk.PermissionDenied):
		at := ""
		if e.Field != "" {
			at = e.Field + ": "
		}
		r.bad(line, "correct it and import the file again", "%s %.100q: %s%s", kind, name, at, strings.TrimSuffix(e.Message, "."))
	case r.err == nil:
		r.err = err
	}
}

func (r *reader) sync(w *wantedSync, c synchronization) {
	w.SyncDraft = syncing.SyncDraft{Name: c.Name.value, Connection: r.resolve(r.connections, nil, c.Connection), Mapping: r.mapping(c.Mapping, c.Name.line)}
	if c.Connection.value == "" {
		r.bad(c.Name.line, "write connection: and the name of one", "the synchronization %.100q has no connection", c.Name.value)
	}
	for _, there := range r.plan.there.syncs {
		if there.ID == w.id {
			w.Rev = there.Rev
		}
	}
	if raw, err := w.Mapping.Print(); err == nil {
		if _, err = mapping.Parse(raw); err != nil {
			r.bad(c.Name.line, "compare it with what pergola admin sync export writes", "synchronization %.100q: %v", c.Name.value, err)
		}
	}
	if c.Schedule == nil {
		return
	}
	at := syncing.Schedule{
		Cron: c.Schedule.Cron, Zone: c.Schedule.Zone, Every: c.Schedule.Every, Jitter: c.Schedule.Jitter, Missed: jobs.Missed(c.Schedule.Missed),
		Overlap: jobs.Overlap(c.Schedule.Overlap), OnProjects: c.Schedule.OnProjects, Paused: c.Schedule.Paused,
	}
	if c.Schedule.Once != "" {
		var err error
		if at.Once, err = time.Parse(time.RFC3339, c.Schedule.Once); err != nil {
			r.bad(c.Name.line, "write it as 2027-01-31T06:00:00+01:00", "synchronization %.100q: once is no moment", c.Name.value)
		}
	}
	_, err := r.syncs.NextTimes(r.t, "draft", at, 1)
	r.refused(c.Name.line, "the schedule of", c.Name.value, err)
	w.schedule = &at
}

func (r *reader) mapping(in rules, line int) mapping.Config {
	if in.Stream == "" {
		r.bad(line, "write stream: and the name of a table, a view or a list", "the mapping does not say what is read")
	}
	if in.Project.value == "" {
		r.bad(line, "write project: and its key", "the mapping does not say in which project issues are made")
	}
	projects, err := r.names.project(r.ctx)
	project := r.resolve(projects, err, in.Project)
	fields, err := r.names.field(r.ctx)
	if r.note(err); r.err != nil || project == "" {
		return mapping.Config{}
	}
	types, err := r.names.issueType(r.ctx, project)
	r.note(err)
	statuses, err := r.names.status(r.ctx, project)
	r.note(err)
	out := mapping.Config{
		Stream: in.Stream, Key: in.Key, Mode: in.Mode, Column: in.Column, Project: project, RunAs: in.RunAs,
		Type:    mapping.TypeRule{Default: r.resolve(types, nil, in.Type.Default), Column: in.Type.Column, Values: r.values(types, in.Type.Values)},
		Missing: mapping.Missing{Policy: in.Missing.Policy, Label: in.Missing.Label, Status: r.resolve(statuses, nil, in.Missing.Status)},
		Brake:   mapping.Brake(in.Brake),
	}
	for _, f := range in.Fields {
		out.Fields = append(out.Fields, r.field(fields, statuses, f))
	}
	return out.WithDefaults()
}

func (r *reader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) field(fields, statuses things, in field) mapping.Field {
	out := mapping.Field{
		Field: r.resolve(fields, nil, in.Field), Column: in.Column, Expr: in.Expr, Pass: in.Pass, Default: in.Default.value,
		Direction: in.Direction, OnEmpty: in.OnEmpty, CreateOnly: in.CreateOnly, AddOptions: in.AddOptions, Zone: in.Zone, Sync: in.Sync.value,
	}
	if out.Field == status {
		out.Values, out.Default = r.values(statuses, in.Values), r.resolve(statuses, nil, in.Default)
	} else if len(in.Values) > 0 {
		out.Values = map[string]string{}
		for from, to := range in.Values {
			out.Values[from] = to.value
		}
	}
	if in.Sync.value != self {
		out.Sync = r.resolve(r.all, nil, in.Sync)
	}
	return out
}

func (r *reader) values(t things, in map[string]text) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for from, to := range in {
		out[from] = r.resolve(t, nil, to)
	}
	return out
}

// same says whether two values have the same JSON.
func same(a, b any) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(x) == string(y)
}
