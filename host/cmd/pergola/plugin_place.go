package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/dirlock"
)

const (
	// installLock is in the plugin directory; whoever reads that leaves names with a dot alone.
	installLock = ".install.lock"
	// installPatience is for how long an installation waits for the one before it, which takes an instant unless the disk does not answer.
	installPatience = 20 * time.Second
	installRetry    = 20 * time.Millisecond
)

var errInstalling = errors.New("another installation is under way")

// place puts a bundle into a plugin directory when no other installation does, wherever that was begun. Two of the same plugin would each
// judge by what it found, and an older version could come after a newer one, or both stay. It waits until ctx ends.
func place(ctx context.Context, dir string, trust bundle.Trust, v bundle.Verified) (p registry.Placed, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return registry.Placed{}, fmt.Errorf("plugin directory: %w", err)
	}
	lock, err := waitFor(ctx, filepath.Join(dir, installLock))
	if err != nil {
		return registry.Placed{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	return registry.Put(dir, trust, v)
}

func waitFor(ctx context.Context, path string) (*dirlock.Lock, error) {
	again := time.NewTicker(installRetry)
	defer again.Stop()
	for {
		lock, err := dirlock.Hold(path, errInstalling)
		if !errors.Is(err, errInstalling) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w in %s and does not end; nothing was changed, so try again when it has ended", errInstalling, filepath.Dir(path))
		case <-again.C:
		}
	}
}
