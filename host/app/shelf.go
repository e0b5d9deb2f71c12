package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/tenant"
)

// shelf is what was found in the plugin directory, and what became of it.
type shelf struct {
	dir string

	turn   sync.Mutex                     // one reading at a time; it guards what follows
	taken  map[capability.PluginID]offer  // what the engine took last
	folder map[string]capability.PluginID // the plugin of each folder, as it could last be read

	mu   sync.Mutex
	gone map[capability.PluginID]bool // taken out while the host served, to be hidden in Jira
}

// offer is what was found under a plugin's id.
type offer struct {
	manifest *manifest.Manifest
	digest   [sha256.Size]byte
}

// unreadable is a bundle that could not be read.
type unreadable struct{ dir, reason string }

// Error returns the reason, which names the folder or file.
func (u *unreadable) Error() string { return u.reason }

// Changes is what reading the plugin directory again has changed.
type Changes struct {
	Taken   []string // plugins and versions that were taken in, such as "acme.notes 1.1.0"
	Removed []string // ids of the plugins that were taken out
}

// Reload reads the plugin directory again: what is new or newer is taken in beside the running host, what is gone is taken
// out, and what has not changed is not touched. A bundle that is broken changes nothing: what serves goes on serving, and
// the error says what is wrong with which. Calls that run end on the version on which they began.
func (h *Host) Reload(ctx context.Context) (Changes, error) {
	// A directory that is not there holds no plugins at the start; later it is a mistake, such as a disk that went away.
	if _, err := os.Stat(h.shelf.dir); err != nil {
		return Changes{}, fmt.Errorf("read the plugin directory again: %w; nothing was changed", err)
	}
	bundles, err := h.readPlugins()
	if err != nil {
		return Changes{}, fmt.Errorf("%w; nothing was changed", err)
	}
	changes, problems, err := h.take(ctx, bundles)
	if len(changes.Taken)+len(changes.Removed) > 0 {
		removed := make([]capability.PluginID, len(changes.Removed))
		for i, id := range changes.Removed {
			removed[i] = capability.PluginID(id)
		}
		h.announceAgain(removed)
	}
	h.log.InfoContext(ctx, "plugins were read again", "taken", changes.Taken, "removed", changes.Removed)
	return changes, errors.Join(append(problems, err)...)
}

// take makes the engine hold what was found. The problems are of bundles that could not be taken in, which keep no other
// from it; with an error none was.
func (h *Host) take(ctx context.Context, bundles *registry.Registry) (changes Changes, problems []error, err error) {
	h.shelf.turn.Lock()
	defer h.shelf.turn.Unlock()
	if h.shelf.taken == nil {
		h.shelf.taken, h.shelf.folder = map[capability.PluginID]offer{}, map[string]capability.PluginID{}
	}
	here, upgrade, stranger := map[capability.PluginID]bool{}, false, ""
	for _, e := range bundles.Entries() {
		if e.Reason != "" {
			problems = append(problems, &unreadable{e.Dir, e.Reason})
		}
		if e.Manifest == nil {
			// It says not whose it is. If its folder was a plugin's, that one must not go because of a typing error, and if
			// nobody knows it, it may be any plugin's next version.
			if id, known := h.shelf.folder[e.Dir]; known {
				here[id] = true
			} else {
				stranger = e.Dir
			}
			continue
		}
		here[e.Manifest.ID] = true
		h.shelf.folder[e.Dir] = e.Manifest.ID
		old, known := h.shelf.taken[e.Manifest.ID]
		if e.Reason == "" && (!known || old.digest != e.Digest || old.manifest.Version != e.Manifest.Version) {
			h.logTrust(ctx, e)
		}
		upgrade = upgrade || known && e.Manifest.Version != old.manifest.Version
	}
	for _, st := range h.engine.Plugins() {
		if id := st.Manifest.ID; !here[id] && stranger != "" {
			problems = append(problems, fmt.Errorf("plugin %s is gone, and serves on until %s can be read or is gone too: it may be its next version", id, stranger))
		} else if !here[id] {
			h.engine.Remove(id)
			h.catalog.Remove(id)
			delete(h.shelf.taken, id)
			maps.DeleteFunc(h.shelf.folder, func(_ string, of capability.PluginID) bool { return of == id })
			changes.Removed = append(changes.Removed, string(id))
		}
	}
	if upgrade { // a newer version may ask for more than what counts as granted
		err := h.eachTenant(ctx, func(t tenant.Tenant) error {
			if t.State == tenant.Uninstalled || t.State == tenant.Purging { // if it comes back, that is a new installation
				return nil
			}
			return h.features.Remember(ctx, t.ID)
		})
		if err != nil {
			return changes, problems, fmt.Errorf("remember what was granted to plugins: %w; nothing was taken in", err)
		}
	}
	h.tidy()
	i := &installer{host: h}
	release := h.prepare(ctx, bundles.Entries())
	err = bundles.Install(ctx, i)
	release()
	h.tidy()
	changes.Taken = i.taken
	return changes, append(problems, i.problems...), err
}

