//go:build !wasip1

package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func onEveryEngine(t *testing.T, f func(t *testing.T, p *place, stream func(table string) string)) {
	for engine, stream := range fixtures {
		t.Run(engine, func(t *testing.T) { f(t, fixture(t, engine), stream) })
	}
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, plugin()) }

func TestManifestAndCodeAgree(t *testing.T) {
	if _, err := sdktest.Load(t, plugin(), "plugin.json").Describe(); err != nil {
		t.Fatal(err)
	}
}

func TestViewIsReadByTheKeyThatAnAdminChose(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		r := &sync.Read{Config: p.config, Stream: stream("in_use"), Columns: []string{"number", "status"}, Limit: 7}
		s := served()
		_, err := s.Read.Read(t.Context(), r)
		wantCode(t, err, sdk.Invalid) // it has none of its own
		r.Key = []string{"number"}
		seen := map[int64]bool{}
		for {
			page, err := s.Read.Read(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				if n := row[0].Int(); seen[n] {
					t.Errorf("row %d comes twice", n)
				} else {
					seen[n] = true
				}
			}
			if r.Cursor = page.Next; len(r.Cursor) == 0 {
				break
			}
		}
		if len(seen) != 40 {
			t.Errorf("%d rows came, want 40", len(seen))
		}
		r.Cursor, r.Key = nil, []string{"status"}
		_, err = s.Read.Read(t.Context(), r)
		wantCode(t, err, sdk.Invalid) // which many rows share
		r.Stream, r.Columns, r.Key = stream("keyless"), []string{"a"}, []string{"b"}
		_, err = s.Read.Read(t.Context(), r)
		wantCode(t, err, sdk.Invalid) // which some rows do not have
	})
}

func TestUniqueIndexStandsInForAPrimaryKey(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		catalog, err := served().Discover.Discover(t.Context(), &sync.Discover{Config: p.config, Stream: stream("other_key")})
		if err != nil {
			t.Fatal(err)
		}
		if key := fmt.Sprint(catalog.Streams[0].Key); key != "[b]" {
			t.Errorf("the key is %s", key)
		}
	})
}

func wantCode(t *testing.T, err error, code sdk.Code) {
	t.Helper()
	if sdk.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// Rows that come, go and change between two pages cost no other row its place.
func TestRowsThatComeAndGoBetweenPagesLoseNoOthers(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		s := served()
		r := &sync.Read{Config: p.config, Stream: stream("assets"), Columns: []string{"site", "number"}, Limit: 10}
		seen := map[string]int{}
		for n := 1000; ; n++ {
			page, err := s.Read.Read(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				seen[row[1].Text()]++
			}
			if r.Cursor = page.Next; len(r.Cursor) == 0 {
				break
			}
			p.exec(t, fmt.Sprintf("INSERT INTO assets (site, number, name, seen) VALUES ('Aaa', %d, 'new', '2026-01-01 00:00:00');\nDELETE FROM assets WHERE number = %d", n, 61-(n-1000)))
			last := page.Rows[len(page.Rows)-1]
			p.exec(t, fmt.Sprintf("DELETE FROM assets WHERE site = '%s' AND number = %d", last[0].Text(), last[1].Int())) // the very row of the cursor
		}
		for n := 1; n <= 50; n++ {
			if seen[fmt.Sprint(n)] != 1 {
				var left int
				if err := p.admin.QueryRowContext(t.Context(), fmt.Sprintf("SELECT COUNT(*) FROM assets WHERE number = %d", n)).Scan(&left); err != nil {
					t.Fatal(err)
				}
				if left > 0 || seen[fmt.Sprint(n)] > 1 {
					t.Errorf("row %d came %d times", n, seen[fmt.Sprint(n)])
				}
			}
		}
	})
}

func TestWriteGivesEachChangeAnOutcomeOfItsOwn(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		p.config.Settings.Lists["writable"] = []string{stream("assets") + ".status", "name", "synced"}
		w := &sync.Write{Config: p.config, Stream: stream("assets"), Columns: []string{"status", "synced", "name"}}
		at := sync.Time(time.Date(2026, 11, 26, 12, 0, 0, 250e6, time.UTC))
		change := func(site string, number int64, name sync.Value) sync.Change {
			return sync.Change{Key: []sync.Value{sync.String(site), sync.Int(number)}, Values: []sync.Value{sync.String("done; --'"), at, name}}
		}
		w.Changes = []sync.Change{
			change("Ålesund", 1, sync.String("a")), change("nowhere", 1, sync.String("b")), change("zürich", 2, sync.Value{}), change("Ålesund", 5, sync.String("c")),
			change("Ålesund", 9, sync.Int(7)), {Key: []sync.Value{sync.Int(1), sync.Int(1)}, Values: []sync.Value{sync.String("x"), at, sync.String("x")}},
		}
		written, err := served().Write.Write(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		want := []sdk.Code{"", sdk.NotFound, sdk.Invalid, "", sdk.Invalid, sdk.NotFound}
		for i, o := range written.Outcomes {
			if o.Code != want[i] {
				t.Errorf("change %d: %s %s, want %s", i, o.Code, o.Message, want[i])
			}
			if strings.Contains(o.Message, "done") || strings.Contains(o.Message, "nowhere") {
				t.Errorf("the outcome holds a value: %s", o.Message)
			}
		}
		r := &sync.Read{Config: p.config, Stream: stream("assets"), Columns: []string{"status", "synced", "name"}, Where: []sync.Condition{{Column: "number", Is: sync.Equal, Value: sync.Int(5)}}}
		page, err := served().Read.Read(t.Context(), r)
		if err != nil || len(page.Rows) != 1 || page.Rows[0][0].Text() != "done; --'" || !page.Rows[0][1].Time().Equal(at.Time()) {
			t.Errorf("the row is %v, %v", page, err)
		}
	})
}

