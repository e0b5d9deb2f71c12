package openapi_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/openapi"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTableIsThatOfTheDocuments(t *testing.T) {
	docs := openapitest.Need(t)
	var b strings.Builder
	for _, op := range docs.Operations() {
		fmt.Fprintln(&b, op.Method, op.Scope, op.ID, op.Path, op.Classic, op.Granular)
	}
	const golden = "zz_operations.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("%s differs from Atlassian's documents; run with -update (-file +documents):\n%s", golden, diff)
	}
}

func TestFind(t *testing.T) {
	tests := []struct{ method, path, want string }{
		{"GET", "/rest/api/3/issue/OPS-1", "getIssue"},
		{"GET", "/rest/api/2/issue/OPS-1", "getIssue"},
		{"GET", "/rest/api/latest/issue/OPS-1", "getIssue"},
		{"GET", "/rest/api/3/issue/picker", "getIssuePickerResource"},
		{"GET", "/rest/api/3/issue/OPS-1/properties/a%2Fb", "getIssueProperty"},
		{"PUT", "/rest/api/3/issue/properties/multi", ""},
		{"POST", "/rest/api/3/issue/properties/multi", "bulkSetIssuePropertiesByIssue"},
		{"GET", "/rest/servicedeskapi/request/HELP-1/status", "getCustomerRequestStatus"},
		{"GET", "/rest/api/3/issue/", ""},
		{"GET", "/rest/api/3/teapot", ""},
		{"GET", "/rest/api/4/myself", ""},
		{"PATCH", "/rest/api/3/issue/OPS-1", ""},
		{"GET", "", ""},
	}
	for _, tt := range tests {
		if op, ok := openapi.Find(tt.method, tt.path); op.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %s is %q, want %q", tt.method, tt.path, op.ID, tt.want)
		}
	}
}

func TestEveryOperationFindsItself(t *testing.T) {
	for _, op := range openapi.Operations() {
		if got, _ := openapi.Find(op.Method, strings.NewReplacer("{", "", "}", "").Replace(op.Path)); got != op {
			t.Errorf("%s %s finds %s %s", op.Method, op.Path, got.Method, got.Path)
		}
	}
	if len(openapi.Operations()) < 600 {
		t.Errorf("only %d operations", len(openapi.Operations()))
	}
}

func TestForgeAppsNeedAllScopesOfOneKind(t *testing.T) {
	tests := []struct {
		method, path string
		scopes       []string
		want         bool
	}{
		{"GET", "/rest/api/3/field", []string{"read:jira-work"}, true},
		{"GET", "/rest/api/3/field", []string{"read:field:jira"}, false},
		{"GET", "/rest/api/3/field", []string{"read:field:jira", "read:avatar:jira", "read:project-category:jira", "read:project:jira", "read:field-configuration:jira"}, true},
		{"POST", "/rest/api/3/issue", []string{"read:jira-work"}, false},
		{"POST", "/rest/api/3/permissions/check", nil, true},
		{"GET", "/rest/atlassian-connect/1/app/module/dynamic", []string{"read:jira-work"}, false},
	}
	for _, tt := range tests {
		op, _ := openapi.Find(tt.method, tt.path)
		if got := op.Granted(tt.scopes); got != tt.want {
			t.Errorf("%s %s with %v: %v, want %v", tt.method, tt.path, tt.scopes, got, tt.want)
		}
	}
	if op, _ := openapi.Find("GET", "/rest/atlassian-connect/1/app/module/dynamic"); op.OAuth() {
		t.Error("dynamic modules of Connect are open to Forge apps")
	}
}
