package main_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func TestPanelOffersACodeThenShowsIt(t *testing.T) {
	s := newSite(t, 1)
	page := s.view("panel", s.beside(0))
	create := buttons(page)["Create code"]
	if create.Action != "create" || !create.Primary || !strings.Contains(words(page), "No code yet") {
		t.Fatalf("first page: %s %+v", words(page), create)
	}

	page = s.act("create", s.beside(0))
	if page.Flag == nil || page.Flag.Title != "Code created" {
		t.Errorf("flag: %+v", page.Flag)
	}
	for _, p := range []*view.Page{page, s.view("panel", s.beside(0))} {
		f := figure(t, p)
		if got, want := scan(t, qrcode.QR, paint(t, f.Shapes[0].Path, f.Width, f.Height, 4)), linkURL+s.code(0); got != want {
			t.Errorf("code says %q, want %q", got, want)
		}
		if f.Caption != "OPS-1" || f.Alt != "QR code of OPS-1" || !f.Print {
			t.Errorf("figure: %q %q %v", f.Caption, f.Alt, f.Print)
		}
		if !strings.Contains(words(p), "Leads to the issue, survives moves; asks for Jira's login.") {
			t.Errorf("it does not say what the code contains: %s", words(p))
		}
		want := map[string]view.Button{
			"PNG":         {Label: "PNG", File: "png"},
			"SVG":         {Label: "SVG", File: "svg"},
			"Print":       {Label: "Print", Print: true},
			"Label sheet": {Label: "Label sheet", View: "labels", Params: map[string]string{"issue": "OPS-1"}},
		}
		got := buttons(p)
		revoke := got["Revoke"]
		delete(got, "Revoke")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if revoke.Action != "revoke" || revoke.Confirm == "" || revoke.Params["code"] != s.code(0) {
			t.Errorf("revoke: %+v", revoke)
		}
	}
}

func TestCreatingTwiceKeepsTheFirstCode(t *testing.T) {
	s := newSite(t, 1)
	s.act("create", s.beside(0))
	first := s.code(0)
	s.act("create", s.beside(0))
	if s.code(0) != first || len(s.revisions()) != 2 {
		t.Errorf("code %q became %q, %d records", first, s.code(0), len(s.revisions()))
	}
}

func TestTwoWhoCreateAtOnceSeeTheSameCode(t *testing.T) {
	s := newSite(t, 1)
	s.beforePut = func() { s.act("create", s.beside(0)) }
	page := s.act("create", s.beside(0))
	f := figure(t, page)
	if got, want := scan(t, qrcode.QR, paint(t, f.Shapes[0].Path, f.Width, f.Height, 4)), linkURL+s.code(0); got != want {
		t.Errorf("the loser sees %q, the winner made %q", got, want)
	}
	if len(s.revisions()) != 2 {
		t.Errorf("%d records, want one code and one issue", len(s.revisions()))
	}
}

func TestRevokedCodeMakesWayForANewOne(t *testing.T) {
	s := newSite(t, 1)
	s.act("create", s.beside(0))
	old := s.code(0)
	r := s.beside(0)
	r.Params = map[string]string{"code": old}
	page := s.act("revoke", r)
	if page.Flag == nil || page.Flag.Title != "Code revoked" || buttons(page)["Create code"].Action != "create" {
		t.Fatalf("after revoking: %s", words(page))
	}
	if got := s.record("code", old, "state"); got != "revoked" {
		t.Errorf("state %q", got)
	}
	s.act("create", s.beside(0))
	if s.code(0) == old || s.code(0) == "" {
		t.Errorf("new code %q, old code %q", s.code(0), old)
	}

	// Somebody still looks at the page with the old code.
	current := s.code(0)
	page = s.act("revoke", r)
	if s.code(0) != current || page.Flag == nil || page.Flag.Title != "Nothing to revoke" {
		t.Errorf("a stale page revoked the new code: %s", words(page))
	}
}

