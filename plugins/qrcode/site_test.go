package main_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

const (
	siteURL = "https://acme.atlassian.net"
	linkURL = "https://pergola.example/q/k7m2p9qa."
)

func newPlugin() *sdk.Plugin {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return qrcode.New(func() time.Time { return noon })
}

// site is a Jira site with the plugin installed, seen by one user.
type site struct {
	*sdktest.Host
	t      testing.TB
	issues []jira.Issue
	hidden map[string]bool // issue ids that the user may not see
	page   int             // issues a page of a search; 0 means as many as asked for

	// beforePut runs once, before the next write: somebody else is faster.
	beforePut func()
	largest   int // records of one Put
	jiraError error
}

func newSite(t testing.TB, issues int) *site {
	s := &site{t: t, Host: sdktest.Load(t, newPlugin(), "plugin.json"), hidden: map[string]bool{}}
	for i := range issues {
		s.issues = append(s.issues, jira.Issue{
			ID: strconv.Itoa(10001 + i), Key: "OPS-" + strconv.Itoa(i+1), ProjectID: "10000", IssueTypeID: "10001",
			Fields: map[string]jira.Value{
				"summary":           {Text: fmt.Sprintf("Laptop %d, 14\" – Zoë’s", i+1)},
				"customfield_10042": {Text: fmt.Sprintf("SN-%06d", i+1)},
			},
		})
	}
	s.Match = func(jql string, i *jira.Issue) bool { return queries(jql)(i) }
	s.Answer = s.answer
	return s
}

// queries knows five kinds of JQL; nil stands for a query that Jira refuses.
func queries(jql string) func(i *jira.Issue) bool {
	switch rest, ok := strings.CutPrefix(jql, "id in ("); {
	case ok:
		ids := strings.Split(strings.TrimSuffix(rest, ")"), ",")
		return func(i *jira.Issue) bool { return slices.Contains(ids, i.ID) || slices.Contains(ids, i.Key) }
	case strings.HasPrefix(jql, "id = "):
		return func(i *jira.Issue) bool { return i.ID == jql[len("id = "):] }
	case strings.HasPrefix(jql, "key = "):
		return func(i *jira.Issue) bool { return i.Key == jql[len("key = "):] }
	case jql == "project = OPS":
		return func(*jira.Issue) bool { return true }
	case jql == "project = EMPTY":
		return func(*jira.Issue) bool { return false }
	}
	return nil
}

// answer brings in what the plain host does not do: faults, races, refused queries and pages of any length.
func (s *site) answer(op string, body []byte) (msgp.Marshaler, error, bool) {
	decode := func(in msgp.Unmarshaler) {
		if _, err := in.UnmarshalMsg(body); err != nil {
			s.t.Fatal(err)
		}
	}
	switch op {
	case jira.OpIssue:
		return nil, s.jiraError, s.jiraError != nil
	case jira.OpSearch:
		var q jira.Search
		decode(&q)
		if queries(q.JQL) == nil {
			return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Error in the JQL Query: expecting operator"}, true
		}
		if s.page > 0 {
			return s.shortPage(q), nil, true
		}
	case store.OpPut:
		var in store.Records
		decode(&in)
		s.largest = max(s.largest, len(in.Records))
		if f := s.beforePut; f != nil {
			s.beforePut = nil
			f()
		}
	}
	return nil, nil, false
}

// shortPage answers a search with a page that hidden issues have made shorter still, as Jira does.
func (s *site) shortPage(q jira.Search) *jira.Found {
	from, _ := strconv.Atoi(q.Cursor)
	to := min(from+s.page, len(s.issues))
	var found jira.Found
	for _, i := range s.issues[from:to] {
		if queries(q.JQL)(&i) && !s.hidden[i.ID] {
			found.Issues = append(found.Issues, i)
		}
	}
	if to < len(s.issues) {
		found.Next = strconv.Itoa(to)
	}
	return &found
}

func (s *site) set(name, value string) *site {
	s.Settings.Strings[name] = value
	return s
}

// beside is a call from the panel of the issue at that index.
func (s *site) beside(i int) sdk.Request {
	r := elsewhere()
	r.Context.IssueID, r.Context.ProjectID = s.issues[i].ID, "10000"
	return r
}

// elsewhere is a call from a page that belongs to no issue.
func elsewhere() sdk.Request {
	return sdk.Request{Context: sdk.Context{Account: "5b10a2844c20165700ede21g", SiteURL: siteURL, LinkURL: linkURL}}
}

