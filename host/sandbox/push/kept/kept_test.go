package kept_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/push/kept"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return start }

// empty is a site with nothing in it. Making its RSA key takes longer than these tests.
var empty = sync.OnceValues(func() (*world.Snapshot, error) {
	s, err := world.Open(world.Config{Clock: clock, Seed: func(tx *world.Tx) error {
		site, err := world.NewSite("Site", nil)
		if err != nil {
			return err
		}
		return tx.Put(site)
	}})
	if err != nil {
		return nil, err
	}
	return s.Snapshot(), nil
})

func open(t *testing.T, dir string) *world.Store {
	t.Helper()
	from, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	s, err := world.Open(world.Config{Dir: dir, From: from, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func closeStore(t *testing.T, s *world.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// book is a book of a site, which must not have trouble.
func book(t *testing.T, s *world.Store) *push.Book {
	b := &push.Book{}
	b.Keep(kept.New(s), func(err error) { t.Error(err) })
	return b
}

func register(t *testing.T, b *push.Book, app string, now time.Time) int64 {
	t.Helper()
	id, err := b.Register(push.Hook{
		App: app, URL: "https://" + app + ".example/hooks", Events: []string{"comment_created", "jira:issue_updated"}, JQL: "project = OPS",
		Fields: []string{"summary", "customfield_10001"}, Properties: []string{"p"}, WithoutBody: true,
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func ids(hooks []push.Hook) (out []int64) {
	for _, h := range hooks {
		out = append(out, h.ID)
	}
	return out
}

func TestHooksSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := book(t, s)
	register(t, b, "a", start)
	register(t, b, "b", start)
	register(t, b, "a", start)
	b.Refresh("a", []int64{3}, start.Add(time.Hour))
	b.Remove("a", []int64{1, 2})
	want := b.Hooks("", start)
	if diff := cmp.Diff([]int64{2, 3}, ids(want)); diff != "" {
		t.Fatal(diff)
	}
	closeStore(t, s)
	s = open(t, dir)
	b = book(t, s)
	if diff := cmp.Diff(want, b.Hooks("", start)); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if h := want[1]; !h.Expires.Equal(start.Add(time.Hour+push.Life)) || len(h.Fields) != 2 || h.JQL == "" || !h.WithoutBody {
		t.Errorf("it was kept as %+v", h)
	}
	if id := register(t, b, "a", start); id != 4 {
		t.Errorf("the next id is %d", id)
	}
	b.Forget("b")
	if diff := cmp.Diff([]int64{3, 4}, ids(b.Hooks("", start))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{3}, ids(b.Hooks("", start.Add(push.Life)))); diff != "" || s.State().Webhooks.Len() != 1 {
		t.Errorf("expired ones are still there: %s", diff)
	}
}

func TestHooksComeBackWithASnapshot(t *testing.T) {
	s := open(t, "")
	b := book(t, s)
	register(t, b, "a", start)
	snap := s.Snapshot()
	b.Forget("a")
	if err := s.Restore(snap); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1}, ids(b.Hooks("a", start))); diff != "" {
		t.Error(diff)
	}
}

func TestTroubleIsTold(t *testing.T) {
	s := open(t, t.TempDir())
	var trouble []error
	b := &push.Book{}
	b.Keep(kept.New(s), func(err error) { trouble = append(trouble, err) })
	register(t, b, "a", start)
	closeStore(t, s)
	b.Forget("a")
	if _, err := b.Register(push.Hook{App: "a", URL: "https://a.example/hooks", Events: []string{"comment_created"}}, start); err == nil || len(trouble) != 1 {
		t.Errorf("error %v, trouble %v", err, trouble)
	}
}

// fails sends count events that the app never takes.
func fails(t *testing.T, s *world.Store, keep, count int) *push.Sender {
	t.Helper()
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(down.Close)
	sender, err := push.New(push.Config{
		Sign:     func(string, string, string) (string, error) { return "", nil },
		Hooks:    func() []push.Hook { return []push.Hook{{App: "a", URL: down.URL, Events: []string{"e"}}} },
		Clock:    clock,
		After:    func(_ time.Duration, f func()) func() { go f(); return func() {} },
		AtOnce:   1,
		Keep:     keep,
		Failures: kept.New(s),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	for n := range count {
		sender.Emit(push.Event{Name: "e", Time: start, Body: map[string]any{"n": n}}, func(string) bool { return true })
	}
	return sender
}

// given waits until so many were given up.
func given(t *testing.T, s *push.Sender, count int) {
	t.Helper()
	for s.Waiting() > 0 {
		s.Settle()
	}
	s.Settle()
	if got := len(s.Failed("a", time.Time{}, 100)); got != count {
		t.Fatalf("%d failures, want %d", got, count)
	}
}

func TestFailuresSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	sender := fails(t, s, 0, 3)
	given(t, sender, 3)
	want := sender.Failed("a", time.Time{}, 100)
	sender.Close()
	closeStore(t, s)
	s = open(t, dir)
	sender = fails(t, s, 0, 0)
	if diff := cmp.Diff(want, sender.Failed("a", time.Time{}, 100)); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if want[0].Body == "" || want[0].ID == want[1].ID || !want[1].Time.After(want[0].Time) {
		t.Errorf("failures %+v", want)
	}
	sender.Close()
	sender = fails(t, s, 0, 1)
	given(t, sender, 4)
	if all := sender.Failed("a", want[2].Time, 100); len(all) != 1 {
		t.Errorf("%d failures after the last one of before, want the new one", len(all))
	}
}

func TestOldFailuresLeaveTheTable(t *testing.T) {
	s := open(t, "")
	sender := fails(t, s, 2, 5)
	given(t, sender, 2)
	if n := s.State().FailedWebhooks.Len(); n != 2 {
		t.Errorf("%d failures are kept, want 2", n)
	}
	if got := fmt.Sprint(len(sender.Log())); got == "0" {
		t.Error("nothing was tried")
	}
}