// preparing are the plugins that are compiled at the same time, at most: each needs some hundred MiB meanwhile.
const preparing = 4

// prepare has the engine ready the code that it has not got, side by side, while the plugins are taken in one by one. They stay ready
// until release is called.
func (h *Host) prepare(ctx context.Context, entries []registry.Entry) (release func()) {
	entries = slices.DeleteFunc(entries, func(e registry.Entry) bool {
		return e.Reason != "" || h.shelf.taken[e.Manifest.ID].digest == e.Digest
	})
	var next atomic.Int64
	releases := make([]func(), len(entries))
	var all sync.WaitGroup
	for range min(preparing, runtime.GOMAXPROCS(0), len(entries)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(entries); i = int(next.Add(1)) - 1 {
				releases[i] = h.engine.Prepare(ctx, entries[i].Manifest, entries[i].Code)
			}
		})
	}
	return func() {
		next.Store(int64(len(entries)))
		all.Wait()
		for _, release := range releases {
			if release != nil {
				release()
			}
		}
	}
}

// tidy has the catalog forget the versions of which no code runs any more, but for those of which an admin shall read why.
func (h *Host) tidy() {
	var keep []*manifest.Manifest
	for _, st := range h.engine.Plugins() {
		keep = append(keep, st.Manifest)
	}
	h.catalog.Keep(append(keep, h.engine.Alive()...))
}

// installer takes bundles in one by one; registry.Registry hands them to it.
type installer struct {
	host     *Host
	taken    []string
	problems []error
}

// Add implements registry.Engine.
func (i *installer) Add(ctx context.Context, m *manifest.Manifest, code []byte) error {
	h := i.host
	b := offer{m, sha256.Sum256(code)}
	// The same again is not even offered: a version that was tried and taken back would be tried once more.
	if old, known := h.shelf.taken[m.ID]; known && old.digest == b.digest && reflect.DeepEqual(old.manifest, m) {
		return nil
	}
	if err := i.add(ctx, m, code); err != nil {
		i.problems = append(i.problems, err)
		return err
	}
	h.shelf.taken[m.ID] = b
	i.taken = append(i.taken, string(m.ID)+" "+m.Version)
	return nil
}

// add lets the catalog know a version before the engine can call it, so that no call meets a version that the host does not
// know. What the engine runs already under that version stays as it is: the engine says why.
func (i *installer) add(ctx context.Context, m *manifest.Manifest, code []byte) error {
	h := i.host
	runs := slices.ContainsFunc(h.engine.Alive(), func(a *manifest.Manifest) bool { return a.ID == m.ID && a.Version == m.Version })
	if runs && !h.cfg.Plugins.Watch {
		return h.engine.Add(ctx, m, code)
	}
	if err := h.describable(m); err != nil {
		return err
	}
	if err := h.storage.Types.Remember(ctx, h.store, m); err != nil {
		return err
	}
	if err := h.catalog.Admit(m); err != nil {
		return err
	}
	err := h.engine.Add(ctx, m, code)
	if err != nil {
		h.tidy()
	}
	return err
}

// hide notes plugins that were taken out.
func (s *shelf) hide(ids []capability.PluginID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if s.gone == nil {
			s.gone = map[capability.PluginID]bool{}
		}
		s.gone[id] = true
	}
}

// hidden returns the plugins that were taken out since the host started.
func (s *shelf) hidden() []capability.PluginID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.gone))
}
