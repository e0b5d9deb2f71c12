package jobs_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/natstest"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// plug is a store that can be out of reach.
type plug struct {
	store.Store
	pulled atomic.Bool
	// late, where it is set, is how often a write is carried out and answered with an error.
	late atomic.Int32
}

func (p *plug) Get(ctx context.Context, key store.Key) (store.Doc, error) {
	if p.pulled.Load() {
		return store.Doc{}, store.ErrUnavailable
	}
	return p.Store.Get(ctx, key)
}

func (p *plug) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	if p.pulled.Load() {
		return nil, store.ErrUnavailable
	}
	return p.Store.List(ctx, q)
}

func (p *plug) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if p.pulled.Load() {
		return nil, store.ErrUnavailable
	}
	revs, err := p.Store.Write(ctx, ops...)
	if err == nil && p.late.Add(-1) >= 0 {
		return nil, store.ErrUnavailable
	}
	return revs, err
}

func TestAStepIsCommittedOnceTheStoreIsBack(t *testing.T) {
	s := newSite(t)
	p := &plug{Store: s.store}
	steps := map[jobs.StepID]int{}
	j := s.host(func(c *jobs.Config) { c.Store = p }, counting(func(_ context.Context, step jobs.Step) error {
		if steps[step.ID]++; step.Number == 1 { // one step at a time, so the map needs no lock
			p.pulled.Store(true)
			time.AfterFunc(300*time.Millisecond, func() { p.pulled.Store(false) })
		}
		return nil
	}))
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
	untilInStore(s, s.store, id, jobs.Done)
	for step, n := range steps {
		if n != 1 {
			t.Errorf("step %s was done %d times", step, n)
		}
	}
}

// A disk can fail between the write and the answer.
func TestAWriteThatWasAnsweredWithAnErrorCountsOnce(t *testing.T) {
	s := newSite(t)
	p := &plug{Store: s.store}
	j := s.host(func(c *jobs.Config) { c.Store = p }, counting(func(_ context.Context, step jobs.Step) error {
		if step.Number == 1 {
			p.late.Store(1)
		}
		return nil
	}))
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("5")})
	if r := s.untilState(j, id, jobs.Done); r.Done != 5 || r.Step != 5 {
		t.Errorf("done %d in %d steps, want 5", r.Done, r.Step)
	}
}

// untilInStore reads past the plug.
func untilInStore(s *site, in store.Store, id jobs.RunID, want jobs.State) {
	s.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		d, err := in.Get(s.Context(), store.Key{Tenant: acme, Collection: "jobs.run", ID: string(id)})
		if err == nil && bytes.Contains(d.Body, []byte(`"state":"`+string(want)+`"`)) {
			return
		}
	}
	s.Fatalf("run %s never got %s", id, want)
}

func TestALostQueueIsWrittenAnewFromTheStore(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	kind, ran := reporting()
	j := s.open(nil, kind)
	now, later := s.start(j, jobs.Request{Kind: "report"}), s.start(j, jobs.Request{Kind: "report", At: start.Add(time.Hour)})
	s.put(j, jobs.Schedule{ID: "s", Kind: "report", When: when.Spec{Every: 2 * time.Hour}})
	s.must(j.Close(context.Background()))
	s.must(os.RemoveAll(s.dir))

	j = s.host(nil, kind)
	s.untilState(j, now, jobs.Done)
	receive(t, "the first run", ran)
	s.until(j, later, "waited", func(r jobs.Run) bool { return r.State == jobs.Waiting })
	clock.advance(time.Hour)
	s.untilState(j, later, jobs.Done)
	receive(t, "the second run", ran)
	clock.advance(time.Hour)
	wantPlanned(t, ran, start.Add(2*time.Hour))
}

func TestARunThatStartsWhileTheQueueIsAwayGoesOnLater(t *testing.T) {
	c := natstest.StartCluster(t)
	s := clusterSite(t, "")
	link := natstest.NewLink(t, c.Address(0))
	s.url = link.URL()
	j := s.host(func(c *jobs.Config) { c.Lease = time.Second }, counting(nil))
	link.Cut()
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("2")})
	if err := j.Healthy(); err != nil && sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("without a queue: %v", err)
	}
	link.Mend()
	untilInStore(s, s.store, id, jobs.Done)
}

