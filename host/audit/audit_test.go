package audit_test

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const (
	site  = "abcdefghijklmnopqrstuvwxyz"
	other = "bbcdefghijklmnopqrstuvwxyz"
	mia   = "712020:mia"
)

type trail struct {
	*audit.Trail
	*testing.T
	gate store.Driver
	log  bytes.Buffer
	now  time.Time
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	raw, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, audit.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	out := &trail{T: t, gate: privacy.NewGate(raw, types), now: time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)}
	out.Trail = audit.New(out.gate, rand.Reader, slog.New(slog.NewTextHandler(&out.log, nil)), func() time.Time { return out.now })
	return out
}

func (t *trail) list(q audit.Query) []audit.Entry {
	t.Helper()
	all, err := t.List(t.Context(), site, q)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheLatestChangeComesFirst(t *testing.T) {
	l := newTrail(t)
	ctx := audit.Via(t.Context(), audit.Connect)
	l.Record(ctx, site, audit.Entry{Action: audit.PluginOn, Account: mia, Plugin: "acme.notes", Version: "1.2.0"})
	l.now = l.now.Add(time.Millisecond)
	l.Record(ctx, other, audit.Entry{Action: audit.PluginOff, Account: mia, Plugin: "acme.notes"})
	l.Record(audit.Via(ctx, audit.API), site, audit.Entry{Action: audit.ConfigCreated, Account: mia, Plugin: "acme.links", Type: "relation", Object: "4Nk7tQxYzAbCdEfGh2"})
	l.now = l.now.Add(time.Hour)
	l.Record(t.Context(), site, audit.Entry{Action: audit.SiteDisabled})

	start := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	want := []audit.Entry{
		{At: l.now, Surface: audit.App, Action: audit.SiteDisabled},
		{At: start.Add(time.Millisecond), Surface: audit.API, Action: audit.ConfigCreated, Account: mia, Plugin: "acme.links", Type: "relation", Object: "4Nk7tQxYzAbCdEfGh2"},
		{At: start, Surface: audit.Connect, Action: audit.PluginOn, Account: mia, Plugin: "acme.notes", Version: "1.2.0"},
	}
	ids := cmpopts.IgnoreFields(audit.Entry{}, "ID")
	if diff := cmp.Diff(want, l.list(audit.Query{Limit: 10}), ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[1:2], l.list(audit.Query{Plugin: "acme.links", Limit: 10}), ids); diff != "" {
		t.Errorf("of a plugin (-want +got):\n%s", diff)
	}
	page := l.list(audit.Query{Limit: 2})
	if diff := cmp.Diff(want[2:], l.list(audit.Query{After: page[1].ID, Limit: 2}), ids); diff != "" {
		t.Errorf("the next page (-want +got):\n%s", diff)
	}
}

func TestEntriesGoAfterAYear(t *testing.T) {
	l := newTrail(t)
	for range 3 {
		l.Record(t.Context(), site, audit.Entry{Action: audit.SiteEnabled})
	}
	l.now = l.now.Add(audit.Keep)
	l.Record(t.Context(), site, audit.Entry{Action: audit.SiteDisabled})
	for _, step := range []struct {
		at   time.Time
		gone int
	}{{l.now.Add(-time.Second), 0}, {l.now.Add(time.Second), 3}, {l.now.Add(time.Second), 0}} {
		if n, err := audit.Expire(t.Context(), l.gate, site, step.at); err != nil || n != step.gone {
			t.Errorf("at %s: %d gone, want %d: %v", step.at, n, step.gone, err)
		}
	}
	if all := l.list(audit.Query{Limit: 10}); len(all) != 1 || all[0].Action != audit.SiteDisabled {
		t.Errorf("left are %+v", all)
	}
}

// What cannot be kept, since it is no id, is said in the host's log and nowhere else.
func TestWordsOfIssuesAreNotTaken(t *testing.T) {
	l := newTrail(t)
	l.Record(t.Context(), site, audit.Entry{Action: audit.ConfigChanged, Account: mia, Object: "Laptop of Eve"})
	if all := l.list(audit.Query{Limit: 10}); len(all) != 0 || !strings.Contains(l.log.String(), "not in the audit trail") {
		t.Errorf("%+v is kept; the log: %s", all, l.log.String())
	}
	if strings.Contains(l.log.String(), "Eve") {
		t.Error("the log tells the words:", l.log.String())
	}
}

func TestWhatANewerHostWroteIsShownAsItIs(t *testing.T) {
	for got, want := range map[string]string{
		audit.PluginOn.Words(): "Switched a feature on", audit.Action("newer.action").Words(): "newer.action",
		audit.Connect.Words(): "Connect page", audit.Forge.Words(): "Forge page", audit.Surface("newer").Words(): "newer",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhereAChangeCameFromIsInItsContext(t *testing.T) {
	inner := audit.Via(audit.Via(t.Context(), audit.Connect), audit.Operator)
	for got, want := range map[audit.Surface]audit.Surface{audit.From(t.Context()): audit.App, audit.From(inner): audit.Operator} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
