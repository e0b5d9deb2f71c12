// Package door is the way by which an operator's commands speak with the host that runs on a data directory: HTTP over a Unix
// socket in it, which only the host's own user can open. Start with [Open] in the host, and with [Client] beside it.
//
// The host may have been killed and left its socket behind. A lock beside it, which the system lets go of in any case, tells that
// from a host that runs: whoever holds the lock puts a new socket in the place of the old one. Where the path of a socket in the
// data directory would be longer than the system takes, the socket lies in a directory of its own, whose path stands in a file.
//
// The package knows nothing of what is said; that is host/web.
package door

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pergola-platform/pergola/host/dirlock"
)

// What lies in a data directory.
const (
	socketFile = "operator.sock"
	lockFile   = "operator.lock"
	pathFile   = "operator.path" // where the socket lies elsewhere
)

// maxPath is the longest path of a socket that every system takes: macOS has room for 104 bytes and a zero, Linux for 108.
const maxPath = 103

// awayPrefix begins the names of directories for sockets that lie elsewhere, hallPrefix those of directories in which a socket is made,
// with the room that the rest of such a name and the socket's own take.
const (
	awayPrefix  = "pergola-door-"
	hallPrefix  = ".door-"
	roomForHall = len("4294967295/s")
)

var (
	// ErrTaken is for a data directory whose door another host holds.
	ErrTaken = errors.New("another host holds this door")
	// ErrClosed is for a data directory on which no host runs.
	ErrClosed = errors.New("no host runs")
)

// Door is a net.Listener on the socket. Make it with Open.
type Door struct {
	net.Listener
	path, pointer string // pointer is "" where the socket lies in the data directory
	lock          *dirlock.Lock
}

// Open opens the door of the data directory dir, which exists. The error is ErrTaken where another host holds it.
func Open(dir string) (_ *Door, err error) {
	lock, err := dirlock.Hold(filepath.Join(dir, lockFile), ErrTaken)
	if err != nil {
		return nil, err
	}
	d := &Door{lock: lock}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.clear(), lock.Release())
		}
	}()
	if err := sweep(dir); err != nil {
		return nil, err
	}
	if len(filepath.Join(dir, hallPrefix)) > maxPath-roomForHall {
		err = d.openAway(dir)
	} else {
		err = d.openIn(dir)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// sweep takes away what a host that was killed left.
func sweep(dir string) error {
	own := filepath.Join(dir, socketFile)
	if at, err := os.Lstat(own); err == nil && at.Mode().Type() != fs.ModeSocket && at.Mode().Type() != fs.ModeIrregular {
		return fmt.Errorf("%s is no socket, and the operator's commands need its place; move it away", own)
	}
	if err := remove(own); err != nil {
		return err
	}
	away, err := readPointer(dir)
	if err != nil {
		return err
	}
	// Only what looks like ours is taken away, whatever stands in the file.
	if parent := filepath.Dir(away); strings.HasPrefix(filepath.Base(parent), awayPrefix) && filepath.Base(away) == socketFile {
		_ = remove(away)
		_ = os.Remove(parent)
	}
	return remove(filepath.Join(dir, pathFile))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make room for the operator's socket: %w", err)
	}
	return nil
}

// openIn listens in the data directory. The socket is made in a directory that is the user's alone and moved when its mode is right: the
// data directory may have been made by somebody who was not careful.
func (d *Door) openIn(dir string) error {
	hall, err := os.MkdirTemp(dir, hallPrefix) // with mode 0700
	if err != nil {
		return fmt.Errorf("make a directory for the operator's socket: %w", err)
	}
	err = d.open(filepath.Join(hall, "s"))
	if err == nil {
		own := filepath.Join(dir, socketFile)
		if err = os.Rename(d.path, own); err == nil {
			d.path = own
		}
	}
	return errors.Join(err, os.RemoveAll(hall))
}

// open listens at a path in a directory that is the user's alone.
func (d *Door) open(path string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("open the operator's socket: %w", err)
	}
	l.SetUnlinkOnClose(false) // clear does it, while the lock is held
	d.Listener, d.path = l, path
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("keep the operator's socket to its user: %w", err)
	}
	return nil
}

// openAway listens in a directory of its own, which is the user's alone, and leaves word of it.
func (d *Door) openAway(dir string) error {
	away, err := os.MkdirTemp("", awayPrefix) // with mode 0700
	if err != nil {
		return fmt.Errorf("make a directory for the operator's socket: %w", err)
	}
	path := filepath.Join(away, socketFile)
	if len(path) > maxPath {
		return errors.Join(fmt.Errorf("the paths %s and %s are longer than the %d bytes that a socket's may have; move the data directory, or set TMPDIR to a shorter path",
			filepath.Join(dir, socketFile), path, maxPath), os.Remove(away))
	}
	if err := d.open(path); err != nil {
		return errors.Join(err, os.RemoveAll(away))
	}
	d.pointer = filepath.Join(dir, pathFile)
	if err := os.WriteFile(d.pointer, []byte(path+"\n"), 0o600); err != nil {
		return fmt.Errorf("leave word of the operator's socket: %w", err)
	}
	return nil
}

// Close takes no more connections and takes the socket away.
func (d *Door) Close() error {
	err := d.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return err // the lock is released already
	}
	return errors.Join(err, d.clear(), d.lock.Release())
}

// clear takes away the socket and what leads to it.
func (d *Door) clear() error {
	if d.path == "" {
		return nil
	}
	err := d.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	err = errors.Join(err, remove(d.path))
	if d.pointer != "" {
		err = errors.Join(err, remove(filepath.Dir(d.path)), remove(d.pointer))
	}
	return err
}

// readPointer returns where the socket of a data directory lies, "" where nothing says that it is elsewhere.
func readPointer(dir string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, pathFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the operator's socket: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// Client returns a client that speaks with the host that runs on the data directory dir, whatever host a request's address names. Its
// errors are ErrClosed where none runs there. Call CloseIdleConnections in the end.
func Client(dir string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) },
	}}
}

func dial(ctx context.Context, dir string) (net.Conn, error) {
	path, err := readPointer(dir)
	if err != nil {
		return nil, explain(dir, err)
	}
	if path == "" {
		path = filepath.Join(dir, socketFile)
	}
	if len(path) > maxPath {
		return nil, fmt.Errorf("%w on %s; start it there with pergola serve, or name its data directory with --data", ErrClosed, dir)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, explain(dir, err)
	}
	return conn, nil
}

// explain says what an error means for whoever gave the command.
func explain(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the host on %s runs as another user; give the command as that user: %w", dir, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w on %s; start it there with pergola serve, or name its data directory with --data", ErrClosed, dir)
	}
	return err
}
