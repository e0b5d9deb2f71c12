package door_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/door"
)

// serve answers every request on a door until the test ends.
func serve(t *testing.T, d *door.Door) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })}
	served := make(chan error, 1)
	go func() { served <- server.Serve(d) }()
	t.Cleanup(func() {
		// A test that has closed the door itself may come here before the server has noticed, which then closes it again.
		if err := server.Shutdown(context.Background()); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

func ask(dir string) (string, error) {
	c := door.Client(dir)
	defer c.CloseIdleConnections()
	r, err := c.Get("http://operator/")
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Body.Close() }()
	raw, err := io.ReadAll(r.Body)
	return string(raw), err
}

func open(t *testing.T, dir string) *door.Door {
	t.Helper()
	d, err := door.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func entries(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestDoorIsTheHostsUsersOwn(t *testing.T) {
	dir := t.TempDir()
	serve(t, open(t, dir))
	if got, err := ask(dir); err != nil || got != "here" {
		t.Fatalf("the host answers %q, %v", got, err)
	}
	at, err := os.Stat(filepath.Join(dir, "operator.sock"))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && at.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket has the mode %s, want that of its user alone", at.Mode())
	}
}

func TestSocketOfAKilledHostIsReplaced(t *testing.T) {
	dir := t.TempDir()
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "operator.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(dir); !errors.Is(err, door.ErrClosed) || !strings.Contains(err.Error(), "pergola serve") {
		t.Errorf("beside a stale socket the command reads %v", err)
	}
	serve(t, open(t, dir))
	if got, err := ask(dir); err != nil || got != "here" {
		t.Errorf("the new host answers %q, %v", got, err)
	}
}

func TestSecondHostLeavesTheDoorToTheFirst(t *testing.T) {
	dir := t.TempDir()
	serve(t, open(t, dir))
	if _, err := door.Open(dir); !errors.Is(err, door.ErrTaken) {
		t.Errorf("the second host gets %v, want ErrTaken", err)
	}
	if got, err := ask(dir); err != nil || got != "here" {
		t.Errorf("after the second host tried, the first answers %q, %v", got, err)
	}
}

func TestClosedDoorLeavesNothingThatAnswers(t *testing.T) {
	dir := t.TempDir()
	if _, err := ask(dir); !errors.Is(err, door.ErrClosed) {
		t.Errorf("without a host the command reads %v", err)
	}
	d := open(t, dir)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closing it again: %v", err)
	}
	if got := entries(t, dir); got != "operator.lock" {
		t.Errorf("it left %s", got)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Errorf("opening it once more: %v", err)
	}
}

func TestPathThatIsTooLongForASocket(t *testing.T) {
	short := t.TempDir()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	t.Setenv("TMPDIR", short)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(dir); !errors.Is(err, door.ErrClosed) {
		t.Errorf("without a host the command reads %v", err)
	}
	d := open(t, dir)
	if got := strings.Count(entries(t, short), "pergola-door-"); got != 1 {
		t.Fatalf("%d directories for the socket, want one: %s", got, entries(t, short))
	}
	at, err := os.Stat(filepath.Join(short, entries(t, short)))
	if err != nil || at.Mode().Perm() != 0o700 {
		t.Errorf("the directory of the socket has the mode %v, %v", at.Mode(), err)
	}
	serve(t, d)
	if got, err := ask(dir); err != nil || got != "here" {
		t.Errorf("the host answers %q, %v", got, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, short) + entries(t, dir); left != "operator.lock" {
		t.Errorf("it left %s", left)
	}
}

func TestWhatAKilledHostLeftElsewhereIsSwept(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	left := filepath.Join(tmp, "pergola-door-1")
	foreign := filepath.Join(tmp, "precious")
	for _, d := range []string{left, foreign} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "operator.sock"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{left, foreign} {
		if err := os.WriteFile(filepath.Join(dir, "operator.path"), []byte(filepath.Join(at, "operator.sock")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := entries(t, tmp); got != "precious" {
		t.Errorf("after the sweep there is %q, want what is not ours alone", got)
	}
}

func TestFileInTheSocketsPlaceIsNotTakenAway(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "operator.sock")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := door.Open(dir); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("got %v", err)
	}
	if raw, err := os.ReadFile(file); err != nil || string(raw) != "mine" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
}
