package jira_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	sdkjira "github.com/pergola-platform/pergola/sdk/jira"
)

func TestFlatten(t *testing.T) {
	type value = sdkjira.Value
	for _, tt := range []struct {
		name, in string
		want     value
	}{
		{"nothing", `null`, value{}},
		{"absent", ``, value{}},
		{"text", `"Laptop"`, value{Text: "Laptop"}},
		{"empty text", `""`, value{}},
		{"whole number", `10`, value{Text: "10", Kind: sdkjira.NumberValue}},
		{"number with a needless fraction", `10.0`, value{Text: "10", Kind: sdkjira.NumberValue}},
		{"number", `-1.50`, value{Text: "-1.5", Kind: sdkjira.NumberValue}},
		{"number as a power", `1.5E3`, value{Text: "1500", Kind: sdkjira.NumberValue}},
		{"number beyond what a float holds", `12345678901234567890123`, value{Text: "12345678901234567890123", Kind: sdkjira.NumberValue}},
		{"huge number", `1e300`, value{Text: "1e+300", Kind: sdkjira.NumberValue}},
		{"number out of range", `1e999`, value{Text: "1e999", Kind: sdkjira.NumberValue}},
		{"switch", `true`, value{Text: "true"}},
		{"date", `"2026-03-01"`, value{Text: "2026-03-01", Kind: sdkjira.DateValue, At: 1772323200000}},
		{"text as long as a date", `"2026-13-01"`, value{Text: "2026-13-01"}},
		{"moment", `"2026-03-01T12:30:45.000+0100"`, value{Text: "2026-03-01 12:30 +01:00", Kind: sdkjira.MomentValue, At: 1772364645000}},
		{"moment in UTC", `"2026-03-01T12:30:45.000+0000"`, value{Text: "2026-03-01 12:30 UTC", Kind: sdkjira.MomentValue, At: 1772368245000}},
		{"text as long as a moment", `"2026-13-01T12:30:45.000+0000"`, value{Text: "2026-13-01T12:30:45.000+0000"}},
		{"option", `{"self":"https://x","value":"Berlin","id":"10020"}`, value{Text: "Berlin", ID: "10020"}},
		{"cascading option", `{"value":"Berlin","id":"1","child":{"value":"Room 7","id":"2"}}`, value{Text: "Berlin / Room 7", ID: "1"}},
		{"user", `{"accountId":"a1","displayName":"Mia","name":"","key":"","active":true}`, value{Text: "Mia", ID: "a1", Kind: sdkjira.UserValue}},
		{"user who hides the name", `{"accountId":"a1","active":true}`, value{}},
		{"status", `{"name":"In use","id":"5","statusCategory":{"id":4,"key":"indeterminate","name":"In Progress"}}`, value{Text: "In use", ID: "5", Kind: sdkjira.StatusValue, Category: sdkjira.StatusInProgress}},
		{"id that is a number", `{"name":"Sprint 1","id":37}`, value{Text: "Sprint 1", ID: "37"}},
		{"group", `{"name":"admins","groupId":"g-1"}`, value{Text: "admins", ID: "g-1"}},
		{"parent issue", `{"id":"10002","key":"OPS-2","fields":{"summary":"Rack"}}`, value{Text: "OPS-2", ID: "10002"}},
		{"attachment", `{"id":10001,"filename":"debug.txt","author":{"displayName":"Mia"}}`, value{Text: "debug.txt", ID: "10001"}},
		{"unknown object", `{"watchCount":1,"isWatching":false}`, value{}},
		{"id alone", `{"id":"7","workspaceId":"w"}`, value{}},
		{"labels", `["a","","b"]`, value{Text: "a, b", Items: []value{{Text: "a"}, {Text: "b"}}}},
		{"options", `[{"value":"A","id":"1"},null,{"value":"B","id":"2"}]`, value{Text: "A, B", Items: []value{{Text: "A", ID: "1"}, {Text: "B", ID: "2"}}}},
		{"empty list", `[]`, value{}},
		{"no JSON", `{"a"`, value{}},
		{"object with a type of its own", `{"type":"doc","name":"Doc"}`, value{Text: "Doc"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, jira.Flatten(json.RawMessage(tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRichTextBecomesLines(t *testing.T) {
	text := func(s string) string { return `{"type":"text","text":"` + s + `","marks":[{"type":"strong"}]}` }
	p := func(inner ...string) string {
		return `{"type":"paragraph","content":[` + strings.Join(inner, ",") + `]}`
	}
	item := func(inner ...string) string {
		return `{"type":"listItem","content":[` + strings.Join(inner, ",") + `]}`
	}
	cell := func(inner ...string) string {
		return `{"type":"tableCell","content":[` + strings.Join(inner, ",") + `]}`
	}
	for _, tt := range []struct{ name, in, want string }{
		{"marks", p(text("Two "), text("words")), "Two words"},
		{"paragraphs", p(text("one")) + "," + p() + "," + p(text("two")), "one\ntwo"},
		{"break", p(text("one"), `{"type":"hardBreak"}`, text("two")), "one\ntwo"},
		{"heading", `{"type":"heading","attrs":{"level":2},"content":[` + text("Title") + `]},` + p(text("body")), "Title\nbody"},
		{"mention", p(text("ask "), `{"type":"mention","attrs":{"id":"a1","text":"@Mia"}}`), "ask @Mia"},
		{"emoji", p(`{"type":"emoji","attrs":{"shortName":":x:","text":"☺"}}`, `{"type":"emoji","attrs":{"shortName":":own:"}}`), "☺:own:"},
		{"date", p(`{"type":"date","attrs":{"timestamp":"1772323200000"}}`), "2026-03-01"},
		{"date that is none", p(text("x"), `{"type":"date","attrs":{"timestamp":"9223372036854775807"}}`), "x"},
		{"link card", p(`{"type":"inlineCard","attrs":{"url":"https://example.com"}}`), "https://example.com"},
		{"bullets", `{"type":"bulletList","content":[` + item(p(text("a"))) + `,` + item(p(text("b")), p(text("c"))) + `]}`, "- a\n- b\nc"},
		{"numbers", `{"type":"orderedList","attrs":{"order":3},"content":[` + item(p(text("a"))) + `,` + item(p(text("b"))) + `]}`, "3. a\n4. b"},
		{"nested list", `{"type":"bulletList","content":[` + item(p(text("a")), `{"type":"bulletList","content":[`+item(p(text("b")))+`]}`) + `]}`, "- a\n- b"},
		{"table", `{"type":"table","content":[{"type":"tableRow","content":[` + cell(p(text("a"))) + `,` + cell(p(text("b")), p(text("c"))) + `]},` +
			`{"type":"tableRow","content":[` + cell() + `,` + cell(p(text("d"))) + `]}]}`, "a | b c\n | d"},
		{"unknown node", `{"type":"somethingNew","content":[` + p(text("kept")) + `]}`, "kept"},
		{"nonsense", `7,"x",null,{"type":3,"content":{}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := jira.Flatten(json.RawMessage(`{"type":"doc","version":1,"content":[` + tt.in + `]}`))
			if diff := cmp.Diff(sdkjira.Value{Text: tt.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzFlatten(f *testing.F) {
	f.Add([]byte(`{"type":"doc","content":[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph"}]}]}]}`))
	f.Add([]byte(`[{"value":"a","child":{"value":"b"}},[1,[2]],1e999,"2026-03-01T12:30:45.000+0100"]`))
	f.Add([]byte(strings.Repeat(`{"type":"doc","content":[`, 200) + strings.Repeat(`]}`, 200)))
	f.Add([]byte(strings.Repeat(`[`, 200) + `1` + strings.Repeat(`]`, 200)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v := jira.Flatten(raw)
		if v.Text == "" && (v.ID != "" || v.Items != nil) {
			t.Error("a value without text is not empty")
		}
		if !utf8.ValidString(v.Text) {
			t.Errorf("%q is no text", v.Text)
		}
		for _, i := range v.Items {
			if i.Text == "" || !strings.Contains(v.Text, i.Text) {
				t.Errorf("member %q is not in %q", i.Text, v.Text)
			}
		}
	})
}
