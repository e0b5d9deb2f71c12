package storetest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/store/storetest"
)

// faultEnv makes TestFaultyDriver run the suite over the driver with that fault.
const faultEnv = "PERGOLA_TEST_FAULT"

// faults are drivers that are wrong in one way, each with the check of the suite that has to find it.
var faults = map[string]struct {
	check string
	wrap  func(store.Store) store.Store
}{
	"never looks at revisions":  {"a write happens only at the expected revision", func(d store.Store) store.Store { return blind{d} }},
	"looks, then writes":        {"one of many concurrent writers wins", func(d store.Store) store.Store { return racy{d} }},
	"loses updates":             {"concurrent increments are all there", func(d store.Store) store.Store { return racy{d} }},
	"writes one by one":         {"a batch is written whole or not at all", func(d store.Store) store.Store { return torn{d} }},
	"shows half of a batch":     {"readers never see half of a batch", func(d store.Store) store.Store { return torn{d} }},
	"mixes tenants":             {"tenants are apart", func(d store.Store) store.Store { return mixing{d} }},
	"takes any batch":           {"a batch stays inside one tenant", func(d store.Store) store.Store { return torn{d} }},
	"starts a page too early":   {"pages by id cover everything once, in order", func(d store.Store) store.Store { return early{d} }},
	"starts a page too late":    {"pages by an equal index value cover everything once, in order", func(d store.Store) store.Store { return late{d} }},
	"knows no prefixes":         {"a prefix finds what begins with it, in order", func(d store.Store) store.Store { return unending{d} }},
	"counts pages":              {"a count is that of a list", func(d store.Store) store.Store { return short{d} }},
	"lists ids of all":          {"ids are those of a list", func(d store.Store) store.Store { return everybodys{d} }},
	"counts all":                {"a count is that of a list", func(d store.Store) store.Store { return boundless{d} }},
	"pages by position":         {"pages survive writes between them", func(d store.Store) store.Store { return &skipping{Store: d} }},
	"keeps old index values":    {"an index follows the document", func(d store.Store) store.Store { return hoarding{d} }},
	"folds the case of ids":     {"unusual ids are ordinary", func(d store.Store) store.Store { return folding{d} }},
	"keeps what it was given":   {"the caller keeps what it passed and owns what it got", func(d store.Store) store.Store { return &caching{Store: d} }},
	"never hears a cancelation": {"an ended context is obeyed", func(d store.Store) store.Store { return deaf{d} }},
	"forgets":                   {"documents survive closing", nil},
}

func TestSuiteFindsFaults(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			pattern := "^TestFaultyDriver$/^" + strings.ReplaceAll(fault.check, " ", "_") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern)
			cmd.Env = append(os.Environ(), faultEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
				t.Fatalf("the check %q passes a driver that %s (%v)", fault.check, name, err)
			}
			if want := "--- FAIL: TestFaultyDriver/" + strings.ReplaceAll(fault.check, " ", "_"); !strings.Contains(string(out), want) {
				t.Errorf("the check %q did not fail by itself:\n%s", fault.check, out)
			}
		})
	}
}

// TestFaultyDriver is run by TestSuiteFindsFaults in a process of its own, where its failure is the success.
func TestFaultyDriver(t *testing.T) {
	fault, ok := faults[os.Getenv(faultEnv)]
	if !ok {
		t.Skip("runs as a child of TestSuiteFindsFaults")
	}
	storetest.Run(t, func(t *testing.T, dir string) store.Store {
		if fault.wrap == nil {
			dir = t.TempDir()
		}
		d, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if fault.wrap == nil {
			return d
		}
		return fault.wrap(d)
	})
}

type blind struct{ store.Store }

func (d blind) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	ops = slices.Clone(ops)
	for i := range ops {
		ops[i].IfRev = store.Any
	}
	return d.Store.Write(ctx, ops...)
}

type racy struct{ store.Store }

func (d racy) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	for _, op := range ops {
		got, err := d.Get(ctx, op.Doc.Key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if op.IfRev != store.Any && op.IfRev != got.Rev {
			return nil, &store.ConflictError{Key: op.Doc.Key}
		}
	}
	runtime.Gosched()
	return blind(d).Write(ctx, ops...)
}

type torn struct{ store.Store }

