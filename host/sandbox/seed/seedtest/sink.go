// Package seedtest holds the sink that tests fill: it keeps everything in memory and checks again, without the code of
// seed, that what it is given is whole. Start with [Sink]; its zero value is ready.
package seedtest

import (
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// Sink is a [seed.Sink] in memory. With Forget it keeps of issues only what it needs for its checks.
type Sink struct {
	Forget bool
	Site   *seed.Site
	Issues []*seed.Issue     // in the order in which they came, without their links
	Links  []seed.Connection // in the order in which they came
	Count  int               // issues
	Linked int               // links
	Ended  bool

	types    map[string]string // key → issue type
	accounts map[string]bool
	levels   map[string]int // issue type → level
}

var _ seed.Sink = (*Sink)(nil)

// Begin keeps the site.
func (s *Sink) Begin(site *seed.Site) error {
	if s.Site != nil {
		return errors.New("begin: called twice")
	}
	s.Site = site
	s.types, s.accounts, s.levels = map[string]string{}, map[string]bool{}, map[string]int{}
	for _, u := range site.Users {
		s.accounts[u.Account] = true
	}
	for _, t := range site.Types {
		s.levels[t.Name] = t.Level
	}
	return nil
}

// Add keeps issues.
func (s *Sink) Add(issues []*seed.Issue) error {
	if s.Site == nil || s.Ended {
		return errors.New("add: not between begin and end")
	}
	for _, i := range issues {
		if err := s.add(i); err != nil {
			return fmt.Errorf("add %s: %w", i.Key, err)
		}
	}
	return nil
}

func (s *Sink) add(i *seed.Issue) error {
	if _, twice := s.types[i.Key]; twice || seed.ProjectKey(i.Key) != i.Project {
		return fmt.Errorf("key is taken, or is not one of %s", i.Project)
	}
	if len(i.Links) > 0 {
		return errors.New("links came with the issue")
	}
	if i.Parent != "" {
		above, ok := s.types[i.Parent]
		if !ok || s.levels[above] <= s.levels[i.Type] {
			return fmt.Errorf("parent %s is not there or not above", i.Parent)
		}
	}
	people := append([]string{}, i.Watchers...)
	people = append(people, i.Participants...)
	people = append(people, i.Voters...)
	for _, who := range []string{i.Reporter, i.Assignee} {
		if who != "" {
			people = append(people, who)
		}
	}
	for _, c := range i.Comments {
		people = append(people, c.Author)
		if c.Created.Before(i.Created) || c.Created.After(i.Updated) {
			return fmt.Errorf("comment of %v is outside %v to %v", c.Created, i.Created, i.Updated)
		}
	}
	for n, c := range i.History {
		people = append(people, c.Author)
		if c.At.Before(i.Created) || c.At.After(i.Updated) || n > 0 && c.At.Before(i.History[n-1].At) {
			return fmt.Errorf("change %d at %v is out of order", n, c.At)
		}
	}
	for _, who := range people {
		if !s.accounts[who] {
			return fmt.Errorf("%q is not an account", who)
		}
	}
	s.types[i.Key] = i.Type
	s.Count++
	if !s.Forget {
		s.Issues = append(s.Issues, i)
	}
	return nil
}

// Link keeps links.
func (s *Sink) Link(links []seed.Connection) error {
	if s.Site == nil || s.Ended {
		return errors.New("link: not between begin and end")
	}
	for _, l := range links {
		if s.types[l.From] == "" || s.types[l.To] == "" || l.From == l.To {
			return fmt.Errorf("link %s %s %s: an end is missing, or both are the same", l.From, l.Type, l.To)
		}
	}
	s.Linked += len(links)
	if !s.Forget {
		s.Links = append(s.Links, links...)
	}
	return nil
}

// End marks the site as complete.
func (s *Sink) End() error {
	if s.Ended {
		return errors.New("end: called twice")
	}
	s.Ended = true
	return nil
}

// Type returns the issue type of a key, "" where there is none.
func (s *Sink) Type(key string) string { return s.types[key] }
