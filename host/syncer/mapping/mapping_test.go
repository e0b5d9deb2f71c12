package mapping_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

var stream = sync.Stream{Name: "devices", Key: []string{"id"}, Columns: []sync.Column{
	{Name: "id", Type: sync.IntegerType}, {Name: "name", Type: sync.StringType, Writable: true}, {Name: "price", Type: sync.DecimalType},
	{Name: "bought", Type: sync.DateType}, {Name: "seen", Type: sync.TimeType, Filterable: true}, {Name: "tags", Type: sync.ListType, Of: sync.StringType},
	{Name: "blob", Type: sync.BytesType},
}}

var site = mapping.Site{"10001": {
	{ID: "summary", Required: true, Schema: jira.Schema{Type: "string", System: "summary"}},
	{ID: "description", Schema: jira.Schema{Type: "string", System: "description"}},
	{ID: "labels", Schema: jira.Schema{Type: "array", Items: "string", System: "labels"}},
	{ID: "priority", Schema: jira.Schema{Type: "priority", System: "priority"}, Allowed: []jira.Choice{{ID: "1", Name: "High"}, {ID: "2", Name: "high"}}},
	{ID: "security", Schema: jira.Schema{Type: "securitylevel", System: "security"}, Allowed: []jira.Choice{{ID: "77", Name: "Staff"}}},
	{ID: "components", Schema: jira.Schema{Type: "array", Items: "component", System: "components"}, Allowed: []jira.Choice{{ID: "5", Name: "Screen"}, {ID: "6", Name: "Fan"}}},
	{ID: "assignee", Schema: jira.Schema{Type: "user", System: "assignee"}},
	{ID: "parent", Schema: jira.Schema{Type: "issuelink", System: "parent"}},
	{ID: "number", Schema: jira.Schema{Type: "number"}},
	{ID: "date", Schema: jira.Schema{Type: "date"}},
	{ID: "moment", Schema: jira.Schema{Type: "datetime"}},
	{ID: "option", Schema: jira.Schema{Type: "option"}, Allowed: []jira.Choice{{ID: "1", Value: "Berlin"}, {ID: "2", Value: "Old", Disabled: true}}},
	{ID: "options", Schema: jira.Schema{Type: "array", Items: "option"}, Allowed: []jira.Choice{{ID: "1", Value: "a"}, {ID: "2", Value: "b"}}},
	{ID: "cascade", Schema: jira.Schema{Type: "option-with-child"}, Allowed: []jira.Choice{{ID: "1", Value: "DE", Children: []jira.Choice{{ID: "11", Value: "Berlin"}}}}},
	{ID: "odd", Schema: jira.Schema{Type: "sd-request"}},
}}

// book is a Lookup with one account and one hidden one.
type book struct{ added []string }

func (*book) Account(_ context.Context, text string) (string, mapping.Code, error) {
	switch text {
	case "mia@example.com":
		return "a-mia", "", nil
	case "broken":
		return "", "", errors.New("no answer")
	}
	return "", mapping.AccountHidden, nil
}

func (b *book) AddOption(_ context.Context, field, label string) (string, mapping.Code, error) {
	b.added = append(b.added, field+"="+label)
	return "99", "", nil
}

func config(fields ...mapping.Field) mapping.Config {
	c := mapping.Config{Stream: "devices", Project: "10000", Type: mapping.TypeRule{Default: "10001"}}
	if len(fields) == 0 || fields[0].Field != "summary" {
		c.Fields = append(c.Fields, mapping.Field{Field: "summary", Column: "name"})
	}
	c.Fields = append(c.Fields, fields...)
	return c
}

func TestCompileNamesEveryProblemWithItsPlace(t *testing.T) {
	c := config(
		mapping.Field{Field: "number", Column: "prize"},
		mapping.Field{Field: "date", Expr: "row.bought +"},
		mapping.Field{Field: "moment", Column: "bought", Zone: "Mars"},
		mapping.Field{Field: "gone", Column: "name"},
		mapping.Field{Field: "odd", Column: "name"},
		mapping.Field{Field: "option", Column: "price", Direction: mapping.Both},
		mapping.Field{Field: "labels"},
		mapping.Field{Field: "labels", Column: "tags", OnEmpty: "drop"},
	)
	c.Key = []string{"blob", "nokey"}
	c.Mode, c.Column = mapping.Timestamp, "price"
	c.Project = "OPS"
	c.Type.Values = map[string]string{"x": "10002"}
	c.Missing.Policy = mapping.Label
	c.Brake = mapping.Brake{Share: 2, Count: -1}
	_, err := mapping.Compile(c, stream, site)
	var problems mapping.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, p := range problems {
		got[p.At] = true
		if p.What == "" || p.Do == "" {
			t.Errorf("%+v does not say what is wrong and what to do", p)
		}
	}
	want := map[string]bool{}
	for _, at := range []string{
		"key[0]", "key[1]", "column", "project", "type.values", "missing.label", "missing.policy", "brake.share", "brake.count",
		"fields[1].column", "fields[2].expr", "fields[3].zone", "fields[4].field", "fields[5].field", "fields[6].direction", "fields[7]",
		"fields[8].field", "fields[8].onEmpty",
	} {
		want[at] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff, err)
	}
	for _, p := range problems {
		if p.At == "fields[2].expr" && !strings.Contains(p.What, "line 1, column ") {
			t.Errorf("the expression's error has no position: %s", p)
		}
	}
}

