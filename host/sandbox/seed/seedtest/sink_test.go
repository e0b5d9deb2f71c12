package seedtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/seedtest"
)

// The sink is the second opinion on what Copy lets through, so it must find what is wrong by itself.
func TestSinkRefusesWhatIsNotWhole(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for want, fill := range map[string]func(s *seedtest.Sink) error{
		"": func(s *seedtest.Sink) error {
			return s.Add([]*seed.Issue{{Key: "AB-2", Project: "AB", Type: "Task", Parent: "AB-1"}})
		},
		"not between":      func(*seedtest.Sink) error { return (&seedtest.Sink{}).Add(nil) },
		"called twice":     func(s *seedtest.Sink) error { return s.Begin(&seed.Site{}) },
		"key is taken":     func(s *seedtest.Sink) error { return s.Add([]*seed.Issue{{Key: "AB-1", Project: "AB"}}) },
		"is not one of CD": func(s *seedtest.Sink) error { return s.Add([]*seed.Issue{{Key: "AB-2", Project: "CD"}}) },
		"not above": func(s *seedtest.Sink) error {
			return s.Add([]*seed.Issue{{Key: "AB-2", Project: "AB", Type: "Epic", Parent: "AB-1"}})
		},
		"links came": func(s *seedtest.Sink) error {
			return s.Add([]*seed.Issue{{Key: "AB-2", Project: "AB", Links: make([]seed.Link, 1)}})
		},
		`"mia" is not an account`: func(s *seedtest.Sink) error {
			return s.Add([]*seed.Issue{{Key: "AB-2", Project: "AB", Assignee: "mia"}})
		},
		"is outside": func(s *seedtest.Sink) error {
			return s.Add([]*seed.Issue{{Key: "AB-2", Project: "AB", Created: at, Updated: at, Comments: []seed.Comment{{Author: "a-1", Created: at.Add(1)}}}})
		},
		"out of order": func(s *seedtest.Sink) error {
			return s.Add([]*seed.Issue{{Key: "AB-2", Project: "AB", Updated: at, History: []seed.Change{{Author: "a-1", At: at}, {Author: "a-1"}}}})
		},
		"an end is missing": func(s *seedtest.Sink) error {
			return s.Link([]seed.Connection{{Type: "Blocks", From: "AB-1", To: "AB-9"}})
		},
		"both are the same": func(s *seedtest.Sink) error {
			return s.Link([]seed.Connection{{Type: "Blocks", From: "AB-1", To: "AB-1"}})
		},
	} {
		s := &seedtest.Sink{}
		site := &seed.Site{Users: []seed.User{{Account: "a-1"}}, Types: []seed.IssueType{{Name: "Epic", Level: 1}, {Name: "Task"}}}
		if err := s.Begin(site); err != nil {
			t.Fatal(err)
		}
		if err := s.Add([]*seed.Issue{{Key: "AB-1", Project: "AB", Type: "Epic"}}); err != nil {
			t.Fatal(err)
		}
		err := fill(s)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
