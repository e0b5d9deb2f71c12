package syncing

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

// document is a type of which a collection is made.
type document interface {
	connectionDocument | syncDocument
}

// collection keeps documents of one type.
type collection[D document] struct {
	store store.Driver
	name  string
	what  string // for people, such as "connection"
	index func(D) map[string]string
}

// kept is a document with its place.
type kept[D document] struct {
	doc D
	id  string
	rev int64
}

var idForm = regexp.MustCompile(`^[cs][a-z2-7]{15}$`)

// newID draws the id of a document: a letter, which says what it is, and 75 bits.
func newID(letter string) string {
	var raw [10]byte
	rand.Read(raw[:])
	return letter + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:])[:15])
}

func (c collection[D]) key(t capability.TenantID, id string) store.Key {
	return store.Key{Tenant: t, Collection: c.name, ID: id}
}

func (c collection[D]) get(ctx context.Context, t capability.TenantID, id string) (kept[D], error) {
	missing := fail(sdk.NotFound, "there is no such %s; somebody may have deleted it", c.what)
	if !idForm.MatchString(id) {
		return kept[D]{}, missing
	}
	d, err := c.store.Get(ctx, c.key(t, id))
	if errors.Is(err, store.ErrNotFound) {
		return kept[D]{}, missing
	}
	if err != nil {
		return kept[D]{}, c.edge("read", err)
	}
	return c.decode(d)
}

func (c collection[D]) decode(d store.Doc) (kept[D], error) {
	k := kept[D]{id: d.Key.ID, rev: d.Rev}
	if err := json.Unmarshal(d.Body, &k.doc); err != nil {
		return k, fmt.Errorf("decode %s %s: %w", c.what, d.Key.ID, err)
	}
	return k, nil
}

// list returns all documents of a tenant, or those with a value under an index.
func (c collection[D]) list(ctx context.Context, t capability.TenantID, index, value string) ([]kept[D], error) {
	var all []kept[D]
	for d, err := range store.Each(ctx, c.store, store.Query{Tenant: t, Collection: c.name, Index: index, Value: value}) {
		if err != nil {
			return nil, c.edge("list", err)
		}
		k, err := c.decode(d)
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// put writes a document over the revision that was read, 0 for a new one.
func (c collection[D]) put(ctx context.Context, t capability.TenantID, k kept[D]) (kept[D], error) {
	body, err := json.Marshal(k.doc)
	if err != nil {
		return k, fmt.Errorf("encode %s %s: %w", c.what, k.id, err)
	}
	op := store.Op{Doc: store.Doc{Key: c.key(t, k.id), Body: body}, IfRev: k.rev}
	if c.index != nil {
		op.Doc.Index = c.index(k.doc)
	}
	revs, err := c.store.Write(ctx, op)
	if err != nil {
		return k, c.edge("write", err)
	}
	k.rev = revs[0]
	return k, nil
}

func (c collection[D]) delete(ctx context.Context, t capability.TenantID, id string) error {
	_, err := c.store.Write(ctx, store.Op{Doc: store.Doc{Key: c.key(t, id)}, Delete: true, IfRev: store.Any})
	return c.edge("delete", err)
}

// edge gives an error of the store its code and words.
func (c collection[D]) edge(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrConflict):
		return fail(sdk.Exists, "somebody else changed this %s at the same moment; reload it and try again", c.what)
	case errors.Is(err, store.ErrUnavailable):
		return fail(sdk.Unavailable, "the store does not answer; try again later")
	}
	return fmt.Errorf("%s a %s: %w", doing, c.what, err)
}

// fail is an error for whoever called, with what to do next.
func fail(code sdk.Code, format string, args ...any) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}
}

// refuse is an error about one field of what was sent.
func refuse(field, format string, args ...any) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field, Message: fmt.Sprintf(format, args...)}
}

// maxName bounds the names that admins give, in bytes.
const maxName = 100

func checkName(name string) error {
	if name == "" || len(name) > maxName || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return refuse("name", "write a name of one line, up to %d bytes, without spaces at its ends", maxName)
	}
	return nil
}
