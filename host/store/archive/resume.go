package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// The journal of an export is a heading and an entry for each file that is complete, one a line.
type heading struct {
	Format      int       `json:"format"`
	Created     time.Time `json:"created"`
	Application string    `json:"application"`
}

type entry struct {
	File file `json:"file"`
	// Tenants is how many the archive has up to the end of this file.
	Tenants int64 `json:"tenants"`
	// The last document of the file.
	Tenant     capability.TenantID `json:"tenant"`
	Collection string              `json:"collection"`
	ID         string              `json:"id"`
}

// ours matches what an export may find of an earlier one.
var ours = regexp.MustCompile(`^(manifest\.json|progress\.ndjson|documents-[0-9]{6,}\.ndjson)(\.partial)?$`)

// resume finds out what an earlier export into the directory has done, and leaves the journal open to be gone on with. It
// returns true where nothing is left to do.
func (e *exporter) resume(ctx context.Context) (finished bool, err error) {
	names, err := list(e.dir)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if !ours.MatchString(name) {
			return false, fmt.Errorf("%s is no part of an archive; choose an empty directory", name)
		}
	}
	begun := slices.Contains(names, journalName)
	if slices.Contains(names, manifestName) {
		return begun, e.confirm(ctx, begun)
	}
	if !begun && len(names) > 0 && !slices.Equal(names, []string{journalName + partial}) {
		return false, fmt.Errorf("%s is left of another export; choose an empty directory", names[0])
	}
	e.manifest = manifest{Format: Format, Created: e.opts.Created.UTC(), Application: e.opts.Application, Files: []file{}}
	var entries []entry
	if begun {
		if entries, err = e.readJournal(); err != nil {
			return false, err
		}
	}
	return false, e.begin(names, entries)
}

// confirm says whether an archive with a manifest is whole. Only its journal was to be taken away still.
func (e *exporter) confirm(ctx context.Context, begun bool) error {
	if !begun {
		return errors.New("the directory holds a complete archive; choose an empty one")
	}
	a, err := load(e.dir)
	if err != nil {
		return err
	}
	if err := a.verify(ctx, nil); err != nil {
		return fmt.Errorf("%w; choose an empty directory", err)
	}
	e.manifest, e.resumed = a.manifest, len(a.manifest.Files)
	return nil
}

// readJournal returns the entries of the files that are there and whole, up to the first that is not.
func (e *exporter) readJournal() ([]entry, error) {
	b, err := os.ReadFile(filepath.Join(e.dir, journalName))
	if err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	var h heading
	if err := json.Unmarshal(first, &h); err != nil || h.Format < 1 {
		return nil, fmt.Errorf("%s is no journal of an export; choose an empty directory", journalName)
	}
	if h.Format != Format {
		return nil, fmt.Errorf("another version of Pergola began this export (format %d, this one writes %d); go on with that one, or choose an empty directory", h.Format, Format)
	}
	e.manifest.Created, e.manifest.Application = h.Created, h.Application
	var entries []entry
	for {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		rest = after
		next, ok := parseEntry(line)
		if !whole || !ok {
			return entries, nil // the end, or an entry that was being written
		}
		switch done, err := e.holds(next.File, len(entries)); {
		case err != nil:
			return nil, err
		case !done:
			return entries, nil
		}
		entries = append(entries, next)
	}
}

func parseEntry(line []byte) (e entry, ok bool) {
	err := json.Unmarshal(line, &e)
	return e, err == nil
}

// holds says whether the directory has the file with index i as it was written.
func (e *exporter) holds(want file, i int) (bool, error) {
	if want.Name != fileName(i) {
		return false, nil
	}
	size, sum, err := sumFile(filepath.Join(e.dir, want.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return size == want.Bytes && sum == want.SHA256, err
}

// begin takes over what is complete, removes what is not and opens the journal.
func (e *exporter) begin(names []string, entries []entry) error {
	var journal bytes.Buffer
	out := json.NewEncoder(&journal)
	if err := out.Encode(heading{Format: Format, Created: e.manifest.Created, Application: e.manifest.Application}); err != nil {
		return err
	}
	keep := map[string]bool{journalName: true}
	for _, done := range entries {
		if err := out.Encode(done); err != nil {
			return err
		}
		keep[done.File.Name] = true
		e.complete(done.File, done.Tenants)
		e.last = store.Key{Tenant: done.Tenant, Collection: done.Collection, ID: done.ID}
	}
	e.resumed = len(entries)
	// The journal first: it may name no file that is gone.
	if err := writeFile(e.dir, journalName, journal.Bytes()); err != nil {
		return err
	}
	for _, name := range names {
		if keep[name] {
			continue
		}
		if err := os.Remove(filepath.Join(e.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	var err error
	e.journal, err = os.OpenFile(filepath.Join(e.dir, journalName), os.O_WRONLY|os.O_APPEND, 0o600)
	return err
}

// list returns the names in a directory, in order.
func list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
