package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

func (s *storeService) put(ctx context.Context, b *capability.Binding, in *sdkstore.Records) (*sdkstore.Records, error) {
	return s.write(ctx, b, &sdkstore.Changes{Put: in.Records})
}

// write carries out all of c or nothing.
func (s *storeService) write(ctx context.Context, b *capability.Binding, c *sdkstore.Changes) (*sdkstore.Records, error) {
	if err := s.available(); err != nil {
		return nil, err
	}
	if n := len(c.Put) + len(c.Delete); n > maxRecords {
		return nil, hostError(sdk.Invalid, "%d records in a batch, at most %d are allowed; use several batches", n, maxRecords)
	}
	w := writer{service: s, binding: b}
	ops, err := w.ops(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return &sdkstore.Records{}, nil
	}
	revs, err := s.store.Write(ctx, ops...)
	if errors.Is(err, store.ErrConflict) {
		if again, ferr := w.overExpired(ctx, ops); ferr != nil {
			return nil, ferr
		} else if again {
			revs, err = s.store.Write(ctx, ops...)
		}
	}
	if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) {
		if r := w.records[conflict.Key]; r != nil {
			return nil, hostError(sdk.Exists, "record %q of type %q is there already, is gone or was changed; read it again", r.ID, r.Type)
		}
	}
	if errors.Is(err, store.ErrConflict) {
		return nil, hostError(sdk.Exists, "a record is there already, is gone or was changed; read it again")
	}
	if err != nil {
		return nil, err
	}
	for i := range c.Put {
		c.Put[i].Rev = revs[i]
	}
	return &sdkstore.Records{Records: c.Put}, nil
}

// writer checks the records of one batch against their declarations.
type writer struct {
	service *storeService
	binding *capability.Binding
	tokens  *tokenMaker                      // once one was needed
	keep    map[store.Key]manifest.Retention // of the records that expire
	configs map[config.Key]bool              // that were looked up, and are there
	records map[store.Key]*sdkstore.Record   // of the batch
}

