// Package seeding puts a seed into the sandbox: it opens what a file or a scale says, and writes it into a site's store in
// batches, so that memory stays bounded. What a seed may say is in package seed, what a site knows in package world.
//
// Start with [Fill], which is made for [world.Config]:
//
//	content, err := seeding.Open("site.json")
//	if err != nil {
//		return err
//	}
//	defer content.Close()
//	store, err := world.Open(world.Config{Dir: dir, Fill: seeding.Fill(ctx, content.Stream, nil)})
package seeding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Content is a seed that lies in an open file.
type Content struct {
	*seed.Stream
	file io.Closer
}

// Close closes the file.
func (c *Content) Close() error { return c.file.Close() }

// Open opens a seed by the end of its name: .json or .ndjson in the seeds' own format, .csv as Jira exports issues. What the
// rows of a CSV name is looked up in the company's configuration first, and added to it where it is not there. What is wrong in
// the file is [seed.Problems], now or while it is read.
func Open(path string) (*Content, error) {
	read := func(f *os.File) (*seed.Stream, error) { return seed.ReadJSON(path, f) }
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json", ".ndjson":
	case ".csv":
		read = func(f *os.File) (*seed.Stream, error) {
			return seed.ReadCSV(path, f, company.New(company.Config{}).Site)
		}
	default:
		return nil, fmt.Errorf("seed %s: the name says no format; call it .json, .ndjson or .csv", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	stream, err := read(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Content{stream, f}, nil
}

// Fill returns a function for [world.Config.Fill] that copies a stream into the new site. report is told after each batch how
// many issues are in; nil tells nobody. The stream is checked on the way.
func Fill(ctx context.Context, stream *seed.Stream, report func(issues int)) func(*world.Store) error {
	return func(store *world.Store) error { return seed.Copy(ctx, newSink(store, report), stream) }
}

// sink is a [seed.Sink] that writes each batch as one change. It remembers what the site's names are here, and nothing of
// issues: these it asks the store for.
type sink struct {
	store  *world.Store
	report func(int)
	issues int
	names
}

var _ seed.Sink = (*sink)(nil)

func newSink(store *world.Store, report func(int)) *sink {
	return &sink{store: store, report: report, names: newNames()}
}

// Begin writes everything but the issues.
func (s *sink) Begin(site *seed.Site) error {
	return s.store.Change(func(tx *world.Tx) error {
		w := &siteWriter{tx: tx, site: site, names: &s.names}
		return w.write()
	})
}

// Add writes a batch of issues.
func (s *sink) Add(issues []*seed.Issue) error {
	err := s.store.Change(func(tx *world.Tx) error {
		for _, i := range issues {
			whole, err := s.whole(tx, i)
			if err == nil {
				err = tx.LoadIssue(whole)
			}
			if err != nil {
				return fmt.Errorf("issue %s: %w", i.Key, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.issues += len(issues)
	if s.report != nil {
		s.report(s.issues)
	}
	return nil
}

// linksAtOnce bounds a change: those that lead forward come all at once, at the end.
const linksAtOnce = 2000

// Link writes links in batches.
func (s *sink) Link(links []seed.Connection) error {
	for len(links) > 0 {
		n := min(len(links), linksAtOnce)
		err := s.store.Change(func(tx *world.Tx) error {
			for _, l := range links[:n] {
				from, to := tx.FindIssue(l.From), tx.FindIssue(l.To)
				if from == nil || to == nil {
					return fmt.Errorf("link %s %s %s: an end is missing", l.From, l.Type, l.To)
				}
				if err := tx.LoadLink(s.linkTypes[l.Type], from.ID, to.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		links = links[n:]
	}
	return nil
}

// End does nothing: every batch is written already.
func (s *sink) End() error { return nil }
