package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// ExportOptions are what an archive says of itself, and its measures. The zero value is good.
type ExportOptions struct {
	// Application is the version of the program that exports.
	Application string
	// Created is when the export began.
	Created time.Time
	// FileDocuments and FileBytes bound a file of documents; it has at least one. 0 means 10,000 and 16 MiB. Who is
	// interrupted begins at the last file that was complete.
	FileDocuments int64
	FileBytes     int64
	Progress      Progress
}

// pageBytes is what a page of documents should have; pageLimit is the most documents of a page, whatever their size, since
// one can have 8 MiB.
const (
	pageBytes = 8 << 20
	pageLimit = 100
)

// Export writes all documents of a store into dir, which it creates where it is missing. Called with the directory of an
// export that was interrupted, it goes on with that: files that are complete stay as they are, and the archive is created
// when the first one began. Only one process may export into a directory at a time.
//
// The package's documentation says what the archive of a running host holds.
func Export(ctx context.Context, from store.Store, dir string, opts ExportOptions) (Summary, error) {
	if opts.FileDocuments <= 0 {
		opts.FileDocuments = 10_000
	}
	if opts.FileBytes <= 0 {
		opts.FileBytes = 16 << 20
	}
	e := &exporter{from: from, dir: dir, opts: opts}
	sum, err := e.export(ctx)
	if err != nil {
		return Summary{}, fmt.Errorf("export to %s: %w", dir, errors.Join(err, e.abandon()))
	}
	return sum, nil
}

type exporter struct {
	from store.Store
	dir  string
	opts ExportOptions

	manifest manifest  // of what is complete
	last     store.Key // of the last document that was written
	resumed  int
	total    int64
	journal  *os.File
	chunk    *chunk // nil between two files
}

func (e *exporter) export(ctx context.Context) (Summary, error) {
	switch unfinished, err := Unfinished(ctx, e.from); {
	case err != nil:
		return Summary{}, err
	case unfinished:
		return Summary{}, errors.New("an import into this store is not finished; finish it first")
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return Summary{}, err
	}
	finished, err := e.resume(ctx)
	if err != nil {
		return Summary{}, err
	}
	if !finished {
		if err := e.write(ctx); err != nil {
			return Summary{}, err
		}
	}
	if err := os.Remove(filepath.Join(e.dir, journalName)); err != nil {
		return Summary{}, err
	}
	sum := e.manifest.summary()
	sum.Resumed = e.resumed
	return sum, syncDir(e.dir)
}

// write writes what is missing, and the manifest.
func (e *exporter) write(ctx context.Context) error {
	err := eachCollection(ctx, e.from, func(_ capability.TenantID, c store.Collection) error {
		e.total += c.Documents
		return nil
	})
	if err != nil {
		return err
	}
	e.progress()
	if err := e.walk(ctx); err != nil {
		return err
	}
	if err := e.finishChunk(); err != nil {
		return err
	}
	if err := e.journal.Close(); err != nil {
		return err
	}
	e.journal = nil
	b, err := json.MarshalIndent(e.manifest, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(e.dir, manifestName, append(b, '\n'))
}

// abandon closes what a failed export has open. What is complete stays, to go on with.
func (e *exporter) abandon() error {
	var errs []error
	if e.journal != nil {
		errs = append(errs, e.journal.Close())
	}
	if e.chunk != nil {
		errs = append(errs, e.chunk.file.Close())
	}
	return errors.Join(errs...)
}

func (e *exporter) progress() {
	if e.opts.Progress == nil {
		return
	}
	done := e.manifest.Documents
	if e.chunk != nil {
		done += e.chunk.info.Documents
	}
	e.opts.Progress(done, max(e.total, done))
}

// walk writes the documents behind e.last.
func (e *exporter) walk(ctx context.Context) error {
	resumed := e.last
	return eachTenant(ctx, e.from, resumed.Tenant, func(t capability.TenantID) error {
		all, err := e.from.Collections(ctx, t)
		if err != nil {
			return err
		}
		for _, c := range all {
			after := ""
			if t == resumed.Tenant && c.Name <= resumed.Collection {
				if c.Name < resumed.Collection {
					continue
				}
				after = resumed.ID
			}
			if err := e.collection(ctx, store.Query{Tenant: t, Collection: c.Name, After: after, Limit: 10}); err != nil {
				return err
			}
		}
		return nil
	})
}

// collection writes the documents that q begins with.
func (e *exporter) collection(ctx context.Context, q store.Query) error {
	for {
		docs, err := e.from.List(ctx, q)
		if err != nil {
			return err
		}
		size := 0
		for _, d := range docs {
			size += len(d.Body)
			if err := e.add(d); err != nil {
				return err
			}
		}
		e.progress()
		if len(docs) < q.Limit {
			return nil
		}
		q.After = docs[len(docs)-1].Key.ID
		q.Limit = min(max(pageBytes/(size/len(docs)+1), 1), pageLimit)
	}
}

// eachTenant calls f for every tenant, beginning with from if there is one.
func eachTenant(ctx context.Context, s store.Store, from capability.TenantID, f func(capability.TenantID) error) error {
	if from != "" {
		if err := f(from); err != nil {
			return err
		}
	}
	for {
		page, err := s.Tenants(ctx, from, store.MaxLimit)
		if err != nil {
			return err
		}
		for _, t := range page {
			if err := f(t); err != nil {
				return err
			}
			from = t
		}
		if len(page) < store.MaxLimit {
			return nil
		}
	}
}

func eachCollection(ctx context.Context, s store.Store, f func(capability.TenantID, store.Collection) error) error {
	return eachTenant(ctx, s, "", func(t capability.TenantID) error {
		all, err := s.Collections(ctx, t)
		if err != nil {
			return err
		}
		for _, c := range all {
			if err := f(t, c); err != nil {
				return err
			}
		}
		return nil
	})
}
