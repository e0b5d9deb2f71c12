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

// writer checks the records of one batch against their declarations.
type writer struct {
	service *storeService
	binding *capability.Binding
	tokens  *tokenMaker                      // once one was needed
	keep    map[store.Key]manifest.Retention // of the records that expire
	configs map[config.Key]bool              // that were looked up, and are there
}

// op checks a record and makes a write of it. What is refused is named by its field and never repeated.
func (w *writer) op(ctx context.Context, declared manifest.Record, r *sdkstore.Record) (store.Op, error) {
	wrong, err := w.wrong(ctx, declared.ID.Kind, r.ID, declared.ID.Validate(r.ID))
	if err != nil {
		return store.Op{}, err
	}
	if wrong != "" {
		return store.Op{}, withField("id", hostError(sdk.Invalid, "the id of record type %q: %s", r.Type, wrong))
	}
	key, err := keyOf(w.binding, r.Type, r.ID)
	if err != nil {
		return store.Op{}, err
	}
	if r.Rev < 0 {
		return store.Op{}, withField("rev", hostError(sdk.Invalid, "record %q of type %q: there is no revision %d", r.ID, r.Type, r.Rev))
	}
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
		if !ok || op.IfRev != 0 {
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