func TestAPluginThatIsSwitchedOffDoesNothingMore(t *testing.T) {
	s := newSite(t)
	var off atomic.Bool
	off.Store(true)
	j := s.host(func(c *jobs.Config) {
		c.Admit = func(_ context.Context, tenant capability.TenantID, plugin capability.PluginID) error {
			if tenant != acme || plugin != "acme.sync" {
				t.Errorf("asked about %s of %s", plugin, tenant)
			}
			if off.Load() {
				return sdk.Errorf(sdk.PermissionDenied, "switched off")
			}
			return nil
		}
	}, counting(nil))
	id := s.start(j, jobs.Request{Kind: "count", Plugin: "acme.sync", Input: []byte("2")})
	if r := s.untilState(j, id, jobs.Paused); r.Step != 0 || r.Code != sdk.PermissionDenied {
		t.Errorf("paused at step %d with code %s", r.Step, r.Code)
	}
	stays := s.start(j, jobs.Request{Kind: "count", Plugin: "acme.sync", Input: []byte("2")})
	s.untilState(j, stays, jobs.Paused)
	s.must(j.Pause(t.Context(), acme, stays)) // now it is a person who wants it to rest
	s.must(j.Sweep(t.Context()))
	if r, err := j.Run(t.Context(), acme, id); err != nil || r.State != jobs.Paused {
		t.Errorf("while the plugin is off, a sweep makes the run %s, %v", r.State, err)
	}
	off.Store(false)
	s.must(j.Sweep(t.Context()))
	if r := s.untilState(j, id, jobs.Done); r.Code != "" {
		t.Errorf("the run that went on has the code %s", r.Code)
	}
	if r, err := j.Run(t.Context(), acme, stays); err != nil || r.State != jobs.Paused {
		t.Errorf("a run that a person paused is %s, %v", r.State, err)
	}
	s.must(j.Resume(t.Context(), acme, stays))
	s.untilState(j, stays, jobs.Done)
}

func TestRunsOfKindsThatAHostDoesNotKnowAreLeftToOthers(t *testing.T) {
	s := clusterSite(t, cluster(t))
	kind, _ := reporting()
	j := s.open(nil, kind, counting(nil))
	unknown := s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
	known := s.start(j, jobs.Request{Kind: "report"})
	older := s.host(nil, kind)
	s.untilState(older, known, jobs.Done)
	if r, err := older.Run(t.Context(), acme, unknown); err != nil || r.State != jobs.Queued {
		t.Errorf("the other run is %s, %v", r.State, err)
	}
	s.must(j.Work())
	s.untilState(j, unknown, jobs.Done)
}

func TestCloseGivesRunsBackAfterTheirStep(t *testing.T) {
	s := newSite(t)
	reached, end := make(chan bool, 1), make(chan bool)
	kind := counting(func(_ context.Context, step jobs.Step) error {
		if step.Number == 1 {
			reached <- true
			<-end
		}
		return nil
	})
	j := s.host(nil, kind)
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("1000000")})
	receive(t, "the step", reached)
	closed := make(chan error)
	go func() { closed <- j.Close(context.Background()) }()
	close(end)
	s.must(receive(t, "the end", closed))
	s.must(j.Close(context.Background()))
	next := s.open(nil)
	if r, err := next.Run(t.Context(), acme, id); err != nil || r.State != jobs.Queued || r.Step < 2 {
		t.Errorf("after Close the run is %s at step %d, %v", r.State, r.Step, err)
	}
}

func TestCloseInterruptsStepsAfterTheTimeOfGrace(t *testing.T) {
	s := newSite(t)
	reached := make(chan bool, 1)
	j := s.host(func(c *jobs.Config) { c.Grace = 50 * time.Millisecond }, counting(func(ctx context.Context, _ jobs.Step) error {
		reached <- true
		<-ctx.Done()
		return ctx.Err()
	}))
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
	receive(t, "the step", reached)
	s.must(j.Close(context.Background()))
	next := s.open(nil)
	if r, err := next.Run(t.Context(), acme, id); err != nil || r.State != jobs.Queued || r.Attempt != 0 {
		t.Errorf("after Close the run is %s, attempt %d, %v", r.State, r.Attempt, err)
	}
}

