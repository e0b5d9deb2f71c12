package syncing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/sdk"
)

func names(all []syncing.Choice) (out []string) {
	for _, c := range all {
		out = append(out, c.Name)
	}
	slices.Sort(out)
	return out
}

func TestWhatAnAdminChoosesFromIsOfTheSite(t *testing.T) {
	r := newRig(t)
	projects, err := r.Projects(t.Context(), r.tenant)
	if err != nil || !slices.Contains(names(projects), "IT assets") || projects[0].Detail == "" {
		t.Error(projects, err)
	}
	types, err := r.IssueTypes(t.Context(), r.tenant, "10000")
	if err != nil || !slices.Contains(names(types), "Laptop") {
		t.Error(types, err)
	}
	statuses, err := r.Statuses(t.Context(), r.tenant, "10000")
	if err != nil || len(statuses) == 0 || statuses[0].ID == "" || statuses[0].Name == "" {
		t.Error(statuses, err)
	}
	people, err := r.Accounts(t.Context(), r.tenant, "Mia")
	if err != nil || len(people) != 1 || people[0].Name != "Mia Admin" {
		t.Fatal(people, err)
	}
	if one, err := r.Account(t.Context(), r.tenant, people[0].ID); err != nil || one != people[0] {
		t.Error(one, err)
	}
	if _, err := r.Account(t.Context(), r.tenant, "712020:nobody"); sdk.CodeOf(err) != sdk.NotFound {
		t.Error("an account that is not there:", err)
	}
}

func TestFieldsOfSeveralTypesAreOneList(t *testing.T) {
	r := newRig(t)
	types, err := r.IssueTypes(t.Context(), r.tenant, "10000")
	if err != nil || len(types) < 2 {
		t.Fatal(types, err)
	}
	ids := []string{types[0].ID, types[1].ID}
	both, err := r.TargetFields(t.Context(), r.tenant, "10000", ids)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, f := range both {
		if seen[f.ID] || f.Name == "" || f.Kind == "" || len(f.Types) == 0 {
			t.Errorf("%+v", f)
		}
		seen[f.ID] = true
		if i > 0 && strings.ToLower(both[i-1].Name) > strings.ToLower(f.Name) {
			t.Errorf("%s stands behind %s", f.Name, both[i-1].Name)
		}
		if f.ID == "summary" && (!f.Required || !slices.Equal(f.Types, ids)) {
			t.Errorf("%+v", f)
		}
	}
	for i, id := range ids {
		one, err := r.TargetFields(t.Context(), r.tenant, "10000", []string{id})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range one {
			at := slices.IndexFunc(both, func(g syncing.TargetField) bool { return g.ID == f.ID })
			if at < 0 || !slices.Contains(both[at].Types, ids[i]) {
				t.Errorf("%s of type %s is not in the list of both", f.ID, id)
			}
		}
	}
}
