package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// ImportOptions are those of an import. The zero value is good.
type ImportOptions struct {
	Progress Progress
}

// batchBytes bounds a batch, unless one document is larger. A message to MongoDB has at most 48 MB, what a transaction writes
// to its log 16 MB.
const batchBytes = 4 << 20

// Import writes the documents of the archive in dir into an empty store. The archive is verified from end to end before the
// first write, and counted in the store after the last.
//
// An import that was interrupted goes on when it is called again with the same archive; until it has ended the store holds
// a document that says so, see Unfinished. Errors: those of Verify, and ErrNotEmpty.
func Import(ctx context.Context, dir string, to store.Store, opts ImportOptions) (Summary, error) {
	sum, err := runImport(ctx, dir, to, opts)
	if err != nil {
		return Summary{}, fmt.Errorf("import %s: %w", dir, err)
	}
	return sum, nil
}

func runImport(ctx context.Context, dir string, to store.Store, opts ImportOptions) (Summary, error) {
	a, err := load(dir)
	if err != nil {
		return Summary{}, err
	}
	counts := map[collection]int64{}
	if err := a.verify(ctx, counts); err != nil {
		return Summary{}, err
	}
	i := &importer{archive: a, to: to, opts: opts}
	if err := i.begin(ctx); err != nil {
		return Summary{}, err
	}
	sum := a.manifest.summary()
	sum.Resumed = i.state.Files
	done := int64(0)
	for n, f := range a.manifest.Files {
		if n >= i.state.Files {
			if err := i.file(ctx, f, done); err != nil {
				return Summary{}, err
			}
			i.state.Files = n + 1
			if err := i.save(ctx, i.rev); err != nil {
				return Summary{}, err
			}
		}
		done += f.Documents
		i.progress(done)
	}
	if err := compare(ctx, to, counts); err != nil {
		return Summary{}, err
	}
	if _, err := to.Write(ctx, store.Op{Doc: store.Doc{Key: progressKey}, Delete: true, IfRev: i.rev}); err != nil {
		return Summary{}, i.taken(err)
	}
	return sum, nil
}

type importer struct {
	archive *archive
	to      store.Store
	opts    ImportOptions
	state   state
	rev     int64 // of the document with the state
}

// state is the body of the document at progressKey.
type state struct {
	Archive string `json:"archive"` // the checksum of its manifest
	Files   int    `json:"files"`   // those that are in the store
}

// begin takes an empty store for this import, or goes on with one that was interrupted.
func (i *importer) begin(ctx context.Context) error {
	doc, err := i.to.Get(ctx, progressKey)
	if errors.Is(err, store.ErrNotFound) {
		switch there, err := i.to.Tenants(ctx, "", 1); {
		case err != nil:
			return err
		case len(there) > 0:
			return fmt.Errorf("%w: it has documents of %s; import into a new store", ErrNotEmpty, there[0])
		}
		i.state = state{Archive: i.archive.sum}
		return i.save(ctx, 0)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(doc.Body, &i.state); err != nil || i.state.Files < 0 {
		return fmt.Errorf("%w: %s cannot be read; import into a new store", ErrNotEmpty, progressKey)
	}
	if i.state.Archive != i.archive.sum {
		return fmt.Errorf("%w: the import of another archive is not finished; finish that one, or import into a new store", ErrNotEmpty)
	}
	// Whoever else is at it finds a new revision, and stops.
	return i.save(ctx, doc.Rev)
}

// save writes the state where it still has the revision rev.
func (i *importer) save(ctx context.Context, rev int64) error {
	body, err := json.Marshal(i.state)
	if err != nil {
		return err
	}
	revs, err := i.to.Write(ctx, store.Op{Doc: store.Doc{Key: progressKey, Body: body}, IfRev: rev})
	if err != nil {
		return i.taken(err)
	}
	i.rev = revs[0]
	return nil
}

func (i *importer) taken(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("another process imports into this store, and goes on; look after that one (%w)", err)
	}
	return err
}

// file writes the documents of a file, in batches of one tenant.
func (i *importer) file(ctx context.Context, f file, done int64) error {
	var batch []store.Op
	size := 0
	flush := func() error {
		if _, err := i.to.Write(ctx, batch...); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		done += int64(len(batch))
		i.progress(done)
		batch, size = nil, 0
		return nil
	}
	err := i.archive.scan(ctx, f, func(d store.Doc) error {
		n := weight(d)
		if len(batch) > 0 && (len(batch) == store.MaxOps || size+n > batchBytes || batch[0].Doc.Key.Tenant != d.Key.Tenant) {
			if err := flush(); err != nil {
				return err
			}
		}
		batch, size = append(batch, put(d)), size+n
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// weight is about how many bytes a document takes on its way.
func weight(d store.Doc) int {
	n := 200 + len(d.Body) + len(d.Key.ID)
	for name, value := range d.Index {
		n += len(name) + 2*len(value) + len(d.Key.ID)
	}
	return n
}

func (i *importer) progress(done int64) {
	if i.opts.Progress != nil {
		i.opts.Progress(done, i.archive.manifest.Documents)
	}
}

// compare counts what is in the store.
func compare(ctx context.Context, to store.Store, want map[collection]int64) error {
	differ := func(c collection, there, want int64) error {
		return fmt.Errorf("the store has %d documents in %s of %s, the archive has %d: somebody else wrote to it; import into a new store, with its host stopped", there, c.name, c.tenant, want)
	}
	found := 0
	err := eachCollection(ctx, to, func(t capability.TenantID, c store.Collection) error {
		key := collection{t, c.Name}
		there := c.Documents
		if t == progressKey.Tenant && c.Name == progressKey.Collection {
			if there--; there == 0 && want[key] == 0 {
				return nil
			}
		}
		if there != want[key] {
			return differ(key, there, want[key])
		}
		found++
		return nil
	})
	if err != nil {
		return err
	}
	if found == len(want) {
		return nil
	}
	for c, n := range want {
		all, err := to.Collections(ctx, c.tenant)
		if err != nil {
			return err
		}
		there := int64(0)
		for _, have := range all {
			if have.Name == c.name {
				there = have.Documents
			}
		}
		if there == 0 {
			return differ(c, there, n)
		}
	}
	return nil
}
