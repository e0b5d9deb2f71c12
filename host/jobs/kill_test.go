package jobs_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	_ "modernc.org/sqlite" // where effects are noted

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// Variables that turn the test binary into a host of its own.
const (
	childDir   = "PERGOLA_TEST_JOBS_DIR"   // work in this directory until killed
	childStart = "PERGOLA_TEST_JOBS_START" // how many runs to start; none means to finish all and end
)

var kills = flag.Int("kills", 0, "how often TestKilledHostsLeaveTheSameFinalState kills, with its figures printed; 0 kills a few times")

const (
	killSteps   = 25 // of each run
	killTenants = 3
)

// killHost is a host with all its state in a directory.
type killHost struct {
	store   store.Store
	jobs    *jobs.Jobs
	effects *sql.DB
}

func openKillHost(ctx context.Context, dir string) (*killHost, error) {
	raw, err := sqlitestore.Open(ctx, filepath.Join(dir, "store"), sqlitestore.Config{})
	if err != nil {
		return nil, err
	}
	types, err := privacy.NewTypes(nil, slices.Concat(jobs.Types(), seal.Types())...)
	if err != nil {
		return nil, err
	}
	h := &killHost{store: privacy.NewGate(raw, types)}
	wrappers, _, err := seal.OpenKeyFile(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	ring, err := seal.NewRing(wrappers...)
	if err != nil {
		return nil, err
	}
	keys, err := seal.NewKeeper(h.store, ring, time.Now, seal.Config{})
	if err != nil {
		return nil, err
	}
	h.effects, err = sql.Open("sqlite", "file:"+filepath.Join(dir, "effects.db")+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	h.effects.SetMaxOpenConns(1)
	for _, statement := range []string{
		`CREATE TABLE IF NOT EXISTS effect (step TEXT PRIMARY KEY, run TEXT, n INT)`, // each step once, by its id
		`CREATE TABLE IF NOT EXISTS try (step TEXT, attempt INT)`,                    // whoever tried
		`CREATE TABLE IF NOT EXISTS started (run TEXT, tenant TEXT)`,                 // what was acknowledged
	} {
		if _, err := h.effects.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	h.jobs, err = jobs.Open(ctx, jobs.Config{
		Store: h.store, Keys: keys, Dir: filepath.Join(dir, "queue"), Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return nil, err
	}
	return h, h.jobs.Register(jobs.Kind{Name: "effect", Counts: []string{"effects"}, Step: h.step})
}

// step has its effect together with the note that it had it. Every fifth step fails once.
func (h *killHost) step(ctx context.Context, s jobs.Step) (jobs.Next, error) {
	at := 0
	if s.Cursor != nil {
		var err error
		if at, err = strconv.Atoi(string(s.Cursor)); err != nil {
			return jobs.Next{}, err
		}
	}
	if _, err := h.effects.ExecContext(ctx, `INSERT INTO try VALUES (?, ?)`, s.ID, s.Attempt); err != nil {
		return jobs.Next{}, err
	}
	if s.Number%5 == 4 && s.Attempt == 0 {
		return jobs.Next{}, jobs.Later(errors.New("not yet"), 5*time.Millisecond)
	}
	if _, err := h.effects.ExecContext(ctx, `INSERT INTO effect VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, s.ID, s.Run, at); err != nil {
		return jobs.Next{}, err
	}
	at++
	return jobs.Next{Cursor: []byte(strconv.Itoa(at)), Done: at == killSteps, Add: 1, Total: killSteps, Counts: map[string]int64{"effects": 1}}, nil
}

func killTenant(n int) capability.TenantID {
	return capability.TenantID(fmt.Sprint("t", n%killTenants))
}

// child is a host in a process of its own. It says when it is about to open its files, and how far it is.
func child() {
	if err := childWork(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func childWork(ctx context.Context) error {
	fmt.Fprintln(os.Stdout, "opening")
	h, err := openKillHost(ctx, os.Getenv(childDir))
	if err != nil {
		return err
	}
	if err := h.jobs.Work(); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "working")
	n, err := strconv.Atoi(os.Getenv(childStart))
	if err != nil {
		return err
	}
	if n == 0 {
		return h.finish(ctx)
	}
	schedule := jobs.Schedule{ID: "often", Kind: "effect", When: when.Spec{Every: time.Second}, Missed: jobs.MissedAll, MissedMax: 3, Overlap: jobs.OverlapAllow}
	if err := h.jobs.PutSchedule(ctx, killTenant(0), schedule); err != nil {
		return err
	}
	for i := range n {
		id, err := h.jobs.Start(ctx, killTenant(i), jobs.Request{Kind: "effect"})
		if err != nil {
			return err
		}
		if _, err := h.effects.ExecContext(ctx, `INSERT INTO started VALUES (?, ?)`, id, killTenant(i)); err != nil {
			return err
		}
	}
	select {}
}

// finish waits until no run is live.
func (h *killHost) finish(ctx context.Context) error {
	if err := h.jobs.DeleteSchedule(ctx, killTenant(0), "often"); err != nil {
		return err
	}
	for n := range killTenants {
		for {
			live, err := h.store.List(ctx, store.Query{Tenant: killTenant(n), Collection: "jobs.run", Index: "live", Value: "true"})
			if err != nil {
				return err
			}
			if len(live) == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return h.jobs.Close(ctx)
}

// startChild starts a host, and returns when it is about to open its files.
func startChild(t *testing.T, dir string, runs int) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childStart+"="+strconv.Itoa(runs))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "opening\n" {
		t.Fatalf("the host said %q: %v", line, err)
	}
	return cmd, lines
}

func TestKilledHostsLeaveTheSameFinalState(t *testing.T) {
	rounds := *kills
	if rounds == 0 {
		rounds = 8
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		cmd, lines := startChild(t, dir, 6)
		wait := time.Duration(random.IntN(120)) * time.Millisecond // while it opens what the last one left
		if round%4 != 3 {
			if line, err := lines.ReadString('\n'); line != "working\n" {
				t.Fatalf("round %d: the host said %q: %v", round, line, err)
			}
			wait = time.Duration(20+random.IntN(400)) * time.Millisecond
		}
		time.Sleep(wait) // the moment of a kill is by chance
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, lines)
		if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
			t.Fatalf("round %d: the host ended by itself: %v", round, err)
		}
	}
	cmd, lines := startChild(t, dir, 0)
	last := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	_, _ = io.Copy(io.Discard, lines)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the last host: %v", err)
	}
	last.Stop()
	wantAllDone(t, dir, rounds)
}

// wantAllDone judges what is left when all is over.
func wantAllDone(t *testing.T, dir string, rounds int) {
	t.Helper()
	h, err := openKillHost(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.effects.Close()
	defer h.store.Close()
	defer h.jobs.Close(context.Background())
	runs, planned := 0, map[time.Time]bool{}
	for n := range killTenants {
		for d, err := range store.Each(t.Context(), h.store, store.Query{Tenant: killTenant(n), Collection: "jobs.run"}) {
			if err != nil {
				t.Fatal(err)
			}
			r, err := h.jobs.Run(t.Context(), killTenant(n), jobs.RunID(d.Key.ID))
			if err != nil {
				t.Fatal(err)
			}
			if runs++; r.State != jobs.Done || r.Step != killSteps || r.Done != killSteps || r.Counts["effects"] != killSteps {
				t.Errorf("run %s is %s at step %d with %d done, %v", r.ID, r.State, r.Step, r.Done, r.Counts)
			}
			var steps, sum int
			row := h.effects.QueryRowContext(t.Context(), `SELECT count(*), coalesce(sum(n), 0) FROM effect WHERE run = ?`, r.ID)
			if err := row.Scan(&steps, &sum); err != nil {
				t.Fatal(err)
			}
			if steps != killSteps || sum != killSteps*(killSteps-1)/2 {
				t.Errorf("run %s had %d effects of %d in sum, want %d of %d", r.ID, steps, sum, killSteps, killSteps*(killSteps-1)/2)
			}
			if r.Schedule != "" {
				if planned[r.Planned] {
					t.Errorf("two runs are planned for %s", r.Planned)
				}
				planned[r.Planned] = true
			}
		}
	}
	rows, err := h.effects.QueryContext(t.Context(), `SELECT run, tenant FROM started`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	acknowledged := 0
	for rows.Next() {
		var run, tenant string
		if err := rows.Scan(&run, &tenant); err != nil {
			t.Fatal(err)
		}
		acknowledged++
		if _, err := h.jobs.Run(t.Context(), capability.TenantID(tenant), jobs.RunID(run)); err != nil {
			t.Errorf("run %s was acknowledged and is lost: %v", run, err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	var effects, repeated int
	row := h.effects.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM effect), (SELECT count(*) FROM (SELECT 1 FROM try GROUP BY step, attempt HAVING count(*) > 1))`)
	if err := row.Scan(&effects, &repeated); err != nil {
		t.Fatal(err)
	}
	if effects != runs*killSteps {
		t.Errorf("%d effects of %d runs of %d steps", effects, runs, killSteps)
	}
	if acknowledged < rounds || len(planned) == 0 {
		t.Errorf("%d runs acknowledged and %d planned in %d rounds, too few to show anything", acknowledged, len(planned), rounds)
	}
	if *kills > 0 {
		fmt.Printf("figure kills_survived %d\nfigure runs_done %d\nfigure effects %d\nfigure steps_repeated_after_kills %d\n", rounds, runs, effects, repeated)
	}
}