func (d torn) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	var revs []int64
	for _, op := range ops {
		rev, err := d.Store.Write(ctx, op)
		if err != nil {
			return nil, err
		}
		revs = append(revs, rev...)
	}
	return revs, nil
}

type mixing struct{ store.Store }

func (d mixing) Get(ctx context.Context, k store.Key) (store.Doc, error) {
	asked := k.Tenant
	k.Tenant = "all"
	doc, err := d.Store.Get(ctx, k)
	doc.Key.Tenant = asked
	return doc, err
}

func (d mixing) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	ops = slices.Clone(ops)
	for i := range ops {
		ops[i].Doc.Key.Tenant = "all"
	}
	return d.Store.Write(ctx, ops...)
}

func (d mixing) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	asked := q.Tenant
	q.Tenant = "all"
	docs, err := d.Store.List(ctx, q)
	for i := range docs {
		docs[i].Key.Tenant = asked
	}
	return docs, err
}

type early struct{ store.Store }

func (d early) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	if n := len(q.After); n > 0 {
		q.After = q.After[:n-1] + string(q.After[n-1]-1) + "~"
	}
	return d.Store.List(ctx, q)
}

type late struct{ store.Store }

func (d late) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	if q.After != "" {
		q.After += "a" // what starts with the last id is passed over
	}
	return d.Store.List(ctx, q)
}

// unending starts at a prefix and ends anywhere.
type unending struct{ store.Store }

func (d unending) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	q.After, q.Prefix = max(q.After, q.Prefix), ""
	return d.Store.List(ctx, q)
}

type short struct{ store.Store }

func (d short) Count(ctx context.Context, q store.Query) (int, error) {
	q.Limit = store.MaxLimit
	docs, err := d.List(ctx, q)
	return len(docs), err
}

// everybodys gives out ids, and passes over whose they are.
type everybodys struct{ store.Store }

func (d everybodys) IDs(ctx context.Context, q store.Query) ([]string, error) {
	q.Index, q.Value = "", ""
	return d.Store.IDs(ctx, q)
}

type boundless struct{ store.Store }

func (d boundless) Count(ctx context.Context, q store.Query) (int, error) {
	q.Limit = min(q.Limit, 0)
	return d.Store.Count(ctx, q)
}

// skipping counts how many documents it gave out, as OFFSET does.
type skipping struct {
	store.Store
	given int
}

func (d *skipping) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	if q.After == "" {
		d.given = 0
	}
	limit := q.Limit
	q.After, q.Limit = "", store.MaxLimit
	all, err := d.Store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	page := all[min(d.given, len(all)):min(d.given+limit, len(all))]
	d.given += len(page)
	return page, nil
}

type hoarding struct{ store.Store }

func (d hoarding) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	ops = slices.Clone(ops)
	for i, op := range ops {
		if old, err := d.Get(ctx, op.Doc.Key); err == nil && !op.Delete {
			merged := maps.Clone(old.Index)
			if merged == nil {
				merged = map[string]string{}
			}
			maps.Copy(merged, op.Doc.Index)
			ops[i].Doc.Index = merged
		}
	}
	return d.Store.Write(ctx, ops...)
}

type folding struct{ store.Store }

func (d folding) Get(ctx context.Context, k store.Key) (store.Doc, error) {
	k.ID = strings.ToLower(k.ID)
	return d.Store.Get(ctx, k)
}

func (d folding) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	ops = slices.Clone(ops)
	for i := range ops {
		ops[i].Doc.Key.ID = strings.ToLower(ops[i].Doc.Key.ID)
	}
	return d.Store.Write(ctx, ops...)
}

// caching answers from the memory that a caller passed in.
type caching struct {
	store.Store
	last store.Doc
}

func (d *caching) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	revs, err := d.Store.Write(ctx, ops...)
	if err == nil {
		d.last = ops[0].Doc
		d.last.Rev = revs[0]
	}
	return revs, err
}

func (d *caching) Get(ctx context.Context, k store.Key) (store.Doc, error) {
	if d.last.Key == k {
		return d.last, nil
	}
	return d.Store.Get(ctx, k)
}

type deaf struct{ store.Store }

func (d deaf) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	return d.Store.Write(context.WithoutCancel(ctx), ops...)
}
