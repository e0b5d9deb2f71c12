package sdktest

import (
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// compared are the types that have one order, the same for every source: how texts are ordered is each source's own business.
var compared = []sync.Type{sync.IntegerType, sync.DecimalType, sync.DateType, sync.TimeType}

func (s *streamSuite) conditions(t *testing.T) {
	for i, c := range s.stream.Columns {
		at := slices.IndexFunc(s.rows, func(row []sync.Value) bool { return !row[i].IsNull() })
		if !c.Filterable || at < 0 {
			continue
		}
		value := s.rows[at+(len(s.rows)-at)/2][i] // from the middle, so that both sides have something
		if value.IsNull() {
			value = s.rows[at][i]
		}
		tried := []sync.Comparison{sync.Equal}
		if slices.Contains(compared, c.Type) {
			tried = append(tried, sync.Less, sync.LessOrEqual, sync.Greater, sync.GreaterOrEqual)
		}
		for _, is := range tried {
			s.condition(t, i, sync.Condition{Column: c.Name, Is: is, Value: value})
		}
		q := s.question()
		q.Where = []sync.Condition{{Column: c.Name, Is: sync.Equal, Value: sync.Bool(true)}}
		if c.Type != sync.BooleanType {
			_, err := s.source.Read.Read(t.Context(), q)
			wantCode(t, "a condition of another type on "+c.Name, err, sdk.Invalid)
		}
	}
}

func (s *streamSuite) condition(t *testing.T, column int, c sync.Condition) {
	t.Helper()
	q := s.question()
	q.Where, q.Limit = []sync.Condition{c}, max(1, int64(len(s.rows))/3)
	got, err := s.all(t.Context(), q)
	if err != nil {
		t.Errorf("%s %s: %v", c.Column, c.Is, err)
		return
	}
	var want [][]sync.Value
	for _, row := range s.rows {
		if Holds(c, row[column]) {
			want = append(want, row)
		}
	}
	if c.Value.Type() != sync.StringType {
		s.same(t, c.Column+" "+string(c.Is), want, got)
		return
	}
	// A source may take ä for a, and A too.
	for _, row := range want {
		if !slices.ContainsFunc(got, func(o []sync.Value) bool { return slices.EqualFunc(row, o, sync.Value.Equal) }) {
			t.Errorf("%s %s: a row is missing: %s", c.Column, c.Is, texts(row))
		}
	}
}

func (s *streamSuite) refuses(t *testing.T) {
	const nobodys = "a column that nobody has"
	q := s.question()
	q.Columns = []string{nobodys}
	_, err := s.source.Read.Read(t.Context(), q)
	wantCode(t, "a column that is not there", err, sdk.Invalid)

	q = s.question()
	q.Where = []sync.Condition{{Column: nobodys, Is: sync.Equal, Value: sync.Int(1)}}
	_, err = s.source.Read.Read(t.Context(), q)
	wantCode(t, "a condition on a column that is not there", err, sdk.Invalid)

	for _, c := range s.stream.Columns {
		if c.Filterable {
			continue
		}
		q.Where = []sync.Condition{{Column: c.Name, Is: sync.Equal, Value: sync.String("x")}}
		_, err := s.source.Read.Read(t.Context(), q)
		wantCode(t, "a condition on a column that is not filterable", err, sdk.Invalid)
		break
	}
	for _, cursor := range []string{"\xc1", "\x00\xff\xfe garbage", "{}", "-1", string(make([]byte, sync.MaxCursor)), string(make([]byte, sync.MaxCursor+1))} {
		q := s.question()
		q.Cursor = []byte(cursor)
		_, err := s.source.Read.Read(t.Context(), q)
		wantCode(t, "a cursor that is none", err, sdk.Invalid)
	}
	s.damagedCursors(t)
}

// damagedCursors: whatever becomes of a cursor, the answer is a page that is in order, or an error that is not a defect.
func (s *streamSuite) damagedCursors(t *testing.T) {
	if len(s.rows) < 2 {
		return
	}
	q := s.question()
	q.Limit = 1
	page, err := s.source.Read.Read(t.Context(), q)
	if err != nil || len(page.Next) == 0 {
		t.Fatalf("the first row of %d: %v", len(s.rows), err)
	}
	whole := page.Next
	for n := range min(len(whole), 64) {
		for _, cursor := range [][]byte{whole[:n], slices.Concat(whole[:n], []byte{whole[n] ^ 0x55}, whole[n+1:])} {
			q.Cursor = cursor
			page, err := s.source.Read.Read(t.Context(), q)
			if err == nil {
				err = page.Check(q)
			} else if code := sdk.CodeOf(err); code == sdk.Invalid {
				continue
			}
			if err != nil {
				t.Errorf("a damaged cursor: %v", err)
			}
		}
	}
}

func (s *streamSuite) writes(t *testing.T) {
	if !s.of.Write || len(s.rows) == 0 {
		t.Skip("Connection.Write is not set, or there are no rows")
	}
	var writable, locked []int
	for i, c := range s.stream.Columns {
		if c.Writable && !slices.Contains(s.key, i) {
			writable = append(writable, i)
		} else if !c.Writable {
			locked = append(locked, i)
		}
	}
	if len(writable) == 0 {
		t.Skip("no column is writable")
	}
	row := s.rows[0]
	w := &sync.Write{Config: s.of.Config, Stream: s.stream.Name}
	for _, i := range writable {
		w.Columns = append(w.Columns, s.names[i])
	}
	was := sync.Change{Key: pick(row, s.key), Values: pick(row, writable)}
	changed := sync.Change{Key: was.Key, Values: pick(s.rows[len(s.rows)-1], writable)}
	strange := sync.Change{Key: slices.Clone(was.Key), Values: was.Values}
	if strange.Key[0] = another(was.Key[0]); strange.Key[0].IsNull() {
		strange.Key = nil
	}
	defer s.write(t, w, was)
	for _, change := range []sync.Change{was, changed, changed, was} { // twice the same is nothing else than once
		s.write(t, w, change)
		s.holds(t, writable, change)
	}
	if strange.Key != nil {
		w.Changes = []sync.Change{strange, changed}
		written, err := s.source.Write.Write(t.Context(), w)
		if err != nil || len(written.Outcomes) != 2 || written.Outcomes[0].Code != sdk.NotFound || written.Outcomes[1].Code != "" {
			t.Errorf("a key that is not there, and one that is: %+v, %v", written, err)
		} else {
			s.holds(t, writable, changed)
		}
	}
	if len(locked) > 0 {
		w.Columns, w.Changes = []string{s.names[locked[0]]}, []sync.Change{{Key: was.Key, Values: pick(row, locked[:1])}}
		_, err := s.source.Write.Write(t.Context(), w)
		wantCode(t, "writing to a column that is not writable", err, sdk.Invalid)
		w.Columns = nil
		for _, i := range writable {
			w.Columns = append(w.Columns, s.names[i])
		}
	}
}

func (s *streamSuite) write(t *testing.T, w *sync.Write, c sync.Change) {
	t.Helper()
	w.Changes = []sync.Change{c}
	written, err := s.source.Write.Write(t.Context(), w)
	if err != nil || len(written.Outcomes) != 1 || written.Outcomes[0].Code != "" {
		t.Errorf("write %s: %+v, %v", texts(c.Values), written, err)
	}
}

// holds checks that the row of a change has its values.
func (s *streamSuite) holds(t *testing.T, columns []int, c sync.Change) {
	t.Helper()
	rows, err := s.all(t.Context(), s.question())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if slices.EqualFunc(pick(row, s.key), c.Key, sync.Value.Equal) {
			if got := pick(row, columns); !slices.EqualFunc(got, c.Values, sync.Value.Equal) {
				t.Errorf("after a write the row is %s, want %s", texts(got), texts(c.Values))
			}
			return
		}
	}
	t.Error("after a write the row is gone")
}

// another returns a value of the type of v that hardly any row has, null for a type that it knows none of.
func another(v sync.Value) sync.Value {
	switch v.Type() {
	case sync.IntegerType:
		return sync.Int(1_987_654_321)
	case sync.DecimalType:
		return sync.Decimal("1987654321")
	case sync.StringType:
		return sync.String("a key that nobody has")
	}
	return sync.Value{}
}