// What a column has no room for is refused, and not cut to what it has room for.
func TestWriteThatIsTooLongIsRefused(t *testing.T) {
	for engine, ddl := range map[string]string{
		"postgresql": "CREATE DOMAIN short AS varchar(3);\nCREATE TABLE small (id int PRIMARY KEY, a varchar(3), b char(3), c numeric(4,2), d short)",
		"mariadb":    "CREATE TABLE small (id INT PRIMARY KEY, a VARCHAR(3), b CHAR(3), c DECIMAL(4,2), d TINYTEXT)",
	} {
		t.Run(engine, func(t *testing.T) {
			p := newPlace(t, engine)
			p.exec(t, ddl+";\nINSERT INTO small (id, a, b, c) VALUES (1, 'abc', 'abc', 1)")
			p.config.Settings.Lists["writable"] = []string{"a", "b", "c", "d"}
			for column, v := range map[string]sync.Value{"a": sync.String("abcd"), "b": sync.String("abcd"), "c": sync.Decimal("1000000"), "d": sync.String(strings.Repeat("x", 300))} {
				w := &sync.Write{Config: p.config, Stream: fixtures[engine]("small"), Columns: []string{column}, Changes: []sync.Change{{Key: []sync.Value{sync.Int(1)}, Values: []sync.Value{v}}}}
				written, err := served().Write.Write(t.Context(), w)
				if err != nil || written.Outcomes[0].Code != sdk.Invalid {
					t.Errorf("%s: %+v, %v", column, written, err)
				}
				r := &sync.Read{Config: p.config, Stream: w.Stream, Columns: []string{"id"}, Where: []sync.Condition{{Column: column, Is: sync.Equal, Value: v}}}
				if page, err := served().Read.Read(t.Context(), r); err != nil || len(page.Rows) > 0 {
					t.Errorf("%s: a condition with what is too long: %+v, %v", column, page, err)
				}
			}
		})
	}
}

func TestNothingIsWritableThatTheConnectionDoesNotName(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		w := &sync.Write{Config: p.config, Stream: stream("assets"), Columns: []string{"status"}, Changes: []sync.Change{
			{Key: []sync.Value{sync.String("Zug"), sync.Int(3)}, Values: []sync.Value{sync.String("x")}},
		}}
		_, err := served().Write.Write(t.Context(), w)
		wantCode(t, err, sdk.Invalid)
		w.Config = p.with(func(c *sync.Config) { c.Settings.Lists["writable"] = []string{"number", "site", "status"} })
		w.Columns = []string{"number"} // a part of the key
		_, err = served().Write.Write(t.Context(), w)
		wantCode(t, err, sdk.Invalid)
		w.Stream, w.Columns, w.Key = stream("in_use"), []string{"status"}, []string{"number"} // a view
		_, err = served().Write.Write(t.Context(), w)
		wantCode(t, err, sdk.Invalid)
	})
}

func TestStatementThatTakesTooLongIsStopped(t *testing.T) {
	for engine, query := range map[string]string{
		"postgresql": "SELECT 1 AS id, pg_sleep(30)::text AS s", "mariadb": "SELECT 1 AS id, SLEEP(30) AS s",
		"sqlite": "SELECT id, (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT COUNT(*) FROM n) AS s FROM one",
	} {
		t.Run(engine, func(t *testing.T) {
			p := newPlace(t, engine)
			p.exec(t, "CREATE TABLE one (id INTEGER PRIMARY KEY);\nINSERT INTO one VALUES (1)")
			c := p.with(func(c *sync.Config) {
				c.Settings.Strings["query"], c.Settings.Lists["queryKey"], c.Settings.Numbers["timeout"] = query, []string{"id"}, 1
			})
			r := &sync.Read{Config: c, Stream: queryStream, Columns: []string{"id", "s"}}
			_, err := served().Read.Read(t.Context(), r)
			wantCode(t, err, sdk.Exhausted)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, err = served().Read.Read(ctx, r)
			wantCode(t, err, sdk.Canceled)
		})
	}
}