func TestRevokingWhileSomebodyElseDoesIsNoError(t *testing.T) {
	s := newSite(t, 1)
	s.act("create", s.beside(0))
	r := s.beside(0)
	r.Params = map[string]string{"code": s.code(0)}
	s.beforePut = func() { s.act("revoke", r) }
	page := s.act("revoke", r)
	if page.Flag == nil || page.Flag.Title != "Nothing to revoke" || s.code(0) != "" {
		t.Errorf("%s, code %q", words(page), s.code(0))
	}
}

func TestRevokeLeavesTheCodesOfOtherIssuesAlone(t *testing.T) {
	s := newSite(t, 2)
	s.act("create", s.beside(0))
	s.act("create", s.beside(1))
	r := s.beside(0)
	r.Params = map[string]string{"code": s.code(1)}
	s.act("revoke", r)
	if s.code(0) == "" || s.code(1) == "" {
		t.Error("a code was revoked from the panel of another issue")
	}
}

func TestNobodyMakesOrRevokesACodeOfAnIssueTheyCannotSee(t *testing.T) {
	s := newSite(t, 1)
	r := s.beside(0)
	s.hidden[s.issues[0].ID] = true
	for _, action := range []string{"create", "revoke"} {
		if _, _, err := s.try(wire.OpAction, action, r); sdk.CodeOf(err) != sdk.NotFound || len(s.revisions()) > 0 {
			t.Errorf("%s: error %v, %d records", action, err, len(s.revisions()))
		}
	}
}

func TestPanelShowsEachContent(t *testing.T) {
	for _, tt := range []struct {
		name, content, field, symbology string
		change                          func(s *site)
		scans                           string // what the code says; empty where there is none
		says                            string
	}{
		{name: "address", content: "url", scans: siteURL + "/browse/OPS-1", says: "not after the site's address changes"},
		{name: "address as Data Matrix", content: "url", symbology: "datamatrix", scans: siteURL + "/browse/OPS-1"},
		{name: "field", content: "field", field: "customfield_10042", scans: "SN-000001", says: "value of a field"},
		{name: "field as barcode", content: "field", field: "customfield_10042", symbology: "code128", scans: "SN-000001"},
		{name: "field in another script", content: "field", field: "summary", scans: "資産 7",
			change: func(s *site) { s.issues[0].Fields["summary"] = jira.Value{Text: " 資産 7\n"} }},
		{name: "empty field", content: "field", field: "customfield_1", says: "Nothing to encode | The code of an issue contains the value of one field, and in this issue that field is empty"},
		{name: "blank field", content: "field", field: "summary", says: "Nothing to encode",
			change: func(s *site) { s.issues[0].Fields["summary"] = jira.Value{Text: " \n"} }},
		{name: "no field chosen", content: "field", says: "No field is chosen"},
		{name: "barcode of another script", content: "field", field: "summary", symbology: "code128", says: "can only carry plain letters, digits and signs",
			change: func(s *site) { s.issues[0].Fields["summary"] = jira.Value{Text: "資産"} }},
		{name: "long field", content: "field", field: "summary", says: "Too long for a code",
			change: func(s *site) { s.issues[0].Fields["summary"] = jira.Value{Text: strings.Repeat("ß", 4000)} }},
		{name: "fine barcode", content: "url", symbology: "code128", scans: siteURL + "/browse/OPS-1", says: "Very fine print"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, 1).set("content", tt.content).set("field", tt.field).set("symbology", tt.symbology)
			if tt.change != nil {
				tt.change(s)
			}
			page := s.view("panel", s.beside(0))
			if !strings.Contains(words(page), tt.says) {
				t.Errorf("it says %q, want %q", words(page), tt.says)
			}
			if tt.scans != "" {
				f := figure(t, page)
				kind := qrcode.Symbology(tt.symbology)
				if got := scan(t, kind, paint(t, f.Shapes[0].Path, f.Width, f.Height, 4)); got != tt.scans {
					t.Errorf("it scans as %q, want %q", got, tt.scans)
				}
			} else if strings.Contains(words(page), "code of OPS-1") {
				t.Error("there is a figure")
			}
			if _, ok := buttons(page)["Revoke"]; ok {
				t.Error("a code without a record cannot be revoked")
			}
			if s.act("create", s.beside(0)); len(s.revisions()) > 0 {
				t.Error("a code was made that nothing uses")
			}
		})
	}
}

