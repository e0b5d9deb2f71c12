//go:build linux

package bench_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// password is the one that .ci/databases.sh gives to its user, who is called pergola.
const password = "pass word'1"

// database is a PostgreSQL of the test's own.
type database struct {
	testing.TB
	port int
}

// startDatabase runs a server until the test ends. The test is skipped where none is installed.
func startDatabase(t testing.TB) *database {
	t.Helper()
	script := filepath.Join(root, ".ci", "databases.sh")
	if exec.CommandContext(t.Context(), script, "-has", "postgres").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no PostgreSQL is installed; .ci/needs.sh installs it")
		}
		t.Skip("no PostgreSQL is installed: run .ci/needs.sh")
	}
	parent, err := os.MkdirTemp("", "pergola-bench-sync-") //nolint:usetesting // t.TempDir is closed to the user whose server it is
	if err != nil {
		t.Fatal(err)
	}
	d := &database{TB: t, port: freePort(t)}
	cmd := exec.Command(script, "run", parent+"-run", strconv.Itoa(d.port), "0") // no context: it ends with its input
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		_ = os.RemoveAll(parent)
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "postgres ready" {
			return d
		}
	}
	t.Fatal("PostgreSQL does not start")
	return nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// sql runs a statement and returns what it prints: lines of columns, separated by tabs.
func (d *database) sql(statement string) string {
	d.Helper()
	program := "psql"
	if _, err := exec.LookPath(program); err != nil { // Debian keeps them apart from the PATH
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
		if len(found) == 0 {
			d.Fatal("there is no psql")
		}
		program = found[len(found)-1]
	}
	cmd := exec.CommandContext(d.Context(), program, "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
		"-h", "127.0.0.1", "-p", strconv.Itoa(d.port), "-U", "pergola", "-d", "postgres", "-c", statement)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.Fatalf("%s\n%v: %s", statement, err, out)
	}
	return string(out)
}

// fill makes a table of devices.
func (d *database) fill(table string, rows int) {
	d.Helper()
	d.sql(fmt.Sprintf(`CREATE TABLE %s (id bigint PRIMARY KEY, name text NOT NULL, price numeric(12,2), place text, tags text[]);
		INSERT INTO %[1]s SELECT n, 'Device ' || n, n * 1.25, CASE n %% 3 WHEN 0 THEN 'Berlin HQ' END, ARRAY['rack-' || n %% 50, 'synced'] FROM generate_series(1, %d) n;
		ANALYZE %[1]s`, table, rows))
}

// device is a row, or what an issue says of it.
type device struct {
	Name  string
	Price float64
	Place string
	Tags  string
}

// devices are the rows of a table by name.
func (d *database) devices(table string) map[string]device {
	d.Helper()
	out := map[string]device{}
	text := d.sql(`SELECT json_build_object('Name', name, 'Price', price, 'Place', coalesce(place, ''), 'Tags', array_to_string(ARRAY(SELECT unnest(tags) ORDER BY 1), ' ')) FROM ` + table)
	for line := range strings.Lines(text) {
		var row device
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			d.Fatal(err)
		}
		out[row.Name] = row
	}
	return out
}
