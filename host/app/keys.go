package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/kms"
)

// KeyFile is where a host with this configuration keeps wrapping keys, "" where all come from elsewhere.
func KeyFile(cfg config.Config) string {
	switch {
	case cfg.Keys.File != "":
		return cfg.Keys.File
	case len(cfg.Keys.KMS) > 0 || cfg.Keys.Ring != "":
		return ""
	}
	return filepath.Join(cfg.Data, "keys.json")
}

func (s *Storage) openKeys(ctx context.Context, cfg config.Config) error {
	ring, made, err := readRing(ctx, cfg)
	if err != nil {
		return err
	}
	if s.Keys, err = seal.NewKeeper(s.Store, ring, time.Now, seal.Config{}); err != nil {
		return err
	}
	s.ring.Store(ring)
	if err := s.checkKeys(ctx, ring); err != nil {
		if made { // with a new one in its place, nobody would notice that the file is lost
			err = errors.Join(err, os.Remove(KeyFile(cfg)))
		}
		return err
	}
	if made {
		s.log.InfoContext(ctx, "key file made; keep a copy of it apart from the data: without it the secrets of the sites are lost", "file", KeyFile(cfg))
	}
	return nil
}

// Ring are the wrapping keys.
func (s *Storage) Ring() *seal.Ring { return s.ring.Load() }

// ReloadKeys reads the wrapping keys again and encrypts with them from now on; the sites' keys are wrapped anew in the
// background. Where they cannot be read, or the data needs others, those that are there stay.
func (s *Storage) ReloadKeys(ctx context.Context, cfg config.Config) error {
	ring, made, err := readRing(ctx, cfg)
	if err == nil {
		err = s.checkKeys(ctx, ring)
	}
	if made && err != nil {
		err = errors.Join(err, os.Remove(KeyFile(cfg)))
	}
	if err != nil {
		return fmt.Errorf("read the keys again: %w; the ones from before stay", err)
	}
	if before := s.ring.Swap(ring); !slices.Equal(before.IDs(), ring.IDs()) {
		s.Keys.Use(ring)
		s.log.InfoContext(ctx, "keys were read again", "keys", ring.IDs())
		select {
		case s.rekeying <- struct{}{}:
		default: // that is to be done already
		}
	}
	return nil
}

func readRing(ctx context.Context, cfg config.Config) (ring *seal.Ring, made bool, err error) {
	keys, made, err := wrappers(ctx, cfg)
	if err != nil {
		return nil, false, err
	}
	if ring, err = seal.NewRing(keys...); err == nil {
		err = ring.Check(ctx)
	}
	return ring, made, err
}

// checkKeys compares the keys that the data needs with those of a ring.
func (s *Storage) checkKeys(ctx context.Context, ring *seal.Ring) error {
	needed, err := s.Keys.Census(ctx, s.Store)
	if err != nil {
		return err
	}
	var missing []string
	for _, id := range slices.Sorted(maps.Keys(needed)) {
		if !slices.Contains(ring.IDs(), id) {
			missing = append(missing, id)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case len(missing) == len(needed):
		return fmt.Errorf("the data is encrypted with the keys %q, of which none is there: name them in keys.file, keys.ring or keys.kms, from the copy that you keep apart from the data", missing)
	}
	for _, id := range missing {
		s.log.ErrorContext(ctx, "a key is missing, without which some sites cannot be served", "key", id, "keys of sites", needed[id])
	}
	return nil
}

// wrappers returns the wrapping keys that cfg names, the one for what is new first, and whether the file was made just now.
func wrappers(ctx context.Context, cfg config.Config) (keys []seal.Wrapper, made bool, err error) {
	for _, uri := range cfg.Keys.KMS {
		key, err := kms.Open(ctx, uri)
		if err != nil {
			return nil, false, err
		}
		keys = append(keys, key)
	}
	if cfg.Keys.Ring != "" {
		ring, err := seal.ParseKeys(seal.NewSecret(cfg.Keys.Ring))
		if err != nil {
			return nil, false, err
		}
		keys = append(keys, ring...)
	}
	if file := KeyFile(cfg); file != "" {
		kept, isNew, err := seal.OpenKeyFile(file)
		if err != nil {
			return nil, false, err
		}
		keys, made = append(keys, kept...), isNew
	}
	return keys, made, nil
}
