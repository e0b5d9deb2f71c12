package mongostore_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/pergola-platform/pergola/host/store/mongostore"
)

// ferretBinary is where .ci/ferretdb.sh puts the server.
var ferretBinary = filepath.Join("..", "..", "..", "bin", "tools", "ferretdb-v1.24.2", "ferretdb")

// superviseEnv turns the test binary into the supervisor of the program that its arguments name.
const superviseEnv = "PERGOLA_TEST_SUPERVISE"

// serverURI is where the server is that the tests run against, "" where there is none.
var serverURI string

const noFerret = "no FerretDB in bin/tools: run .ci/ferretdb.sh"

// run makes the names of databases differ from those of other runs on the same server.
var run = rand.Text()

func TestMain(m *testing.M) {
	if os.Getenv(superviseEnv) != "" {
		supervise()
		return
	}
	os.Exit(withServer(m))
}

func withServer(m *testing.M) int {
	if serverURI = os.Getenv("MONGODB_URI"); serverURI != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "pergola-ferretdb-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	f, err := startFerret(dir, "127.0.0.1:0")
	switch {
	case errors.Is(err, os.ErrNotExist):
		// Each test that needs it says so.
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	default:
		defer f.kill()
		serverURI = f.uri()
	}
	return m.Run()
}

// needServer returns the URI of the server to test on.
func needServer(t testing.TB) string {
	t.Helper()
	if serverURI == "" {
		missing(t, noFerret+", or set MONGODB_URI to a replica set")
	}
	return serverURI
}

// missing skips a test, or fails it where nothing may be missing.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// ferret is a running FerretDB.
type ferret struct {
	addr  string
	alive io.Closer // the supervisor's standard input
	cmd   *exec.Cmd
}

func (f *ferret) uri() string { return "mongodb://" + f.addr + "/" }

// startFerret starts FerretDB on the data in dir, and waits until it listens. A supervisor process between the two kills it
// when kill is called, and as well when the tests end without doing so: in a panic, or by a timeout.
func startFerret(dir, addr string, more ...string) (*ferret, error) {
	if _, err := os.Stat(ferretBinary); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, append([]string{
		ferretBinary, "--handler=sqlite", "--sqlite-url=file:" + filepath.ToSlash(dir) + "/", "--state-dir=" + dir,
		"--listen-addr=" + addr, "--debug-addr=-", "--telemetry=disable", "--log-level=info",
	}, more...)...)
	// The race detector of the supervisor, which has nothing to find, would keep it for a second at its end.
	cmd.Env = append(os.Environ(), superviseEnv+"=1", "DO_NOT_TRACK=1", "GORACE=atexit_sleep_ms=0")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	f := &ferret{alive: in, cmd: cmd}
	answer, err := io.ReadAll(out) // the supervisor closes it once it has said the address, or why there is none
	if f.addr = string(answer); err != nil || !strings.HasPrefix(f.addr, "127.0.0.1:") {
		f.kill()
		return nil, fmt.Errorf("start FerretDB: %v\n%s", err, answer)
	}
	return f, nil
}

// kill ends the server without warning and waits until it is gone.
func (f *ferret) kill() {
	_ = f.alive.Close()
	_ = f.cmd.Wait()
}

var listening = regexp.MustCompile(`Listening on TCP (127\.0\.0\.1:\d+)\.\.\.`)

// supervise runs a server until its own standard input ends.
func supervise() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprint(os.Stdout, err)
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = cmd.Process.Kill()
	}()
	lines := bufio.NewReader(log)
	var said strings.Builder
	for {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if m := listening.FindStringSubmatch(line); m != nil {
			fmt.Fprint(os.Stdout, m[1])
			break
		}
		if err != nil {
			fmt.Fprint(os.Stdout, said.String())
			break
		}
	}
	_ = os.Stdout.Close()
	_, _ = io.Copy(io.Discard, lines)
	_ = cmd.Wait()
}

// config is the configuration of a database of its own for name, dropped at the end of the test.
func config(t testing.TB, name string) mongostore.Config {
	t.Helper()
	cfg := mongostore.Config{
		URI:                 needServer(t),
		Database:            fmt.Sprintf("pergola_test_%x", sha256.Sum256([]byte(run+name)))[:36],
		WithoutTransactions: true,
	}
	t.Cleanup(func() { _ = raw(t, cfg).Drop(context.Background()) })
	return cfg
}

func open(t testing.TB, cfg mongostore.Config) *mongostore.Store {
	t.Helper()
	s, err := mongostore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *mongostore.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// raw is a store's database as others see it.
func raw(t testing.TB, cfg mongostore.Config) *mongo.Database {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(cfg.URI).SetTimeout(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(cfg.Database)
}

func wantMessage(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