func TestPanelWithoutShortLinksSaysSo(t *testing.T) {
	s := newSite(t, 1)
	r := s.beside(0)
	r.Context.LinkURL = ""
	if got := words(s.view("panel", r)); !strings.Contains(got, "Short links are not available") {
		t.Error(got)
	}
	s.act("create", r)
	if len(s.revisions()) > 0 {
		t.Error("a code was made that cannot be shown")
	}
}

func TestPanelOutsideAnIssueIsEmpty(t *testing.T) {
	s := newSite(t, 0)
	for _, page := range []*view.Page{s.view("panel", elsewhere()), s.act("create", elsewhere()), s.act("revoke", elsewhere())} {
		if got := words(page); !strings.Contains(got, "No issue") {
			t.Error(got)
		}
	}
}

func TestErrorCorrectionMakesFinerCodes(t *testing.T) {
	last := 0.0
	for _, level := range []string{"L", "M", "Q", "H"} {
		s := newSite(t, 1).set("errorCorrection", level)
		f := figure(t, s.act("create", s.beside(0)))
		if f.Width <= last {
			t.Errorf("level %s: %v modules, the level before has %v", level, f.Width, last)
		}
		last = f.Width
	}
}

func TestDownloadsHoldTheCode(t *testing.T) {
	s := newSite(t, 1)
	s.act("create", s.beside(0))
	want := linkURL + s.code(0)

	file := s.file("png", s.beside(0))
	if file.Name != "label-OPS-1.png" || file.ContentType != "image/png" {
		t.Errorf("%s %s", file.Name, file.ContentType)
	}
	if got := scan(t, qrcode.QR, decodePNG(t, file.Body)); got != want {
		t.Errorf("PNG says %q, want %q", got, want)
	}

	s.Settings.Numbers["size"] = 32.5
	file = s.file("svg", s.beside(0))
	if file.Name != "label-OPS-1.svg" || file.ContentType != "image/svg+xml" {
		t.Errorf("%s %s", file.Name, file.ContentType)
	}
	svg, w, h := parseSVG(t, file.Body)
	if got := scan(t, qrcode.QR, paint(t, svg.Path.D, w, h, 4)); got != want || svg.Width != "32.5mm" || svg.Text.Text != "OPS-1" {
		t.Errorf("SVG %s wide says %q with the caption %q, want %q", svg.Width, got, svg.Text.Text, want)
	}
}

func TestDownloadsExplainWhyThereIsNothing(t *testing.T) {
	s := newSite(t, 1)
	if _, _, err := s.try(wire.OpFile, "png", s.beside(0)); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("without a code: %v", err)
	}
	if _, _, err := s.try(wire.OpFile, "svg", elsewhere()); sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("without an issue: %v", err)
	}
	s.set("content", "field").set("field", "customfield_1")
	if _, _, err := s.try(wire.OpFile, "svg", s.beside(0)); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "empty") {
		t.Errorf("with an empty field: %v", err)
	}
	s.set("field", "summary").set("symbology", "code128")
	if _, _, err := s.try(wire.OpFile, "png", s.beside(0)); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "barcode") {
		t.Errorf("with letters that a barcode lacks: %v", err)
	}
}

func TestFileNamesKeepForeignLettersAndNothingElse(t *testing.T) {
	s := newSite(t, 1).set("content", "url")
	s.issues[0].Key = "資/Ä:\"7\n-1"
	if got := s.file("png", s.beside(0)).Name; got != "label-資-Ä--7-1.png" {
		t.Error(got)
	}
}
