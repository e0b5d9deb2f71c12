package sqlitestore_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// Variables that turn the test binary into a child process.
const (
	writeDir   = "PERGOLA_TEST_WRITE_DIR"   // write without end to the store in this directory
	writeFirst = "PERGOLA_TEST_WRITE_FIRST" // the number of each writer's first batch, separated by commas
	openDir    = "PERGOLA_TEST_OPEN_DIR"    // open the store in this directory and say how that went
)

func TestMain(m *testing.M) {
	flag.Parse()
	switch {
	case os.Getenv(writeDir) != "":
		writeForEver(os.Getenv(writeDir), strings.Split(os.Getenv(writeFirst), ","))
	case os.Getenv(openDir) != "":
		_, err := sqlitestore.Open(context.Background(), os.Getenv(openDir), sqlitestore.Config{})
		fmt.Fprintln(os.Stdout, err)
	default:
		os.Exit(m.Run())
	}
}

var kills = flag.Int("kills", 0, "how often TestAcknowledgedWritesSurviveKill kills, with its figures printed; 0 kills a few times")

const writers = 4

// writeForEver writes the batches of several writers, and prints writer and number once a batch is acknowledged.
func writeForEver(dir string, first []string) {
	fmt.Fprintln(os.Stdout, "opening")
	s, err := sqlitestore.Open(context.Background(), dir, sqlitestore.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out sync.Mutex
	for w, number := range first {
		n, err := strconv.Atoi(number)
		if err != nil {
			panic(err) // the test passes it
		}
		go func() {
			for ; ; n++ {
				if _, err := s.Write(context.Background(), batch(w, n)...); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Fprintln(os.Stdout, w, n)
				out.Unlock()
			}
		}()
	}
	select {}
}

// batch is a writer's n-th batch: up to six documents out of forty of its own, put, replaced or deleted. Some bodies need
// pages of their own.
func batch(w, n int) []store.Op {
	random := rand.New(rand.NewPCG(uint64(w), uint64(n))) // the same in both processes
	var ops []store.Op
	for _, id := range random.Perm(40)[:1+random.IntN(6)] {
		op := store.Op{Doc: store.Doc{Key: store.Key{Tenant: "t", Collection: "docs", ID: fmt.Sprintf("%d-%02d", w, id)}}, IfRev: store.Any}
		if random.IntN(4) == 0 {
			op.Delete = true
		} else {
			size := random.IntN(1500)
			if random.IntN(10) == 0 {
				size *= 30
			}
			op.Doc.Body = fmt.Appendf(nil, `"%d %s"`, n, strings.Repeat(".", size))
			op.Doc.Index = map[string]string{"all": "yes", "n": strconv.Itoa(n % 3)}
		}
		ops = append(ops, op)
	}
	return ops
}

// state is what a writer's documents are: their bodies by id.
type state map[string]string

func (s state) apply(ops []store.Op) {
	for _, op := range ops {
		if delete(s, op.Doc.Key.ID); !op.Delete {
			s[op.Doc.Key.ID] = string(op.Doc.Body)
		}
	}
}

func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	rounds := *kills
	if rounds == 0 {
		rounds = 6
	}
	dir := t.TempDir()
	next := make([]int, writers) // each writer's next batch
	was := make([]state, writers)
	for w := range was {
		was[w] = state{}
	}
	acked, lost := 0, 0
	for round := range rounds {
		after := 40 + 37*round%160
		if round%4 == 3 {
			after = 0 // while it opens what the last one left
		}
		acknowledged := killedWriter(t, dir, next, after)
		s := open(t, dir, sqlitestore.Config{})
		found := documents(t, s)
		closeStore(t, s)
		wantSound(t, dir)
		for w := range writers {
			acked += acknowledged[w] - next[w]
			// One more than was acknowledged may be there, whole.
			want, at := maps.Clone(was[w]), -1
			for n := next[w]; ; n++ {
				if maps.Equal(want, found[w]) {
					at = n
				}
				if n == acknowledged[w] {
					was[w] = maps.Clone(want)
				}
				if n > acknowledged[w] {
					break
				}
				want.apply(batch(w, n))
			}
			switch {
			case at < 0:
				t.Fatalf("round %d, writer %d: a batch is torn (-acknowledged +found):\n%s", round, w, cmp.Diff(was[w], found[w]))
			case at < acknowledged[w]:
				lost += acknowledged[w] - at
				t.Errorf("round %d, writer %d: batches from %d to %d were acknowledged and are lost", round, w, at, acknowledged[w]-1)
			}
			was[w], next[w] = found[w], at
		}
	}
	if *kills > 0 {
		fmt.Printf("figure writes_acked %d\nfigure writes_lost %d\n", acked, lost)
	}
	if acked < 30*rounds/2 {
		t.Errorf("%d writes were acknowledged in %d rounds, too few to show anything", acked, rounds)
	}
}

// killedWriter starts a process that writes to dir, kills it without warning after it acknowledged some writes, or before
// it could write any, and returns what each writer would have written next.
func killedWriter(t *testing.T, dir string, next []int, after int) []int {
	t.Helper()
	child := startWriter(t, dir, next)
	acknowledged := append([]int(nil), next...)
	for n := 0; ; n++ {
		if n == after {
			if err := child.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		w, number, err := child.acknowledged()
		if err != nil {
			if !errors.Is(err, io.EOF) || n < after {
				t.Fatalf("the writer ended by itself after %d writes: %v", n, err)
			}
			_ = child.cmd.Wait() // says that it was killed
			return acknowledged
		}
		if number != acknowledged[w] {
			t.Fatalf("writer %d acknowledged batch %d, want %d", w, number, acknowledged[w])
		}
		acknowledged[w]++
	}
}

// writerProcess is a process that writes without end.
type writerProcess struct {
	cmd   *exec.Cmd
	lines *bufio.Reader
}

// startWriter returns when the process is about to open the store.
func startWriter(t *testing.T, dir string, next []int) *writerProcess {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writeDir+"="+dir, writeFirst+"="+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(next)), ","), "[]"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := &writerProcess{cmd: cmd, lines: bufio.NewReader(out)}
	if line, err := child.lines.ReadString('\n'); line != "opening\n" {
		t.Fatalf("the writer said %q: %v", line, err)
	}
	return child
}

// acknowledged waits for the next batch that is acknowledged; io.EOF says that there are no more.
func (p *writerProcess) acknowledged() (writer, batch int, err error) {
	line, err := p.lines.ReadString('\n')
	if err != nil {
		return 0, 0, io.EOF // half a line acknowledges nothing
	}
	_, err = fmt.Sscan(line, &writer, &batch)
	return writer, batch, err
}

// documents are the states of all writers. They are listed by index, so that a lost index entry counts as a lost document.
func documents(t *testing.T, s *sqlitestore.Store) []state {
	t.Helper()
	found := make([]state, writers)
	for w := range found {
		found[w] = state{}
	}
	q := store.Query{Tenant: "t", Collection: "docs", Index: "all", Value: "yes", Limit: store.MaxLimit}
	docs, err := s.List(t.Context(), q)
	if err != nil || len(docs) == q.Limit {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	for _, d := range docs {
		found[d.Key.ID[0]-'0'][d.Key.ID] = string(d.Body)
	}
	return found
}
