package sdktest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// assets is a table with a column of each type, and a key of two columns.
func assets() *sdktest.Table {
	t := &sdktest.Table{Stream: sync.Stream{Name: "assets", Key: []string{"site", "number"}, Columns: []sync.Column{
		{Name: "site", Type: sync.StringType, Filterable: true},
		{Name: "number", Type: sync.IntegerType, Filterable: true},
		{Name: "price", Type: sync.DecimalType, Filterable: true, Writable: true, Nullable: true},
		{Name: "leased", Type: sync.BooleanType, Filterable: true, Writable: true},
		{Name: "bought", Type: sync.DateType, Filterable: true, Nullable: true},
		{Name: "seen", Type: sync.TimeType, Filterable: true, Writable: true},
		{Name: "photo", Type: sync.BytesType, Nullable: true},
		{Name: "tags", Type: sync.ListType, Of: sync.StringType},
	}}}
	for i := range 30 {
		price, photo := sync.Decimal(fmt.Sprintf("%d.%02d", i*7, i)), sync.Bytes([]byte{byte(i)})
		if i%4 == 0 {
			price, photo = sync.Value{}, sync.Value{}
		}
		t.Rows = append(t.Rows, []sync.Value{
			sync.String([]string{"berlin", "Ålesund", "zürich"}[i%3]), sync.Int(int64(i * 37 % 31)), price, sync.Bool(i%2 == 0), sync.Date(2020, time.Month(1+i%12), 1+i%28),
			sync.Time(time.Date(2026, 1, 1+i, 12, 0, 0, i, time.FixedZone("", 3600*(i%5)))), photo, sync.List(sync.String("a"), sync.String("b")),
		})
	}
	return t
}

func served(s *sync.Source) *sync.Source {
	p := &sdk.Plugin{ID: "a.b", Version: "0.1.0", Synchronizers: map[string]sdk.Synchronizer{"s": s}}
	return sdktest.New(p).Source("s")
}

func TestMemoryConforms(t *testing.T) {
	m := sdktest.NewMemory(assets(), &sdktest.Table{Stream: sync.Stream{Name: "empty", Key: []string{"id"}, Columns: []sync.Column{{Name: "id", Type: sync.IntegerType}}}})
	sdktest.ConformSource(t, served(m.Source()), sdktest.Connection{Write: true})
}

func TestMemoryPagesThroughRowsThatComeAndGo(t *testing.T) {
	table := assets()
	m := sdktest.NewMemory(table)
	s := served(m.Source())
	r := &sync.Read{Stream: "assets", Columns: []string{"site", "number"}, Limit: 10}
	first, err := s.Read.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	m.Change(func() { table.Rows = append(table.Rows[1:], table.Rows[0]) }) // another order, the same rows
	seen := map[string]bool{}
	for page := first; ; {
		for _, row := range page.Rows {
			key := row[0].Text() + row[1].Text()
			if seen[key] {
				t.Errorf("%s comes twice", key)
			}
			seen[key] = true
		}
		if len(page.Next) == 0 {
			break
		}
		r.Cursor = page.Next
		if page, err = s.Read.Read(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d rows came", len(seen))
	}
}

// badSources are sources that must not pass, with a part of what the suite says about each.
var badSources = map[string]struct {
	change func(s *sync.Source)
	want   string
}{
	"loses a row at each page": {onPage(func(_ *sync.Read, p *sync.Page) {
		if len(p.Next) > 0 && len(p.Rows) > 1 {
			p.Rows = p.Rows[:len(p.Rows)-1]
		}
	}), "rows, want 30"},
	"repeats a row": {onPage(func(r *sync.Read, p *sync.Page) {
		if len(r.Cursor) == 0 && len(p.Next) == 0 {
			p.Rows = append(p.Rows, p.Rows[0])
		}
	}), "is there twice"},
	"ignores conditions": {func(s *sync.Source) {
		read := s.Read
		s.Read = sync.ReadFunc(func(ctx context.Context, r *sync.Read) (*sync.Page, error) {
			q := *r
			q.Where = nil
			return read.Read(ctx, &q)
		})
	}, "conditions_keep_what_they_should"},
	"says another type": {onPage(func(_ *sync.Read, p *sync.Page) {
		for _, row := range p.Rows {
			row[len(row)-1] = sync.Int(1)
		}
	}), "is said to hold list, and holds integer"},
	"forgets cursors": {func(s *sync.Source) {
		read := s.Read
		s.Read = sync.ReadFunc(func(ctx context.Context, r *sync.Read) (*sync.Page, error) {
			q := *r
			if string(r.Cursor) == "\xc1" {
				q.Cursor = nil
			}
			return read.Read(ctx, &q)
		})
	}, "a cursor that is none"},
	"does not write": {func(s *sync.Source) {
		s.Write = sync.WriteFunc(func(_ context.Context, r *sync.Write) (*sync.Written, error) {
			return &sync.Written{Outcomes: make([]sync.Outcome, len(r.Changes))}, nil
		})
	}, "after a write the row is"},
	"is not healthy": {func(s *sync.Source) {
		s.Check = sync.CheckFunc(func(context.Context, *sync.Check) (*sync.Health, error) {
			return &sync.Health{Problems: []sync.Problem{{What: "Nobody answers."}}}, nil
		})
	}, "Nobody answers."},
	"finds nothing wrong": {func(*sync.Source) {}, "the check finds no problem"},
}

func onPage(f func(r *sync.Read, p *sync.Page)) func(s *sync.Source) {
	return func(s *sync.Source) {
		read := s.Read
		s.Read = sync.ReadFunc(func(ctx context.Context, r *sync.Read) (*sync.Page, error) {
			p, err := read.Read(ctx, r)
			if err == nil {
				f(r, p)
			}
			return p, err
		})
	}
}

func TestBadSourcesDoNotConform(t *testing.T) {
	const variable = "SDKTEST_BAD_SOURCE"
	if name := os.Getenv(variable); name != "" {
		s := sdktest.NewMemory(assets()).Source()
		badSources[name].change(s)
		sdktest.ConformSource(t, served(s), sdktest.Connection{Write: true, Broken: map[string]sync.Config{"nothing is set": {}}})
		return
	}
	for name, b := range badSources {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBadSourcesDoNotConform$")
		cmd.Env = append(os.Environ(), variable+"="+name)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), b.want) {
			t.Errorf("%s: %v, and it does not say %q:\n%s", name, err, b.want, out)
		}
	}
}
