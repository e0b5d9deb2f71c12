package judges_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

// jirajsRow is what there is to call.
type jirajsRow struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	ID     string `json:"id"`
}

// deviation is an answer, or a part of one, that is not what jira.js expects of Jira.
type deviation struct{ ID, At, Expected, Received string }

func TestJiraJSFindsNothingWrong(t *testing.T) {
	dir := workshop(t, "jirajs")
	site := sandboxtest.Start(t, withDesk)
	var rows []jirajsRow
	for _, op := range sandbox.Operations() {
		if op.ID != "" {
			rows = append(rows, jirajsRow{op.Method, op.Path, op.ID})
		}
	}
	out := runJiraJS(t, dir, jirajsInput{Host: site.URL, Operations: rows, Connect: new(installJiraJSConnect(t, site)), Forge: new(installJiraJSForge(t, site))})
	figure(t, "jirajs_operations_called", len(out.Called))
	figure(t, "jirajs_operations_uncalled", len(out.Uncalled))
	figure(t, "jirajs_operations_lacking", len(out.Lacking))
	known := 0
	for _, d := range out.Deviations {
		if jirajsKnown[d] != "" {
			known++
		} else {
			t.Errorf("%s: %s: want %s, got %s", d.ID, d.At, d.Expected, d.Received)
		}
	}
	figure(t, "jirajs_deviations", len(out.Deviations)-known)
	figure(t, "jirajs_mistakes", known)
	for _, u := range out.Uncalled {
		t.Errorf("not called: %s: %s", u.ID, u.Why)
	}
	lacks := slices.Concat(jirajsLacks["deprecated"], jirajsLacks["experimental"])
	if diff := cmp.Diff(slices.Sorted(slices.Values(lacks)), slices.Sorted(slices.Values(out.Lacking))); diff != "" {
		t.Errorf("what jira.js lacks is not what is known (-known +lacking):\n%s", diff)
	}
	for d := range jirajsKnown {
		if !slices.Contains(out.Deviations, d) {
			t.Errorf("%s: %s: is known to deviate, and does not", d.ID, d.At)
		}
	}
}

// A judge must be able to say no.
func TestJiraJSFindsDeviations(t *testing.T) {
	dir := workshop(t, "jirajs")
	body := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	myself := jirajsRow{"GET", "/rest/api/3/myself", "getCurrentUser"}
	keys := jirajsRow{"GET", "/rest/api/3/issue/{issueIdOrKey}/properties", "getIssuePropertyKeys"}
	one := jirajsRow{"GET", "/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}", "getIssueProperty"}
	for _, c := range []struct {
		name     string
		op       jirajsRow
		sent, at string
	}{
		{"a type", myself, `{"accountId":5}`, "accountId"},
		{"a key", myself, `{"accountId":"x","nickname":"m"}`, ".nickname"},
		{"a value", myself, `{"accountId":"x","accountType":"m"}`, "accountType"},
		{"no JSON", myself, `{"accountId":"x"`, ""},
		{"nothing of what was done", keys, `{"keys":[]}`, "answer"},
		{"what was deleted", one, `{"key":"judge","value":{"by":"jira.js"}}`, ""},
	} {
		body = c.sent
		out := runJiraJS(t, dir, jirajsInput{Host: srv.URL, Operations: []jirajsRow{c.op}})
		if len(out.Deviations) != 1 || out.Deviations[0].At != c.at {
			t.Errorf("%s: %v, want one deviation at %q", c.name, out.Deviations, c.at)
		}
	}
}

// jirajsInput is what the judge reads, beside who Mia is.
type jirajsInput struct {
	Host       string         `json:"host"`
	Email      string         `json:"email"`
	Token      string         `json:"token"`
	Account    string         `json:"account"`
	Connect    *jirajsConnect `json:"connect,omitempty"`
	Forge      *jirajsForge   `json:"forge,omitempty"`
	Operations []jirajsRow    `json:"operations"`
}

// jirajsVerdict is what the judge writes.
type jirajsVerdict struct {
	Called     []string
	Lacking    []string
	Uncalled   []struct{ ID, Why string }
	Deviations []deviation
}

func runJiraJS(t *testing.T, dir string, in jirajsInput) (out jirajsVerdict) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "judge.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AUDIT_SCHEMAS=true")
	in.Email, in.Token, in.Account = "mia@pergola.example", sandboxtest.Token, "712020:8b21d7c4-jonas-user"
	cmd.Stdin = strings.NewReader(encode(t, in))
	var problems bytes.Buffer
	cmd.Stderr = &problems
	raw, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatalf("judge.mjs: %v: %s", err, problems.String())
	}
	return out
}
