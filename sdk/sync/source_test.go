package sync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// ask makes a call of a source as a host does.
func ask(t *testing.T, s *sync.Source, op string, in msgp.Marshaler, out msgp.Unmarshaler) error {
	t.Helper()
	body, err := in.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Synchronize(t.Context(), op, body)
	if err != nil {
		return err
	}
	if _, err := out.UnmarshalMsg(answer); err != nil {
		t.Fatal(err)
	}
	return nil
}

func reads(p *sync.Page) *sync.Source {
	return &sync.Source{Read: sync.ReadFunc(func(context.Context, *sync.Read) (*sync.Page, error) { return p, nil })}
}

func TestPagesThatBreakARuleAreTheSourcesFault(t *testing.T) {
	one := [][]sync.Value{{sync.Int(1)}}
	for name, p := range map[string]*sync.Page{
		"too many rows":       {Rows: [][]sync.Value{{sync.Int(1)}, {sync.Int(2)}, {sync.Int(3)}}},
		"row too short":       {Rows: [][]sync.Value{{}}},
		"row too long":        {Rows: [][]sync.Value{{sync.Int(1), sync.Int(2)}}},
		"cursor stays":        {Rows: one, Next: []byte("here")},
		"cursor too long":     {Rows: one, Next: make([]byte, sync.MaxCursor+1)},
		"fault of no row":     {Rows: one, Faults: []sync.Fault{{Row: 1, Message: "x"}}},
		"fault of a value":    {Rows: one, Faults: []sync.Fault{{Message: "x"}}},
		"fault without words": {Rows: [][]sync.Value{{{}}}, Faults: []sync.Fault{{}}},
		"no page":             nil,
	} {
		err := ask(t, reads(p), sync.OpRead, &sync.Read{Columns: []string{"a"}, Cursor: []byte("here"), Limit: 2}, new(sync.Page))
		if sdk.CodeOf(err) != sdk.Internal {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestQuestionsThatNobodyCouldAnswerNeverReachTheSource(t *testing.T) {
	s := &sync.Source{
		Read:    sync.ReadFunc(func(context.Context, *sync.Read) (*sync.Page, error) { t.Error("read"); return nil, nil }),
		Filters: true,
		Write:   sync.WriteFunc(func(context.Context, *sync.Write) (*sync.Written, error) { t.Error("write"); return nil, nil }),
	}
	a := []string{"a"}
	where := func(is sync.Comparison, v sync.Value) *sync.Read {
		return &sync.Read{Columns: a, Where: []sync.Condition{{Column: "a", Is: is, Value: v}}}
	}
	for name, r := range map[string]*sync.Read{
		"no columns": {}, "limit": {Columns: a, Limit: sync.MaxRows + 1}, "negative": {Columns: a, Limit: -1},
		"cursor": {Columns: a, Cursor: make([]byte, sync.MaxCursor+1)}, "comparison": where("like", sync.Int(1)),
		"null": where(sync.Equal, sync.Value{}), "list": where(sync.Equal, sync.List()),
	} {
		if err := ask(t, s, sync.OpRead, r, new(sync.Page)); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("read, %s: got %v", name, err)
		}
	}
	key, value := []sync.Value{sync.Int(1)}, []sync.Value{sync.String("x")}
	for name, r := range map[string]*sync.Write{
		"no columns": {Changes: []sync.Change{{Key: key}}}, "no key": {Columns: a, Changes: []sync.Change{{Values: value}}},
		"values": {Columns: a, Changes: []sync.Change{{Key: key}}}, "other key": {Columns: a, Key: []string{"a", "b"}, Changes: []sync.Change{{Key: key, Values: value}}},
	} {
		if err := ask(t, s, sync.OpWrite, r, new(sync.Written)); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("write, %s: got %v", name, err)
		}
	}
}

func TestSourceSaysWhatItLacks(t *testing.T) {
	s := &sync.Source{}
	for op, in := range map[string]msgp.Marshaler{
		sync.OpDiscover: &sync.Discover{}, sync.OpRead: &sync.Read{Columns: []string{"a"}}, sync.OpWrite: &sync.Write{Columns: []string{"a"}}, "sync.dream": &sync.Check{},
	} {
		if err := ask(t, s, op, in, nil); sdk.CodeOf(err) != sdk.Unimplemented {
			t.Errorf("%s: got %v", op, err)
		}
	}
}

func TestCheckThatIsLeftOutTriesToDiscover(t *testing.T) {
	for name, tt := range map[string]struct {
		err      error
		problems int
		code     sdk.Code
	}{
		"works":         {nil, 0, ""},
		"wrong table":   {sdk.Errorf(sdk.Invalid, "the table cannot be read"), 1, ""},
		"server away":   {sync.Downstream(sdk.Unavailable, "nobody answers"), 1, ""},
		"a defect":      {errors.New("index out of range"), 0, sdk.Internal},
		"took too long": {context.DeadlineExceeded, 0, sdk.Deadline},
	} {
		s := &sync.Source{Discover: sync.DiscoverFunc(func(context.Context, *sync.Discover) (*sync.Catalog, error) { return &sync.Catalog{}, tt.err })}
		var h sync.Health
		if err := ask(t, s, sync.OpCheck, &sync.Check{}, &h); sdk.CodeOf(err) != tt.code || len(h.Problems) != tt.problems {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

func TestReadWithConditionsIsRefusedWhereTheSourceDoesNotFilter(t *testing.T) {
	r := &sync.Read{Columns: []string{"a"}, Where: []sync.Condition{{Column: "a", Is: sync.Equal, Value: sync.Int(1)}}}
	if err := ask(t, reads(&sync.Page{}), sync.OpRead, r, new(sync.Page)); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestWholeRowsArePagedByKey(t *testing.T) {
	stream := &sync.Stream{Name: "s", Key: []string{"id"}, Columns: []sync.Column{{Name: "id", Type: sync.IntegerType}, {Name: "name", Type: sync.StringType}}}
	row := func(id int64) []sync.Value { return []sync.Value{sync.Int(id), sync.String("x")} }
	rows := [][]sync.Value{row(5), row(300), row(-1), row(70_000), row(2)}
	r := &sync.Read{Stream: "s", Columns: []string{"id"}, Limit: 2}
	seen := map[int64]int{}
	for n := 0; ; n++ {
		page, err := stream.Page(r, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range page.Rows {
			seen[got[0].Int()]++
		}
		if r.Cursor = page.Next; len(r.Cursor) == 0 {
			break
		}
		rows = append([][]sync.Value{row(int64(1000 + n))}, rows...) // what comes between two pages costs nobody else its place
	}
	for _, id := range []int64{5, 300, -1, 70_000, 2} {
		if seen[id] != 1 {
			t.Errorf("row %d came %d times", id, seen[id])
		}
	}
	r.Cursor = nil
	for name, rows := range map[string][][]sync.Value{"twice": {row(1), row(1)}, "null": {{{}, sync.String("x")}}, "untold": {{sync.Untold("x"), {}}}} {
		if _, err := stream.Page(r, rows); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("a key that is there %s: %v", name, err)
		}
	}
}

func TestDiscoverFindsOneStream(t *testing.T) {
	s := &sync.Source{Discover: sync.DiscoverFunc(func(context.Context, *sync.Discover) (*sync.Catalog, error) {
		return &sync.Catalog{Streams: []sync.Stream{{Name: "a"}, {Name: "b"}}}, nil
	})}
	var got sync.Catalog
	if err := ask(t, s, sync.OpDiscover, &sync.Discover{Stream: "b"}, &got); err != nil || len(got.Streams) != 1 || got.Streams[0].Name != "b" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := ask(t, s, sync.OpDiscover, &sync.Discover{Stream: "c"}, &got); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("an unknown one: %v", err)
	}
}

func TestCatalogsThatBreakARuleAreFound(t *testing.T) {
	of := func(columns ...sync.Column) sync.Stream { return sync.Stream{Name: "s", Columns: columns} }
	for name, streams := range map[string][]sync.Stream{
		"no name":         {{}},
		"stream twice":    {{Name: "a"}, {Name: "a"}},
		"column twice":    {of(sync.Column{Name: "a", Type: sync.StringType}, sync.Column{Name: "a", Type: sync.StringType})},
		"unknown type":    {of(sync.Column{Name: "a", Type: "float"})},
		"no type":         {of(sync.Column{Name: "a"})},
		"list of nothing": {of(sync.Column{Name: "a", Type: sync.ListType})},
		"list of lists":   {of(sync.Column{Name: "a", Type: sync.ListType, Of: sync.ListType})},
		"no list":         {of(sync.Column{Name: "a", Type: sync.StringType, Of: sync.StringType})},
		"key":             {{Name: "s", Key: []string{"b"}, Columns: []sync.Column{{Name: "a", Type: sync.StringType}}}},
	} {
		if err := (&sync.Catalog{Streams: streams}).Check(); err == nil {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

func TestFillerStopsWhereAMessageIsFull(t *testing.T) {
	r := &sync.Read{Columns: []string{"a", "b"}, Limit: sync.MaxRows}
	for name, row := range map[string][]sync.Value{
		"long values": {sync.Int(1), sync.String(strings.Repeat("ü", 10_000))},
		"many values": {sync.Int(1), sync.List(make([]sync.Value, 1000)...)},
		"many faults": {sync.Decimal("x"), sync.Untold(strings.Repeat("reason ", 100))},
		"small":       {sync.Bool(true), sync.Value{}},
	} {
		f := sync.Fill(r)
		rows := 0
		for f.Add(row...) {
			rows++
		}
		page := f.Next([]byte("next"))
		raw, err := page.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		message, err := (&wire.Result{Body: raw}).MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.Check(message); err != nil {
			t.Errorf("%s: %d rows: %v", name, rows, err)
		}
		if err := page.Check(r); err != nil || len(page.Rows) != rows || rows == 0 {
			t.Errorf("%s: %d rows of %d: %v", name, len(page.Rows), rows, err)
		}
		if name == "small" && rows != sync.MaxRows {
			t.Errorf("%s: %d rows", name, rows)
		}
	}
}

func TestFillerTellsWhatItCannotTell(t *testing.T) {
	f := sync.Fill(&sync.Read{Columns: []string{"a", "b", "c", "d"}, Limit: 2})
	big := sync.String(strings.Repeat("x", sync.MaxCell))
	f.Add(sync.Int(1), sync.Untold("it is infinite"), sync.String("x"), sync.Value{})
	f.Add(sync.Int(2), big, big, sync.String("short"))
	if f.Add(sync.Int(3), sync.Value{}, sync.Value{}, sync.Value{}) {
		t.Error("a third row went in")
	}
	p := f.Last()
	want := [][]sync.Value{{sync.Int(1), {}, sync.String("x"), {}}, {sync.Int(2), {}, big, sync.String("short")}}
	if diff := cmp.Diff(want, p.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%.2000s", diff)
	}
	if len(p.Faults) != 2 || p.Faults[0] != (sync.Fault{Column: 1, Message: "it is infinite"}) || p.Faults[1].Row != 1 || p.Faults[1].Column != 1 {
		t.Errorf("faults: %+v", p.Faults)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c := sync.Config{Secrets: map[string]sync.Secret{"password": "hunter2"}}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c.Secrets["password"]), string(text)} {
		if strings.Contains(out, "hunter2") {
			t.Errorf("the secret is in %s", out)
		}
	}
	if got := c.Secrets["password"].Reveal(); got != "hunter2" {
		t.Errorf("revealed %q", got)
	}
}
