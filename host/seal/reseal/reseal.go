// Package reseal brings the secrets in a store under the current keys of their sites, and destroys the keys that none needs any
// more. Which fields are sealed is what their declarations say (host/privacy).
package reseal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// Sealer walks the secrets of sites. All of it is required.
type Sealer struct {
	Store store.Store
	Types *privacy.Types
	Keys  *seal.Keeper
}

// Rotate gives a site a new key and brings its secrets under it. The old key stays until Site is called after other processes
// can have used it no more.
func (s *Sealer) Rotate(ctx context.Context, t capability.TenantID) (resealed int, err error) {
	if _, err := s.Keys.Rotate(ctx, t); err != nil {
		return 0, err
	}
	return s.reseal(ctx, t)
}

// Site brings the secrets of a site under its current key and destroys its other keys, as soon as no process can seal under
// them any more. A site with one key is left alone.
func (s *Sealer) Site(ctx context.Context, t capability.TenantID) (resealed, retired int, err error) {
	keys, err := s.Keys.Keys(ctx, t)
	if err != nil || len(keys) < 2 {
		return 0, 0, err
	}
	if resealed, err = s.reseal(ctx, t); err != nil {
		return resealed, 0, err
	}
	for _, k := range keys {
		if k.Current || !k.Settled { // what was sealed under it while we walked may have been missed
			continue
		}
		err := s.Keys.Retire(ctx, t, k.ID)
		if errors.Is(err, store.ErrInvalid) { // too early, or current since
			continue
		}
		if err != nil {
			return resealed, retired, err
		}
		retired++
	}
	return resealed, retired, nil
}

// All does Site for every tenant that has documents. What goes wrong with one keeps no other.
func (s *Sealer) All(ctx context.Context) (resealed, retired int, err error) {
	var errs []error
	for t, err := range store.EachTenant(ctx, s.Store) {
		if err != nil {
			errs = append(errs, err)
			break
		}
		n, gone, err := s.Site(ctx, t)
		resealed, retired = resealed+n, retired+gone
		if err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return resealed, retired, errors.Join(errs...)
}

func (s *Sealer) reseal(ctx context.Context, t capability.TenantID) (n int, err error) {
	for _, typ := range s.Types.All() {
		var fields []string
		for _, f := range typ.Fields {
			if f.Kind == privacy.Sealed {
				fields = append(fields, f.Path)
			}
		}
		if len(fields) == 0 || (typ.Scope == privacy.OfPlatform) != (t == store.Platform) {
			continue
		}
		err := s.each(ctx, typ, t, func(d store.Doc) error {
			changed, err := s.document(ctx, t, d, fields)
			n += changed
			return err
		})
		if err != nil {
			return n, fmt.Errorf("reseal the secrets of site %s: %w", t, err)
		}
	}
	return n, nil
}

// each calls f with every document of a type that is of, or about, a site.
func (s *Sealer) each(ctx context.Context, typ privacy.Type, t capability.TenantID, f func(store.Doc) error) error {
	if typ.Scope == privacy.AboutSite {
		d, err := s.Store.Get(ctx, store.Key{Tenant: store.Platform, Collection: typ.Collection, ID: string(t)})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(d)
	}
	for d, err := range store.Each(ctx, s.Store, store.Query{Tenant: t, Collection: typ.Collection}) {
		if err != nil {
			return err
		}
		if err := f(d); err != nil {
			return err
		}
	}
	return nil
}

// attempts bounds the tries of one document. Each lost one means that somebody else wrote it meanwhile.
const attempts = 20

// document brings the secrets of one document under the current key, and returns how many that were.
func (s *Sealer) document(ctx context.Context, t capability.TenantID, d store.Doc, fields []string) (int, error) {
	for range attempts {
		body, n, err := s.body(ctx, t, d, fields)
		if err != nil || n == 0 {
			return 0, err
		}
		d.Body = body
		_, err = s.Store.Write(ctx, store.Op{Doc: d, IfRev: d.Rev})
		if err == nil {
			return n, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return 0, err
		}
		if d, err = s.Store.Get(ctx, d.Key); errors.Is(err, store.ErrNotFound) {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%s: %w", d.Key, store.ErrConflict)
}

func (s *Sealer) body(ctx context.Context, t capability.TenantID, d store.Doc, fields []string) (body []byte, n int, err error) {
	dec := json.NewDecoder(bytes.NewReader(d.Body))
	dec.UseNumber() // a number goes back as it was
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return nil, 0, fmt.Errorf("decode %s: %w", d.Key, err)
	}
	for _, field := range fields {
		sealed, _ := object[field].(string)
		if sealed == "" {
			continue
		}
		at := seal.Place{Collection: d.Key.Collection, ID: d.Key.ID, Field: field}
		anew, changed, err := s.Keys.Reseal(ctx, t, at, sealed)
		if err != nil {
			return nil, 0, err
		}
		if changed {
			object[field] = anew
			n++
		}
	}
	if n == 0 {
		return nil, 0, nil
	}
	body, err = json.Marshal(object)
	return body, n, err
}
