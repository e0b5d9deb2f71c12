package sandbox_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/openapi"
	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// portal are the operations of Jira Service Management without which there is no customer portal: what customers are
// offered, what they ask for, and what becomes of it. Agents' queues, and the administration of desks, are not among them.
var portal = []string{
	"getInfo", "getServiceDesks", "getServiceDeskById", "getRequestTypes", "getRequestTypeById", "getRequestTypeFields",
	"getRequestTypeGroups", "getAllRequestTypes", "checkRequestTypePermissions", "attachTemporaryFile",
	"getCustomerRequests", "createCustomerRequest", "getCustomerRequestByIdOrKey", "getCustomerRequestStatus",
	"getCustomerTransitions", "performCustomerTransition", "getRequestComments", "createRequestComment", "getRequestCommentById",
	"getCommentAttachments", "getAttachmentsForRequest", "createCommentWithAttachment", "getAttachmentContent", "getAttachmentThumbnail",
	"getRequestParticipants", "addRequestParticipants", "removeRequestParticipants", "getSubscriptionStatus", "subscribe", "unsubscribe",
	"getSlaInformation", "getSlaInformationById", "getApprovals", "getApprovalById", "answerApproval",
	"getFeedback", "postFeedback", "deleteFeedback", "getArticles", "getCustomers", "addCustomers", "createCustomer",
	"getOrganizations", "getOrganization", "getUsersInOrganization",
}

// group is a heading of OPERATIONS.md with what an asset app or a portal uses below it.
type group struct {
	name string
	ops  []openapi.Operation
}

func TestOperationsAreListed(t *testing.T) {
	served := map[string]bool{}
	for _, op := range sandbox.Operations() {
		served[op.Method+" "+op.Path] = true
	}
	groups := append(assetGroups(t), group{"customer portal", portalOperations(t)})
	listed := map[string]bool{}
	count, done := 0, 0
	var body strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&body, "\n## %s\n| | path | operation | scope | served |\n|---|---|---|---|---|\n", g.name)
		for _, op := range g.ops {
			key := op.Method + " " + op.Path
			listed[key] = true
			count++
			mark := ""
			if served[key] {
				mark = "yes"
				done++
			}
			fmt.Fprintf(&body, "| %s | %s | %s | %s | %s |\n", op.Method, op.Path, op.ID, op.Scope, mark)
		}
	}
	fmt.Fprint(&body, "\n## Served besides\n| | path | operation | scope |\n|---|---|---|---|\n")
	for _, op := range sandbox.Operations() {
		if key := op.Method + " " + op.Path; !listed[key] {
			fmt.Fprintf(&body, "| %s | %s | %s | %s |\n", op.Method, op.Path, op.ID, op.Scope)
		}
	}
	head := fmt.Sprintf(`# Operations

What an asset app and a customer portal use of Jira's REST interface, and what of it the sandbox serves: %d of %d. Written by
`+"`go test ./host/sandbox -run TestOperationsAreListed -update`"+`. Everything else that Jira has answers 501 with the operation's name.
`, done, count)
	golden(t, "OPERATIONS.md", head+body.String())
	t.Logf("figure operations_served %d", len(served))
}

// assetGroups reads which operations an asset app uses.
func assetGroups(t *testing.T) (out []group) {
	t.Helper()
	openapitest.Need(t)
	raw, err := os.ReadFile("../../../shared/jira/jira-endpoints-assets-app.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct{ Group, Method, Path string }
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		op, ok := openapi.Find(row.Method, row.Path)
		if !ok {
			t.Errorf("%s %s is no operation", row.Method, row.Path)
		}
		n := slices.IndexFunc(out, func(g group) bool { return g.name == row.Group })
		if n < 0 {
			n = len(out)
			out = append(out, group{name: row.Group})
		}
		out[n].ops = append(out[n].ops, op)
	}
	return out
}

func portalOperations(t *testing.T) (out []openapi.Operation) {
	t.Helper()
	found := map[string]bool{}
	for _, op := range openapi.Operations() {
		if strings.HasPrefix(op.Path, "/rest/servicedeskapi/") && slices.Contains(portal, op.ID) {
			out, found[op.ID] = append(out, op), true
		}
	}
	for _, id := range portal {
		if !found[id] {
			t.Errorf("%s is no operation of Jira Service Management", id)
		}
	}
	return out
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date; run with -update (-file +now):\n%s", name, diff)
	}
}
