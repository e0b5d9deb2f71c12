package world_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// Issues of large sites are made of these words, each the less likely the later it stands.
var words = func() []string {
	var out []string
	for _, a := range strings.Fields("ka lo mi ne su ta re vo bi du fa ge ho ju pe") {
		for _, b := range strings.Fields("ran tel mos lin der gup sal nor vik ten bas rol") {
			for _, c := range strings.Fields("a en is or um ex") {
				out = append(out, a+b+c)
			}
		}
	}
	return out
}()

func sentence(r *rand.Rand, n int) string {
	list := make([]string, n)
	for i := range list {
		x := r.Float64()
		list[i] = words[int(x*x*x*float64(len(words)))]
	}
	return strings.Join(list, " ")
}

// enlarge adds issues to the seeded site: in 20 projects, by 500 people, over five years.
func enlarge(t testing.TB, s *world.Store, count int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	const projects, people = 20, 500
	change(t, s, func(tx *world.Tx) error {
		for n := range people {
			if err := tx.Put(&world.User{Account: person(n), Name: fmt.Sprint("Person ", n), Groups: []string{"jira-users"}}); err != nil {
				return err
			}
		}
		for n := range projects {
			p := &world.Project{ID: project(n), Key: fmt.Sprintf("P%d", n), Name: fmt.Sprint("Project ", n), Lead: world.Mia,
				Types: []world.TypeID{"10001", "10002", "10003"}, Permissions: "10000", Workflow: "10000"}
			if n%4 == 3 {
				p.Permissions = "10001" // guests do not see it
			}
			if err := tx.Put(p); err != nil {
				return err
			}
		}
		return nil
	})
	const batch = 5000
	for done := 0; done < count; done += batch {
		change(t, s, func(tx *world.Tx) error {
			for n := done; n < min(done+batch, count); n++ {
				created := now.Add(-5*365*24*time.Hour + time.Duration(n)*5*365*24*time.Hour/time.Duration(count))
				i := &world.Issue{
					Project: project(r.IntN(projects)), Type: world.TypeID(strconv.Itoa(10001 + r.IntN(3))), Status: world.StatusID(strconv.Itoa(10000 + r.IntN(4))),
					Summary: sentence(r, 6) + " " + strconv.Itoa(n), Description: world.TextDocument(sentence(r, 20)), Reporter: person(r.IntN(people)),
					Priority: world.PriorityID(strconv.Itoa(1 + r.IntN(5))), Created: created,
					Updated: created.Add(time.Duration(r.Int64N(int64(now.Sub(created) + 1)))),
					Custom: map[world.FieldID]json.RawMessage{
						world.Serial: quoted(fmt.Sprint("SN-", n)), world.Price: json.RawMessage(strconv.Itoa(r.IntN(10000))),
						world.Location: quoted(strconv.Itoa(10010 + r.IntN(5))),
					},
				}
				if r.IntN(3) > 0 {
					i.Assignee = person(r.IntN(people))
				}
				if r.IntN(4) == 0 {
					i.Labels = []string{words[r.IntN(200)]}
				}
				if _, err := tx.AddIssue(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func person(n int) world.AccountID  { return world.AccountID(fmt.Sprintf("712020:person-%04d", n)) }
func project(n int) world.ProjectID { return world.ProjectID(strconv.Itoa(11000 + n)) }

func quoted(s string) json.RawMessage { return json.RawMessage(strconv.Quote(s)) }

// sizeOf is how many issues the benchmarks of large sites have: a million takes minutes to make.
func sizeOf(t testing.TB) int {
	n, err := strconv.Atoi(os.Getenv("WORLD_BENCH_ISSUES"))
	if err != nil {
		n = 20000
	}
	return n
}

// largeDir has a large site, made once for all benchmarks; WORLD_BENCH_DIR keeps it between runs.
func largeDir(b *testing.B) string {
	dir := os.Getenv("WORLD_BENCH_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), fmt.Sprint("world-bench-", os.Getpid()))
	}
	if _, err := os.Stat(filepath.Join(dir, world.FileName)); err != nil {
		from, err := seeded()
		if err != nil {
			b.Fatal(err)
		}
		s, err := world.Open(world.Config{Dir: dir, From: from, Clock: clock})
		if err != nil {
			b.Fatal(err)
		}
		started := time.Now()
		enlarge(b, s, sizeOf(b))
		b.Logf("%d issues made in %v", s.State().IssueCount(), time.Since(started))
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.Logf("closed after %v", time.Since(started))
	}
	return dir
}

func openLarge(b *testing.B) *world.Store {
	dir := largeDir(b)
	started := time.Now()
	s, err := world.Open(world.Config{Dir: dir, Seed: noSeed, Clock: clock})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d issues loaded in %v", s.State().IssueCount(), time.Since(started))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkLoad opens a large site, and says how much memory it takes.
func BenchmarkLoad(b *testing.B) {
	dir := largeDir(b)
	var s *world.Store
	for b.Loop() {
		var err error
		if s, err = world.Open(world.Config{Dir: dir, Seed: noSeed, Clock: clock}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapInuse)/(1<<20), "heap-MiB")
	b.ReportMetric(rss(b), "rss-MiB")
	runtime.KeepAlive(s)
}

func rss(b *testing.B) float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(f[1], 64)
			return kib / 1024
		}
	}
	return 0
}

func BenchmarkChange(b *testing.B) {
	for name, open := range map[string]func() *world.Store{
		"seeded in memory": func() *world.Store { return open(b, "") },
		"seeded on disk":   func() *world.Store { return open(b, b.TempDir()) },
		"large on disk":    func() *world.Store { return openLarge(b) },
		"large in memory": func() *world.Store {
			s, err := world.Open(world.Config{From: openLarge(b).Snapshot(), Clock: clock})
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	} {
		b.Run(name, func(b *testing.B) {
			s := open()
			n := 0
			for b.Loop() {
				n++
				change(b, s, func(tx *world.Tx) error {
					i := tx.EditIssue("OPS-" + strconv.Itoa(1+n%30))
					i.Summary = "Renamed " + strconv.Itoa(n)
					i.Status = world.StatusID(strconv.Itoa(10000 + n%4))
					return tx.PutIssue(i)
				})
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	s := openLarge(b)
	st := s.State()
	x := st.Index()
	newest := index.Key{Column: x.Column("updated"), Desc: true}
	for name, find := range map[string]func() []uint32{
		"project = x and status = y order by updated": func() []uint32 {
			return index.Sort(st.Visible(world.Jonas).And(x.Equal("project", string(project(3)))).And(x.Equal("status", "10001")), 50, newest)
		},
		"assignee = x and priority = y order by updated": func() []uint32 {
			return index.Sort(st.Visible(world.Jonas).And(x.Equal("assignee", string(person(7)))).And(x.Equal("priority", "1")), 50, newest)
		},
		"updated >= x order by created": func() []uint32 {
			return index.Sort(st.Visible(world.Jonas).And(x.Range("updated", now.AddDate(-1, 0, 0).UnixMilli(), 1<<60)), 50, index.Key{Column: x.Column("created")})
		},
		"status != x order by updated": func() []uint32 {
			return index.Sort(st.Visible(world.Jonas).And(x.Present("status").Without(x.Equal("status", "10003"))), 50, newest)
		},
		"summary ~ two words": func() []uint32 {
			return index.Sort(st.Visible(world.Ada).And(x.Word("summary", words[0], false)).And(x.Word("summary", words[3], false)), 50, newest)
		},
		"summary ~ prefix": func() []uint32 {
			return index.Sort(st.Visible(world.Ada).And(x.Word("summary", words[0][:4], true)), 50, newest)
		},
		"order by price, all": func() []uint32 {
			return index.Sort(st.Visible(world.Jonas), 50, index.Key{Column: x.Column(string(world.Price))}, newest)
		},
		"page 5000 of updated": func() []uint32 { return index.Sort(st.Visible(world.Jonas), min(250000, st.IssueCount()/2), newest) },
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				started := time.Now()
				list := find()
				for _, n := range list[max(0, len(list)-50):] {
					st.IssueAt(n)
				}
				took = append(took, time.Since(started))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
	b.Run("permission set of a guest", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			change(b, s, rename("OPS-1", strconv.Itoa(n))) // whose state has not been asked yet
			s.State().Visible(world.Ada)
		}
	})
}
