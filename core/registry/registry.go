// Package registry finds the plugins that are installed on a host's disk: a directory with a bundle for each, packed
// (core/bundle, a file NAME.pergola with its signature) or plain (a subdirectory that holds plugin.json and the code that it
// names). Start with [Open], then [Registry.Install] what was found into an engine. [Put] installs one more.
//
// A packed bundle is verified at each Open. A plain one counts as what the operator put there: who may write to the plugin
// directory decides about it. [Entry.Trust] says which of the two it was.
//
// The package does not run anything, and it does not know which tenant has which plugin switched on: that is host/tenant.
package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
)

// Limits of what is read from a bundle.
const (
	MaxManifest = bundle.MaxManifest
	MaxCode     = bundle.MaxFile
)

// manifestName is the file that makes a directory a bundle.
const manifestName = bundle.ManifestName

// Directory is the tier of a plain directory: nobody signed it, the operator put it there.
const Directory bundle.Tier = "directory"

// Entry is one bundle on disk.
type Entry struct {
	Dir string // the name of its directory, or of its file where it is packed
	// Manifest is nil where plugin.json could not be read.
	Manifest *manifest.Manifest
	// Code and Digest, its SHA-256, are set where the code could be read. Nobody changes the bytes.
	Code   []byte
	Digest [sha256.Size]byte
	// Trust says why the bundle may be used: Directory, or the tier of a packed bundle's signer, empty where that was refused.
	Trust bundle.Tier
	// Signer and Archive, the digest of the whole file, are those of a packed bundle that was verified.
	Signer  bundle.Signer
	Archive bundle.Digest
	// Reason says in words for an admin why the plugin does not serve; it is empty where nothing is wrong.
	Reason string
}

// Registry is what Open found. It is not safe for concurrent use while Install runs.
type Registry struct {
	entries []Entry
}

// Open reads the bundles of a directory. A bundle that cannot be read is reported in its entry and does not keep the others
// from being read; the error is about the directory itself. Subdirectories without plugin.json, and those whose names
// begin with a dot, are left alone. A directory that is not there holds no plugins. trust says whose signatures count for packed
// bundles.
func Open(dir string, trust bundle.Trust) (*Registry, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return &Registry{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open plugin directory: %w", err)
	}
	defer func() { _ = root.Close() }()
	list, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("open plugin directory %s: %w", dir, err)
	}
	r := &Registry{}
	for _, item := range list {
		if strings.HasPrefix(item.Name(), ".") {
			continue
		}
		if isBundle(item) {
			r.entries = append(r.entries, readBundle(root, item.Name(), trust))
			continue
		}
		sub, err := root.OpenRoot(item.Name())
		if err != nil {
			if !item.Type().IsRegular() { // a plain file is nobody's bundle
				r.entries = append(r.entries, Entry{Dir: item.Name(), Reason: fmt.Sprintf("%s cannot be opened: %s", item.Name(), cause(err))})
			}
			continue
		}
		if _, err := sub.Lstat(manifestName); !errors.Is(err, fs.ErrNotExist) {
			r.entries = append(r.entries, read(sub, item.Name()))
		}
		_ = sub.Close()
	}
	r.markDuplicates()
	return r, nil
}

// Entries returns what was found, ordered by directory.
func (r *Registry) Entries() []Entry { return slices.Clone(r.entries) }

// Engine takes plugins in; core.Engine is one.
type Engine interface {
	Add(ctx context.Context, m *manifest.Manifest, code []byte) error
}

// Install adds every entry without a Reason to an engine, and gives a Reason to those that the engine refuses. It stops
// only when ctx ends.
func (r *Registry) Install(ctx context.Context, engine Engine) error {
	for i := range r.entries {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("install plugins: %w", err)
		}
		e := &r.entries[i]
		if e.Reason != "" {
			continue
		}
		if err := engine.Add(ctx, e.Manifest, e.Code); err != nil {
			e.Reason = err.Error()
		}
	}
	return nil
}

// read reads one bundle. An os.Root never leaves its directory, neither by ".." nor through a symbolic link.
func read(dir *os.Root, name string) Entry {
	e := Entry{Dir: name, Trust: Directory}
	data, err := bundle.ReadFile(dir, manifestName, MaxManifest)
	if err != nil {
		e.Reason = fmt.Sprintf("%s cannot be read: %s", filepath.Join(name, manifestName), err)
		return e
	}
	m, err := manifest.Parse(filepath.Join(name, manifestName), data)
	if err != nil {
		e.Reason = err.Error()
		return e
	}
	e.Manifest = m
	if e.Code, err = bundle.ReadFile(dir, m.Runtime.Entry, MaxCode); err != nil {
		e.Reason = fmt.Sprintf("%s, which plugin.json names as runtime.entry, cannot be read: %s", filepath.Join(name, m.Runtime.Entry), err)
		return e
	}
	e.Digest = sha256.Sum256(e.Code)
	return e
}

// cause drops the operation and the path of an error: an admin has no use for the host's directories.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// markDuplicates keeps the newest of several bundles with the same id and gives the others a reason.
func (r *Registry) markDuplicates() {
	newest := map[capability.PluginID]*Entry{}
	for i := range r.entries {
		e := &r.entries[i]
		if e.Reason != "" {
			continue
		}
		best, taken := newest[e.Manifest.ID]
		if !taken {
			newest[e.Manifest.ID] = e
			continue
		}
		older := e
		if semver.Compare("v"+e.Manifest.Version, "v"+best.Manifest.Version) > 0 {
			older, newest[e.Manifest.ID] = best, e
		}
		serves := newest[e.Manifest.ID]
		older.Reason = fmt.Sprintf("%s is installed twice: version %s in %s serves, and version %s in %s does not; remove one of the two",
			e.Manifest.ID, serves.Manifest.Version, serves.Dir, older.Manifest.Version, older.Dir)
	}
}
