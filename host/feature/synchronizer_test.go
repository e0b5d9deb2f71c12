package feature_test

import (
	"context"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var providesRows = map[string]any{"provides": []any{map[string]any{"capability": "sync/v1", "name": "rows", "title": "Rows"}}}

func about(t *testing.T, s *sync.Source) string {
	t.Helper()
	health, err := s.Check.Check(t.Context(), &sync.Check{})
	check(t, err)
	return health.About
}

// What an admin looks at is the version that serves; a step ends on the one on which it began.
func TestStepKeepsTheVersionThatServedWhenItBegan(t *testing.T) {
	l := goLive(t, core.Config{})
	l.add("1.0.0", providesRows)
	page, _, err := l.Source(t.Context(), l.tenant, notes, "rows")
	check(t, err)
	step, known, release, err := l.StepSource(t.Context(), l.tenant, notes, "rows")
	check(t, err)
	l.add("1.1.0", providesRows)
	if at, in := about(t, page), about(t, step); at != "1.1.0" || in != "1.0.0" || known.Title != "Rows" {
		t.Errorf("on the page answers %s, in the step %s of %+v", at, in, known)
	}
	release()
	next, _, release, err := l.StepSource(t.Context(), l.tenant, notes, "rows")
	check(t, err)
	defer release()
	if in := about(t, next); in != "1.1.0" {
		t.Errorf("in the next step answers %s", in)
	}
}

// A refusal holds no version, which could not be closed any more.
func TestSynchronizersThatAreNotThereAreRefused(t *testing.T) {
	l := goLive(t, core.Config{})
	refused := func(name string, want sdk.Code) {
		t.Helper()
		if _, _, err := l.Source(t.Context(), l.tenant, notes, name); sdk.CodeOf(err) != want {
			t.Errorf("%s on a page: %v, want %s", name, err, want)
		}
		if _, _, release, err := l.StepSource(t.Context(), l.tenant, notes, name); sdk.CodeOf(err) != want || release != nil {
			t.Errorf("%s in a step: %v, want %s", name, err, want)
		}
	}
	refused("rows", sdk.NotFound) // no plugin
	l.add("1.0.0", providesRows)
	refused("houses", sdk.NotFound)
	check(t, l.SetEnabled(t.Context(), l.tenant, admin, notes, false))
	refused("rows", sdk.PermissionDenied)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	check(t, l.engine.Close(ctx))
}
