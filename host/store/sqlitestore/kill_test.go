package sqlitestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// Variables that turn the test binary into a child process.
const (
	writeDir   = "PERGOLA_TEST_WRITE_DIR"   // write without end to the store in this directory
	writeRound = "PERGOLA_TEST_WRITE_ROUND" // beginning of the ids
	openDir    = "PERGOLA_TEST_OPEN_DIR"    // open the store in this directory and say how that went
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(writeDir) != "":
		writeForEver(os.Getenv(writeDir), os.Getenv(writeRound))
	case os.Getenv(openDir) != "":
		_, err := sqlitestore.Open(context.Background(), os.Getenv(openDir), sqlitestore.Config{})
		fmt.Fprintln(os.Stdout, err)
	default:
		os.Exit(m.Run())
	}
}

const writers = 4

// writeForEver writes batches of two documents from several goroutines and prints an id once its write is acknowledged.
func writeForEver(dir, round string) {
	s, err := sqlitestore.Open(context.Background(), dir, sqlitestore.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out sync.Mutex
	for w := range writers {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d-%06d", round, w, n)
				if _, err := s.Write(context.Background(), pair(id)...); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Fprintln(os.Stdout, id)
				out.Unlock()
			}
		}()
	}
	select {}
}

func pair(id string) []store.Op {
	op := func(collection string) store.Op {
		return store.Op{Doc: store.Doc{
			Key:   store.Key{Tenant: "t", Collection: collection, ID: id},
			Body:  []byte(`"` + id + strings.Repeat(".", 300) + `"`),
			Index: map[string]string{"all": "yes"},
		}}
	}
	return []store.Op{op("left"), op("right")}
}

func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range 6 {
		for _, id := range killedWriter(t, dir, round, 60+40*round) {
			acknowledged[id] = true
		}
		s := open(t, dir, sqlitestore.Config{})
		left, right := all(t, s, "t", "left"), all(t, s, "t", "right")
		for id := range acknowledged {
			if !left[id] || !right[id] {
				t.Errorf("round %d: the acknowledged write %s is lost (left %t, right %t)", round, id, left[id], right[id])
			}
		}
		for id := range left {
			if !right[id] {
				t.Errorf("round %d: half of the batch %s was written", round, id)
			}
		}
		if len(left) != len(right) || len(left) > len(acknowledged)+writers*(round+1) {
			t.Errorf("round %d: %d and %d documents for %d acknowledged writes", round, len(left), len(right), len(acknowledged))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killedWriter starts a process that writes to dir, kills it without warning after it acknowledged some writes, and
// returns all that it acknowledged.
func killedWriter(t *testing.T, dir string, round, after int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writeDir+"="+dir, fmt.Sprintf("%s=%d", writeRound, round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // the pipe is empty, or ends in half a line that acknowledges nothing
		}
		if ids = append(ids, strings.TrimSpace(line)); len(ids) == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(ids) < after {
		t.Fatalf("the writer ended by itself after %d writes: %v", len(ids), err)
	}
	return ids
}

// all lists a collection by index, so that a lost index entry counts as a lost document.
func all(t *testing.T, s *sqlitestore.Store, tenant capability.TenantID, collection string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	q := store.Query{Tenant: tenant, Collection: collection, Index: "all", Value: "yes", Limit: store.MaxLimit}
	for {
		docs, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			found[d.Key.ID] = true
			q.After = d.Key.ID
		}
		if len(docs) < q.Limit {
			return found
		}
	}
}
