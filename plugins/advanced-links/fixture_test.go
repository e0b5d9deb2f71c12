package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The types of the site's issues.
const (
	laptop   = "10001"
	employee = "10002"
)

// site is a Jira site with the plugin: ten laptops from 10001 on, ten employees from 10101 on.
type site struct {
	*sdktest.Host
	*testing.T
	issues map[string]jira.Issue
	clock  time.Time
}

func newSite(t *testing.T) *site {
	s := &site{T: t, issues: map[string]jira.Issue{}, clock: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)} // noon
	s.Host = sdktest.Load(t, newPlugin(func() time.Time { return s.clock }), "plugin.json")
	for i := range 10 {
		n := strconv.Itoa(i + 1)
		s.have(jira.Issue{ID: strconv.Itoa(10001 + i), Key: "IT-" + n, ProjectID: "10", IssueTypeID: laptop, Fields: map[string]jira.Value{"summary": {Text: "Laptop " + n}, "status": {Text: "In use"}}})
		s.have(jira.Issue{ID: strconv.Itoa(10101 + i), Key: "HR-" + n, ProjectID: "20", IssueTypeID: employee, Fields: map[string]jira.Value{"summary": {Text: "Employee " + n}, "status": {Text: "Active"}}})
	}
	return s
}

func (s *site) have(i jira.Issue) {
	s.issues[i.ID] = i
	s.Issues = append(s.Issues, i)
}

// at moves the user to an issue.
func (s *site) at(id string) *site {
	s.OnIssue(s.issues[id])
	return s
}

// relate has an admin make a relation between laptops and employees.
func (s *site) relate(more ...string) string {
	s.Helper()
	id, err := s.Configure("relation", `{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["`+laptop+`"]}]}, "second": {"contexts": [{"types": ["`+employee+`"]}]}}`)
	if err != nil {
		s.Fatal(err)
	}
	for _, values := range more {
		if err := s.Reconfigure("relation", id, values); err != nil {
			s.Fatal(err)
		}
	}
	return id
}

func (s *site) panel() *view.Page {
	s.Helper()
	page, err := s.View(sdkRequest("panel"))
	if err != nil {
		s.Fatal(err)
	}
	return page
}

// link opens the form of the panel's first relation and picks issues in it.
func (s *site) link(ids ...string) *view.Page {
	s.Helper()
	page, err := s.Press(s.panel(), "Link an issue")
	if err != nil {
		s.Fatal(err)
	}
	if page, err = s.SubmitAll(page, "add", map[string][]string{"issues": ids}); err != nil {
		s.Fatal(err)
	}
	return page
}

func (s *site) shows(page *view.Page, want ...string) {
	s.Helper()
	text := sdktest.Text(page)
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.Errorf("the page does not show %q:\n%s", w, text)
		}
	}
}

func (s *site) hides(page *view.Page, secret ...string) {
	s.Helper()
	text := sdktest.Text(page)
	for _, w := range secret {
		if strings.Contains(text, w) {
			s.Errorf("the page shows %q:\n%s", w, text)
		}
	}
}
