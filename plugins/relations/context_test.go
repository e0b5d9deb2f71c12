package relations_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
)

func TestContextsArePairsOfProjectsAndTypes(t *testing.T) {
	pairs := relations.ContextsIn(&settings.Values{
		Numbers: map[string]float64{"first.contexts": 2},
		Lists: map[string][]string{
			"first.contexts.0.projects": {"10", "11"}, "first.contexts.0.types": {"1"},
			"first.contexts.1.projects": {"12"},
		},
	}, "first.contexts")
	for at, want := range map[[2]string]bool{{"10", "1"}: true, {"11", "1"}: true, {"10", "2"}: false, {"12", "2"}: true, {"13", "1"}: false} {
		if got := pairs.Hold(&jira.Issue{ProjectID: at[0], IssueTypeID: at[1]}); got != want {
			t.Errorf("project %s, type %s: %t, want %t", at[0], at[1], got, want)
		}
	}
	if diff := cmp.Diff(`project in ("10", "11") AND issuetype in ("1") OR project in ("12")`, pairs.Clause().String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, all := range map[string]relations.Contexts{"none": nil, "one of them is everywhere": {{Types: []string{"1"}}, {}}} {
		if !all.Hold(&jira.Issue{ProjectID: "13", IssueTypeID: "2"}) || all.Clause().String() != "" {
			t.Errorf("%s: not everywhere, but where %s", name, all.Clause())
		}
	}
}

// Jira refuses the whole query where it names a project that is gone.
func TestWhatIsGoneIsLeftOutOfASearch(t *testing.T) {
	h := sdktest.New(&sdk.Plugin{ID: "acme.test", Version: "1.0.0"})
	h.IssueTypes = []jira.IssueType{{ID: "1"}}
	h.May = func(_, id string) bool { return id != "99" }
	ctx := h.With(t.Context())
	gone := &sdk.Error{Code: sdk.Invalid, Message: "The value does not exist."}
	for _, tt := range []struct {
		name string
		in   relations.Contexts
		want []string // the clauses that are searched
		code sdk.Code
	}{
		{"everywhere", nil, []string{``}, sdk.Invalid},
		{"nothing is gone", relations.Contexts{{Projects: []string{"10"}}}, []string{`project in ("10")`}, sdk.Invalid},
		{"a project", relations.Contexts{{Projects: []string{"10", "99"}}}, []string{`project in ("10", "99")`, `project in ("10")`}, ""},
		{"a pair", relations.Contexts{{Projects: []string{"99"}, Types: []string{"1"}}, {Types: []string{"1", "2"}}}, []string{`project in ("99") AND issuetype in ("1") OR issuetype in ("1", "2")`, `issuetype in ("1")`}, ""},
		{"all of it", relations.Contexts{{Projects: []string{"99"}}, {Types: []string{"2"}}}, []string{`project in ("99") OR issuetype in ("2")`}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			found, err := tt.in.Find(ctx, "", func(c jql.Clause) (*jira.Found, error) {
				if got = append(got, c.String()); len(got) == 1 {
					return nil, gone
				}
				return &jira.Found{}, nil
			})
			if !slices.Equal(got, tt.want) || sdk.CodeOf(err) != tt.code || (err == nil) != (found != nil) {
				t.Errorf("searched %q, want %q: %v", got, tt.want, err)
			}
		})
	}
}
