package judges_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

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

// jirajsKnown are deviations that are jira.js's own, each with the reason.
var jirajsKnown = map[deviation]string{}

func TestJiraJSFindsNothingWrong(t *testing.T) {
	dir := workshop(t, "jirajs")
	site := sandboxtest.Start(t, withDesk)
	var rows []jirajsRow
	for _, op := range sandbox.Operations() {
		if op.ID != "" {
			rows = append(rows, jirajsRow{op.Method, op.Path, op.ID})
		}
	}
	out := runJiraJS(t, dir, site.URL, rows)
	figure(t, "jirajs_operations_called", len(out.Called))
	figure(t, "jirajs_operations_uncalled", len(out.Uncalled))
	figure(t, "jirajs_deviations", len(out.Deviations))
	for _, u := range out.Uncalled {
		t.Logf("not called: %s: %s", u.ID, u.Why)
	}
	for _, d := range out.Deviations {
		if jirajsKnown[d] == "" {
			t.Errorf("%s: %s: want %s, got %s", d.ID, d.At, d.Expected, d.Received)
		}
	}
	if len(out.Called) < 15 {
		t.Errorf("only %v were called", out.Called)
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
	for sent, at := range map[string]string{
		`{"accountId":5}`:                     "accountId",
		`{"accountId":"x","nickname":"m"}`:    ".nickname",
		`{"accountId":"x","accountType":"m"}`: "accountType",
		`{"accountId":"x"`:                    "",
	} {
		body = sent
		out := runJiraJS(t, dir, srv.URL, []jirajsRow{{"GET", "/rest/api/3/myself", "getCurrentUser"}})
		if len(out.Deviations) != 1 || out.Deviations[0].At != at {
			t.Errorf("%s: %v, want one deviation at %q", sent, out.Deviations, at)
		}
	}
}

// jirajsVerdict is what the judge writes.
type jirajsVerdict struct {
	Called     []string
	Uncalled   []struct{ ID, Why string }
	Deviations []deviation
}

func runJiraJS(t *testing.T, dir, host string, rows []jirajsRow) (out jirajsVerdict) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "judge.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AUDIT_SCHEMAS=true")
	cmd.Stdin = strings.NewReader(encode(t, map[string]any{
		"host": host, "email": "mia@pergola.example", "token": sandboxtest.Token, "account": "712020:8b21d7c4-jonas-user", "operations": rows,
	}))
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
