//go:build linux

package process_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func wantCode(t *testing.T, err error, code sdk.Code, source sdk.Source) {
	t.Helper()
	e, isError := err.(*sdk.Error)
	if !isError || e.Code != code || e.Source != source {
		t.Errorf("got %v, want %s of the %s", err, code, source)
	}
}

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestProcessThatKeepsEndingIsStartedMoreAndMoreSeldom(t *testing.T) {
	at := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	d, m := load(t, process.Config{Restarts: 2, Backoff: 10 * time.Second, Steady: time.Hour, Now: at.Now})
	crash := func() {
		t.Helper()
		_, err := ask(m, fixture.Exit)
		wantCode(t, err, sdk.Internal, sdk.FromPlugin)
	}
	crash()
	crash() // started again at once, twice
	crash()
	for _, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		_, err := ask(m, fixture.Echo, "text", "x")
		wantCode(t, err, sdk.Unavailable, sdk.FromPlugin)
		next := at.Now().Add(pause).Format("15:04:05 UTC")
		if err == nil || !strings.Contains(err.Error(), next) || !strings.Contains(err.Error(), "exit status 3") {
			t.Errorf("the error says neither why nor that the next start is at %s: %v", next, err)
		}
		at.pass(pause - time.Second)
		_, err = ask(m, fixture.Echo, "text", "x")
		wantCode(t, err, sdk.Unavailable, sdk.FromPlugin)
		at.pass(time.Second)
		crash()
	}
	if s := d.Stats(); s.Starts != 6 || s.Ends != 6 {
		t.Errorf("stats are %+v", s)
	}
	// One that lives long makes up for it.
	at.pass(time.Hour)
	if got, err := ask(m, fixture.Echo, "text", "x"); err != nil || got != "x" {
		t.Errorf("got %q, %v", got, err)
	}
	at.pass(time.Hour)
	crash()
	if got, err := ask(m, fixture.Echo, "text", "x"); err != nil || got != "x" {
		t.Errorf("after a long life: got %q, %v", got, err)
	}
}

func TestProcessThatIsKilledIsStartedAgain(t *testing.T) {
	_, m := load(t, process.Config{})
	for range 3 {
		pids := process.Pids(m)
		if len(pids) != 1 {
			t.Fatalf("processes %v", pids)
		}
		if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for len(process.Pids(m)) > 0 {
			runtime.Gosched()
		}
		if got, err := ask(m, fixture.Echo, "text", "x"); err != nil || got != "x" {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestProcessThatDoesNotAnswerIsReplacedBeforeTheNextCall(t *testing.T) {
	_, m := load(t, process.Config{Idle: time.Nanosecond})
	pids := process.Pids(m)
	if err := syscall.Kill(pids[0], syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for state := ""; state != "T"; runtime.Gosched() { // until all its threads stand still
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pids[0]))
		if err != nil {
			t.Fatal(err)
		}
		_, _, state = parseStat(string(text))
	}
	if got, err := ask(m, fixture.Echo, "text", "x"); err != nil || got != "x" {
		t.Errorf("got %q, %v", got, err)
	}
	if left := soon(pids); len(left) > 0 {
		t.Errorf("%v is still there", left)
	}
}

func TestCallsBesideOneThatHangsComeToTheirEnd(t *testing.T) {
	d, m := load(t, process.Config{Grace: time.Millisecond, Drain: time.Minute})
	message := echo(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := m.Call(context.Background(), driver.Call{Message: message, Tenant: "modest"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for d.Stats().Ends < 2 {
		_, err := m.Call(context.Background(), driver.Call{
			Message: drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Sleep}), Tenant: "greedy", Budget: driver.Budget{Timeout: 50 * time.Millisecond},
		})
		wantCode(t, err, sdk.Deadline, sdk.FromPlugin)
	}
	close(stop)
	wg.Wait()
}

func TestOutputGoesToTheDeveloperAlone(t *testing.T) {
	var operator, developer bytes.Buffer
	var mu sync.Mutex
	logger := func(b *bytes.Buffer) *slog.Logger {
		return slog.New(slog.NewTextHandler(locked{&mu, b}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	const secret = "summary of an issue"
	for _, output := range []*slog.Logger{nil, logger(&developer)} {
		_, m := load(t, process.Config{Logger: logger(&operator), Output: output})
		_, err := ask(m, fixture.Panic)
		wantCode(t, err, sdk.Internal, sdk.FromPlugin)
		for _, text := range []string{secret + "\n", strings.Repeat("y", 9000) + "\n", strings.Repeat("z\n", 100_000)} {
			if _, err := ask(m, fixture.Print, "text", text); err != nil {
				t.Fatal(err)
			}
		}
		// What was written before its end is read before it is gone.
		if _, err := ask(m, fixture.Exit); err == nil {
			t.Error("it did not end")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(operator.String(), secret) || strings.Contains(operator.String(), "panic") {
		t.Errorf("the operator's log holds what the plugin wrote:\n%s", operator.String())
	}
	got := developer.String()
	if !strings.Contains(got, secret) || !strings.Contains(got, "as asked") {
		t.Errorf("the developer's log lacks what the plugin wrote:\n%.2000s", got)
	}
	for line := range strings.Lines(got) {
		if len(line) > 4<<10+200 {
			t.Errorf("a line has %d bytes", len(line))
		}
	}
	if n := len(got); n > 20<<20 {
		t.Errorf("the developer's log has %d bytes", n)
	}
}

// locked is a buffer that several loggers write to.
type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	d, m := load(t, process.Config{})
	if _, err := ask(m, fixture.Exit); err == nil {
		t.Error("it did not end")
	}
	if _, err := ask(m, fixture.Echo, "text", "x"); err != nil {
		t.Error(err)
	}
	// While it runs there is no socket that somebody else could find.
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("running, there are %v, %v", entries, err)
	}
	before := descriptors(t)
	if err := d.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if after := descriptors(t); after >= before {
		t.Errorf("%d descriptors were open before the end, and %d after it", before, after)
	}
	if s := d.Stats(); s.Processes != 0 {
		t.Errorf("stats are %+v", s)
	}
	if _, err := d.Load(context.Background(), self(t), driver.Limits{}); err == nil {
		t.Error("a closed driver loads")
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestLongPathForTemporaryFilesIsNoObstacle(t *testing.T) {
	dir := t.TempDir() + "/" + strings.Repeat("x", 80)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	_, m := load(t, process.Config{})
	if got, err := ask(m, fixture.Echo, "text", "x"); err != nil || got != "x" {
		t.Errorf("got %q, %v", got, err)
	}
}
