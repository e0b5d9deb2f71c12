package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pergola-platform/pergola/host/dirlock"
	"github.com/pergola-platform/pergola/host/sandbox/world/disk"
)

// FileName is the site inside the data directory. Beside it lies a copy of the indexes, which only saves time.
const FileName = "site.db"

// Config says where a site lives and what it begins with.
type Config struct {
	// Dir is the data directory; it is made if needed, and only its owner can read what is in it, since that has the shared
	// secrets of installed apps. "" keeps everything in memory.
	Dir string
	// From is what a new site begins with. nil leaves that to Seed.
	From *Snapshot
	// Seed fills a new site.
	Seed func(*Tx) error
	// Fill fills a new site in as many changes as it likes, and keeps memory bounded that way; it goes before From and Seed.
	// Until it has returned nil there is no site. A site that exists already is refused with [ErrExists].
	Fill func(*Store) error
	// Clock is the time of changes. nil is time.Now.
	Clock func() time.Time
	// Lag is how long searches run behind at first; see [Store.SetLag].
	Lag time.Duration
}

// Store keeps the current [State] in memory and, with a directory, on disk. It is safe for concurrent use: readers hold an
// immutable state and never wait, writers take turns. A change copies what it changes and nothing else.
type Store struct {
	clock   func() time.Time
	disk    *disk.File // nil in memory
	current atomic.Pointer[State]
	last    atomic.Pointer[link]
	past    past
	lock    *dirlock.Lock // of the data directory; nil in memory

	mu     sync.Mutex // one writer at a time
	closed bool
	keeper keeper
}

// errClosed is what a change gets that comes after the end.
var errClosed = errors.New("the site is closed")

// Open opens the site in cfg.Dir, or makes one. A directory that is open already is [ErrLocked].
func Open(cfg Config) (*Store, error) {
	var l *dirlock.Lock
	if cfg.Dir != "" {
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("make data directory: %w", err)
		}
		var err error
		if l, err = dirlock.Hold(filepath.Join(cfg.Dir, lockName), ErrLocked); err != nil {
			return nil, err
		}
	}
	s, err := openHeld(cfg)
	if err != nil {
		if l != nil {
			err = errors.Join(err, l.Release())
		}
		return nil, err
	}
	s.lock = l
	s.SetLag(cfg.Lag)
	return s, nil
}

// openHeld is Open for whoever holds the directory.
func openHeld(cfg Config) (*Store, error) {
	if cfg.Fill != nil {
		return openFilled(cfg)
	}
	s := &Store{clock: cfg.Clock}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.last.Store(&link{ready: make(chan struct{})})
	var err error
	if cfg.Dir == "" {
		err = s.begin(cfg, newState())
	} else {
		err = s.openIn(cfg)
	}
	if err != nil {
		return nil, errors.Join(err, s.closeDisk())
	}
	return s, nil
}

func (s *Store) openIn(cfg Config) error {
	path := filepath.Join(cfg.Dir, FileName)
	old, err := readFormat1(filepath.Join(cfg.Dir, fileFormat1))
	if err != nil {
		return err
	}
	file, made, err := disk.Open(path)
	if err != nil {
		return fmt.Errorf("read the site from %s: %w; delete the file to start over", path, err)
	}
	s.disk = file
	switch {
	case !made:
		st, err := s.load()
		if err != nil {
			return fmt.Errorf("read the site from %s: %w; delete the file to start over", path, err)
		}
		if st.ID != "" {
			s.current.Store(st)
			return nil
		}
		// The first change never came to its end.
		fallthrough
	default:
		if old != nil {
			cfg.From, cfg.Seed = nil, old
		}
		// The indexes of a site that was deleted must not be taken for those of this one.
		if err := os.Remove(filepath.Join(cfg.Dir, indexName)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		st := newState()
		st.disk = file
		st.versions.issue, st.versions.part = file.Last()
		if err := s.begin(cfg, st); err != nil {
			return err
		}
		if old != nil {
			return retireFormat1(filepath.Join(cfg.Dir, fileFormat1))
		}
		return nil
	}
}

// begin fills a new site.
func (s *Store) begin(cfg Config, st *State) error {
	if cfg.From != nil && s.disk == nil {
		from := *cfg.From.state
		s.track(&from)
		s.current.Store(&from)
		return nil
	}
	s.current.Store(st)
	fill := cfg.Seed
	if cfg.From != nil {
		fill = cfg.From.fill
	}
	if fill == nil {
		return errors.New("open a new site: neither a snapshot nor a seed")
	}
	if err := s.Change(fill); err != nil {
		return fmt.Errorf("seed the site: %w", err)
	}
	// Who watches gets no events of the time before.
	s.last.Store(&link{ready: make(chan struct{})})
	return nil
}

// State returns the current state.
func (s *Store) State() *State { return s.current.Load() }

// Change runs change and, if it returns nil, keeps what it did: when Change returns nil, that is on disk and survives the end
// of the process and of the machine. An error of change is returned as it is, and nothing has changed then.
func (s *Store) Change(change func(*Tx) error) error { return s.ChangeAs("", change) }

// ChangeAs is [Store.Change] by somebody: changelogs and events say so.
func (s *Store) ChangeAs(who AccountID, change func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	tx := s.current.Load().begin(s.clock(), who)
	if err := change(tx); err != nil {
		return err
	}
	return s.commit(tx)
}

// commit writes what the transaction changed, and makes it the state.
func (s *Store) commit(tx *Tx) error {
	if len(tx.entities) == 0 && len(tx.dirty) == 0 {
		return nil
	}
	st := tx.State
	if s.disk != nil {
		if err := s.write(tx); err != nil {
			return fmt.Errorf("write the site: %w", err)
		}
	}
	s.track(st)
	s.publish(st, tx.events)
	s.keep(tx)
	return nil
}

// Close ends the site and saves the indexes, so that the next start is a quick one. Every change is on disk already.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := errors.Join(s.finish(), s.closeDisk())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Release())
	}
	return err
}

func (s *Store) closeDisk() error {
	if s.disk == nil {
		return nil
	}
	return s.disk.Close()
}
