package blueprint_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// site is a Jira site with two things of many a name.
type site struct{}

func (site) Projects(context.Context, tenant.Tenant) ([]jira.Project, error) {
	return []jira.Project{{ID: "10000", Key: "IT", Name: "Hardware"}, {ID: "10001", Key: "HW", Name: "Hardware"}}, nil
}

func (site) CreatableTypes(_ context.Context, _ tenant.Tenant, project string) ([]jira.IssueType, error) {
	if project != "10000" {
		return []jira.IssueType{{ID: "10109", Name: "Laptop"}}, nil
	}
	return []jira.IssueType{{ID: "10100", Name: "Laptop"}, {ID: "10101", Name: "Phone"}}, nil
}

func (site) Fields(context.Context, tenant.Tenant) ([]jira.Field, error) {
	return []jira.Field{
		{ID: "summary", Name: "Summary"}, {ID: "status", Name: "Status"}, {ID: "parent", Name: "Parent"}, {ID: "customfield_10001", Name: "Serial number"},
		{ID: "customfield_10002", Name: "Cost"}, {ID: "customfield_10003", Name: "Cost"},
	}, nil
}

func (site) Statuses(context.Context, tenant.Tenant) ([]jira.Status, error) {
	return []jira.Status{{ID: "1", Name: "In use"}, {ID: "2", Name: "Retired"}, {ID: "3", Name: "Retired", Project: "10001"}}, nil
}

// syncs keep configuration as syncing.Service does, and count what is written.
type syncs struct {
	connections []syncing.Connection
	secrets     map[string]map[string]sync.Secret
	all         []syncing.Synchronization
	writes      int
	refuse      string // name of a synchronization that is not saved
}

func (s *syncs) Connections(context.Context, tenant.Tenant) ([]syncing.Connection, error) {
	return slices.Clone(s.connections), nil
}

func (s *syncs) Synchronizations(context.Context, tenant.Tenant) ([]syncing.Synchronization, error) {
	return slices.Clone(s.all), nil
}

func (s *syncs) CheckConnection(_ context.Context, _ tenant.Tenant, _ string, d syncing.ConnectionDraft) error {
	if d.Plugin != "pergola.database" {
		return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "There is no such plugin."}
	}
	return nil
}

func (s *syncs) Differing(_ context.Context, _ tenant.Tenant, id string, secrets map[string]sync.Secret) ([]string, error) {
	var out []string
	for name, value := range secrets {
		if s.secrets[id][name] != value {
			out = append(out, name)
		}
	}
	return out, nil
}

func (s *syncs) SaveConnection(_ context.Context, _ tenant.Tenant, account, id string, d syncing.ConnectionDraft) (syncing.Connection, error) {
	s.writes++
	c := syncing.Connection{ID: id, Name: d.Name, Plugin: d.Plugin, Synchronizer: d.Synchronizer, Settings: d.Settings, By: account, Rev: d.Rev + 1}
	if id == "" {
		c.ID = fmt.Sprintf("c%015d", len(s.connections))
		s.connections = append(s.connections, c)
		s.secrets[c.ID] = map[string]sync.Secret{}
	} else {
		i := slices.IndexFunc(s.connections, func(c syncing.Connection) bool { return c.ID == id })
		if s.connections[i].Rev != d.Rev {
			return c, &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: "somebody else changed it"}
		}
		s.connections[i] = c
	}
	for name, value := range d.Secrets {
		s.secrets[c.ID][name] = value
	}
	return c, nil
}

func (s *syncs) DeleteConnection(_ context.Context, _ tenant.Tenant, id string) error {
	s.writes++
	if slices.ContainsFunc(s.all, func(c syncing.Synchronization) bool { return c.Connection == id }) {
		return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: "it is read"}
	}
	s.connections = slices.DeleteFunc(s.connections, func(c syncing.Connection) bool { return c.ID == id })
	return nil
}

func (s *syncs) SaveSync(_ context.Context, _ tenant.Tenant, account, id string, d syncing.SyncDraft) (syncing.Synchronization, error) {
	if d.Name == s.refuse {
		return syncing.Synchronization{}, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "the store does not answer"}
	}
	s.writes++
	c := syncing.Synchronization{ID: id, Name: d.Name, Connection: d.Connection, Mapping: d.Mapping.WithDefaults(), By: account, Rev: d.Rev + 1}
	if id == "" {
		c.ID = fmt.Sprintf("s%015d", len(s.all))
		s.all = append(s.all, c)
		return c, nil
	}
	i := slices.IndexFunc(s.all, func(c syncing.Synchronization) bool { return c.ID == id })
	c.Schedule = s.all[i].Schedule
	s.all[i] = c
	return c, nil
}

func (s *syncs) DeleteSync(_ context.Context, _ tenant.Tenant, id string) error {
	s.writes++
	s.all = slices.DeleteFunc(s.all, func(c syncing.Synchronization) bool { return c.ID == id })
	return nil
}

func (s *syncs) SetSchedule(_ context.Context, _ tenant.Tenant, _, id string, in *syncing.Schedule) (*syncing.Schedule, error) {
	s.writes++
	i := slices.IndexFunc(s.all, func(c syncing.Synchronization) bool { return c.ID == id })
	s.all[i].Schedule = in
	if in != nil { // as host/jobs keeps it
		kept := *in
		kept.Missed, kept.Overlap = "once", "skip"
		s.all[i].Schedule = &kept
	}
	return in, nil
}

func (s *syncs) NextTimes(_ tenant.Tenant, _ string, in syncing.Schedule, _ int) ([]time.Time, error) {
	if in.Cron == "" && in.Every == "" && in.Once.IsZero() {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "schedule", Message: "say when it runs"}
	}
	return nil, nil
}

var acme = tenant.Tenant{ID: "abcdefghijklmnopqrstuvwxyz"}

// fixture is a tenant without configuration.
type fixture struct {
	*testing.T
	*blueprint.Service
	syncs *syncs
}

func start(t *testing.T) fixture {
	t.Helper()
	kept := &syncs{secrets: map[string]map[string]sync.Secret{}}
	s, err := blueprint.New(kept, site{})
	if err != nil {
		t.Fatal(err)
	}
	return fixture{t, s, kept}
}

// load imports a file and returns what became of each thing, such as "synchronization Laptops created".
func (f fixture) load(in blueprint.Import) []string {
	f.Helper()
	changes, err := f.Import(f.Context(), acme, "mia", in)
	if err != nil {
		f.Fatalf("import: %v", problems(err))
	}
	return words(changes)
}

func words(changes []blueprint.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Kind+" "+c.Name+" "+c.What)
	}
	return out
}
