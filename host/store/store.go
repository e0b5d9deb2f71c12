// Package store keeps documents: a small driver interface that an embedded and a server database can both satisfy, and
// what repositories need around it. storetest is the suite that every driver passes; sqlitestore is the embedded driver.
// Repositories (host/tenant and others) hold no query language, only [Key], [Query] and [Driver].
package store

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/core/capability"
)

// Errors of a driver; test with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("changed meanwhile")   // the revision moved on, or a unique value is taken
	ErrInvalid     = errors.New("not storable")        // the caller's arguments can never work; see [ValidateOps]
	ErrUnavailable = errors.New("store not available") // disk full, server away; trying again may work
)

// ConflictError is an ErrConflict that says which document of a batch it was. Drivers return it; test for it with
// errors.As where the document matters, with errors.Is(err, ErrConflict) otherwise.
type ConflictError struct{ Key Key }

// Error names the document.
func (e *ConflictError) Error() string { return e.Key.String() + ": " + ErrConflict.Error() }

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// Platform is the tenant of documents that belong to the installation as a whole, such as the list of tenants.
const Platform capability.TenantID = "_platform"

// Key names a document. Every key starts with a tenant; a driver finds nothing under another tenant's id.
type Key struct {
	Tenant     capability.TenantID
	Collection string // lower-case letters, digits, "." and "_"
	ID         string // 1 to 256 bytes
}

// String returns the key for messages. It holds identifiers only.
func (k Key) String() string { return k.Collection + "/" + k.ID + " of " + string(k.Tenant) }

// Doc is a stored document.
type Doc struct {
	Key Key
	// Rev counts the writes of this document, from 1. It starts anew when a document is deleted and written again.
	Rev int64
	// Body is JSON.
	Body []byte
	// Index holds the values under which List finds the document, by index name. A write replaces all of them.
	Index map[string]string
}

// Op is one write of a batch: a put, or a delete where Delete is set. A put ignores Doc.Rev.
type Op struct {
	Doc    Doc // for a delete only its Key counts
	Delete bool
	// IfRev is the revision that the document must have: 0 for "must not exist" (a put only), [Any] for whatever is
	// there, nothing included.
	IfRev int64
}

// Any as Op.IfRev writes whatever is there.
const Any int64 = -1

// Query lists documents of one tenant and collection, ordered by (index value, id) or by id; ids in the order of their
// bytes.
type Query struct {
	Tenant     capability.TenantID
	Collection string
	Index      string // "" lists by id
	Value      string // with Index: only documents with exactly this value
	// Prefix keeps only documents whose ID begins with it and goes on: one range of either order, so no index of its own.
	Prefix string
	After  string // the ID of the last document of the page before
	Limit  int    // 1 to 1000; 0 means 100
}

// Driver is a document store. It is safe for concurrent use. A write that returned nil survives the end of the process
// and of the machine.
//
// The slices and maps that go in stay the caller's, those that come out are the caller's. Arguments that break the rules
// of [ValidateOps] and its like yield ErrInvalid; a context that has ended yields its error, and a write that returned
// it changed nothing. After Close, whatever is asked yields ErrUnavailable.
type Driver interface {
	// Get returns a document or ErrNotFound.
	Get(ctx context.Context, key Key) (Doc, error)
	// Write carries out all of ops or none; all keys must be of one tenant and differ. It returns the new revisions, 0
	// for a delete. A *ConflictError where an IfRev does not hold. Deleting with Any what is not there is no error. After
	// ErrUnavailable the batch may have been carried out all the same: a disk can fail between the write and the answer.
	Write(ctx context.Context, ops ...Op) ([]int64, error)
	// List returns a page of documents; fewer than the limit means that there are no more. A document that is there
	// from the first page to the last is listed exactly once, whatever is written meanwhile.
	List(ctx context.Context, q Query) ([]Doc, error)
	// IDs is List without what lies in the documents: it reads entries of an index alone, so that a page costs the same in a large
	// store as in a small one.
	IDs(ctx context.Context, q Query) ([]string, error)
	// Count returns how many documents a query finds, up to its Limit: here 1 to MaxCount, which 0 means as well. It reads no
	// bodies, and no more entries than it counts.
	Count(ctx context.Context, q Query) (int, error)
	// Ping says whether the store works.
	Ping(ctx context.Context) error
	// Close waits for what is running. Closing twice is no error.
	Close() error
}

// Inventory says what a store holds, for those who move, explain or purge it. It is no way to anybody's documents: these
// are read with a tenant, as ever.
type Inventory interface {
	// Tenants returns up to limit tenants that have documents, in the order of their bytes, after the one with that id; ""
	// starts at the first. Limits are those of [Query]. Fewer than the limit means that there are no more.
	Tenants(ctx context.Context, after capability.TenantID, limit int) ([]capability.TenantID, error)
	// Collections returns the collections of a tenant that have documents, in the order of their names.
	Collections(ctx context.Context, t capability.TenantID) ([]Collection, error)
}

// Collection is one collection of one tenant.
type Collection struct {
	Name      string
	Documents int64
}

// Scrubber is a store that can say when deleted documents are gone from its files. Without it, that is the database's own
// affair.
type Scrubber interface {
	// Scrub returns once nothing that was deleted or replaced before is left in the store's files. store.ErrUnavailable where
	// somebody reads an older state just now; then it has to be tried again.
	Scrub(ctx context.Context) error
}

// Scrub scrubs a store that can.
func Scrub(ctx context.Context, s Driver) error {
	if scrubber, ok := s.(Scrubber); ok {
		return scrubber.Scrub(ctx)
	}
	return nil
}

// Store is what a driver's Open returns.
type Store interface {
	Driver
	Inventory
}
