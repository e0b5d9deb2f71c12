package main_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// submit is the form, sent with these fields; those left out have their first value.
func submit(fields ...string) sdk.Request {
	r := elsewhere()
	r.Form = map[string][]string{"jql": {"project = OPS"}, "preset": {"a4-3x8"}, "start": {"1"}, "size": {""}}
	for i := 0; i < len(fields); i += 2 {
		r.Form[fields[i]] = []string{fields[i+1]}
	}
	return r
}

// finish follows the chain of steps to its end, as the page in a browser does, and returns the last page and the number
// of steps.
func (s *site) finish(page *view.Page) (*view.Page, int) {
	s.t.Helper()
	for n := 1; ; n++ {
		var next *view.Next
		for _, b := range page.Blocks {
			if b.Progress != nil {
				next = b.Progress.Next
			}
		}
		if next == nil {
			return page, n
		}
		if n > 250 {
			s.t.Fatal("the chain does not end")
		}
		r := elsewhere()
		r.State = next.State
		page = s.act(next.Action, r)
	}
}

// pdf downloads the sheet of a ready page.
func (s *site) pdf(page *view.Page) *sdk.Attachment {
	s.t.Helper()
	b, ok := buttons(page)["Download PDF"]
	if !ok {
		s.t.Fatalf("nothing to download: %s", words(page))
	}
	r := elsewhere()
	r.State = b.State
	return s.file(b.File, r)
}

func TestFormStartsWithTheIssueItIsOpenedFor(t *testing.T) {
	s := newSite(t, 1)
	for _, tt := range []struct{ name, issue, want string }{
		{"key", "OPS-7", "key = OPS-7"},
		{"id", "10007", "id = 10007"},
		{"nothing", "", ""},
		{"somebody's query", "OPS-7 OR project = SECRET", ""},
		{"a function", "currentUser()-1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := elsewhere()
			r.Params = map[string]string{"issue": tt.issue}
			page := s.view("labels", r)
			if got := field(t, page, "jql").Value; got != tt.want {
				t.Errorf("query %q, want %q", got, tt.want)
			}
			if got := field(t, page, "second").Value; got != "" {
				t.Error("the second line is on")
			}
		})
	}
	page := s.view("labels", s.beside(0))
	if got := field(t, page, "jql").Value; got != "id = 10001" || buttons(page)["Back to the code"].View != "panel" {
		t.Errorf("in the panel: query %q, buttons %v", got, buttons(page))
	}
}

func TestOneLabelNeedsOneStep(t *testing.T) {
	s := newSite(t, 3)
	page, steps := s.finish(s.act("start", submit("jql", "key = OPS-2")))
	if steps != 1 || !strings.HasPrefix(words(page), "1 label on 1 sheet.") {
		t.Errorf("%d steps: %s", steps, words(page))
	}
	if s.code(1) == "" || s.code(0) != "" {
		t.Error("the code of the one issue is missing, or another one was made")
	}
	if got := s.pdf(page).Name; got != "label-OPS-2.pdf" {
		t.Error(got)
	}
}

func TestFiveHundredLabelsTakeAChainOfSteps(t *testing.T) {
	s := newSite(t, 500)
	s.act("create", s.beside(41))
	before := s.code(41)
	first := s.act("start", submit())
	progress := first.Blocks[0].Progress
	if progress == nil || progress.Label != "Finding issues" || progress.Done != 100 || progress.Total != 0 || progress.Cancel != "cancel" {
		t.Fatalf("after the first step: %+v", first.Blocks[0])
	}
	page, steps := s.finish(first)
	if steps != 9 || !strings.HasPrefix(words(page), "500 labels on 21 sheets.") {
		t.Errorf("%d steps: %s", steps, words(page))
	}
	if s.code(41) != before || len(s.revisions()) != 1000 || s.largest > 500 {
		t.Errorf("%d records, %d in one write, an old code %q became %q", len(s.revisions()), s.largest, before, s.code(41))
	}
	file := s.pdf(page)
	if file.Name != "labels-500.pdf" || file.ContentType != "application/pdf" || len(file.Body) < 100_000 {
		t.Errorf("%s %s %d bytes", file.Name, file.ContentType, len(file.Body))
	}
	if fig := figure(t, page); fig.Caption != "Sheet 1 of 21" {
		t.Errorf("preview: %q", fig.Caption)
	}
}

func TestSheetsCountTheLabelsThatAreUsedUp(t *testing.T) {
	s := newSite(t, 24)
	for start, want := range map[string]string{"1": "24 labels on 1 sheet.", "2": "24 labels on 2 sheets.", "24": "24 labels on 2 sheets."} {
		page, _ := s.finish(s.act("start", submit("start", start)))
		if got := words(page); !strings.HasPrefix(got, want) {
			t.Errorf("from %s: %s", start, got)
		}
	}
}

