// Package archive moves a whole installation between stores: [Export] writes all documents of a store into a directory,
// [Import] writes them into an empty store of the same or another driver, and [Verify] says whether a directory is whole.
//
// It does not look into documents. What is sealed stays sealed, so whoever imports also needs the keys of the old
// installation; they are in no archive.
//
// # The directory
//
//	manifest.json              what the archive holds; written last, so a directory without one is not finished
//	documents-000001.ndjson    documents, one a line, in the order of tenant, collection and id
//	documents-000002.ndjson
//
// A line is {"tenant":…,"collection":…,"id":…,"index":{…},"body":…}. The body is base64: it has to come back byte for byte,
// and JSON has several ways to write one string. Files have mode 0600, the directory 0700: they hold what the store holds.
//
// # What an export of a running host holds
//
// Export reads page by page. For a consistent archive stop the host, or export from a restored backup. While a host writes,
// each document that is there from the beginning to the end is in the archive exactly once, as it was at some moment of
// the export. Documents that are written or deleted meanwhile may be there or not, also one half of a batch.
//
// # Revisions
//
// In the target each document begins at revision 1, because a store gives revisions and takes none. That is safe for what
// reads a revision and writes with it, since both happen in one store while a host runs, and no document refers to
// another's revision. Whoever kept one over the move, such as a page that was open in a browser, gets a conflict for
// most and could overwrite a document that had exactly that revision in both; stop the host until the import is done,
// and let people reload.
package archive

import (
	"context"
	"errors"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Format is the version of the directory that this package writes, and the newest that it reads.
const Format = 1

// Errors; test with errors.Is.
var (
	ErrNewer    = errors.New("the archive is of a newer version of Pergola")
	ErrDamaged  = errors.New("the archive is damaged") // or something was added to it, or taken away
	ErrNotEmpty = errors.New("the store is not empty")
)

// Summary says what an archive holds.
type Summary struct {
	// Created is when the export began.
	Created time.Time
	// Application is the version of the program that exported, as it named itself.
	Application string
	Tenants     int64
	Documents   int64
	Bytes       int64 // of all files of documents
	Files       int   // of documents
	// Resumed is how many of the files an interrupted export or import had done before.
	Resumed int
}

// Progress is told now and then how many documents are done, of how many in all. The total of an export is that of its
// beginning. It is called by the function that it was given to, one call at a time.
type Progress func(done, total int64)

// manifest is the content of manifest.json.
type manifest struct {
	Format      int       `json:"format"`
	Created     time.Time `json:"created"`
	Application string    `json:"application"`
	Tenants     int64     `json:"tenants"`
	Documents   int64     `json:"documents"`
	Bytes       int64     `json:"bytes"`
	Files       []file    `json:"files"`
}

// file is a file of documents.
type file struct {
	Name      string `json:"name"`
	Tenants   int64  `json:"tenants"`
	Documents int64  `json:"documents"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"` // in hexadecimal
}

func (m manifest) summary() Summary {
	return Summary{Created: m.Created, Application: m.Application, Tenants: m.Tenants, Documents: m.Documents, Bytes: m.Bytes, Files: len(m.Files)}
}

const (
	manifestName = "manifest.json"
	journalName  = "progress.ndjson"
	partial      = ".partial" // ends the name of a file that is not complete
)

// progressKey is the document by which a store knows that an import into it is going on. No archive holds it.
var progressKey = store.Key{Tenant: store.Platform, Collection: "import", ID: "progress"}

// Unfinished says whether an import into s has begun and not ended. Nothing but that import should use such a store.
func Unfinished(ctx context.Context, s store.Driver) (bool, error) {
	_, err := s.Get(ctx, progressKey)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// before says whether a document with key a stands before one with key b.
func before(a, b store.Key) bool {
	if a.Tenant != b.Tenant {
		return a.Tenant < b.Tenant
	}
	if a.Collection != b.Collection {
		return a.Collection < b.Collection
	}
	return a.ID < b.ID
}

// collection names a collection of a tenant.
type collection struct {
	tenant capability.TenantID
	name   string
}
