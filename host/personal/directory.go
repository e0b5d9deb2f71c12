package personal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

// Directory finds accounts in a store. It is safe for concurrent use. Make it with NewDirectory.
type Directory struct {
	store store.Store
	types *privacy.Types
}

// NewDirectory returns the accounts in s, whose documents are declared by types.
func NewDirectory(s store.Store, types *privacy.Types) *Directory { return &Directory{s, types} }

// Held is a document that names an account.
type Held struct {
	Collection string          `json:"collection"`
	Purpose    string          `json:"purpose"`
	ID         string          `json:"id"`
	Body       json.RawMessage `json:"body"`
}

// Accounts returns the accounts that a site's documents name, each with the latest time at which one of these was changed;
// the zero time where none says when.
func (d *Directory) Accounts(ctx context.Context, t capability.TenantID) (map[string]time.Time, error) {
	found := map[string]time.Time{}
	err := d.each(ctx, t, "", func(typ privacy.Type, doc store.Doc) error {
		accounts, err := typ.Accounts(doc)
		if err != nil {
			return err
		}
		at := typ.ChangedAt(doc)
		for _, a := range accounts {
			if old, ok := found[a]; !ok || at.After(old) {
				found[a] = at
			}
		}
		return nil
	})
	return found, err
}

// Held returns every document of a site that names an account.
func (d *Directory) Held(ctx context.Context, t capability.TenantID, account string) ([]Held, error) {
	var all []Held
	seen := map[store.Key]bool{} // a document with the account in two indexed fields comes twice
	err := d.each(ctx, t, account, func(typ privacy.Type, doc store.Doc) error {
		if _, named, err := typ.Without(doc, account); err != nil || !named || seen[doc.Key] {
			return err
		}
		seen[doc.Key] = true
		all = append(all, Held{Collection: typ.Collection, Purpose: typ.Purpose, ID: doc.Key.ID, Body: doc.Body})
		return nil
	})
	return all, err
}

// attempts bounds the tries of one document. Each lost one means that somebody else wrote it meanwhile.
const attempts = 20

// Erase takes an account out of every document of a site, or the document with it where its type says so. It returns how many
// documents it changed. A second time changes nothing.
func (d *Directory) Erase(ctx context.Context, t capability.TenantID, account string) (int, error) {
	changed := 0
	err := d.each(ctx, t, account, func(typ privacy.Type, doc store.Doc) error {
		for range attempts {
			op, named, err := typ.Without(doc, account)
			if err != nil || !named {
				return err
			}
			_, err = d.store.Write(ctx, op)
			if err == nil {
				changed++
				return nil
			}
			if !errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("erase an account: %w", err)
			}
			doc, err = d.store.Get(ctx, doc.Key)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("erase an account: %w", err)
			}
		}
		return fmt.Errorf("erase an account: %s: %w", doc.Key, store.ErrConflict)
	})
	if changed > 0 {
		// Whoever reads an older state just now keeps it in the files until the next sweep.
		if scrubbing := store.Scrub(ctx, d.store); !errors.Is(scrubbing, store.ErrUnavailable) {
			err = errors.Join(err, scrubbing)
		}
	}
	return changed, err
}

// each calls f with every document of a site that can hold an account; where one is given, documents that cannot hold that
// one may be left out.
func (d *Directory) each(ctx context.Context, t capability.TenantID, account string, f func(privacy.Type, store.Doc) error) error {
	there, err := d.store.Collections(ctx, t)
	if err != nil {
		return fmt.Errorf("look for accounts: %w", err)
	}
	for _, c := range there {
		typ, ok := d.types.Of(c.Name)
		if !ok || typ.Scope != privacy.OfSite {
			continue
		}
		for _, q := range typ.AccountQueries(t, account) {
			for doc, err := range store.Each(ctx, d.store, q) {
				if err != nil {
					return fmt.Errorf("look for accounts: %w", err)
				}
				if err := f(typ, doc); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