func TestMoreThanFiveHundredIssuesAreRefusedWithoutMakingACode(t *testing.T) {
	s := newSite(t, 501)
	page, _ := s.finish(s.act("start", submit("preset", "a4-5x13")))
	if got := field(t, page, "jql").Error; !strings.Contains(got, "more than 500 issues") {
		t.Errorf("got %q: %s", got, words(page))
	}
	if got := field(t, page, "preset").Value; got != "a4-5x13" {
		t.Errorf("the form forgot the preset: %q", got)
	}
	if len(s.revisions()) > 0 {
		t.Errorf("%d records were made for nothing", len(s.revisions()))
	}
}

func TestShortAndEmptyPagesOfASearchAreNotItsEnd(t *testing.T) {
	s := newSite(t, 30)
	s.page = 7
	for i := 7; i < 14; i++ {
		s.hidden[s.issues[i].ID] = true
	}
	page, _ := s.finish(s.act("start", submit()))
	if !strings.HasPrefix(words(page), "23 labels on 1 sheet.") {
		t.Error(words(page))
	}
}

func TestSearchThatShowsNothingForeverEnds(t *testing.T) {
	s := newSite(t, 300)
	s.page = 1
	for _, i := range s.issues {
		s.hidden[i.ID] = true
	}
	page, steps := s.finish(s.act("start", submit()))
	if got := field(t, page, "jql").Error; !strings.Contains(got, "takes too long") {
		t.Errorf("after %d steps: %s", steps, words(page))
	}
}

func TestNothingFoundSaysSoAndOffersToStartAgain(t *testing.T) {
	s := newSite(t, 3)
	page := s.act("start", submit("jql", "project = EMPTY", "start", "4"))
	again := buttons(page)["Start again"]
	if !strings.Contains(words(page), "No issues found") || again.View != "labels" {
		t.Fatal(words(page))
	}
	r := elsewhere()
	r.State = again.State
	page = s.view("labels", r)
	if field(t, page, "jql").Value != "project = EMPTY" || field(t, page, "start").Value != "4" {
		t.Error("the form is not as it was sent")
	}
}

func TestRefusedQueryStandsBesideTheField(t *testing.T) {
	s := newSite(t, 1)
	page := s.act("start", submit("jql", "nonsense"))
	if got := field(t, page, "jql"); !strings.Contains(got.Error, "Error in the JQL Query") || got.Value != "nonsense" {
		t.Errorf("%+v", got)
	}
}

func TestFormErrorsStandBesideTheirFields(t *testing.T) {
	s := newSite(t, 1)
	custom := []string{"preset", "custom", "pageWidth", "210", "pageHeight", "297", "columns", "3", "rows", "8", "labelWidth", "63,5",
		"labelHeight", "33.9", "marginLeft", "7.2", "marginTop", "12.9", "gapX", "2.54", "gapY", "0"}
	with := func(fields ...string) []string { return append(append([]string{}, custom...), fields...) }
	for _, tt := range []struct {
		name   string
		fields []string
		field  string // with the error; empty where there is none
		says   string
	}{
		{"no query", []string{"jql", " "}, "jql", "Enter a query"},
		{"endless query", []string{"jql", strings.Repeat("x", 5000)}, "jql", "Enter a query"},
		{"unknown preset", []string{"preset", "a0"}, "preset", "Choose one"},
		{"start beyond the sheet", []string{"start", "25"}, "start", "from 1 to 24"},
		{"start on a roll", []string{"start", "2", "preset", "roll-62x29"}, "start", "from 1 to 1"},
		{"start that is no number", []string{"start", "one"}, "start", "from 1 to 24"},
		{"size that is no number", []string{"size", "NaN"}, "size", "Enter a number from 8 to 100"},
		{"size beyond the label", []string{"size", "30"}, "size", "At most 28.5 mm do."},
		{"size with a second line", []string{"size", "27", "second", "true"}, "size", "At most 25.9 mm do."},
		{"own measures", custom, "", ""},
		{"columns beyond the page", with("columns", "4"), "columns", "the page is 210 mm wide"},
		{"half a column", with("columns", "2.5"), "columns", "from 1 to 50"},
		{"measure that is no number", with("gapX", "wide"), "gapX", "from 0 to 600"},
		{"label too low", with("labelHeight", "12", "rows", "20"), "labelHeight", "Too low"},
		{"label too narrow", with("labelWidth", "10"), "", ""},
		{"start on own measures", with("start", "30"), "start", "from 1 to 24"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page := s.act("start", submit(tt.fields...))
			if tt.field == "" {
				if !strings.HasPrefix(words(page), "1 label on 1 sheet.") {
					t.Errorf("refused: %s", words(page))
				}
				return
			}
			for _, f := range form(t, page).Fields {
				if (f.Error != "") != (f.Name == tt.field) || !strings.Contains(f.Error, tt.says) && f.Name == tt.field {
					t.Errorf("field %s: %q", f.Name, f.Error)
				}
			}
		})
	}
}

