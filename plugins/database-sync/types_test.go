//go:build !wasip1

package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var rewrite = flag.Bool("update", false, "write the golden files")

// served returns the source as a host sees it.
func served() *sync.Source {
	return sdktest.New(&sdk.Plugin{ID: "a.b", Version: "0.1.0", Synchronizers: map[string]sdk.Synchronizer{"s": newSource(time.Now)}}).Source("s")
}

// fixtures are the engines that run here, with how they call a stream.
var fixtures = map[string]func(table string) string{
	"postgresql": func(table string) string { return "public." + table },
	"mariadb":    func(table string) string { return table },
	"sqlite":     func(table string) string { return table },
}

func fixture(t *testing.T, engine string) *place {
	t.Helper()
	p := newPlace(t, engine)
	text, err := os.ReadFile(filepath.Join("testdata", engine+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	p.exec(t, string(text))
	p.config.Settings.Strings["timeZone"] = "Asia/Kolkata"
	return p
}

// What becomes of every type stands in testdata/ENGINE.golden: for each column of the table "every" its type and the values of its rows.
func TestEveryTypeBecomesWhatTheGoldenFileSays(t *testing.T) {
	for engine, stream := range fixtures {
		t.Run(engine, func(t *testing.T) {
			p := fixture(t, engine)
			golden(t, filepath.Join("testdata", engine+".golden"), described(t, p.config, stream("every")))
		})
	}
}

// The same types through the connection's own query, where only the driver says what a column is.
func TestEveryTypeOfAQueryBecomesTheSame(t *testing.T) {
	for engine, stream := range fixtures {
		t.Run(engine, func(t *testing.T) {
			p := fixture(t, engine)
			c := p.with(func(c *sync.Config) {
				c.Settings.Strings["query"], c.Settings.Lists["queryKey"] = "SELECT * FROM "+stream("every"), []string{"id"}
			})
			golden(t, filepath.Join("testdata", engine+".query.golden"), described(t, c, queryStream))
		})
	}
}

// described tells a stream's columns and rows.
func described(t *testing.T, c sync.Config, stream string) string {
	t.Helper()
	s := served()
	catalog, err := s.Discover.Discover(t.Context(), &sync.Discover{Config: c, Stream: stream})
	if err != nil {
		t.Fatal(err)
	}
	r := &sync.Read{Config: c, Stream: stream}
	for _, column := range catalog.Streams[0].Columns {
		r.Columns = append(r.Columns, column.Name)
	}
	page, err := s.Read.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	faults := map[string]string{}
	for _, f := range page.Faults {
		faults[fmt.Sprint(f.Row, f.Column)] = f.Message
	}
	var out strings.Builder
	fmt.Fprintf(&out, "key: %s\n", strings.Join(catalog.Streams[0].Key, ", "))
	for i, column := range catalog.Streams[0].Columns {
		flags := ""
		if column.Nullable {
			flags += ", nullable"
		}
		if column.Filterable {
			flags += ", filterable"
		}
		of := ""
		if column.Of != "" {
			of = " of " + string(column.Of)
		}
		fmt.Fprintf(&out, "%s (%s): %s%s%s\n", column.Name, column.Native, column.Type, of, flags)
		for n, row := range page.Rows {
			switch fault := faults[fmt.Sprint(n, i)]; {
			case fault != "":
				fmt.Fprintf(&out, "\tfault: %s\n", fault)
			case row[i].IsNull():
				fmt.Fprintf(&out, "\tnull\n")
			default:
				fmt.Fprintf(&out, "\t%q\n", row[i].Text())
			}
		}
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +now), -update writes it anew:\n%s", name, diff)
	}
}

// The suite of sdktest, on a table with a key of two columns, on one whose every type is there, and on strange names.
func TestSourceConformsOnEveryEngine(t *testing.T) {
	for engine, stream := range fixtures {
		t.Run(engine, func(t *testing.T) {
			p := fixture(t, engine)
			p.config.Settings.Lists["writable"] = []string{"status", "synced", "price"}
			broken := map[string]sync.Config{
				"engine": p.with(func(c *sync.Config) { c.Settings.Strings["engine"] = "dbase" }),
				"query":  p.with(func(c *sync.Config) { c.Settings.Strings["query"] = "DELETE FROM assets" }),
				"syntax": p.with(func(c *sync.Config) { c.Settings.Strings["query"] = "SELECT FROM WHERE" }),
				"zone":   p.with(func(c *sync.Config) { c.Settings.Strings["timeZone"] = "Nowhere" }),
			}
			if engine != "sqlite" {
				maps.Copy(broken, map[string]sync.Config{
					"password":  p.with(func(c *sync.Config) { c.Secrets["password"] = "wrong-password" }),
					"user":      p.with(func(c *sync.Config) { c.Settings.Strings["user"] = "nobody" }),
					"database":  p.with(func(c *sync.Config) { c.Settings.Strings["database"] = "nowhere" }),
					"port":      p.with(func(c *sync.Config) { c.Settings.Numbers["port"] = float64(freePort()) }),
					"host":      p.with(func(c *sync.Config) { c.Settings.Strings["host"] = "no-such-host.invalid" }),
					"network":   p.with(func(c *sync.Config) { c.Reach.Networks = nil }),
					"nothing":   p.with(func(c *sync.Config) { c.Settings.Strings = map[string]string{"engine": engine} }),
					"authority": p.with(func(c *sync.Config) { c.Secrets["ca"] = "-----BEGIN CERTIFICATE-----" }),
				})
			} else {
				maps.Copy(broken, map[string]sync.Config{
					"file":    p.with(func(c *sync.Config) { c.Settings.Strings["file"] = "other.db" }),
					"outside": p.with(func(c *sync.Config) { c.Settings.Strings["file"] = "../assets.db" }),
					"folder":  p.with(func(c *sync.Config) { c.Reach.Folder = "" }),
				})
			}
			sdktest.ConformSource(t, served(), sdktest.Connection{
				Config: p.config, Broken: broken, Write: true,
				Streams: []string{stream("assets"), stream("every"), strange[engine]},
			})
		})
	}
}

// strange is the stream whose names need quotes everywhere.
var strange = map[string]string{"postgresql": `"Odd "".Schema".or'der; --`, "mariadb": "or`der; --", "sqlite": `or"der; --`}

// The two go by the name of the other in many a form: what is asked of MySQL works on MariaDB, without its own bound on time.
func TestMySQLOfTheFormMayBeMariaDB(t *testing.T) {
	p := fixture(t, "mariadb")
	c := p.with(func(c *sync.Config) { c.Settings.Strings["engine"] = "mysql" })
	sdktest.ConformSource(t, served(), sdktest.Connection{Config: c, Streams: []string{"assets"}})
}

func TestDiscoverListsTablesAndViewsOnce(t *testing.T) {
	for engine, stream := range fixtures {
		t.Run(engine, func(t *testing.T) {
			p := fixture(t, engine)
			catalog, err := served().Discover.Discover(t.Context(), &sync.Discover{Config: p.config})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, s := range catalog.Streams {
				names = append(names, s.Name)
			}
			for _, name := range []string{stream("assets"), stream("every"), stream("in_use"), strange[engine]} {
				if !slices.Contains(names, name) {
					t.Errorf("%q is not in %q", name, names)
				}
			}
			if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "sqlite_") || strings.Contains(n, "pg_") }) {
				t.Errorf("tables of the database's own are in %q", names)
			}
		})
	}
}
