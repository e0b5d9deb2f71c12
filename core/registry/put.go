package registry

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/mod/semver"

	"github.com/pergola-platform/pergola/core/bundle"
)

// ErrVersion is the error of a bundle that may not take the place of what is installed: an older version, or another content
// under a version that is taken. Versions never change, so that a number means the same everywhere.
var ErrVersion = errors.New("version refused")

// Placed says what Put did.
type Placed struct {
	Name string // of the bundle's file in the plugin directory
	// Same is true where this very bundle was installed before; only its signatures were added.
	Same bool
	// Removed are the files of older versions that it took the place of.
	Removed []string
	// Beside are directories with an older version of the plugin. They are not ours to remove; the newest version serves.
	Beside []string
}

// Put installs a verified bundle into a plugin directory, which it makes where there is none. The file appears at once and
// complete, under a name with the version in it, and only then older bundles of the plugin are removed: whoever reads
// the directory, or starts after a crash in between, finds the old version, the new one, or both, of which the newest
// serves. trust is that of the host, to judge what is installed already. A refused version is an [ErrVersion]; then
// nothing has changed. It judges by what it finds, so whoever calls it keeps two Puts into one directory apart, as `pergola plugin install`
// does with a lock.
func Put(dir string, trust bundle.Trust, v bundle.Verified) (Placed, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Placed{}, fmt.Errorf("plugin directory: %w", err)
	}
	installed, err := Open(dir, trust)
	if err != nil {
		return Placed{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Placed{}, fmt.Errorf("plugin directory: %w", err)
	}
	defer func() { _ = root.Close() }()

	p := Placed{Name: v.FileName()}
	var old []string
	for _, e := range installed.entries {
		if e.Manifest == nil || e.Manifest.ID != v.Manifest.ID {
			continue // a file that is not trusted holds no version back
		}
		if err := supersedes(v, e); err != nil {
			return Placed{}, err
		}
		switch {
		case e.Trust == Directory:
			p.Beside = append(p.Beside, e.Dir)
		case e.Archive == v.Digest:
			p.Same, p.Name = true, e.Dir
		default:
			old = append(old, e.Dir)
		}
	}
	// The signature goes first: a bundle that is there without it would be one that nobody signed.
	err = putSignatures(root, p, v.Signatures)
	if err == nil && !p.Same {
		err = writeFile(root, p.Name, v.Archive)
	}
	if err != nil {
		return Placed{}, fmt.Errorf("install %s: %w", p.Name, err)
	}
	for _, name := range old {
		if err := errors.Join(remove(root, name), remove(root, name+bundle.SignatureExtension)); err != nil {
			return p, fmt.Errorf("%s is installed, but the older %s cannot be removed: %w", p.Name, name, err)
		}
		p.Removed = append(p.Removed, name)
	}
	return p, nil
}

// putSignatures writes the file of signatures, and takes away what is left of another bundle. Those of the same bundle stay:
// one may be the operator's own.
func putSignatures(root *os.Root, p Placed, signatures []byte) error {
	name := p.Name + bundle.SignatureExtension
	if p.Same {
		there, err := bundle.ReadFile(root, name, bundle.MaxSignature)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case signatures == nil:
			return nil
		default:
			if signatures, err = bundle.AddSignature(there, signatures); err != nil {
				return err
			}
		}
	}
	if signatures == nil {
		return remove(root, name)
	}
	return writeFile(root, name, signatures)
}

// supersedes refuses what may not take the place of an installed plugin.
func supersedes(v bundle.Verified, e Entry) error {
	order := semver.Compare("v"+v.Manifest.Version, "v"+e.Manifest.Version)
	switch {
	case order < 0:
		return fmt.Errorf("%w: %s %s is installed in %s, and %s is older; remove %s first if you mean to go back",
			ErrVersion, v.Manifest.ID, e.Manifest.Version, e.Dir, v.Manifest.Version, e.Dir)
	case order > 0 || e.Archive == v.Digest:
		return nil
	case e.Trust == Directory:
		return fmt.Errorf("%w: %s %s is installed already, as the directory %s; remove it first, so that the signed bundle serves in its place",
			ErrVersion, v.Manifest.ID, e.Manifest.Version, e.Dir)
	}
	return fmt.Errorf("%w: %s %s is installed in %s with another content: it is %s (signed by %s), and this bundle is %s (signed by %s); a version never changes, "+
		"so ask the publisher for a new number, or remove %s first", ErrVersion, v.Manifest.ID, e.Manifest.Version, e.Dir, e.Archive, e.Signer, v.Digest, v.Signer, e.Dir)
}

// writeFile writes a file that is there completely or not at all.
func writeFile(root *os.Root, name string, data []byte) (err error) {
	temp := "." + name + "." + rand.Text() // Open leaves names with a dot alone
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(temp)
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := root.Rename(temp, name); err != nil {
		return err
	}
	if d, err := root.Open("."); err == nil {
		_ = d.Sync() // where a directory cannot be synced, the rename is as durable as it gets
		_ = d.Close()
	}
	return nil
}

func remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
