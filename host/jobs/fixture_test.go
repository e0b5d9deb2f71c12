package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/natstest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const acme capability.TenantID = "acme"

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// clock stands until it is moved.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[chan time.Time]time.Time
}

func newClock() *clock { return &clock{now: start, waiting: map[chan time.Time]time.Time{}} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) At(t time.Time) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := make(chan time.Time, 1)
	if t.After(c.now) {
		c.waiting[due] = t
	} else {
		due <- c.now
	}
	return due
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for due, t := range c.waiting {
		if !t.After(c.now) {
			due <- c.now
			delete(c.waiting, due)
		}
	}
}

// site is what hosts share: a store, and a queue of either kind.
type site struct {
	*testing.T
	store  store.Store
	keys   *seal.Keeper
	clock  *clock // nil for that of the machine
	dir    string // of the embedded queue, "" with a cluster
	url    string
	bucket string
}

// sharedCluster is one for all tests: starting one takes a second.
var sharedCluster struct {
	sync.Once
	url string
}

// eachQueue runs a test with the embedded queue and with a cluster of three.
func eachQueue(t *testing.T, f func(t *testing.T, s *site)) {
	t.Run("embedded", func(t *testing.T) { f(t, newSite(t)) })
	t.Run("cluster", func(t *testing.T) { f(t, clusterSite(t, cluster(t))) })
}

// newSite returns one with an embedded queue.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir()}
	s.openStore(t.TempDir())
	return s
}

// cluster returns the addresses of the shared cluster.
func cluster(t *testing.T) string {
	t.Helper()
	sharedCluster.Do(func() { sharedCluster.url = natstest.StartCluster(&forAll{TB: t}).URL() })
	if sharedCluster.url == "" {
		t.Fatal("the cluster did not start")
	}
	return sharedCluster.url
}

func clusterSite(t *testing.T, url string) *site {
	t.Helper()
	s := &site{T: t, url: url, bucket: strings.Map(func(r rune) rune {
		if r == '/' || r == '#' {
			return '_'
		}
		return r
	}, t.Name())}
	s.openStore(t.TempDir())
	return s
}

// forAll is a test whose clean-up comes after all tests.
type forAll struct{ testing.TB }

var (
	afterAll   []func()
	afterAllMu sync.Mutex
)

func (*forAll) Cleanup(f func()) {
	afterAllMu.Lock()
	defer afterAllMu.Unlock()
	afterAll = append(afterAll, f)
}

func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		child()
		return
	}
	code := m.Run()
	for _, f := range slices.Backward(afterAll) {
		f()
	}
	os.Exit(code)
}

func (s *site) openStore(dir string) {
	s.Helper()
	raw, err := sqlitestore.Open(s.Context(), dir, sqlitestore.Config{})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { s.must(raw.Close()) })
	s.store = gated(s.T, raw)
	s.keys = sealtest.Keeper(s.T, s.store)
}

// gated lets through only what is declared, as in a host.
func gated(t testing.TB, raw store.Store) store.Store {
	t.Helper()
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types())...)
	if err != nil {
		t.Fatal(err)
	}
	return privacy.NewGate(raw, types)
}

// withClock has the hosts of a site follow a clock that the test moves.
func (s *site) withClock() *clock {
	s.clock = newClock()
	return s.clock
}

// host opens jobs that know some kinds, and has them work.
func (s *site) host(change func(*jobs.Config), kinds ...jobs.Kind) *jobs.Jobs {
	s.Helper()
	j := s.open(change, kinds...)
	if err := j.Work(); err != nil {
		s.Fatal(err)
	}
	return j
}

// open opens jobs that do not work.
func (s *site) open(change func(*jobs.Config), kinds ...jobs.Kind) *jobs.Jobs {
	s.Helper()
	cfg := jobs.Config{
		Store: s.store, Keys: s.keys, Log: testLog(s.T), Dir: s.dir, URL: s.url, Bucket: s.bucket, Lease: 2 * time.Second, Grace: 2 * time.Second,
	}
	if s.clock != nil {
		cfg.Now, cfg.At = s.clock.Now, s.clock.At
	}
	if change != nil {
		change(&cfg)
	}
	j, err := jobs.Open(s.Context(), cfg)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := j.Close(context.Background()); err != nil {
			s.Logf("close: %v", err)
		}
	})
	for _, k := range kinds {
		if err := j.Register(k); err != nil {
			s.Fatal(err)
		}
	}
	return j
}

// testLog shows what hosts say when PERGOLA_TEST_LOG is set.
func testLog(t testing.TB) *slog.Logger {
	if os.Getenv("PERGOLA_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (s *site) start(j *jobs.Jobs, q jobs.Request) jobs.RunID {
	s.Helper()
	id, err := j.Start(s.Context(), acme, q)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

// until waits for a run to be as something says, and returns it.
func (s *site) until(j *jobs.Jobs, id jobs.RunID, what string, is func(jobs.Run) bool) jobs.Run {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	progress, err := j.Watch(ctx, acme, id)
	if err != nil {
		s.Fatal(err)
	}
	var last jobs.Run
	for p := range progress {
		if last = p.Run; is(last) {
			return last
		}
	}
	s.Fatalf("run %s never %s; it is %s at step %d, attempt %d, %s", id, what, last.State, last.Step, last.Attempt, last.Code)
	return jobs.Run{}
}

func (s *site) untilState(j *jobs.Jobs, id jobs.RunID, state jobs.State) jobs.Run {
	s.Helper()
	return s.until(j, id, fmt.Sprintf("got %s", state), func(r jobs.Run) bool { return r.State == state })
}

// receive waits for a value.
func receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
		panic("unreachable")
	}
}

// must is for calls that may not fail.
func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func listAll(t capability.TenantID, collection string) store.Query {
	return store.Query{Tenant: t, Collection: collection, Limit: store.MaxLimit}
}

func deleteOf(d store.Doc) store.Op {
	return store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: store.Any}
}
