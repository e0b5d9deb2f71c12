package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// format is the version of the snapshot file; a file of another version is refused rather than misread.
const format = 1

// fileName is the snapshot inside the data directory.
const fileName = "site.json"

// Store keeps the current [State] in memory and on disk. It is safe for concurrent use: readers hold an immutable
// snapshot, writers work on a copy one after the other.
//
// A change costs a copy and a rewrite of the whole state: about 2 ms for the seeded site. That buys a file which a
// person can read, and never half of a change in it.
type Store struct {
	path    string
	mu      sync.Mutex // one writer at a time
	current atomic.Pointer[State]
}

// Open loads the snapshot in dir, or keeps what seed returns where there is none yet. The directory is made if needed;
// only its owner can read it, since it holds the shared secrets of installed apps.
func Open(dir string, seed func() (*State, error)) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	s := &Store{path: filepath.Join(dir, fileName)}
	raw, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		st, err := seed()
		if err != nil {
			return nil, fmt.Errorf("seed the site: %w", err)
		}
		st.Format = format
		if raw, err = s.write(st); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("read the site: %w", err)
	}
	st, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("read the site from %s: %w; delete the file to start over", s.path, err)
	}
	s.current.Store(st)
	return s, nil
}

// State returns the current state. It must not be changed.
func (s *Store) State() *State { return s.current.Load() }

// Change runs change on a copy of the state and, if it returns nil, keeps the copy: when Change returns nil, the new
// state is on disk and survives the end of the process and of the machine. An error of change is returned as it is, and
// nothing has changed then.
func (s *Store) Change(change func(*State) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := json.Marshal(s.current.Load())
	if err != nil {
		return fmt.Errorf("copy the site: %w", err)
	}
	next, err := decode(raw)
	if err != nil {
		return fmt.Errorf("copy the site: %w", err)
	}
	if err := change(next); err != nil {
		return err
	}
	if _, err := s.write(next); err != nil {
		return err
	}
	s.current.Store(next)
	return nil
}

// write replaces the snapshot in one step: a new file beside it, on disk before it takes the name. Whoever is killed in
// between leaves the old snapshot whole.
func (s *Store) write(st *State) ([]byte, error) {
	raw, err := json.MarshalIndent(st, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode the site: %w", err)
	}
	next := s.path + ".next"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the site: %w", err)
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(next, s.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(s.path))
	}
	if err != nil {
		return nil, fmt.Errorf("write the site: %w", err)
	}
	return raw, nil
}

// syncDir makes the rename itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func decode(raw []byte) (*State, error) {
	st := &State{}
	if err := json.Unmarshal(raw, st); err != nil {
		return nil, err
	}
	if st.Format != format {
		return nil, fmt.Errorf("format %d, this version reads %d", st.Format, format)
	}
	if st.Issues == nil {
		st.Issues = map[IssueID]*Issue{}
	}
	if st.Moved == nil {
		st.Moved = map[string]IssueID{}
	}
	if st.Apps == nil {
		st.Apps = map[AppKey]*App{}
	}
	st.link()
	return st, nil
}
