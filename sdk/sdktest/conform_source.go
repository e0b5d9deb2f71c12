package sdktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	stdsync "sync"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Connection is what ConformSource needs beside the source.
//
// Since: v0.3
type Connection struct {
	// Config is a connection that works, to streams that nobody else changes meanwhile: some with rows, each with a key. A few
	// hundred rows in a stream are enough.
	Config sync.Config
	// Broken are connections that do not work, by what is wrong with them.
	Broken map[string]sync.Config
	// Streams keeps the suite to these; empty means all that the source has.
	Streams []string
	// Write lets the suite write to writable columns. It puts back what was there.
	Write bool
}

// ConformSource checks what a host expects of every synchronizer: pages without loss or repetition whatever their size, cursors
// that can come twice, the types that were promised, conditions, errors for what cannot be, and writes.
//
// Since: v0.3
func ConformSource(t *testing.T, s *sync.Source, c Connection) {
	t.Helper()
	suite := &sourceSuite{source: s, of: c}
	t.Run("connection is healthy", suite.healthy)
	t.Run("broken connections say what to do", suite.broken)
	if !t.Run("streams are in order", suite.discovers) {
		return
	}
	t.Run("refuses streams that are not there", suite.noStream)
	for _, stream := range suite.streams {
		t.Run("stream "+stream.Name, func(t *testing.T) {
			one := &streamSuite{sourceSuite: suite, stream: stream}
			if !t.Run("rows have the types that were promised", one.wholly) {
				return
			}
			t.Run("pages of any size hold the same rows", one.pages)
			t.Run("cursors can come twice", one.cursors)
			t.Run("columns come as they are asked for", one.columns)
			t.Run("conditions keep what they should", one.conditions)
			t.Run("refuses what cannot be", one.refuses)
			t.Run("answers many at once", one.concurrently)
			t.Run("ends with its context", one.canceled)
			t.Run("writes", one.writes)
		})
	}
}

type sourceSuite struct {
	source  *sync.Source
	of      Connection
	streams []sync.Stream // with columns
}

func (s *sourceSuite) healthy(t *testing.T) {
	health, err := s.source.Check.Check(t.Context(), &sync.Check{Config: s.of.Config})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range health.Problems {
		t.Errorf("%s: %s %s", p.Setting, p.What, p.Do)
	}
}

func (s *sourceSuite) broken(t *testing.T) {
	for name, config := range s.of.Broken {
		health, err := s.source.Check.Check(t.Context(), &sync.Check{Config: config})
		if err != nil {
			t.Errorf("%s: the check itself failed: %v; tell it as a problem", name, err)
			continue
		}
		if len(health.Problems) == 0 {
			t.Errorf("%s: the check finds no problem", name)
		}
		for _, p := range health.Problems {
			if p.What == "" || p.Do == "" {
				t.Errorf("%s: a problem that does not say what is wrong and what to do: %+v", name, p)
			}
			for secret, value := range config.Secrets {
				if len(value) > 3 && strings.Contains(p.What+p.Do, value.Reveal()) {
					t.Errorf("%s: the problem holds the secret %s: %+v", name, secret, p)
				}
			}
		}
		if _, err := s.source.Discover.Discover(t.Context(), &sync.Discover{Config: config}); err == nil {
			continue // such as a wrong setting that is for reading only
		} else if e := (*sdk.Error)(nil); !errors.As(err, &e) || e.Message == "" || e.Code == sdk.Internal {
			t.Errorf("%s: discover: %v; want an error that says what to do", name, err)
		}
	}
}

