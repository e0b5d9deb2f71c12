package sdktest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// within runs do in a synchronizer of a plugin that h hosts.
func within(t *testing.T, h func(*sdktest.Host), do func(ctx context.Context) error) error {
	t.Helper()
	host := sdktest.New(&sdk.Plugin{Synchronizers: map[string]sdk.Synchronizer{"s": &sync.Source{
		Check: sync.CheckFunc(func(ctx context.Context, _ *sync.Check) (*sync.Health, error) { return &sync.Health{}, do(ctx) }),
	}}})
	h(host)
	_, err := host.Source("s").Check.Check(t.Context(), &sync.Check{})
	return err
}

func threeProjects(h *sdktest.Host) {
	h.Projects = []jira.Project{
		{ID: "3", Key: "C", Name: "Third", Type: "software", Archived: true, LeadID: "712020:ann"},
		{ID: "1", Key: "B", Name: "First", Type: "business", CategoryID: "7", CategoryName: "Ours"},
		{ID: "2", Key: "A", Name: "Second", Type: "software", Insight: true, Issues: 5},
	}
	h.Categories = []jira.Category{{ID: "7", Name: "Ours"}}
}

func TestProjectsAreFoundByKey(t *testing.T) {
	for want, q := range map[string]jira.ProjectQuery{
		"2 [A B]": {}, "3 [A B C]": {Archived: true}, "1 [B]": {Category: "7"}, "2 [A C]": {Types: []string{"software"}, Archived: true}, "1 [A]": {Text: "sec"},
		"2 [B C]": {IDs: []string{"1", "3"}, Archived: true}, "3 [B]": {Archived: true, First: 1, Limit: 1}, "3 []": {Archived: true, First: 9},
	} {
		err := within(t, threeProjects, func(ctx context.Context) error {
			page, err := jira.Projects(ctx, q)
			if err != nil {
				return err
			}
			keys := []string{}
			for _, p := range page.Projects {
				keys = append(keys, p.Key)
			}
			if got := fmt.Sprint(page.Total, " ", keys); got != want {
				t.Errorf("%+v finds %s, want %s", q, got, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestProjectsHaveDetailsWhereTheyAreAskedFor(t *testing.T) {
	err := within(t, threeProjects, func(ctx context.Context) error {
		bare, err := jira.Projects(ctx, jira.ProjectQuery{Archived: true, First: 2})
		if diff := cmp.Diff([]jira.Project{{ID: "3", Key: "C", Name: "Third", Type: "software", Archived: true}}, bare.Projects); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		full, err := jira.Projects(ctx, jira.ProjectQuery{Archived: true, First: 2, Details: true})
		if err != nil || full.Projects[0].LeadID != "712020:ann" {
			t.Errorf("%+v, %v", full, err)
		}
		categories, err := jira.Categories(ctx)
		if diff := cmp.Diff([]jira.Category{{ID: "7", Name: "Ours"}}, categories); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestProjectsAreRefusedAsByAHost(t *testing.T) {
	list := func(q jira.ProjectQuery) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := jira.Projects(ctx, q)
			return err
		}
	}
	for _, q := range []jira.ProjectQuery{
		{IDs: []string{"OPS"}}, {IDs: slices.Repeat([]string{"1"}, 51)}, {Category: "Ours"}, {Types: []string{"a,b"}}, {First: -1}, {Limit: 101},
	} {
		if err := within(t, threeProjects, list(q)); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	ungranted := func(h *sdktest.Host) { h.Grants = map[string]bool{"jira:read": true} }
	if err := within(t, ungranted, list(jira.ProjectQuery{})); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("without the grant: %v", err)
	}
	if err := list(jira.ProjectQuery{})(sdktest.New(&sdk.Plugin{}).With(t.Context())); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("outside of a synchronizer: %v", err)
	}
}
