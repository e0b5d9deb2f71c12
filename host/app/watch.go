package app

import (
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"time"
)

// watchEvery is how often the plugin directory is looked at in development.
const watchEvery = 500 * time.Millisecond

// watch reads the plugin directory again when it has changed and then stayed as it is for a moment, so that a build that
// is still writing is left alone. It is for development: it looks at times and sizes, which are no proof.
func (h *Host) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	taken, before := fingerprint(h.shelf.dir), uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := fingerprint(h.shelf.dir)
		if now != taken && now == before {
			taken = now
			if _, err := h.Reload(ctx); err != nil {
				h.log.ErrorContext(ctx, "plugins were read again, and some were left out", "error", err)
			}
		}
		before = now
	}
}

// fingerprint changes with the name, size or time of any file below dir.
func fingerprint(dir string) uint64 {
	sum := fnv.New64a()
	_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it went away meanwhile: the next look sees it gone
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			fmt.Fprintf(sum, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return sum.Sum64()
}
