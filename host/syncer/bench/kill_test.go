//go:build linux

package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/syncer"
)

// work is a host that does one synchronization as runs of host/jobs, one after the other until it is killed. It goes on with the run
// that it finds. On its output stand a line before it first writes to the site, and one for each run that ended.
func (c *child) work(ctx context.Context) error {
	c.wire.written = func() { fmt.Fprintln(os.Stdout, "writing") }
	j, kept, err := openJobs(ctx, c.setting.Dir)
	if err != nil {
		return err
	}
	// A step that is killed ten times would be given up by itself, and here that can be the same one.
	kind := jobs.Kind{Name: "bench.sync", Counts: syncer.Outcomes(), Step: c.step, Retry: jobs.Retry{Lost: 1000}}
	if err := j.Register(kind); err != nil {
		return err
	}
	if err := j.Work(); err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for {
		live, err := kept.List(ctx, store.Query{Tenant: c.tenant.ID, Collection: "jobs.run", Index: "live", Value: "true"})
		if err != nil {
			return err
		}
		var id jobs.RunID
		if len(live) > 0 {
			id = jobs.RunID(live[0].Key.ID)
		} else if id, err = j.Start(ctx, c.tenant.ID, jobs.Request{Kind: "bench.sync"}); err != nil {
			return err
		}
		progress, err := j.Watch(ctx, c.tenant.ID, id)
		if err != nil {
			return err
		}
		var last jobs.Progress
		for last = range progress {
		}
		fmt.Fprintln(os.Stdout, last.State, last.Counts)
		if !in.Scan() { // the next run is asked for with a line
			return j.Close(ctx)
		}
	}
}

func (c *child) step(ctx context.Context, s jobs.Step) (jobs.Next, error) {
	out, err := c.syncer.Step(ctx, c.sync("killed", "device"), syncer.StepInput{Run: string(s.Run), Number: s.Number, Attempt: s.Attempt, Cursor: s.Cursor})
	if err != nil {
		fmt.Fprintln(os.Stderr, "a step failed:", err)
		return jobs.Next{}, err
	}
	return jobs.Next{Cursor: out.Cursor, Done: out.Done, After: out.After, Add: out.Add, Total: out.Total, Counts: out.Counts}, nil
}

// openJobs opens the jobs in a directory, and the store in which they are.
func openJobs(ctx context.Context, dir string) (*jobs.Jobs, store.Store, error) {
	raw, err := sqlitestore.Open(ctx, filepath.Join(dir, "store"), sqlitestore.Config{})
	if err != nil {
		return nil, nil, err
	}
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types())...)
	if err != nil {
		return nil, nil, err
	}
	gate := privacy.NewGate(raw, types)
	wrappers, _, err := seal.OpenKeyFile(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, nil, err
	}
	ring, err := seal.NewRing(wrappers...)
	if err != nil {
		return nil, nil, err
	}
	keys, err := seal.NewKeeper(gate, ring, time.Now, seal.Config{})
	if err != nil {
		return nil, nil, err
	}
	j, err := jobs.Open(ctx, jobs.Config{Store: gate, Keys: keys, Dir: filepath.Join(dir, "queue"), Log: slog.New(slog.DiscardHandler)})
	return j, gate, err
}

// An engine that is killed while it writes, again and again, leaves exactly one issue for each row, with the values that the row
// holds in the end. Searches lag behind all the while.
func TestKilledEnginesLeaveOneIssueForEachRow(t *testing.T) {
	b := newBench(t, "--search-lag", "1s")
	const n = 3000
	b.db.fill("device", n)
	work := b.setting
	work.Dir = t.TempDir()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed, runs := 0, 0
	for killed < *kills {
		if b.killOnce(work, random, &runs) {
			killed++
		}
	}
	for range 2 { // the run that is under way, and one that sees all rows as they are
		cmd := b.start(work)
		out, err := cmd.Output() // its input is empty, so it ends after a run
		if err != nil {
			t.Fatalf("the last engine: %v: %s", err, out)
		}
		if lines := strings.Fields(string(out)); !slices.Contains(lines, string(jobs.Done)) {
			t.Fatalf("the last engine's run is not done: %s", out)
		}
		t.Logf("%s", out)
	}
	wrong := b.wrong("killed", n)
	if wrong > 0 {
		t.Errorf("%d issues are wrong after %d kills", wrong, killed)
	}
	if *figures {
		figure("kills_survived", "%d", killed)
		figure("wrong_issues_after_kills", "%d", wrong)
	}
}

// killOnce kills an engine in the middle of a run, and says whether it got the chance. Where a run ends before, all rows change, so that
// the next one has to write.
func (b *bench) killOnce(s setting, random *rand.Rand, runs *int) bool {
	b.Helper()
	cmd := b.start(s)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = in.Close()
		_ = cmd.Wait()
	}()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for said := bufio.NewScanner(out); said.Scan(); {
			lines <- said.Text()
		}
	}()
	var moment <-chan time.Time
	for {
		select {
		case <-moment:
			if err := cmd.Process.Kill(); err != nil {
				b.Fatal(err)
			}
			rest := 0
			for range lines {
				rest++
			}
			return rest == 0
		case line, alive := <-lines:
			switch {
			case !alive:
				b.Fatal("an engine ended by itself")
			case line == "writing":
				moment = time.After(time.Duration(random.IntN(2000)) * time.Millisecond)
			case !strings.HasPrefix(line, string(jobs.Done)):
				b.Fatalf("a run ended as %s", line)
			default:
				b.Log(line)
				*runs++
				b.db.sql(fmt.Sprintf("UPDATE device SET price = price + 0.5, tags = ARRAY['round-%d', 'synced']", *runs))
				if _, err := io.WriteString(in, "again\n"); err != nil {
					b.Fatal(err)
				}
				// The first write of the new run is not told, because one was before; this is a moment of it.
				moment = time.After(time.Duration(100+random.IntN(2000)) * time.Millisecond)
			}
		}
	}
}

// wrong counts the rows that have not exactly one issue that says what they say, and the issues of no row.
func (b *bench) wrong(syncID string, n int) (wrong int) {
	b.Helper()
	want := b.db.devices("device")
	if len(want) != n {
		b.Fatalf("the table has %d rows", len(want))
	}
	got := map[string][]device{}
	for range 20 { // searches lag behind
		if got = b.site.devices(syncID); len(got) == n {
			break
		}
		time.Sleep(250 * time.Millisecond)
	}
	for name, issues := range got {
		if _, is := want[name]; !is {
			wrong += len(issues)
			b.Errorf("%d issues of a row %q that is not there", len(issues), name)
		}
	}
	for name, row := range want {
		if diff := cmp.Diff([]device{row}, got[name]); diff != "" {
			if wrong++; wrong < 5 {
				b.Error(diff)
			}
		}
	}
	return wrong
}