func TestRequiredFieldsNeedAMapping(t *testing.T) {
	strict := mapping.Site{"10001": append([]jira.Meta{{ID: "customfield_7", Required: true, Schema: jira.Schema{Type: "number"}}}, site["10001"]...)}
	if _, err := mapping.Compile(config(), stream, strict); err == nil || !strings.Contains(err.Error(), "customfield_7") {
		t.Error(err)
	}
}

func TestParseReadsWhatPrintWrote(t *testing.T) {
	c := config(mapping.Field{Field: "number", Column: "price", Values: map[string]string{"1": "2"}}).WithDefaults()
	raw, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	got, err := mapping.Parse(raw)
	if diff := cmp.Diff(c, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := mapping.Parse([]byte(`{"stream": "x", "colour": "red"}`)); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Error(err)
	}
}

func TestValuesTakeTheFormOfTheirField(t *testing.T) {
	moment := time.Date(2027, 3, 1, 23, 30, 0, 0, time.FixedZone("", 3600))
	for _, c := range []struct {
		name string
		f    mapping.Field
		in   sync.Value
		want string // JSON, or the code of a fault behind "!"
	}{
		{"text", mapping.Field{Field: "summary"}, sync.String(" a\n b "), `"a b"`},
		{"long text", mapping.Field{Field: "summary"}, sync.String(strings.Repeat("é", 256)), `!too_long`},
		{"bytes", mapping.Field{Field: "summary"}, sync.Bytes([]byte{1}), `!not_text`},
		{"document", mapping.Field{Field: "description"}, sync.String("a\nb\n\nc"), `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a"},{"type":"hardBreak"},{"type":"text","text":"b"}]},{"type":"paragraph","content":[{"type":"text","text":"c"}]}]}`},
		{"decimal, exact", mapping.Field{Field: "number"}, sync.Decimal("12345678901234567890.1250"), `12345678901234567890.125`},
		{"number in a text", mapping.Field{Field: "number"}, sync.String("1.50"), `1.5`},
		{"decimal comma", mapping.Field{Field: "number"}, sync.String("1,50"), `!not_number`},
		{"date", mapping.Field{Field: "date"}, sync.Date(2027, 1, 31), `"2027-01-31"`},
		{"date of a moment in a zone", mapping.Field{Field: "date", Zone: "Asia/Tokyo"}, sync.Time(moment), `"2027-03-02"`},
		{"no date", mapping.Field{Field: "date"}, sync.String("31.01.2027"), `!not_date`},
		{"moment", mapping.Field{Field: "moment"}, sync.Time(moment), `"2027-03-01T23:30:00.000+0100"`},
		{"moment without a zone", mapping.Field{Field: "moment", Zone: "Europe/Berlin"}, sync.String("2027-07-01 12:00:00"), `"2027-07-01T12:00:00.000+0200"`},
		{"labels", mapping.Field{Field: "labels"}, sync.List(sync.String("new one"), sync.Value{}, sync.String("b")), `["new_one","b"]`},
		{"labels in a text", mapping.Field{Field: "labels"}, sync.String("a b, c,,"), `["a_b","c"]`},
		{"option", mapping.Field{Field: "option"}, sync.String("berlin"), `{"id":"1"}`},
		{"disabled option", mapping.Field{Field: "option"}, sync.String("Old"), `!no_option`},
		{"new option", mapping.Field{Field: "option", AddOptions: true}, sync.String("Bonn"), `{"id":"99"}`},
		{"options", mapping.Field{Field: "options"}, sync.List(sync.String("b"), sync.String("a")), `[{"id":"2"},{"id":"1"}]`},
		{"cascade", mapping.Field{Field: "cascade"}, sync.String("DE / Berlin"), `{"id":"1","child":{"id":"11"}}`},
		{"cascade, wrong child", mapping.Field{Field: "cascade"}, sync.List(sync.String("DE"), sync.String("Paris")), `!no_option`},
		{"priority, exact before case", mapping.Field{Field: "priority"}, sync.String("high"), `{"id":"2"}`},
		{"security level by id", mapping.Field{Field: "security"}, sync.Int(77), `{"id":"77"}`},
		{"components", mapping.Field{Field: "components"}, sync.String("Fan"), `[{"id":"6"}]`},
		{"user by mail", mapping.Field{Field: "assignee"}, sync.String("mia@example.com"), `{"accountId":"a-mia"}`},
		{"hidden user", mapping.Field{Field: "assignee"}, sync.String("bo@example.com"), `!account_hidden`},
		{"parent", mapping.Field{Field: "parent"}, sync.String("OPS-1"), `{"key":"OPS-1"}`},
		{"expression", mapping.Field{Field: "summary", Expr: `value.upperAscii() + "-" + string(row.id)`}, sync.String("ab"), `"AB-7"`},
		{"expression that fails", mapping.Field{Field: "summary", Expr: `row.nothing`}, sync.String("ab"), `!expression`},
		{"costly expression", mapping.Field{Field: "summary", Expr: `[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, [1,2,3,4,5,6,7,8,9,10].map(d, string(a*b*c*d))))).size() > 0 ? "x" : "y"`}, sync.String(""), `!expression`},
		{"value map", mapping.Field{Field: "option", Values: map[string]string{"B": "Berlin"}}, sync.String("B"), `{"id":"1"}`},
		{"value map without the value", mapping.Field{Field: "option", Values: map[string]string{"B": "Berlin"}}, sync.String("Berlin"), `!not_mapped`},
		{"value map that passes", mapping.Field{Field: "option", Values: map[string]string{"B": "x"}, Pass: true}, sync.String("Berlin"), `{"id":"1"}`},
		{"default", mapping.Field{Field: "option", Default: "Berlin"}, sync.Value{}, `{"id":"1"}`},
		{"empty, kept", mapping.Field{Field: "option"}, sync.String(" "), ``},
		{"empty, cleared", mapping.Field{Field: "option", OnEmpty: mapping.Clear}, sync.Value{}, `null`},
		{"empty list, cleared", mapping.Field{Field: "options", OnEmpty: mapping.Clear}, sync.Value{}, `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			any := stream
			any.Columns = append([]sync.Column{{Name: "x", Type: sync.StringType}}, stream.Columns...)
			c.f.Column = "x"
			m, err := mapping.Compile(config(c.f), any, site)
			if err != nil {
				t.Fatal(err)
			}
			row := make([]sync.Value, len(m.Columns()))
			for i, name := range m.Columns() {
				switch name {
				case "x":
					row[i] = c.in
				case "id":
					row[i] = sync.Int(7)
				case "name":
					row[i] = sync.String("Name")
				}
			}
			r, err := m.Record(t.Context(), row, nil, &book{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if v, ok := r.Values[c.f.Field]; ok {
				raw, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				got = string(raw)
			}
			for _, f := range r.Faults {
				got += "!" + string(f.Code)
			}
			if !sameJSON(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// sameJSON compares as JSON where both are, without regard for the order of names, and digit by digit.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	parse := func(s string) (out any, ok bool) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		return out, d.Decode(&out) == nil
	}
	x, okX := parse(a)
	y, okY := parse(b)
	return okX && okY && cmp.Equal(x, y)
}

func TestKeysHaveOneForm(t *testing.T) {
	berlin := time.Date(2027, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
	for _, same := range [][2]sync.Value{
		{sync.Int(10), sync.Decimal("10")}, {sync.Decimal("10.50"), sync.Decimal("10.5")}, {sync.Decimal("10.00"), sync.Int(10)},
		{sync.Time(berlin), sync.Time(berlin.UTC())},
	} {
		if a, b := mapping.Key([]sync.Value{same[0]}), mapping.Key([]sync.Value{same[1]}); a != b {
			t.Errorf("%s and %s", a, b)
		}
	}
	if a, b := mapping.Key([]sync.Value{sync.String("a"), sync.String("b,c")}), mapping.Key([]sync.Value{sync.String("a,b"), sync.String("c")}); a == b {
		t.Errorf("two keys are %s", a)
	}
	if k := mapping.Key([]sync.Value{sync.String("a"), {}}); k != "" {
		t.Errorf("a key with a hole is %s", k)
	}
}

func TestLinksNameTheKeyOfARow(t *testing.T) {
	m, err := mapping.Compile(config(mapping.Field{Field: "parent", Column: "price", Sync: "self"}), stream, site)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Record(t.Context(), []sync.Value{sync.Int(1), sync.String("n"), sync.Decimal("5.0")}, nil, &book{})
	want := map[string]mapping.Link{"parent": {Sync: "self", Key: `["5"]`}}
	if diff := cmp.Diff(want, r.Links); diff != "" || err != nil || !m.HasLinks() {
		t.Error(err, diff)
	}
}

func TestTypesFollowAColumn(t *testing.T) {
	two := mapping.Site{"10001": site["10001"], "10002": site["10001"]}
	c := config()
	c.Type = mapping.TypeRule{Column: "price", Values: map[string]string{"1": "10001", "2": "10002"}}
	m, err := mapping.Compile(c, stream, two)
	if err != nil {
		t.Fatal(err)
	}
	for price, want := range map[string]string{"1": "10001", "2": "10002", "3": ""} {
		row := []sync.Value{sync.Int(1), sync.Decimal(price), sync.String("n")}
		r, err := m.Record(t.Context(), row, nil, &book{})
		if err != nil || r.Type != want || r.Broken() != (want == "") {
			t.Errorf("%s: type %q, faults %v, %v", price, r.Type, r.Faults, err)
		}
	}
	c.Type.Values = nil
	if _, err := mapping.Compile(c, stream, two); err == nil || !strings.Contains(err.Error(), "type.values") {
		t.Error(err)
	}
}
