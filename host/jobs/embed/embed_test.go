package embed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/pergola-platform/pergola/host/jobs/embed"
)

var discard = slog.New(slog.DiscardHandler)

func start(t *testing.T, dir string, log *slog.Logger) *embed.Server {
	t.Helper()
	s, err := embed.Start(t.Context(), embed.Config{Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// bucket connects to a server and opens a bucket on it.
func bucket(t *testing.T, s *embed.Server) jetstream.KeyValue {
	t.Helper()
	conn, err := nats.Connect("", s.Option(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateOrUpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "test", Storage: jetstream.FileStorage})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

func TestWhatIsStoredIsThereAfterAClose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "queue")
	s := start(t, dir, discard)
	if _, err := bucket(t, s).PutString(t.Context(), "k", "7"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	e, err := bucket(t, start(t, dir, discard)).Get(t.Context(), "k")
	if err != nil || string(e.Value()) != "7" {
		t.Errorf("%v, %v", e, err)
	}
}

func TestADirectoryBelongsToOneServer(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, discard)
	_, err := embed.Start(t.Context(), embed.Config{Dir: dir, Log: discard})
	if !errors.Is(err, embed.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second server: %v", err)
	}
}

func TestADirectoryThatCannotBeWrittenIsRefusedAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() // a file stands where the server wants its directory
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]embed.Config{
		"no directory": {Log: discard}, "no log": {Dir: dir}, "a file": {Dir: file, Log: discard}, "a file inside": {Dir: dir, Log: discard},
	} {
		began := time.Now()
		s, err := embed.Start(t.Context(), cfg)
		if err == nil {
			t.Errorf("%s: no error", name)
			_ = s.Close()
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: the error %v took %s", name, err, took)
		}
	}
}

func TestTheServerHasNoPort(t *testing.T) {
	s := start(t, t.TempDir(), discard)
	conn, err := nats.Connect("", s.Option())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if c, err := net.DialTimeout("tcp", nats.DefaultURL[len("nats://"):], time.Second); err == nil {
		_ = c.Close()
		t.Error("somebody listens on the port of NATS")
	}
	if conn.ConnectedAddr() != "pipe" {
		t.Errorf("connected to %s, want a pipe", conn.ConnectedAddr())
	}
}

// lines is a writer for a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestTheLogHoldsNothingOfWhatIsStored(t *testing.T) {
	var log lines
	s := start(t, t.TempDir(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.Level(-100)})))
	kv := bucket(t, s)
	if _, err := kv.PutString(context.Background(), "key4711", "value4712"); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Update(context.Background(), "key4711", []byte("value4712"), 99); err == nil {
		t.Error("a wrong revision was taken")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if !strings.Contains(text, "JetStream") {
		t.Errorf("the server said nothing: %q", text)
	}
	for _, word := range []string{"key4711", "value4712"} {
		if strings.Contains(text, word) {
			t.Errorf("the log holds %s:\n%s", word, text)
		}
	}
}