// A host that does not know yet that its session is gone finishes a step which another one has begun meanwhile.
func TestAHostThatWasTakenForDeadCannotCommit(t *testing.T) {
	s := clusterSite(t, cluster(t))
	s.bucket = "fenced"
	long := func(c *jobs.Config) { c.Lease = 20 * time.Second } // the host looks after its session every 5 s
	blocked := func(reached, end chan bool, did *atomic.Int32) jobs.Kind {
		return counting(func(_ context.Context, step jobs.Step) error {
			if step.Number == 2 {
				reached <- true
				<-end
			}
			did.Add(1)
			return nil
		})
	}
	var byLate, byOther atomic.Int32
	reached, end := make(chan bool, 1), make(chan bool)
	late := s.host(long, blocked(reached, end, &byLate))
	id := s.start(late, jobs.Request{Kind: "count", Input: []byte("4")})
	receive(t, "the step", reached)
	endSessions(t, s.url, s.bucket)
	reachedAgain, endAgain := make(chan bool, 1), make(chan bool)
	other := s.host(long, blocked(reachedAgain, endAgain, &byOther))
	receive(t, "the step on another host", reachedAgain)
	before, err := other.Run(t.Context(), acme, id)
	s.must(err)
	close(end)
	s.must(late.Close(context.Background())) // waits for the step
	after, err := other.Run(t.Context(), acme, id)
	s.must(err)
	if byLate.Load() != 3 {
		t.Errorf("the late host did %d steps, want 3, of which the last one is too late", byLate.Load())
	}
	if after.Rev != before.Rev || after.Step != 2 {
		t.Errorf("the late host wrote: revision %d and step %d, want %d and 2", after.Rev, after.Step, before.Rev)
	}
	close(endAgain)
	if r := s.untilState(other, id, jobs.Done); r.Done != 4 || byOther.Load() != 2 {
		t.Errorf("done %d, %d steps by the other host, want 4 and 2", r.Done, byOther.Load())
	}
}

// What one host tells another can be lost; the record says it too.
func TestAHostHeedsACancellationThatItDidNotHear(t *testing.T) {
	s := newSite(t)
	reached := make(chan bool, 1)
	j := s.host(nil, counting(func(ctx context.Context, _ jobs.Step) error {
		reached <- true
		<-ctx.Done()
		return ctx.Err()
	}))
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
	receive(t, "the step", reached)
	key := store.Key{Tenant: acme, Collection: "jobs.run", ID: string(id)}
	d, err := s.store.Get(t.Context(), key)
	s.must(err)
	body := bytes.Replace(d.Body, []byte(`"state":"running"`), []byte(`"state":"running","asked":"canceled"`), 1)
	_, err = s.store.Write(t.Context(), store.Op{Doc: store.Doc{Key: key, Body: body, Index: d.Index}, IfRev: d.Rev})
	s.must(err)
	s.untilState(j, id, jobs.Canceled)
}

// As after an import from an installation whose queue is younger.
func TestARunWithTheTokenOfAnotherQueueGoesOn(t *testing.T) {
	s := newSite(t)
	j := s.open(nil, counting(nil))
	id := s.start(j, jobs.Request{Kind: "count", Input: []byte("3")})
	key := store.Key{Tenant: acme, Collection: "jobs.run", ID: string(id)}
	d, err := s.store.Get(t.Context(), key)
	s.must(err)
	body := bytes.Replace(d.Body, []byte(`"token":{"era":0,"number":0}`), []byte(`"token":{"era":99999999999999,"number":7}`), 1)
	if bytes.Equal(body, d.Body) {
		t.Fatalf("no token in %s", d.Body)
	}
	_, err = s.store.Write(t.Context(), store.Op{Doc: store.Doc{Key: key, Body: body, Index: d.Index}, IfRev: d.Rev})
	s.must(err)
	s.must(j.Work())
	if r := s.untilState(j, id, jobs.Done); r.Done != 3 {
		t.Errorf("done %d, want 3", r.Done)
	}
}

