package feature_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// shelves is a service whose plugin has configuration documents, three at most.
type shelves struct {
	*world
	*feature.Service
	plugin feature.Configs
}

func newShelves(t *testing.T) *shelves {
	w := newWorld(t)
	s := w.service([]string{"*"}, parse(t, map[string]any{"configs": []any{map[string]any{
		"type": "shelf", "title": "Shelf", "plural": "Shelves", "purpose": "Say where things stand", "label": "name", "max": 3, "guard": "shelf",
		"schema": map[string]any{"type": "object", "required": []any{"name"}, "properties": map[string]any{
			"name":   map[string]any{"type": "string", "title": "Name", "maxLength": 20},
			"boards": map[string]any{"type": "integer", "title": "Boards", "default": 4},
		}},
	}}}))
	return &shelves{w, s, feature.Configs{Catalog: s.Catalog, Documents: w.configs}}
}

func (s *shelves) save(id string, rev int64, fields map[string][]string) (tenant.Config, error) {
	d, problems, err := s.SaveConfig(s.t.Context(), s.tenant, admin, feature.Written{Plugin: notes, Type: "shelf", ID: id, Rev: rev, Fields: fields})
	if errors.Is(err, feature.ErrFields) {
		return d, problems
	}
	return d, err
}

func (s *shelves) add(name string) tenant.Config {
	s.t.Helper()
	d, err := s.save("", 0, map[string][]string{"name": {name}})
	check(s.t, err)
	return d
}

// reads is what the plugin gets, as name:boards.
func (s *shelves) reads() (out []string) {
	s.t.Helper()
	all, err := s.plugin.List(s.t.Context(), s.binding(), "shelf")
	check(s.t, err)
	for _, d := range all {
		out = append(out, d.String("name")+":"+strings.Repeat("=", d.Int("boards")))
	}
	return out
}

func (s *shelves) binding() *capability.Binding {
	return &capability.Binding{Tenant: s.tenant.ID, Plugin: notes, Version: "1.0.0"}
}

func (s *shelves) refuses(err error, code sdk.Code, words string) {
	s.t.Helper()
	if err == nil || code != "" && sdk.CodeOf(err) != code || !strings.Contains(err.Error(), words) {
		s.t.Errorf("%v; want %q and %q", err, code, words)
	}
}

func TestPluginReadsWhatAdminsWrote(t *testing.T) {
	s := newShelves(t)
	first := s.add("East")
	_, err := s.save("", 0, map[string][]string{"name": {"West"}, "boards": {"2"}})
	check(t, err)
	if diff := cmp.Diff([]string{"East:====", "West:=="}, s.reads()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = s.save(first.ID, first.Rev, map[string][]string{"name": {"East"}, "boards": {"1"}})
	check(t, err)
	d, err := s.plugin.Get(t.Context(), s.binding(), "shelf", first.ID)
	check(t, err)
	if d.Int("boards") != 1 || d.Rev != 2 || d.Type != "shelf" || d.ID != first.ID {
		t.Errorf("%+v", d)
	}
	_, err = s.plugin.List(t.Context(), s.binding(), "box")
	s.refuses(err, sdk.Invalid, "declares no config")
	other := s.binding()
	other.Tenant = "somebody"
	_, err = s.plugin.Get(t.Context(), other, "shelf", first.ID)
	s.refuses(err, sdk.NotFound, "no such document")
}

func TestWhatBreaksARuleIsNotWritten(t *testing.T) {
	s := newShelves(t)
	first := s.add("East")
	for _, tt := range []struct {
		fields map[string][]string
		want   string
	}{
		{map[string][]string{}, "name"},
		{map[string][]string{"name": {strings.Repeat("x", 21)}}, "20"},
		{map[string][]string{"name": {"eAST"}}, "Another one has this already"},
		{map[string][]string{"name": {"North"}, "boards": {"13"}}, "Not 13, please."},
		{map[string][]string{"name": {"North"}, "boards": {"many"}}, "Enter a number"},
	} {
		_, err := s.save("", 0, tt.fields)
		s.refuses(err, "", tt.want)
	}
	_, err := s.save(first.ID, 7, map[string][]string{"name": {"Else"}})
	s.refuses(err, sdk.Exists, "Somebody else changed this shelf")
	_, err = s.save("nobody", 1, map[string][]string{"name": {"Else"}})
	s.refuses(err, sdk.NotFound, "not there any more")
	s.add("West")
	s.add("South")
	_, err = s.save("", 0, map[string][]string{"name": {"North"}})
	s.refuses(err, "", "There are 3 shelves already")
	if n := len(s.reads()); n != 3 {
		t.Errorf("%d shelves", n)
	}
}

func TestDeletionIsTakenBack(t *testing.T) {
	s := newShelves(t)
	kept, east := s.add("Kept"), s.add("East")
	remove := func(d tenant.Config) error {
		return s.DeleteConfig(t.Context(), s.tenant, admin, notes, "shelf", d.ID, d.Rev)
	}
	s.refuses(remove(kept), sdk.Invalid, "This one is needed.")
	check(t, remove(east))
	s.refuses(remove(east), sdk.NotFound, "not there any more")
	if diff := cmp.Diff([]string{"Kept:===="}, s.reads()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err := s.plugin.Get(t.Context(), s.binding(), "shelf", east.ID)
	s.refuses(err, sdk.NotFound, "deleted")
	_, err = s.save("", 0, map[string][]string{"name": {"East"}})
	s.refuses(err, "", "can still be taken back")
	all, err := s.Configured(t.Context(), s.tenant.ID, notes, "shelf")
	check(t, err)
	if len(all.Documents) != 1 || len(all.Deleted) != 1 || all.Deleted[0].Label != "East" || !all.Deleted[0].Deleted.Equal(now) {
		t.Errorf("%+v", all)
	}
	s.Now = func() time.Time { return now.Add(feature.Regret) }
	s.refuses(s.RestoreConfig(t.Context(), s.tenant, admin, notes, "shelf", east.ID), sdk.NotFound, "not there any more")
	s.Now = func() time.Time { return now.Add(feature.Regret - time.Second) }
	check(t, s.RestoreConfig(t.Context(), s.tenant, admin, notes, "shelf", east.ID))
	if diff := cmp.Diff([]string{"Kept:====", "East:===="}, s.reads()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALabelIsKnownUntilTheDocumentIsGone(t *testing.T) {
	s := newShelves(t)
	east := s.add("East")
	label := func(typ, id, want string) {
		t.Helper()
		if got, err := s.Label(t.Context(), s.tenant.ID, notes, typ, id); err != nil || got != want {
			t.Errorf("%s %s: %q, %v; want %q", typ, id, got, err, want)
		}
	}
	label("shelf", east.ID, "East")
	label(string(notes)+"/shelf", east.ID, "East")
	check(t, s.DeleteConfig(t.Context(), s.tenant, admin, notes, "shelf", east.ID, east.Rev))
	label("shelf", east.ID, "East")
	label("shelf", "another", "")
	label("drawer", east.ID, "")
	label("acme.gone/shelf", east.ID, "")
}

func TestUnknownTypeOrPluginIsNotFound(t *testing.T) {
	s := newShelves(t)
	_, err := s.ConfigForm(t.Context(), s.tenant.ID, notes, "box", "")
	s.refuses(err, sdk.NotFound, `has no "box" to configure`)
	_, err = s.Configured(t.Context(), s.tenant.ID, "acme.nobody", "shelf")
	s.refuses(err, sdk.NotFound, "no plugin")
}
