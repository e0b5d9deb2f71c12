//go:build linux

// The synchronization engine as a host has it, and what it does in a second: rows of a PostgreSQL, read by the plugin database-sync in
// its process, become issues of a sandbox in its own. `make bench-sync` prints the figures.
package bench_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/drivertest"
)

var (
	figures = flag.Bool("figures", false, "measure, and print lines `figure NAME VALUE`")
	rows    = flag.Int("rows", 10_000, "how many rows the measured runs have")
	large   = flag.Int("large", 1_000_000, "how many rows the run has by which memory is measured")
	rounds  = flag.Int("rounds", 3, "how often each run is measured; figures are medians")
	kills   = flag.Int("kills", 3, "how often TestKilledEnginesLeaveOneIssueForEachRow kills")
)

const root = "../../.."

func TestMain(m *testing.M) {
	if s := os.Getenv(childSetting); s != "" {
		if err := runChild(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// bench is a site, a database, and what engines need to know of both.
type bench struct {
	testing.TB
	site *site
	db   *database
	setting
}

func newBench(t testing.TB, siteArgs ...string) *bench {
	t.Helper()
	b := &bench{TB: t, db: startDatabase(t)}
	dir := t.TempDir()
	program := filepath.Join(dir, "pergola")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./host/cmd/pergola")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the sandbox: %v\n%s", err, out)
	}
	b.Plugin, b.Manifest = filepath.Join(dir, "plugin"), filepath.Join(root, "plugins", "database-sync", "plugin.json")
	if err := os.WriteFile(b.Plugin, drivertest.Build(t, "plugins/database-sync"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.site = startSite(t, program, siteArgs...)
	b.Site, b.ClientKey, b.Secret, b.Port = b.site.url, b.site.clientKey, b.site.secret, b.db.port
	return b
}

// start starts an engine in a process of its own.
func (b *bench) start(s setting) *exec.Cmd {
	b.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childSetting+"="+string(raw))
	cmd.Stderr = b.Output()
	return cmd
}

// engine is a process that takes orders.
type engine struct {
	*bench
	tell *json.Encoder
	hear *json.Decoder
	stop func()
}

func (b *bench) engine() *engine {
	b.Helper()
	cmd := b.start(b.setting)
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
	e := &engine{bench: b, tell: json.NewEncoder(in), hear: json.NewDecoder(out)}
	stopped := false
	e.stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error("the engine's process:", err)
		}
	}
	b.Cleanup(e.stop)
	return e
}

// do gives an order, and fails where it does not come to want.
func (e *engine) do(o order, want map[string]int64) answer {
	e.Helper()
	if err := e.tell.Encode(o); err != nil {
		e.Fatal(err)
	}
	var a answer
	if err := e.hear.Decode(&a); err != nil {
		e.Fatalf("%+v: %v", o, err)
	}
	if a.Error != "" {
		e.Fatalf("%+v: %s", o, a.Error)
	}
	for name, n := range want {
		if a.Counts[name] != n {
			e.Fatalf("%+v came to %v, want %v", o, a.Counts, want)
		}
	}
	e.Logf("%+v: %v in %v, cpu %v, peak %d MiB", o, a.Counts, a.Took, a.CPU, a.Peak>>10)
	return a
}

func median[T int64 | float64 | time.Duration](of []T) T {
	slices.Sort(of)
	return of[len(of)/2]
}

func figure(name, format string, value any) { fmt.Printf("figure %s "+format+"\n", name, value) }

func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("it measures; run make bench-sync")
	}
	b := newBench(t)
	n := int64(*rows)
	b.db.fill("device", *rows)
	e := b.engine()
	created, skipped := map[string]int64{"created": n}, map[string]int64{"skipped": n}
	perSecond := func(a answer) float64 { return float64(n) / a.Took.Seconds() }

	e.do(order{Sync: "first", Table: "device", Record: true}, created)
	var initial, ratio []float64
	for i := range *rounds {
		bare := e.do(order{Replay: true}, nil)
		run := e.do(order{Sync: fmt.Sprint("initial", i), Table: "device"}, created)
		initial, ratio = append(initial, perSecond(run)), append(ratio, bare.Took.Seconds()/run.Took.Seconds())
	}
	var unchanged, changed, used []float64
	for i := range *rounds {
		run := e.do(order{Sync: "initial0", Table: "device"}, skipped)
		unchanged, used = append(unchanged, perSecond(run)), append(used, float64(run.CPU.Microseconds())/float64(n))
		b.db.sql(fmt.Sprintf("UPDATE device SET price = price + 0.5 WHERE id %% 100 = %d", i))
		changed = append(changed, perSecond(e.do(order{Sync: "initial0", Table: "device"}, map[string]int64{"changed": n / 100, "skipped": n - n/100})))
	}
	e.stop()
	figure("rows_per_s_initial", "%.0f", median(initial))
	figure("rows_per_s_unchanged", "%.0f", median(unchanged))
	figure("rows_per_s_changed_1pct", "%.0f", median(changed))
	figure("host_cpu_us_per_row", "%.1f", median(used))
	figure("initial_ratio_to_bare_loop", "%.2f", median(ratio))
	b.memory()
}

// memory measures what a process holds that has done one dry run, which reads, looks up and plans every row as another one does. A run that
// does something with issues whose row is gone holds more, so it is measured, too.
func (b *bench) memory() {
	const small = 10_000
	b.db.fill("small", small)
	b.db.fill("large", *large)
	of := func(table string, n int, label bool) float64 {
		var peaks []float64
		for range 3 {
			e := b.engine()
			a := e.do(order{Sync: table, Table: table, Dry: true, Label: label}, map[string]int64{"created": int64(n)})
			e.stop()
			peaks = append(peaks, float64(a.Peak)/1024)
			if n > 10*small {
				break // a million rows are measured once
			}
		}
		return median(peaks)
	}
	few, many := of("small", small, false), of("large", *large, false)
	figure("rss_mib_10k_rows", "%.1f", few)
	figure("rss_mib_"+short(*large)+"_rows", "%.1f", many)
	figure("rss_ratio", "%.2f", many/few)
	figure("rss_ratio_labelling", "%.2f", of("large", *large, true)/of("small", small, true))
}

func short(n int) string {
	if n%1_000_000 == 0 {
		return fmt.Sprint(n/1_000_000, "m")
	}
	return fmt.Sprint(n/1000, "k")
}