// endSessions has all hosts believe that all others are gone.
func endSessions(t *testing.T, url, bucket string) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.ListKeysFiltered(t.Context(), "s.*")
	if err != nil {
		t.Fatal(err)
	}
	for key := range keys.Keys() {
		if err := kv.Purge(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

// What a step kills its host with, it kills the next host with, too.
func TestAStepThatKeepsLosingItsHostBecomesADeadLetter(t *testing.T) {
	s := clusterSite(t, cluster(t))
	s.bucket = "lost"
	reached := make(chan bool, 10)
	end := make(chan bool)
	defer close(end)
	kind := counting(func(ctx context.Context, _ jobs.Step) error {
		reached <- true
		<-end // whatever its context says
		return ctx.Err()
	})
	kind.Retry.Lost = 2
	var id jobs.RunID
	for range 3 {
		j := s.host(func(c *jobs.Config) { c.Lease = 20 * time.Second }, kind)
		if id == "" {
			id = s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
		}
		receive(t, "the step on the next host", reached)
		endSessions(t, s.url, s.bucket)
	}
	j := s.host(nil, kind)
	if r := s.untilState(j, id, jobs.Failed); r.Code != sdk.Internal {
		t.Errorf("the dead letter has the code %s", r.Code)
	}
}

func TestRunsThatEndedLongAgoAreDeleted(t *testing.T) {
	s := newSite(t)
	clock := s.withClock()
	j := s.host(func(c *jobs.Config) { c.Keep = 24 * time.Hour }, counting(nil))
	old := s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
	s.untilState(j, old, jobs.Done)
	paused := s.start(j, jobs.Request{Kind: "count", Input: []byte("1"), At: start.Add(time.Hour)})
	s.must(j.Pause(t.Context(), acme, paused))
	clock.advance(25 * time.Hour)
	young := s.start(j, jobs.Request{Kind: "count", Input: []byte("1")})
	s.untilState(j, young, jobs.Done)
	s.must(j.Sweep(t.Context()))
	runs, err := j.Runs(t.Context(), acme, jobs.Query{})
	s.must(err)
	if len(runs) != 2 || runs[0].ID != young || runs[1].ID != paused {
		t.Errorf("runs %v, want %s and %s", runs, young, paused)
	}
}

// Inputs and cursors are sealed, and the queue's files hold ids only.
func TestNothingThatARunCarriesIsLegibleOnDisk(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	s.openStore(dir)
	secrets := []string{"row-of-customer-4711", "cursor-at-customer-4712", "key-of-customer-4713", "error about customer 4714"}
	j := s.host(nil, jobs.Kind{Name: "carry", Retry: jobs.Retry{Attempts: 1}, Step: func(_ context.Context, step jobs.Step) (jobs.Next, error) {
		if step.Number == 1 {
			return jobs.Next{}, fmt.Errorf("%s after %s", secrets[3], step.Cursor)
		}
		return jobs.Next{Cursor: []byte(secrets[1])}, nil
	}})
	s.put(j, jobs.Schedule{ID: "s", Kind: "carry", Input: []byte(secrets[0]), Key: secrets[2], When: when.Spec{Cron: "@daily"}})
	s.untilState(j, s.start(j, jobs.Request{Kind: "carry", Input: []byte(secrets[0]), Key: secrets[2]}), jobs.Failed)
	s.must(j.Close(context.Background()))
	files := 0
	for _, root := range []string{dir, s.dir} {
		s.must(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			files++
			for _, secret := range secrets {
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s holds %q", filepath.Base(path), secret)
				}
			}
			return err
		}))
	}
	if files < 5 {
		t.Errorf("only %d files were searched", files)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	s := newSite(t)
	good := jobs.Config{Store: s.store, Keys: s.keys, Log: testLog(t), Dir: s.dir}
	for name, spoil := range map[string]func(*jobs.Config){
		"no store":            func(c *jobs.Config) { c.Store = nil },
		"no keys":             func(c *jobs.Config) { c.Keys = nil },
		"no queue":            func(c *jobs.Config) { c.Dir = "" },
		"two queues":          func(c *jobs.Config) { c.URL = "nats://127.0.0.1:1" },
		"a negative limit":    func(c *jobs.Config) { c.Workers = -1 },
		"a broken lease":      func(c *jobs.Config) { c.Lease = 1500 * time.Millisecond },
		"nobody listens":      func(c *jobs.Config) { c.Dir, c.URL = "", "nats://127.0.0.1:1" },
		"no file of that key": func(c *jobs.Config) { c.Credentials = filepath.Join(s.dir, "none") },
	} {
		bad := good
		spoil(&bad)
		if j, err := jobs.Open(t.Context(), bad); err == nil {
			t.Errorf("%s: no error", name)
			s.must(j.Close(context.Background()))
		}
	}
	j := s.open(nil)
	_, err := jobs.Open(t.Context(), good)
	if err == nil || !strings.Contains(err.Error(), "data directory of its own") || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("a directory that is open: %v", err)
	}
	for name, k := range map[string]jobs.Kind{
		"no name": {Step: counting(nil).Step}, "no step": {Name: "x"}, "a name of words": {Name: "x y", Step: counting(nil).Step},
		"a negative limit": {Name: "x", Step: counting(nil).Step, KeyLimit: -1}, "a count of words": {Name: "x", Step: counting(nil).Step, Counts: []string{"x y"}},
	} {
		if err := j.Register(k); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s.must(j.Register(counting(nil)))
	if err := j.Register(counting(nil)); err == nil {
		t.Error("a kind twice: no error")
	}
}
