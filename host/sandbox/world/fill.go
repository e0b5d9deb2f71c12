package world

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that a data directory has a site already, which is not filled again.
var ErrExists = errors.New("there is a site already")

// errNoSite is what a seed returns that must not be asked for.
var errNoSite = errors.New("no site")

// filling is the pattern of the directories in which a site lies that is not complete yet.
const filling = "filling-*"

// openFilled makes a site with cfg.Fill. It grows in a directory of its own and takes its place when it is complete, so that a
// process that ends before leaves no part of a site behind that looks like a whole one.
func openFilled(cfg Config) (*Store, error) {
	fill := cfg.Fill
	cfg.Fill, cfg.From = nil, nil
	if cfg.Dir == "" {
		return filled(cfg, fill)
	}
	if err := vacant(cfg); err != nil {
		return nil, err
	}
	left, err := filepath.Glob(filepath.Join(cfg.Dir, filling))
	if err != nil {
		return nil, err
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("remove what an earlier start left behind: %w", err)
		}
	}
	next := cfg
	if next.Dir, err = os.MkdirTemp(cfg.Dir, filling); err != nil {
		return nil, fmt.Errorf("make a directory for the new site: %w", err)
	}
	s, err := filled(next, fill)
	if err == nil {
		err = s.Close()
	}
	if err == nil {
		err = takePlace(next.Dir, cfg.Dir)
	}
	if err = errors.Join(err, os.RemoveAll(next.Dir)); err != nil {
		return nil, err
	}
	cfg.Seed = func(*Tx) error { return errNoSite }
	return openHeld(cfg)
}

// filled opens an empty site and fills it.
func filled(cfg Config, fill func(*Store) error) (*Store, error) {
	cfg.Seed = func(*Tx) error { return nil }
	s, err := openHeld(cfg)
	if err != nil {
		return nil, err
	}
	if err := fill(s); err != nil {
		return nil, errors.Join(fmt.Errorf("fill the site: %w", err), s.Close())
	}
	if s.State().ID == "" {
		return nil, errors.Join(errors.New("fill the site: nothing says what it is called"), s.Close())
	}
	// Who watches gets no events of the time before.
	s.last.Store(&link{ready: make(chan struct{})})
	return s, nil
}

// vacant returns [ErrExists] where a site lies in the data directory. A file that a first start left behind
// before it had a site is removed.
func vacant(cfg Config) error {
	path := filepath.Join(cfg.Dir, FileName)
	if _, err := os.Stat(filepath.Join(cfg.Dir, fileFormat1)); err == nil {
		return fmt.Errorf("%w in %s", ErrExists, cfg.Dir)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	cfg.Seed = func(*Tx) error { return errNoSite }
	s, err := openHeld(cfg)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("%w in %s", ErrExists, path), s.Close())
	case !errors.Is(err, errNoSite):
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// takePlace moves a complete site. Indexes of a site that was deleted must not be taken for its own.
func takePlace(from, to string) error {
	if err := os.Remove(filepath.Join(to, indexName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(from, FileName), filepath.Join(to, FileName)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(from, indexName), filepath.Join(to, indexName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
