package syncing_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/sdk"
)

func TestEveryCodeHasWords(t *testing.T) {
	all := syncing.AllWords()
	sentences := map[string]syncing.Words{}
	for _, code := range mapping.Codes() {
		w, ok := all.Faults[code]
		if !ok || w != syncing.FaultWords(code) {
			t.Errorf("the fault %s has no words", code)
		}
		sentences[string(code)] = w
	}
	for _, code := range []sdk.Code{
		sdk.Invalid, sdk.NotFound, sdk.Exists, sdk.PermissionDenied, sdk.Unauthenticated, sdk.Exhausted, sdk.Canceled, sdk.Deadline, sdk.Unavailable, sdk.Unimplemented, sdk.Internal,
	} {
		w, ok := all.Troubles[code]
		if !ok || w != syncing.TroubleWords(code) {
			t.Errorf("the trouble %s has no words", code)
		}
		sentences["trouble "+string(code)] = w
	}
	for _, why := range []string{"brake", "connection", "trouble"} {
		sentences["stopped "+why] = all.Stopped[why]
	}
	for name, w := range sentences {
		if !strings.HasSuffix(w.Means, ".") || !strings.HasSuffix(w.Do, ".") {
			t.Errorf("%s: want two sentences, what it means and what to do, got %+v", name, w)
		}
	}
	for _, outcome := range syncer.Outcomes() {
		if all.Outcomes[syncer.Outcome(outcome)] == "" {
			t.Errorf("the outcome %s has no words", outcome)
		}
	}
	for _, state := range jobs.States() {
		if all.States[state] == "" {
			t.Errorf("the state %s has no words", state)
		}
	}
}

func TestCodesThatAreNotKnownKeepTheirName(t *testing.T) {
	if w := syncing.FaultWords("from_a_newer_version"); !strings.Contains(w.Means, "from_a_newer_version") || w.Do == "" {
		t.Errorf("got %+v", w)
	}
	if w := syncing.TroubleWords("from_a_newer_version"); !strings.Contains(w.Means, "from_a_newer_version") || w.Do == "" {
		t.Errorf("got %+v", w)
	}
}
