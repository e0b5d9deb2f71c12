package syncing_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestSecretsOfAConnectionGoToThePluginAndNowhereElse(t *testing.T) {
	r := newRig(t)
	c := r.connect()
	if diff := cmp.Diff([]string{"password"}, c.Set); diff != "" {
		t.Error(diff)
	}
	health, err := r.TestConnection(t.Context(), r.tenant, c.ID, nil)
	if err != nil || health.About != "Inbox 1.0" || len(health.Problems) > 0 {
		t.Fatal(health, err)
	}
	if found := r.holds("open sesame"); len(found) > 0 {
		t.Error(found)
	}

	draft := connection()
	draft.Name, draft.Rev, draft.Secrets = "Renamed", c.Rev, nil // it stays as it is
	if c, err = r.SaveConnection(t.Context(), r.tenant, admin, c.ID, draft); err != nil {
		t.Fatal(err)
	}
	if health, err = r.TestConnection(t.Context(), r.tenant, c.ID, nil); err != nil || len(health.Problems) > 0 {
		t.Error("the secret that was not sent anew is gone", health, err)
	}
	draft.Rev, draft.Secrets = c.Rev, map[string]sync.Secret{"password": ""}
	if c, err = r.SaveConnection(t.Context(), r.tenant, admin, c.ID, draft); err != nil || len(c.Set) != 0 {
		t.Fatal(c, err)
	}
	if health, err = r.TestConnection(t.Context(), r.tenant, c.ID, nil); err != nil || len(health.Problems) != 1 {
		t.Error("the secret that was taken away still opens the door", health, err)
	}
}

func TestADraftIsTestedWithTheSecretsThatAreKept(t *testing.T) {
	r := newRig(t)
	c := r.connect()
	draft := connection()
	draft.Secrets = nil
	health, err := r.TestConnection(t.Context(), r.tenant, c.ID, &draft)
	if err != nil || len(health.Problems) > 0 {
		t.Error(health, err)
	}
	draft.Settings = json.RawMessage(`{"server":"elsewhere.example"}`)
	if health, err = r.TestConnection(t.Context(), r.tenant, c.ID, &draft); err != nil || len(health.Problems) != 1 {
		t.Error(health, err)
	}
	kept, err := r.Connection(t.Context(), r.tenant, c.ID)
	if err != nil || kept.Rev != c.Rev {
		t.Error("a test has changed the connection", kept, err)
	}
}

func TestConnectionsAreRefusedWithWhatToDo(t *testing.T) {
	r := newRig(t)
	kept := r.connect()
	for _, tt := range []struct {
		name   string
		id     string
		change func(*syncing.ConnectionDraft)
		code   sdk.Code
		field  string
	}{
		{"no name", "", func(d *syncing.ConnectionDraft) { d.Name = " " }, sdk.Invalid, "name"},
		{"a missing setting", "", func(d *syncing.ConnectionDraft) { d.Settings = json.RawMessage(`{}`) }, sdk.Invalid, "server"},
		{"a wrong setting", "", func(d *syncing.ConnectionDraft) { d.Settings = json.RawMessage(`{"server":"a","port":0}`) }, sdk.Invalid, "port"},
		{"a setting that is none", "", func(d *syncing.ConnectionDraft) { d.Settings = json.RawMessage(`{"server":"a","colour":"red"}`) }, sdk.Invalid, "colour"},
		{"no JSON", "", func(d *syncing.ConnectionDraft) { d.Settings = json.RawMessage(`{`) }, sdk.Invalid, ""},
		{"a secret of another kind", "", func(d *syncing.ConnectionDraft) { d.Secrets = map[string]sync.Secret{"pin": "1"} }, sdk.Invalid, "secrets.pin"},
		{"a kind that is not there", "", func(d *syncing.ConnectionDraft) { d.Synchronizer = "fax" }, sdk.NotFound, ""},
		{"another kind", kept.ID, func(d *syncing.ConnectionDraft) { d.Synchronizer = "fax" }, sdk.Invalid, "synchronizer"},
		{"an old revision", kept.ID, func(d *syncing.ConnectionDraft) { d.Rev = kept.Rev + 7 }, sdk.Exists, ""},
		{"an id that is not there", "caaaaaaaaaaaaaaa", func(*syncing.ConnectionDraft) {}, sdk.NotFound, ""},
		{"an id that is none", "../../etc", func(*syncing.ConnectionDraft) {}, sdk.NotFound, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			draft := connection()
			tt.change(&draft)
			_, err := r.SaveConnection(t.Context(), r.tenant, admin, tt.id, draft)
			var e *sdk.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Field != tt.field || e.Message == "" {
				t.Errorf("%#v", err)
			}
		})
	}
	all, err := r.Connections(t.Context(), r.tenant)
	if err != nil || len(all) != 1 || all[0].Rev != kept.Rev {
		t.Error("something was kept all the same", all, err)
	}
}

func TestAConnectionInUseIsNotDeleted(t *testing.T) {
	r := newRig(t)
	s := r.synchronize()
	if err := r.DeleteConnection(t.Context(), r.tenant, s.Connection); sdk.CodeOf(err) != sdk.Exists {
		t.Error(err)
	}
	if err := r.DeleteSync(t.Context(), r.tenant, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteConnection(t.Context(), r.tenant, s.Connection); err != nil {
		t.Error(err)
	}
	if _, err := r.Connection(t.Context(), r.tenant, s.Connection); sdk.CodeOf(err) != sdk.NotFound {
		t.Error(err)
	}
}

func TestNothingOfATenantIsThereForAnother(t *testing.T) {
	r := newRig(t)
	s := r.synchronize()
	run := r.expect(s.ID, "done")
	other := r.tenant
	other.ID = "t2"
	ctx := t.Context()
	for name, err := range map[string]error{
		"connection": second(r.Connection(ctx, other, s.Connection)), "test": second(r.TestConnection(ctx, other, s.Connection, nil)),
		"streams": second(r.Streams(ctx, other, s.Connection, "", nil)), "delete connection": r.DeleteConnection(ctx, other, s.Connection),
		"sync": second(r.Synchronization(ctx, other, s.ID)), "save": second(r.SaveSync(ctx, other, admin, s.ID, devices(s.Connection))),
		"plan": second(r.Plan(ctx, other, s.ID, "")), "start": second(r.Start(ctx, other, admin, s.ID, false)), "delete sync": r.DeleteSync(ctx, other, s.ID),
		"run": second(r.Run(ctx, other, run)), "watch": second(r.Watch(ctx, other, run)), "cancel": r.Cancel(ctx, other, run),
		"schedule": second(r.SetSchedule(ctx, other, admin, s.ID, &syncing.Schedule{Every: "1h"})),
	} {
		if sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	all, err := r.Connections(ctx, other)
	if err != nil || len(all) > 0 {
		t.Error(all, err)
	}
	runs, err := r.Runs(ctx, other, s.ID, "", 0)
	if err != nil || len(runs) > 0 {
		t.Error(runs, err)
	}
}

func second[T any](_ T, err error) error { return err }