func (s *sourceSuite) discovers(t *testing.T) {
	seen := map[string]bool{}
	var cursor []byte
	for range 1000 {
		catalog, err := s.source.Discover.Discover(t.Context(), &sync.Discover{Config: s.of.Config, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if err := catalog.Check(); err != nil {
			t.Error(err)
		}
		for _, stream := range catalog.Streams {
			if seen[stream.Name] {
				t.Errorf("the stream %q is on two pages", stream.Name)
			}
			seen[stream.Name] = true
			if len(s.of.Streams) == 0 || slices.Contains(s.of.Streams, stream.Name) {
				s.discover(t, stream)
			}
		}
		if cursor = catalog.Next; len(cursor) == 0 {
			break
		}
	}
	for _, name := range s.of.Streams {
		if !seen[name] {
			t.Errorf("the stream %q is not there", name)
		}
	}
	if len(s.streams) == 0 {
		t.Error("there is no stream with a key, so nothing more can be tried")
	}
}

// discover asks for one stream, with its columns.
func (s *sourceSuite) discover(t *testing.T, listed sync.Stream) {
	alone, err := s.source.Discover.Discover(t.Context(), &sync.Discover{Config: s.of.Config, Stream: listed.Name})
	switch {
	case err != nil:
		t.Errorf("stream %q: %v", listed.Name, err)
	case len(alone.Streams) != 1 || alone.Streams[0].Name != listed.Name || len(alone.Streams[0].Columns) == 0:
		t.Errorf("stream %q: asked for alone it is %+v", listed.Name, alone.Streams)
	case len(alone.Streams[0].Key) == 0:
		t.Logf("stream %q has no key of its own and is left out", listed.Name)
	default:
		s.streams = append(s.streams, alone.Streams[0])
	}
}

func (s *sourceSuite) noStream(t *testing.T) {
	const name = "a stream that nobody has"
	_, err := s.source.Discover.Discover(t.Context(), &sync.Discover{Config: s.of.Config, Stream: name})
	wantCode(t, "discover", err, sdk.NotFound)
	_, err = s.source.Read.Read(t.Context(), &sync.Read{Config: s.of.Config, Stream: name, Columns: []string{"a"}})
	wantCode(t, "read", err, sdk.NotFound)
}

func wantCode(t *testing.T, what string, err error, codes ...sdk.Code) {
	t.Helper()
	e := (*sdk.Error)(nil)
	if !errors.As(err, &e) || !slices.Contains(codes, e.Code) || e.Message == "" {
		t.Errorf("%s: got %v, want the code %v", what, err, codes)
	}
}

// streamSuite tries one stream.
type streamSuite struct {
	*sourceSuite
	stream sync.Stream
	names  []string // of all columns
	key    []int    // places of the key in names
	rows   [][]sync.Value
	faults map[string]bool // "key/column" of values that cannot be told
}

func (s *streamSuite) question() *sync.Read {
	return &sync.Read{Config: s.of.Config, Stream: s.stream.Name, Columns: s.names}
}

// all reads from the first page to the last, and each page must be in order.
func (s *streamSuite) all(ctx context.Context, r *sync.Read) (rows [][]sync.Value, err error) {
	q := *r
	for range 1_000_000 {
		page, err := s.source.Read.Read(ctx, &q)
		if err != nil {
			return nil, err
		}
		if err := page.Check(&q); err != nil {
			return nil, err
		}
		rows = append(rows, page.Rows...)
		if q.Cursor = page.Next; len(q.Cursor) == 0 {
			return rows, nil
		}
	}
	return nil, errors.New("there is no end after a million pages")
}

func (s *streamSuite) wholly(t *testing.T) {
	for _, c := range s.stream.Columns {
		s.names = append(s.names, c.Name)
	}
	for _, name := range s.stream.Key {
		s.key = append(s.key, slices.Index(s.names, name))
	}
	q := s.question()
	q.Limit = sync.MaxRows
	s.faults = map[string]bool{}
	for {
		page, err := s.source.Read.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if err := page.Check(q); err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Faults {
			s.faults[fmt.Sprint(s.keyOf(page.Rows[f.Row]), "/", f.Column)] = true
		}
		s.rows = append(s.rows, page.Rows...)
		if q.Cursor = page.Next; len(q.Cursor) == 0 {
			break
		}
	}
	seen := map[string]bool{}
	for _, row := range s.rows {
		key := s.keyOf(row)
		if seen[key] {
			t.Errorf("the key %s is there twice", key)
		}
		seen[key] = true
		for i, c := range s.stream.Columns {
			switch v := row[i]; {
			case !c.Holds(v):
				t.Errorf("column %s is said to hold %s, and holds %s", c.Name, c.Type, v.Type())
			case v.IsNull() && (slices.Contains(s.key, i) || !c.Nullable) && !s.faults[fmt.Sprint(key, "/", i)]:
				t.Errorf("column %s has no value in the row %s, though it is in the key or not nullable", c.Name, key)
			}
		}
	}
	if len(s.rows) == 0 {
		t.Log("there are no rows; most of what follows has nothing to try")
	}
}

func (s *streamSuite) keyOf(row []sync.Value) string { return texts(pick(row, s.key)) }

func texts(row []sync.Value) string {
	out := make([]string, len(row))
	for i := range row {
		out[i] = string(row[i].Type()) + " " + row[i].Text()
	}
	return strings.Join(out, " | ")
}

// sizes of pages that are tried; small ones only where that is not endless.
func (s *streamSuite) sizes() []int64 {
	n := int64(len(s.rows))
	if n > 500 {
		return []int64{97, n/2 + 1, n, 0}
	}
	return []int64{1, 2, 7, max(1, n-1), max(1, n), n + 1, 0}
}

func (s *streamSuite) pages(t *testing.T) {
	for _, size := range s.sizes() {
		q := s.question()
		q.Limit = size
		got, err := s.all(t.Context(), q)
		if err != nil {
			t.Errorf("pages of %d: %v", size, err)
			continue
		}
		s.same(t, fmt.Sprintf("pages of %d", size), s.rows, got)
	}
}

// same compares rows, whose order has to be the same too.
func (s *streamSuite) same(t *testing.T, what string, want, got [][]sync.Value) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if !slices.EqualFunc(want[i], got[i], sync.Value.Equal) {
			t.Errorf("%s: row %d is %s, want %s", what, i, texts(got[i]), texts(want[i]))
			return
		}
	}
}