func TestBarcodeNeedsAWideLabel(t *testing.T) {
	s := newSite(t, 1).set("symbology", "code128").set("content", "field").set("field", "customfield_10042")
	r := submit("preset", "custom", "pageWidth", "210", "pageHeight", "297", "columns", "3", "rows", "8", "labelWidth", "15",
		"labelHeight", "33.9", "marginLeft", "7.2", "marginTop", "12.9", "gapX", "2.54", "gapY", "0")
	if got := field(t, s.act("start", r), "labelWidth").Error; !strings.Contains(got, "Too narrow") {
		t.Errorf("got %q", got)
	}
}

func TestOwnMeasuresAreAskedForOnce(t *testing.T) {
	s := newSite(t, 1)
	page := s.act("start", submit("preset", "custom", "jql", "key = OPS-1"))
	for name, want := range map[string]string{"pageWidth": "210", "columns": "3", "labelWidth": "63.5", "gapY": "0", "jql": "key = OPS-1"} {
		if got := field(t, page, name); got.Value != want || got.Error != "" {
			t.Errorf("%s: %q, error %q", name, got.Value, got.Error)
		}
	}
	// Sent as it is, it works, and Start again brings the measures back.
	r := elsewhere()
	r.Form = map[string][]string{}
	for _, f := range form(t, page).Fields {
		r.Form[f.Name] = []string{f.Value}
	}
	page = s.act("start", r)
	r = elsewhere()
	r.State = buttons(page)["Start again"].State
	if got := field(t, s.view("labels", r), "labelHeight").Value; got != "33.9" {
		t.Errorf("label height %q", got)
	}
}

func TestCancelReturnsToTheForm(t *testing.T) {
	s := newSite(t, 150)
	page := s.act("start", submit("start", "3"))
	r := elsewhere()
	r.State = page.Blocks[0].Progress.Next.State
	if got := field(t, s.act("cancel", r), "start").Value; got != "3" {
		t.Errorf("start %q", got)
	}
	if got := field(t, s.act("cancel", elsewhere()), "start").Value; got != "1" {
		t.Errorf("without a state: start %q", got)
	}
	if len(s.revisions()) > 0 {
		t.Error("codes were made")
	}
}

func TestSettingsThatChangeUnderwayStopTheJob(t *testing.T) {
	s := newSite(t, 150)
	page := s.act("start", submit())
	r := elsewhere()
	r.State = page.Blocks[0].Progress.Next.State
	s.set("content", "url")
	if got := words(s.act("step", r)); !strings.Contains(got, "An admin changed what the codes contain") {
		t.Error(got)
	}

	s.set("content", "link")
	page, _ = s.finish(s.act("start", submit()))
	r.State = buttons(page)["Download PDF"].State
	s.set("content", "url")
	if _, _, err := s.try(wire.OpFile, "sheet", r); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "An admin changed") {
		t.Error(err)
	}
}

func TestForeignAndUnfinishedStatesAreRefused(t *testing.T) {
	s := newSite(t, 150)
	page := s.act("start", submit())
	unfinished := page.Blocks[0].Progress.Next.State
	for name, state := range map[string][]byte{"none": nil, "garbage": []byte("garbage")} {
		r := elsewhere()
		r.State = state
		if _, _, err := s.try(wire.OpAction, "step", r); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("step with %s: %v", name, err)
		}
		if _, _, err := s.try(wire.OpFile, "sheet", r); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("sheet with %s: %v", name, err)
		}
	}
	r := elsewhere()
	r.State = unfinished
	if _, _, err := s.try(wire.OpFile, "sheet", r); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("sheet of an unfinished job: %v", err)
	}
}

