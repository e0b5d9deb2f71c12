package services_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

// askedFunctions notes what plugins ask about their functions.
type askedFunctions struct{ asked []string }

func (f *askedFunctions) Issues(_ context.Context, b *capability.Binding, q *jqlfunc.Keys) (*jqlfunc.Found, error) {
	f.asked = append(f.asked, string(b.Plugin)+" issues "+q.Keys[0])
	return &jqlfunc.Found{IDs: map[string]string{q.Keys[0]: "10001"}}, nil
}

func (f *askedFunctions) Stale(_ context.Context, b *capability.Binding, q *jqlfunc.Functions) error {
	f.asked = append(f.asked, string(b.Plugin)+" stale "+q.Keys[0])
	if q.Keys[0] == "nobody" {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "keys", Message: "there is none"}
	}
	return nil
}

func TestPluginsAskAboutTheirFunctions(t *testing.T) {
	f := &askedFunctions{}
	deps := all(t, newFakeJira())
	deps.Functions = func() services.Functions { return f }
	ctx := as(t, services.New(deps), binding("t"))
	if ids, err := jqlfunc.Issues(ctx, "OPS-1"); err != nil || ids["OPS-1"] != "10001" {
		t.Errorf("%v, %v", ids, err)
	}
	if err := jqlfunc.Stale(ctx, "linked"); err != nil {
		t.Error(err)
	}
	wantError(t, "unknown", jqlfunc.Stale(ctx, "nobody"), sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "keys"})
	if diff := cmp.Diff([]string{"acme.labels issues OPS-1", "acme.labels stale linked", "acme.labels stale nobody"}, f.asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	b := binding("t")
	b.Grants = capability.Grants{}
	_, err := jqlfunc.Issues(as(t, services.New(deps), b), "OPS-1")
	wantError(t, "without jira:read", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	for name, none := range map[string]func() services.Functions{"none": nil, "none yet": func() services.Functions { return nil }} {
		deps.Functions = none
		wantError(t, name, jqlfunc.Stale(as(t, services.New(deps), binding("t")), "linked"), sdk.Error{Code: sdk.Unimplemented, Source: sdk.FromHost})
	}
}

// Nobody's rights bound a function: types of links are all that it reads of the site beside ids by keys.
func TestAFunctionReadsTypesOfLinksAndNothingElse(t *testing.T) {
	j := newFakeJira()
	deps := all(t, j)
	for _, function := range []bool{true, false} {
		b := binding("t")
		b.Context, b.Function = sdk.Context{}, function
		ctx := as(t, services.New(deps), b)
		if _, err := jira.LinkTypes(ctx); (err == nil) != function {
			t.Errorf("types of links, in a function %v: %v", function, err)
		}
		_, get := jira.Get(ctx, "10001")
		_, find := jira.Find(ctx, jira.Search{JQL: "project = OPS"})
		_, fields := jira.Fields(ctx)
		for i, err := range []error{get, find, fields} {
			if sdk.CodeOf(err) != sdk.PermissionDenied {
				t.Errorf("question %d: %v", i, err)
			}
		}
	}
	if slices.Contains(j.browses, "t  10001") || j.reads > 0 {
		t.Error("issues were read on nobody's behalf")
	}
}