// A page of rows that are large, out of a table that is larger than the memory which that takes.
func TestLargeRowsAreReadPageByPageInLittleMemory(t *testing.T) {
	for engine, stream := range fixtures {
		t.Run(engine, func(t *testing.T) {
			p := newPlace(t, engine)
			p.exec(t, map[string]string{
				"postgresql": "CREATE TABLE big (id int PRIMARY KEY, t text);\nINSERT INTO big SELECT n, repeat('x', 900000) FROM generate_series(1, 80) n",
				"mariadb":    "CREATE TABLE big (id INT PRIMARY KEY, t LONGTEXT);\nINSERT INTO big SELECT seq, REPEAT('x', 900000) FROM seq_1_to_80",
				"sqlite":     "CREATE TABLE big (id INTEGER PRIMARY KEY, t TEXT);\nWITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 80) INSERT INTO big SELECT n, hex(zeroblob(450000)) FROM n",
			}[engine])
			s := served()
			r := &sync.Read{Config: p.config, Stream: stream("big"), Columns: []string{"id", "t"}, Limit: sync.MaxRows}
			rows, peak := 0, uint64(0)
			for {
				page, err := s.Read.Read(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				rows += len(page.Rows)
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
				if r.Cursor = page.Next; len(r.Cursor) == 0 {
					break
				}
			}
			if rows != 80 || peak > 64<<20 {
				t.Errorf("%d rows of 72 MB in all came, with %d MiB on the heap", rows, peak>>20)
			}
		})
	}
}

func TestErrorsHoldNeitherSecretsNorHostsNorValues(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		for name, c := range map[string]sync.Config{
			"password": p.with(func(c *sync.Config) { c.Secrets["password"] = "wrong-password" }),
			"port":     p.with(func(c *sync.Config) { c.Settings.Numbers["port"] = float64(freePort()) }),
			"host":     p.with(func(c *sync.Config) { c.Settings.Strings["host"] = "no-such-host.invalid" }),
			"database": p.with(func(c *sync.Config) { c.Settings.Strings["database"] = "secret-database" }),
			"file":     p.with(func(c *sync.Config) { c.Settings.Strings["file"] = "secret-file" }),
		} {
			_, err := served().Read.Read(t.Context(), &sync.Read{Config: c, Stream: stream("assets"), Columns: []string{"name"}})
			if err == nil {
				continue // a setting that this engine does not have
			}
			for _, word := range []string{"wrong-password", "no-such-host", "localhost", "127.0.0.1", "secret", "pergola", p.config.Reach.Folder} {
				if word != "" && strings.Contains(err.Error(), word) {
					t.Errorf("%s: %q stands in %v", name, word, err)
				}
			}
		}
	})
}

// What a table looks like is remembered for a moment, and not longer than it is true.
func TestTableThatChangedIsLookedAtAgain(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, p *place, stream func(string) string) {
		s := served()
		r := &sync.Read{Config: p.config, Stream: stream("other_key"), Columns: []string{"a"}}
		if _, err := s.Read.Read(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		p.exec(t, "ALTER TABLE other_key RENAME COLUMN a TO c")
		_, err := s.Read.Read(t.Context(), r)
		wantCode(t, err, sdk.Invalid)
		r.Columns = []string{"c"}
		if page, err := s.Read.Read(t.Context(), r); err != nil || len(page.Rows) != 2 {
			t.Errorf("under its new name: %v, %v", page, err)
		}
	})
}

// Tenants whose settings differ in the password alone do not share what was opened with it.
func TestWrongPasswordMeetsNoOpenConnection(t *testing.T) {
	for _, engine := range []string{"postgresql", "mariadb"} {
		t.Run(engine, func(t *testing.T) {
			p := fixture(t, engine)
			s := served()
			r := &sync.Read{Config: p.config, Stream: fixtures[engine]("assets"), Columns: []string{"name"}}
			if _, err := s.Read.Read(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			r.Config = p.with(func(c *sync.Config) { c.Secrets["password"] = "wrong-password" })
			_, err := s.Read.Read(t.Context(), r)
			wantCode(t, err, sdk.PermissionDenied)
			r.Config = p.with(func(c *sync.Config) { c.Reach.Networks = nil })
			_, err = s.Read.Read(t.Context(), r)
			wantCode(t, err, sdk.PermissionDenied)
		})
	}
}

func TestPoolsCloseWhatIsNotUsed(t *testing.T) {
	now := time.Unix(0, 0)
	var mu stdsync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	p := newPlace(t, "sqlite")
	all := newPools(clock)
	var opened []*database
	for i := range maxPools + 5 {
		c := p.with(func(c *sync.Config) { c.Settings.Numbers["timeout"] = float64(1 + i) })
		target, problems := parse(c)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		d, err := all.open(target)
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, d)
		if i > 0 { // the first stays in use
			d.release()
		}
		mu.Lock()
		now = now.Add(time.Second)
		mu.Unlock()
	}
	if n := len(all.all); n != maxPools {
		t.Errorf("%d are open, want %d", n, maxPools)
	}
	if err := opened[0].PingContext(t.Context()); err != nil {
		t.Errorf("the one in use was closed: %v", err)
	}
	if err := opened[1].PingContext(t.Context()); err == nil {
		t.Error("the oldest was not closed")
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	opened[0].release()
	if n := len(all.all); n != 1 {
		t.Errorf("%d are open after an hour", n)
	}
}