func TestStepMakesNoCodeForAnIssueTheUserCannotSee(t *testing.T) {
	s := newSite(t, 3)
	s.hidden["10002"] = true
	// The user writes an id of their own into the state.
	j := fullJob("link", 3)
	j.Coded = 0
	for i := range j.Labels {
		j.Labels[i].Text = ""
	}
	raw, err := j.Encode()
	if err != nil {
		t.Fatal(err)
	}
	r := elsewhere()
	r.State = raw
	page := s.act("step", r)
	if s.code(1) != "" || s.code(0) == "" || s.code(2) == "" {
		t.Errorf("codes %q %q %q", s.code(0), s.code(1), s.code(2))
	}
	if got := words(page); !strings.HasPrefix(got, "2 labels on 1 sheet.") || !strings.Contains(got, "1 issue without a label") || !strings.Contains(got, "OPS-2 | You may not see it any more") {
		t.Error(got)
	}
}

func TestTwoSheetsAtOnceShareTheirCodes(t *testing.T) {
	s := newSite(t, 80)
	s.beforePut = func() { s.finish(s.act("start", submit())) }
	page, _ := s.finish(s.act("start", submit()))
	if len(s.revisions()) != 160 || !strings.HasPrefix(words(page), "80 labels") {
		t.Errorf("%d records: %s", len(s.revisions()), words(page))
	}
}

func TestSheetGivesARevokedIssueANewCode(t *testing.T) {
	s := newSite(t, 1)
	s.act("create", s.beside(0))
	old := s.code(0)
	r := s.beside(0)
	r.Params = map[string]string{"code": old}
	s.act("revoke", r)
	s.finish(s.act("start", submit()))
	if s.code(0) == "" || s.code(0) == old {
		t.Errorf("code %q, revoked %q", s.code(0), old)
	}
	if got := s.record("code", old, "state"); got != "revoked" {
		t.Errorf("the old code is %s again", got)
	}
}

func TestIssuesWithNothingToEncodeAreNamed(t *testing.T) {
	s := newSite(t, 5).set("content", "field").set("field", "customfield_10042").set("symbology", "code128")
	s.issues[1].Fields["customfield_10042"] = jira.Value{}
	s.issues[2].Fields["customfield_10042"] = jira.Value{Text: "資産"}
	s.issues[3].Fields["customfield_10042"] = jira.Value{Text: strings.Repeat("7", 5000)}
	page, _ := s.finish(s.act("start", submit()))
	got := words(page)
	for _, want := range []string{
		"2 labels on 1 sheet.", "3 issues without a label", "OPS-2 | Its field is empty", "OPS-3 | Not possible as a barcode", "OPS-4 | Too long for a code",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	s.pdf(page)

	for i := range s.issues {
		s.issues[i].Fields["customfield_10042"] = jira.Value{}
	}
	page, _ = s.finish(s.act("start", submit()))
	if got := words(page); !strings.Contains(got, "No label can be printed") || !strings.Contains(got, "OPS-5 | Its field is empty") {
		t.Error(got)
	}
}

func TestUnsuitableSettingsAreNamedInsteadOfTheForm(t *testing.T) {
	s := newSite(t, 1).set("content", "field")
	for _, page := range []*view.Page{s.view("labels", elsewhere()), s.act("start", submit()), s.act("step", elsewhere())} {
		if got := words(page); !strings.Contains(got, "No field is chosen") {
			t.Error(got)
		}
	}
}

func TestSheetThatIsTooMuchIsRefusedBeforeTheDownload(t *testing.T) {
	long := func(s *site, n int) {
		for i := range s.issues {
			s.issues[i].Fields["summary"] = jira.Value{Text: strings.Repeat(strconv.Itoa(i)+" abc ", n/5)[:n]}
		}
	}
	for _, kind := range []string{"qr", "datamatrix"} {
		s := newSite(t, 500).set("content", "field").set("field", "summary").set("symbology", kind)
		long(s, 600)
		page, _ := s.finish(s.act("start", submit()))
		if got := form(t, page).Error; !strings.Contains(got, "hold too much to draw them in one go") {
			t.Errorf("%s: got %q: %.200s", kind, got, words(page))
		}
		// What is not refused fits into one message with room to spare.
		long(s, 80)
		page, _ = s.finish(s.act("start", submit()))
		if n := len(s.pdf(page).Body); n > 3<<20 {
			t.Errorf("%s: a PDF of %d bytes", kind, n)
		}
	}
}

func TestStatesCarryOnlyWhatTheSheetNeeds(t *testing.T) {
	s := newSite(t, 3).set("content", "url")
	page, _ := s.finish(s.act("start", submit()))
	state := string(buttons(page)["Download PDF"].State)
	if strings.Contains(state, "Laptop") || strings.Contains(state, "SN-") {
		t.Error("the state holds content that is not printed")
	}
	if diff := cmp.Diff(0, len(s.revisions())); diff != "" {
		t.Error(diff)
	}
}
