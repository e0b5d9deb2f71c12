package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Accounts returns the accounts that a document of the type names, each once.
func (t Type) Accounts(d store.Doc) ([]string, error) {
	body, err := decode(d)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, f := range t.accounts() {
		texts(body, strings.Split(f.Path, "."), func(account string) { found[account] = true })
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// ChangedAt returns when a document was last changed; the zero time where it does not say.
func (t Type) ChangedAt(d store.Doc) time.Time {
	body, err := decode(d)
	if err != nil || t.Changed == "" {
		return time.Time{}
	}
	var at time.Time
	texts(body, strings.Split(t.Changed, "."), func(text string) {
		if parsed, err := time.Parse(time.RFC3339, text); err == nil {
			at = parsed
		}
	})
	return at
}

// Without returns the write by which an account goes out of a document that names it, as the type's Erasure says, on the
// condition that the document is still of that revision. false where the document does not name it.
func (t Type) Without(d store.Doc, account string) (store.Op, bool, error) {
	body, err := decode(d)
	if err != nil {
		return store.Op{}, false, err
	}
	removed := false
	index := maps.Clone(d.Index)
	for _, f := range t.accounts() {
		if remove(body, strings.Split(f.Path, "."), account) {
			removed = true
			if index[f.Index] == account {
				delete(index, f.Index)
			}
			if f.Of != "" {
				scrub(body, strings.Split(f.Of, "."), account)
			}
		}
	}
	if !removed {
		return store.Op{}, false, nil
	}
	if t.Erasure == EraseRecord {
		return store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: d.Rev}, true, nil
	}
	edited, err := json.Marshal(body)
	if err != nil {
		return store.Op{}, false, fmt.Errorf("encode %s: %w", d.Key, err)
	}
	return store.Op{Doc: store.Doc{Key: d.Key, Body: edited, Index: index}, IfRev: d.Rev}, true, nil
}

func decode(d store.Doc) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(d.Body))
	dec.UseNumber() // a number goes back as it was
	var body map[string]any
	if err := dec.Decode(&body); err != nil {
		return nil, fmt.Errorf("decode %s: %w", d.Key, err)
	}
	return body, nil
}

// texts calls f with each text at a path.
func texts(v any, path []string, f func(string)) {
	if len(path) == 0 {
		if text, ok := v.(string); ok {
			f(text)
		}
		return
	}
	name, list := strings.CutSuffix(path[0], "[]")
	object, _ := v.(map[string]any)
	if !list {
		texts(object[name], path[1:], f)
		return
	}
	members, _ := object[name].([]any)
	for _, m := range members {
		texts(m, path[1:], f)
	}
}

// remove takes a text at a path out of v, and says whether it was there.
func remove(v any, path []string, text string) bool {
	name, list := strings.CutSuffix(path[0], "[]")
	object, _ := v.(map[string]any)
	if object == nil {
		return false
	}
	last := len(path) == 1
	if !list {
		if !last {
			return remove(object[name], path[1:], text)
		}
		if object[name] != text {
			return false
		}
		delete(object, name)
		return true
	}
	members, _ := object[name].([]any)
	if last {
		kept := slices.DeleteFunc(slices.Clone(members), func(m any) bool { return m == text })
		if len(kept) == len(members) {
			return false
		}
		object[name] = kept
		return true
	}
	removed := false
	for _, m := range members {
		removed = remove(m, path[1:], text) || removed
	}
	return removed
}

// scrub takes a text out of v wherever it stands below a path.
func scrub(v any, path []string, text string) {
	if len(path) > 0 {
		object, _ := v.(map[string]any)
		scrub(object[path[0]], path[1:], text)
		return
	}
	object, _ := v.(map[string]any)
	for name, inner := range object {
		switch inner := inner.(type) {
		case []any:
			kept := slices.DeleteFunc(inner, func(m any) bool { return m == text })
			for _, m := range kept {
				scrub(m, nil, text)
			}
			object[name] = kept
		case string:
			if inner == text {
				delete(object, name)
			}
		default:
			scrub(inner, nil, text)
		}
	}
}

// AccountQueries are the queries that find every document of the type that names an account; every one that may name any,
// where none is given. It is none where the type's documents name nobody. A document may come up in more than one.
func (t Type) AccountQueries(site capability.TenantID, account string) []store.Query {
	all := []store.Query{{Tenant: site, Collection: t.Collection}}
	fields := t.accounts()
	switch {
	case len(fields) == 0:
		return nil
	case account == "":
		return all
	}
	var out []store.Query
	for _, f := range fields {
		if f.Index == "" {
			return all
		}
		out = append(out, store.Query{Tenant: site, Collection: t.Collection, Index: f.Index, Value: account})
	}
	return out
}