// try calls a handler and returns its page or file, with the error.
func (s *site) try(op, name string, r sdk.Request) (page *view.Page, file *sdk.Attachment, err error) {
	s.Issues = slices.DeleteFunc(slices.Clone(s.issues), func(i jira.Issue) bool { return s.hidden[i.ID] })
	r.Name = name
	switch op {
	case wire.OpView:
		page, err = s.View(r)
	case wire.OpAction:
		page, err = s.Action(r)
	case wire.OpFile:
		file, err = s.File(r)
	}
	return page, file, err
}

func (s *site) view(name string, r sdk.Request) *view.Page {
	s.t.Helper()
	before := s.revisions()
	page, _, err := s.try(wire.OpView, name, r)
	if err != nil {
		s.t.Fatalf("view %s: %v", name, err)
	}
	if !maps.Equal(before, s.revisions()) {
		s.t.Errorf("view %s changed records", name)
	}
	return page
}

func (s *site) act(name string, r sdk.Request) *view.Page {
	s.t.Helper()
	page, _, err := s.try(wire.OpAction, name, r)
	if err != nil {
		s.t.Fatalf("action %s: %v", name, err)
	}
	return page
}

func (s *site) file(name string, r sdk.Request) *sdk.Attachment {
	s.t.Helper()
	_, file, err := s.try(wire.OpFile, name, r)
	if err != nil {
		s.t.Fatalf("file %s: %v", name, err)
	}
	return file
}

// revisions returns every record's revision.
func (s *site) revisions() map[store.Key]int64 {
	out := map[store.Key]int64{}
	for _, typ := range []string{"code", "issue"} {
		for _, r := range s.Records(typ) {
			out[store.Key{Type: typ, ID: r.ID}] = r.Rev
		}
	}
	return out
}

// record returns a field of a record, "" where there is none.
func (s *site) record(typ, id, field string) string {
	for _, r := range s.Records(typ) {
		if r.ID == id {
			return r.Fields[field]
		}
	}
	return ""
}

// code returns the active code of the issue at that index.
func (s *site) code(i int) string { return s.record("issue", s.issues[i].ID, "code") }

// The parts of a page.

func figure(t testing.TB, p *view.Page) *view.Figure {
	t.Helper()
	for _, b := range p.Blocks {
		if b.Figure != nil {
			return b.Figure
		}
	}
	t.Fatalf("no figure on the page %q: %s", p.Title, words(p))
	return nil
}

func form(t testing.TB, p *view.Page) *view.Form {
	t.Helper()
	for _, b := range p.Blocks {
		if b.Form != nil {
			return b.Form
		}
	}
	t.Fatalf("no form on the page %q: %s", p.Title, words(p))
	return nil
}

func field(t testing.TB, p *view.Page, name string) view.Field {
	t.Helper()
	for _, f := range form(t, p).Fields {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no field %q in the form", name)
	return view.Field{}
}

func buttons(p *view.Page) map[string]view.Button {
	out := map[string]view.Button{}
	for _, b := range p.Blocks {
		if b.Buttons != nil {
			for _, b := range b.Buttons.Buttons {
				out[b.Label] = b
			}
		}
	}
	return out
}

// words returns everything that a page says, in a line.
func words(p *view.Page) string {
	var out bytes.Buffer
	say := func(texts ...string) {
		for _, t := range texts {
			if t != "" {
				out.WriteString(t + " | ")
			}
		}
	}
	if p.Flag != nil {
		say(p.Flag.Title, p.Flag.Body)
	}
	for _, b := range p.Blocks {
		switch {
		case b.Heading != nil:
			say(b.Heading.Text)
		case b.Text != nil:
			var line string
			for _, s := range b.Text.Spans {
				line += s.Text
			}
			say(line)
		case b.Notice != nil:
			say(b.Notice.Title, b.Notice.Body)
		case b.Empty != nil:
			say(b.Empty.Title, b.Empty.Body)
		case b.Figure != nil:
			say(b.Figure.Alt, b.Figure.Caption)
		case b.Progress != nil:
			say(b.Progress.Label)
		case b.Form != nil:
			say(b.Form.Error)
			for _, f := range b.Form.Fields {
				say(f.Error)
			}
		case b.Table != nil:
			for _, r := range b.Table.Rows {
				for _, c := range r.Cells {
					for _, s := range c.Spans {
						say(s.Text)
					}
				}
			}
		}
	}
	return out.String()
}
