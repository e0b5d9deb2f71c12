package ui_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestPagerShowsWhereOneCanGo(t *testing.T) {
	shown := regexp.MustCompile(`>Previous<|>Next<|<li>.*?</li>|Page \d[^<]*`)
	number := regexp.MustCompile(`<span class="hidden-text">Page </span>(\d+)`)
	for _, tt := range []struct {
		name string
		in   view.Pager
		want string
	}{
		{"the only page", view.Pager{Page: 1, Pages: 1}, ""},
		{"the only page as far as one knows", view.Pager{Page: 1}, ""},
		{"the first of two", view.Pager{Page: 1, Pages: 2}, "[1] 2 next; Page 1 of 2"},
		{"the last of seven", view.Pager{Page: 7, Pages: 7, Total: 61}, "previous 1 2 3 4 5 6 [7]; Page 7 of 7, 61 in all"},
		{"the first of many", view.Pager{Page: 1, Pages: 20}, "[1] 2 … 20 next; Page 1 of 20"},
		{"amid many", view.Pager{Page: 10, Pages: 20}, "previous 1 … 9 [10] 11 … 20 next; Page 10 of 20"},
		{"the last of many", view.Pager{Page: 20, Pages: 20}, "previous 1 … 19 [20]; Page 20 of 20"},
		{"more, nobody knows how many", view.Pager{Page: 1, More: true}, "next; Page 1"},
		{"the end, nobody knew where", view.Pager{Page: 3}, "previous; Page 3"},
		{"beyond the last", view.Pager{Page: 9, Pages: 2}, "previous 1 [2]; Page 2 of 2"},
		{"no number at all", view.Pager{Page: -3, Pages: -1, More: true}, "next; Page 1"},
	} {
		tt.in.Call = view.Call{View: "list", Params: map[string]string{"sort": "key", "page": "never"}}
		html := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Pager: &tt.in}}})
		var parts []string
		words := ""
		for _, m := range shown.FindAllString(html, -1) {
			n := number.FindStringSubmatch(m)
			switch {
			case n != nil && strings.Contains(m, `aria-current="page"`):
				parts = append(parts, "["+n[1]+"]")
			case n != nil:
				parts = append(parts, n[1])
				if !strings.Contains(m, `data-call="view/list" data-params="{&#34;page&#34;:&#34;`+n[1]+`&#34;,&#34;sort&#34;:&#34;key&#34;}"`) {
					t.Errorf("%s: page %s calls %s", tt.name, n[1], m)
				}
			case strings.HasPrefix(m, "<li>"):
				parts = append(parts, "…")
			case strings.HasPrefix(m, "Page"):
				words = m
			default:
				parts = append(parts, strings.ToLower(strings.Trim(m, "<>")))
			}
		}
		got := strings.Trim(strings.Join(parts, " ")+"; "+words, "; ")
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSectionsLieAsDeepAsTheSDKSays(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: deep(view.MaxNesting)})
	if strings.Count(got, "<details") != view.MaxNesting || !strings.Contains(got, "the innermost") || strings.Contains(got, "cut short") {
		t.Error(got)
	}
	got = fragment(t, ui.Shell{}, &view.Page{Blocks: deep(view.MaxNesting + 1)})
	if strings.Count(got, "<details") != view.MaxNesting || strings.Contains(got, "the innermost") || !strings.Contains(got, "cut short") {
		t.Error(got)
	}
}

func TestSectionsOfOneNameAreToldApart(t *testing.T) {
	s := view.Block{Section: &view.Section{Title: "a", Name: "same"}}
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{s, s, {Section: &view.Section{Title: "b", Name: "Not a name"}}}})
	if strings.Count(got, `id="section-same"`) != 1 || strings.Contains(got, "Not a name") {
		t.Error(got)
	}
	checkRules(t, got)
}

func TestWordsThatAreNotKnownAreNone(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{
		{Section: &view.Section{Title: "a", Color: "pink"}}, {List: &view.List{Items: []view.Item{{Icon: "skull", Spans: []view.Span{{Text: "b"}}}}}},
		{Table: &view.Table{Columns: []view.Column{{Title: "c", Sorted: "sideways", Sort: &view.Call{}}}}},
	}})
	for _, word := range []string{"pink", "skull", "sideways", "aria-sort", `class="sort`} {
		if strings.Contains(got, word) {
			t.Errorf("%s is in %s", word, got)
		}
	}
}

func TestIssuesOfEveryPartAreLookedUp(t *testing.T) {
	span := func(id string) []view.Span { return []view.Span{{Text: "issue", IssueID: id}} }
	row := func(id string) []view.Row { return []view.Row{{Cells: []view.Cell{{Spans: span(id)}}}} }
	got := ui.IssueIDs(&view.Page{Blocks: []view.Block{
		{Text: &view.Text{Spans: span("1")}},
		{Section: &view.Section{Blocks: []view.Block{
			{List: &view.List{Items: []view.Item{{Spans: span("2"), Detail: span("3"), Aside: span("4")}}}},
			{Section: &view.Section{Blocks: []view.Block{{Table: &view.Table{Rows: row("5"), Foot: row("6")}}}}},
		}}},
	}})
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5", "6"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChoicesAreBoundedAndSaySo(t *testing.T) {
	draw := func(c *view.Choices) string {
		var b bytes.Buffer
		if err := newRenderer(t).Choices(&b, c); err != nil {
			t.Fatal(err)
		}
		checkRules(t, b.String())
		return b.String()
	}
	many := &view.Choices{}
	for i := range 1000 {
		many.Choices = append(many.Choices, view.Choice{Value: fmt.Sprint(i), Label: strings.Repeat("x", 100_000)})
	}
	got := draw(many)
	if n := strings.Count(got, `role="option"`); n != 100 || !strings.Contains(got, "There are more") || len(got) > 2<<20 {
		t.Errorf("%d choices in %d bytes: %.300s", n, len(got), got)
	}
	if got := draw(nil); !strings.Contains(got, "Nothing was found") {
		t.Error(got)
	}
	if got := draw(&view.Choices{Choices: []view.Choice{{Label: "without a value"}, {Value: "without a label"}}}); strings.Contains(got, ">without a value<") || !strings.Contains(got, ">without a label<") {
		t.Error(got)
	}
	poisoned := someChoices()
	for i := range poisoned.Choices {
		poisoned.Choices[i] = view.Choice{Value: `"><script>x()</script>`, Label: "<b>", Description: "<i>", Lozenge: "<u>", Disabled: "<s>", Icon: `"><x`, Tone: `"><y`}
	}
	if got := draw(poisoned); slices.ContainsFunc([]string{"<b>", "<i>", "<u>", "<s>", "<script", "<x", "<y"}, func(s string) bool { return strings.Contains(got, s) }) {
		t.Error(got)
	}
}