func (s *streamSuite) cursors(t *testing.T) {
	q := s.question()
	q.Limit = max(1, int64(len(s.rows))/3)
	read := 0
	for range 5 {
		page, err := s.source.Read.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.source.Read.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		s.same(t, "the same cursor again", page.Rows, again.Rows)
		if string(page.Next) != string(again.Next) {
			t.Errorf("the same cursor again leads elsewhere")
		}
		read += len(page.Rows)
		if q.Cursor = page.Next; len(q.Cursor) == 0 {
			return
		}
		rest := *q
		rest.Limit = sync.MaxRows
		got, err := s.all(t.Context(), &rest)
		if err != nil {
			t.Fatal(err)
		}
		s.same(t, "going on with another size of page", s.rows[min(read, len(s.rows)):], got)
	}
}

func (s *streamSuite) columns(t *testing.T) {
	for i, name := range s.names {
		q := s.question()
		q.Columns, q.Limit = []string{name, s.names[0]}, sync.MaxRows
		got, err := s.all(t.Context(), q)
		if err != nil {
			t.Errorf("column %s: %v", name, err)
			continue
		}
		want := make([][]sync.Value, len(s.rows))
		for n, row := range s.rows {
			want[n] = pick(row, []int{i, 0})
		}
		s.same(t, "column "+name, want, got)
	}
}

func (s *streamSuite) concurrently(t *testing.T) {
	var wg stdsync.WaitGroup
	for range 4 {
		wg.Go(func() {
			q := s.question()
			q.Limit = max(1, int64(len(s.rows))/2)
			got, err := s.all(t.Context(), q)
			if err != nil {
				t.Error(err)
				return
			}
			s.same(t, "beside others", s.rows, got)
		})
	}
	wg.Wait()
}

func (s *streamSuite) canceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	page, err := s.source.Read.Read(ctx, s.question())
	if err == nil {
		err = page.Check(s.question()) // a source that never waits may answer
	} else if code := sdk.CodeOf(err); code != sdk.Canceled && code != sdk.Deadline {
		t.Errorf("got %v, want an answer or the code %s", err, sdk.Canceled)
		return
	}
	if err != nil && sdk.CodeOf(err) == sdk.Internal {
		t.Error(err)
	}
}