// ops makes writes of changes: of what is put first, in its order.
func (w *writer) ops(ctx context.Context, c *sdkstore.Changes) ([]store.Op, error) {
	n := len(c.Put) + len(c.Delete)
	ops := make([]store.Op, 0, n)
	w.records = make(map[store.Key]*sdkstore.Record, n)
	add := func(r *sdkstore.Record, op func(manifest.Record, *sdkstore.Record) (store.Op, error)) error {
		declared, err := w.service.declared(w.binding, r.Type)
		if err != nil {
			return err
		}
		next, err := op(declared, r)
		if err != nil {
			return err
		}
		if w.records[next.Doc.Key] != nil {
			return hostError(sdk.Invalid, "record %q of type %q is in the batch twice", r.ID, r.Type)
		}
		w.records[next.Doc.Key] = r
		ops = append(ops, next)
		return nil
	}
	for i := range c.Put {
		if err := add(&c.Put[i], func(declared manifest.Record, r *sdkstore.Record) (store.Op, error) { return w.op(ctx, declared, r) }); err != nil {
			return nil, err
		}
	}
	for i := range c.Delete {
		if err := add(&c.Delete[i], w.removal); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

// op checks a record and makes a write of it. What is refused is named by its field and never repeated.
func (w *writer) op(ctx context.Context, declared manifest.Record, r *sdkstore.Record) (store.Op, error) {
	index := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		f, ok := declared.Fields[name]
		if !ok {
			return store.Op{}, withField(clip(name), hostError(sdk.Invalid, "plugin.json declares no field %q of record type %q", clip(name), r.Type))
		}
		value := r.Fields[name]
		wrong, err := w.wrong(ctx, f.Kind, value, f.Validate(value))
		if err == nil && wrong == "" && f.Kind == manifest.KindConfig {
			wrong, err = w.configured(ctx, config.Key{Type: f.Config, ID: value})
		}
		if err != nil {
			return store.Op{}, err
		}
		if wrong != "" {
			return store.Op{}, withField(name, hostError(sdk.Invalid, "field %q of record type %q: %s", name, r.Type, wrong))
		}
		if f.Indexed {
			index[name] = value
		}
	}
	if err := w.identify(ctx, declared, r); err != nil {
		return store.Op{}, err
	}
	key, err := w.key(r)
	if err != nil {
		return store.Op{}, err
	}
	body, err := json.Marshal(record{Fields: r.Fields, Written: stamp(w.service.now())})
	if err != nil {
		return store.Op{}, fmt.Errorf("encode a record: %w", err)
	}
	if declared.Retention.Days > 0 {
		if w.keep == nil {
			w.keep = map[store.Key]manifest.Retention{}
		}
		w.keep[key] = declared.Retention
	}
	return store.Op{Doc: store.Doc{Key: key, Body: body, Index: index}, IfRev: r.Rev}, nil
}

// identify checks a record's id, and fills in one that is made of fields.
func (w *writer) identify(ctx context.Context, declared manifest.Record, r *sdkstore.Record) error {
	if len(declared.ID.Fields) > 0 {
		return derive(declared, r)
	}
	wrong, err := w.wrong(ctx, declared.ID.Kind, r.ID, declared.ID.Validate(r.ID))
	if err != nil {
		return err
	}
	if wrong != "" {
		return withField("id", hostError(sdk.Invalid, "the id of record type %q: %s", r.Type, wrong))
	}
	return nil
}

// derive makes an id of a record's fields, or compares the two.
func derive(declared manifest.Record, r *sdkstore.Record) error {
	id, lacks := declared.ID.Derive(r.Fields)
	if lacks != "" {
		return withField(lacks, hostError(sdk.Invalid, "the id of record type %q is made of the field %q, so each record needs it", r.Type, lacks))
	}
	if r.ID != "" && r.ID != id {
		return withField("id", hostError(sdk.Invalid, "the id of record type %q is not that of its fields; with other values it is another record: delete this one and create that", r.Type))
	}
	r.ID = id
	return nil
}

// removal makes a delete of a record that is named by its id, or by the fields of which that is made.
func (w *writer) removal(declared manifest.Record, r *sdkstore.Record) (store.Op, error) {
	if r.ID == "" && len(declared.ID.Fields) > 0 {
		for _, name := range declared.ID.Fields {
			if value, ok := r.Fields[name]; ok {
				if wrong := wanted(declared.Fields[name].Validate(value)); wrong != "" {
					return store.Op{}, withField(name, hostError(sdk.Invalid, "field %q of record type %q: %s", name, r.Type, wrong))
				}
			}
		}
		if err := derive(declared, r); err != nil {
			return store.Op{}, err
		}
	}
	key, err := w.key(r)
	if err != nil {
		return store.Op{}, err
	}
	op := store.Op{Doc: store.Doc{Key: key}, Delete: true, IfRev: r.Rev}
	if r.Rev == 0 {
		op.IfRev = store.Any
	}
	return op, nil
}

// key is where a record stands, whose revision is one.
func (w *writer) key(r *sdkstore.Record) (store.Key, error) {
	key, err := keyOf(w.binding, r.Type, r.ID)
	if err == nil && r.Rev < 0 {
		err = withField("rev", hostError(sdk.Invalid, "record %q of type %q: there is no revision %d", r.ID, r.Type, r.Rev))
	}
	return key, err
}

// wrong returns "" where value can be stored and what is wanted otherwise. form is what its declaration says of it; whether a
// token of the right form is the host's own needs the key.
func (w *writer) wrong(ctx context.Context, kind, value string, form error) (string, error) {
	if form != nil || kind != manifest.KindToken {
		return wanted(form), nil
	}
	if w.tokens == nil {
		var err error
		if w.tokens, err = w.service.tokens.maker(ctx, w.binding); err != nil {
			return "", err
		}
	}
	if !w.tokens.made(value) {
		return "want a token that store.Tokens returned", nil
	}
	return "", nil
}

// configured returns "" where there is such a configuration document, and what is wanted otherwise.
func (w *writer) configured(ctx context.Context, k config.Key) (string, error) {
	there, known := w.configs[k]
	if !known && w.service.configs != nil {
		_, err := w.service.configs.Get(ctx, w.binding, k.Type, k.ID)
		if err != nil && sdk.CodeOf(err) != sdk.NotFound {
			return "", err
		}
		if w.configs == nil {
			w.configs = map[config.Key]bool{}
		}
		there = err == nil
		w.configs[k] = there
	}
	if !there {
		return fmt.Sprintf("want the id of a document of the config %q", k.Type), nil
	}
	return "", nil
}

// overExpired turns creations of what is there, but expired, into writes over it: who reads meets no such record, and so must
// be able to create it. It is false where there is none.
func (w *writer) overExpired(ctx context.Context, ops []store.Op) (changed bool, err error) {
	for i := range ops {
		op := &ops[i]
		keep, ok := w.keep[op.Doc.Key]
		if !ok || op.IfRev != 0 || op.Delete {
			continue
		}
		d, err := w.service.store.Get(ctx, op.Doc.Key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		var old record
		if err := json.Unmarshal(d.Body, &old); err != nil {
			return false, fmt.Errorf("decode record %s: %w", d.Key, err)
		}
		if old.expired(keep, w.service.now()) {
			op.IfRev, changed = d.Rev, true
		}
	}
	return changed, nil
}
