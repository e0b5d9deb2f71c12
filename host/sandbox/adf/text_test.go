package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
)

const doc = `{"type":"doc","version":1,"content":[%s]}`

func document(blocks ...string) json.RawMessage {
	return json.RawMessage(strings.Replace(doc, "%s", strings.Join(blocks, ","), 1))
}

func paragraph(content string) string { return `{"type":"paragraph","content":[` + content + `]}` }

func word(text, marks string) string {
	raw, _ := json.Marshal(text)
	if marks == "" {
		return `{"type":"text","text":` + string(raw) + `}`
	}
	return `{"type":"text","text":` + string(raw) + `,"marks":[` + marks + `]}`
}

const link = `{"type":"link","attrs":{"href":"https://example.com/a?b=c"}}`

func TestTextAndDocumentsSayTheSame(t *testing.T) {
	tests := []struct {
		name, text string
		doc        json.RawMessage
	}{
		{"paragraphs", "One\n\nTwo", document(paragraph(word("One", "")), paragraph(word("Two", "")))},
		{"line break", "One\ntwo", document(paragraph(word("One", "") + `,{"type":"hardBreak"},` + word("two", "")))},
		{"marks", "a **b** *c* ~~d~~ `e`", document(paragraph(word("a ", "") + "," + word("b", `{"type":"strong"}`) + "," + word(" ", "") + "," +
			word("c", `{"type":"em"}`) + "," + word(" ", "") + "," + word("d", `{"type":"strike"}`) + "," + word(" ", "") + "," + word("e", `{"type":"code"}`)))},
		{"link", "see **[the page](https://example.com/a?b=c)**", document(paragraph(word("see ", "") + "," + word("the page", `{"type":"strong"},`+link)))},
		{"signs in text", `2 \* 3 \[x\` + "\\` " + `\~`, document(paragraph(word("2 * 3 [x\\` ~", "")))},
		{"snake case", "one_two_three", document(paragraph(word("one_two_three", "")))},
		{"bullets", "- One\n- Two\n  - Inner\n- Three", document(`{"type":"bulletList","content":[` +
			`{"type":"listItem","content":[` + paragraph(word("One", "")) + `]},` +
			`{"type":"listItem","content":[` + paragraph(word("Two", "")) + `,{"type":"bulletList","content":[{"type":"listItem","content":[` + paragraph(word("Inner", "")) + `]}]}]},` +
			`{"type":"listItem","content":[` + paragraph(word("Three", "")) + `]}]}`)},
		{"numbers", "3. One\n4. Two", document(`{"type":"orderedList","attrs":{"order":3},"content":[{"type":"listItem","content":[` + paragraph(word("One", "")) +
			`]},{"type":"listItem","content":[` + paragraph(word("Two", "")) + `]}]}`)},
		{"code", "```go\nx := `y`\n\n- no list\n```", document(`{"type":"codeBlock","attrs":{"language":"go"},"content":[` + word("x := `y`\n\n- no list", "") + `]}`)},
		{"heading, rule, quote", "## Head\n\n---\n\n> Said\n> \n> again", document(`{"type":"heading","attrs":{"level":2},"content":[`+word("Head", "")+`]}`, `{"type":"rule"}`,
			`{"type":"blockquote","content":[`+paragraph(word("Said", ""))+","+paragraph(word("again", ""))+`]}`)},
		{"mention", "[@Mia](mention:712020:mia) hello", document(paragraph(`{"type":"mention","attrs":{"id":"712020:mia","text":"@Mia"}},` + word(" hello", "")))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := adf.Text(tt.doc); tt.name != "signs in text" && got != tt.text {
				t.Errorf("text %q, want %q", got, tt.text)
			}
			if diff := cmp.Diff(decode(t, tt.doc), decode(t, adf.Parse(tt.text, nil))); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

func decode(t testing.TB, raw json.RawMessage) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

func TestUnchangedBlocksKeepWhatTextDoesNotShow(t *testing.T) {
	table := `{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell","content":[` + paragraph(word("cell", "")) + `]}]}]}`
	red := paragraph(word("red", `{"type":"textColor","attrs":{"color":"#ff0000"}}`))
	before := document(red, table, paragraph(word("last", "")))
	text := adf.Text(before)
	if diff := cmp.Diff(decode(t, before), decode(t, adf.Parse(text, before))); diff != "" {
		t.Errorf("nothing was changed (-want +got):\n%s", diff)
	}
	got := adf.Parse("new first\n\n"+strings.Replace(text, "last", "end", 1), before)
	want := document(paragraph(word("new first", "")), red, table, paragraph(word("end", "")))
	if diff := cmp.Diff(decode(t, want), decode(t, got)); diff != "" {
		t.Errorf("one block was changed, one is new (-want +got):\n%s", diff)
	}
}

func TestNoWordsAreNoDocument(t *testing.T) {
	for _, text := range []string{"", " \n\n "} {
		if got := adf.Parse(text, document(paragraph(word("old", "")))); got != nil {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// FuzzParse checks that what was read is written so that it is read as the same again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a **b *c* d** `e`", "- a\n  1. b\n\n> c\n> - d", "```\n```\n#\n# x\n[a](b)[c](mention:d)", "***a***", `\`, "a\n---\n**", "- \n-  x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc := adf.Parse(text, nil)
		if doc == nil {
			return
		}
		adf.HTML(doc)
		written := adf.Text(doc)
		kept := adf.Parse(written, doc)
		if kept != nil && adf.Text(kept) != written {
			t.Errorf("%q became %q and then %q", text, written, adf.Text(kept))
		}
	})
}
