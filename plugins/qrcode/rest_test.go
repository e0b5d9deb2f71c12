package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// printed calls the route as a program does, and returns the PDF.
func (s *site) printed(body string) ([]byte, error) {
	s.t.Helper()
	s.Issues = slices.DeleteFunc(slices.Clone(s.issues), func(i jira.Issue) bool { return s.hidden[i.ID] })
	s.Context = elsewhere().Context
	status, text, err := s.Route("print", nil, body)
	if err != nil {
		return nil, err
	}
	var pdf []byte
	if err := json.Unmarshal([]byte(text), &pdf); err != nil || status != 200 || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		s.t.Fatalf("%s: %d %.100s", body, status, text)
	}
	return pdf, nil
}

func TestProgramsGetTheLabelsOfThePage(t *testing.T) {
	s := newSite(t, 30)
	for _, tt := range []struct {
		body string
		form []string
	}{
		{`{"jql":"project = OPS"}`, nil},
		{`{"jql":"project = OPS","preset":"roll-62x29","size":20.5,"second":true}`, []string{"preset", "roll-62x29", "size", "20.5", "second", "true"}},
		{`{"jql":"project = OPS","start":300,"preset":"custom","pageWidth":210,"pageHeight":297,"columns":20,"rows":20,"labelWidth":10,"labelHeight":14,"marginLeft":0,"marginTop":0,"gapX":0,"gapY":0.5}`,
			[]string{"start", "300", "preset", "custom", "pageWidth", "210", "pageHeight", "297", "columns", "20", "rows", "20", "labelWidth", "10", "labelHeight", "14", "marginLeft", "0", "marginTop", "0", "gapX", "0", "gapY", "0.5"}},
	} {
		got, err := s.printed(tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		page, _ := s.finish(s.act("start", submit(tt.form...)))
		if !bytes.Equal(s.pdf(page).Body, got) {
			t.Errorf("%s: the page makes another sheet", tt.body)
		}
	}
	// By name, in the order in which they are named, and not that of Jira.
	there, err := s.printed(`{"issues":["OPS-1","10002"]}`)
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.printed(`{"issues":["10002","ops-1"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(there, back) {
		t.Error("the order of issues is not that of the labels")
	}
}

func TestProgramsReadWhyThereAreNoLabels(t *testing.T) {
	many := newSite(t, 101)
	few := newSite(t, 3)
	few.issues[1].Fields["customfield_10042"] = jira.Value{}
	few.set("content", "field").set("field", "customfield_10042")
	bare := newSite(t, 1).set("content", "field")
	for _, tt := range []struct {
		name        string
		site        *site
		body        string
		field, says string
	}{
		{"neither", few, `{}`, "jql", "either jql or issues"},
		{"both", few, `{"jql":"project = OPS","issues":["OPS-1"]}`, "jql", "either jql or issues"},
		{"a refused query", few, `{"jql":"project ="}`, "jql", "expecting operator"},
		{"a query for an issue", few, `{"issues":["1) OR (project = SECRET"]}`, "issues", "by id or key"},
		{"nothing", few, `{"jql":"project = EMPTY"}`, "jql", "no issue"},
		{"too much", many, `{"jql":"project = OPS"}`, "jql", "more than 100"},
		{"a label that there is not", few, `{"jql":"project = OPS","start":25}`, "start", "from 1 to 24"},
		{"a code that does not fit", few, `{"jql":"project = OPS","size":60}`, "size", ""},
		{"no measures", few, `{"jql":"project = OPS","preset":"custom"}`, "pageWidth", "all measures"},
		{"half of the measures", few, `{"jql":"project = OPS","preset":"custom","pageWidth":100}`, "", "Enter a number"},
		{"an empty field", few, `{"jql":"project = OPS"}`, "issues", "OPS-2 (Its field is empty)"},
		{"only empty fields", few, `{"issues":["OPS-2"],"partial":true}`, "issues", "1 issue without a label: OPS-2 (Its field is empty)."},
		{"settings", bare, `{"jql":"project = OPS"}`, "", "Ask your Jira admin"},
	} {
		_, err := tt.site.printed(tt.body)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code != sdk.Invalid || tt.field != "" && e.Field != tt.field || !strings.Contains(e.Message, tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	some, err := few.printed(`{"jql":"project = OPS","partial":true}`)
	if err != nil {
		t.Fatal(err)
	}
	without, err := few.printed(`{"issues":["OPS-1","OPS-3"]}`)
	if err != nil || !bytes.Equal(some, without) {
		t.Errorf("the labels of the others: %v", err)
	}
	if n := len(many.Records("code")); n != 0 {
		t.Errorf("%d codes are made where nothing is printed", n)
	}
}

// A program makes codes for what its account sees, and for nothing else.
func TestProgramsMakeCodesOnlyForWhatTheirAccountSees(t *testing.T) {
	s := newSite(t, 3)
	s.hidden["10002"] = true
	if _, err := s.printed(`{"jql":"project = OPS"}`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{true, false, true}, []bool{s.code(0) != "", s.code(1) != "", s.code(2) != ""}); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
	codes := len(s.Records("code"))
	if _, err := s.printed(`{"jql":"project = OPS"}`); err != nil || len(s.Records("code")) != codes {
		t.Errorf("the second time makes others: %d, %v", len(s.Records("code")), err)
	}
}
