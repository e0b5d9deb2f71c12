package blueprint

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
)

const head = `# Connections and synchronizations of one Jira site, for pergola admin sync import. Secrets are not in it: name those that change
# under secrets, as password: {env: VARIABLE} or {file: PATH}; the others stay as they are.
`

// Export returns what a tenant has as a file. With ids nothing is asked of the site, and ids stand where names would.
func (s *Service) Export(ctx context.Context, t tenant.Tenant, ids bool) ([]byte, error) {
	there, err := s.state(ctx, t)
	if err != nil {
		return nil, err
	}
	w := s.writer(t, there.connectionThings(), there.syncThings())
	if ids {
		w.names.site = nil
	}
	f := file{Version: version}
	for _, c := range there.connections {
		one, err := w.connection(c.ID, draftOf(c))
		if err != nil {
			return nil, err
		}
		f.Connections = append(f.Connections, one)
	}
	for _, c := range there.syncs {
		one, err := w.sync(ctx, c.ID, syncing.SyncDraft{Name: c.Name, Connection: c.Connection, Mapping: c.Mapping}, c.Schedule)
		if err != nil {
			return nil, err
		}
		f.Synchronizations = append(f.Synchronizations, one)
	}
	raw, err := write(f)
	return append([]byte(head), raw...), err
}

func draftOf(c syncing.Connection) syncing.ConnectionDraft {
	return syncing.ConnectionDraft{Name: c.Name, Plugin: c.Plugin, Synchronizer: c.Synchronizer, Settings: c.Settings, Rev: c.Rev}
}

// writer writes configuration with names for ids.
type writer struct {
	names       *names
	connections things
	syncs       things
}

func (s *Service) writer(t tenant.Tenant, connections, syncs things) writer {
	return writer{names: &names{site: s.site, tenant: t}, connections: connections, syncs: syncs}
}

// idFor is the id that has to stand beside a name that is not unique.
func idFor(t things, id, name string) text {
	if back, _, _ := t.find(name); back == id {
		return text{}
	}
	return plain(id)
}

func (w writer) connection(id string, d syncing.ConnectionDraft) (connection, error) {
	settings, err := node(d.Settings)
	return connection{
		ID: idFor(w.connections, id, d.Name), Name: plain(d.Name), Plugin: plain(string(d.Plugin)), Synchronizer: plain(d.Synchronizer), Settings: settings,
	}, err
}

func (w writer) sync(ctx context.Context, id string, d syncing.SyncDraft, at *syncing.Schedule) (synchronization, error) {
	m, err := w.rules(ctx, d.Mapping.WithDefaults())
	return synchronization{
		ID: idFor(w.syncs, id, d.Name), Name: plain(d.Name), Connection: plain(w.connections.name(d.Connection)), Mapping: m, Schedule: scheduleOf(at),
	}, err
}

// known are the things that a mapping names.
type known struct{ projects, types, fields, statuses things }

// known lists them; empty where ids stay ids.
func (w writer) known(ctx context.Context, project string) (k known, err error) {
	if w.names.site == nil {
		return k, nil
	}
	if k.projects, err = w.names.project(ctx); err != nil {
		return k, err
	}
	if k.fields, err = w.names.field(ctx); err != nil {
		return k, err
	}
	if k.statuses, err = w.names.status(ctx, project); err != nil {
		return k, err
	}
	if k.projects.has(project) { // one that is gone has no types, and its id stays what it is
		k.types, err = w.names.issueType(ctx, project)
	}
	return k, err
}

func (t things) has(id string) bool {
	for _, one := range t.all {
		if one.id == id {
			return true
		}
	}
	return false
}

func (w writer) rules(ctx context.Context, m mapping.Config) (rules, error) {
	k, err := w.known(ctx, m.Project)
	if err != nil {
		return rules{}, err
	}
	out := rules{
		Stream: m.Stream, Key: m.Key, Mode: m.Mode, Column: m.Column, Project: plain(k.projects.name(m.Project)), RunAs: m.RunAs,
		Type:    typeRule{Default: plain(k.types.name(m.Type.Default)), Column: m.Type.Column, Values: named(k.types, m.Type.Values)},
		Missing: missing{m.Missing.Policy, m.Missing.Label, plain(k.statuses.name(m.Missing.Status))},
		Brake:   brake(m.Brake),
	}
	for _, f := range m.Fields {
		out.Fields = append(out.Fields, w.field(k, f))
	}
	return out, nil
}

func (w writer) field(k known, f mapping.Field) field {
	out := field{
		Field: plain(k.fields.name(f.Field)), Column: f.Column, Expr: f.Expr, Values: named(things{}, f.Values), Pass: f.Pass, Default: plain(f.Default),
		Direction: f.Direction, OnEmpty: f.OnEmpty, CreateOnly: f.CreateOnly, AddOptions: f.AddOptions, Zone: f.Zone, Sync: plain(f.Sync),
	}
	if f.Field == status {
		out.Values, out.Default = named(k.statuses, f.Values), plain(k.statuses.name(f.Default))
	}
	if f.Sync != self {
		out.Sync = plain(w.syncs.name(f.Sync))
	}
	// What every mapping has unless it says something else only hides the rest.
	if out.Direction == mapping.In {
		out.Direction = ""
	}
	if out.OnEmpty == mapping.Keep {
		out.OnEmpty = ""
	}
	return out
}

// Words of a mapping that stand for themselves.
const (
	status = "status"
	self   = "self"
)

func named(t things, values map[string]string) map[string]text {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]text, len(values))
	for from, to := range values {
		out[from] = plain(t.name(to))
	}
	return out
}

// scheduleOf writes what an admin chose of a schedule, without what is so by default.
func scheduleOf(in *syncing.Schedule) *schedule {
	if in == nil {
		return nil
	}
	s := chosen(*in)
	out := &schedule{Cron: s.Cron, Zone: s.Zone, Every: s.Every, Jitter: s.Jitter, Missed: string(s.Missed), Overlap: string(s.Overlap), OnProjects: s.OnProjects, Paused: s.Paused}
	if !s.Once.IsZero() {
		out.Once = s.Once.Format(time.RFC3339)
	}
	return out
}
