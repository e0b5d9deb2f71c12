package main

import (
	"context"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The links of searchable relations stand in a property of each issue, which Jira indexes. An issue whose links change is marked in the
// same write, and the job refresh writes the property of those that are marked: it alone, or the index job in the same way, so that no two
// writers leave the older state. A mark goes with the revision that was there before the links were read; one that changed meanwhile stays.

const (
	propertyKey = "index"     // of plugin.json
	jqlName     = "assetLink" // what JQL calls it
	markType    = "unindexed"

	// mostIndexed bounds the JSON of the property. Jira takes 32 KiB.
	mostIndexed = jira.MaxPropertyValue - 1024
	// mostRead bounds the links that are read of an issue at either end: more than fit into the property in any case.
	mostRead = 1000
	// indexPage is how many links are read at a time.
	indexPage = 500
)

func (s side) token() string               { return s.id + ":" + s.end }
func (s side) tokenOf(other string) string { return s.token() + ":" + other }

// searchables are the relations whose links can be searched, by id.
func searchables(all []relation) map[string]relation {
	out := map[string]relation{}
	for _, r := range all {
		if r.searchable && !r.native {
			out[r.id] = r
		}
	}
	return out
}

// indexOf works out what the property of an issue has to hold.
func indexOf(ctx context.Context, searchable map[string]relation, issue string) (indexed, error) {
	out := indexed{Links: []string{}}
	var links []string
	sides := map[string]bool{}
	for _, end := range []string{first, second} {
		field := side{end: end}.field()
		other := side{end: end}.otherField()
		q := store.Query{Type: "link", Field: field, Value: issue, Limit: indexPage, IDs: true}
		for read := 0; ; {
			page, err := store.List(ctx, q)
			if err != nil {
				return indexed{}, err
			}
			for _, l := range page.Records {
				if r, ok := searchable[l.Fields["relation"]]; ok {
					s := side{r, end}
					sides[s.token()] = true
					links = append(links, s.tokenOf(l.Fields[other]))
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			if read += len(page.Records); read >= mostRead {
				out.More = true
				break
			}
		}
		if out.More {
			if err := restOf(ctx, searchable, end, issue, sides); err != nil {
				return indexed{}, err
			}
		}
	}
	size := 0
	for _, s := range slices.Sorted(maps.Keys(sides)) {
		out.Links = append(out.Links, s)
		size += len(s) + 3
	}
	for _, l := range links {
		if size += len(l) + 3; size > mostIndexed {
			out.More = true
			break
		}
		out.Links = append(out.Links, l)
	}
	return out, nil
}

// restOf adds the sides of an end at which an issue has links that were not read.
func restOf(ctx context.Context, searchable map[string]relation, end, issue string, sides map[string]bool) error {
	for _, r := range searchable {
		s := side{r, end}
		if sides[s.token()] {
			continue
		}
		n, err := s.count(ctx, issue, 1)
		if err != nil {
			return err
		}
		if n.Records > 0 {
			sides[s.token()] = true
		}
	}
	return nil
}

// marked are the marks of issues, which are written together with what changes of their links.
func (s side) marked(ctx context.Context, issues ...string) ([]store.Record, error) {
	if !s.searchable || s.native {
		return nil, nil
	}
	return marksOf(ctx, issues)
}

// marksOf are marks of issues as they are to be written.
func marksOf(ctx context.Context, issues []string) ([]store.Record, error) {
	var out []store.Record
	for _, issue := range issues {
		m, err := store.Get(ctx, markType, issue)
		if sdk.CodeOf(err) == sdk.NotFound {
			m, err = &store.Record{Type: markType, ID: issue, Fields: map[string]string{"behind": "true"}}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, *m)
	}
	return out, nil
}

// refreshSoon has the job begin that writes what is marked. A mark stays where that cannot be, and goes with the next run.
func refreshSoon(ctx context.Context) {
	if _, err := job.Start(ctx, job.New{Job: refreshJob, Gather: gather.Milliseconds()}); err != nil {
		log.Write(ctx, log.Warn, "index.waits")
	}
}

// written says what became of a batch of marks.
type written struct {
	issues int // whose property was written
	cut    int // of these, how many hold more links than fit
	gone   int // are not there any more
	again  int // changed meanwhile, and keep their marks
}

// write writes the properties of issues that are marked, and takes the marks away of which nothing changed meanwhile. marks are as they
// were read.
func write(ctx context.Context, searchable map[string]relation, marks []store.Record) (written, error) {
	var out written
	if len(marks) == 0 {
		return out, nil
	}
	properties := make([]jira.Property, len(marks))
	for i, m := range marks {
		index, err := indexOf(ctx, searchable, m.ID)
		if err != nil {
			return out, err
		}
		if index.More {
			out.cut++
		}
		properties[i] = jira.Property{IssueID: m.ID, Key: propertyKey, Value: index.json()}
	}
	gone, err := setAll(ctx, properties)
	if err != nil {
		return out, err
	}
	out.gone, out.issues = gone, len(marks)-gone
	out.again, err = unmark(ctx, marks)
	return out, err
}

// setAll writes properties and says how many of the issues are not there any more.
func setAll(ctx context.Context, properties []jira.Property) (gone int, err error) {
	outcome, err := jira.SetProperties(ctx, properties)
	if sdk.CodeOf(err) == sdk.NotFound && len(properties) == 1 {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	return len(outcome.Refused), nil
}

// unmark takes marks away, but for those that changed since they were read.
func unmark(ctx context.Context, marks []store.Record) (again int, err error) {
	_, err = store.Write(ctx, store.Changes{Delete: marks})
	if sdk.CodeOf(err) != sdk.Exists {
		return 0, err
	}
	for _, m := range marks { // one of them did
		_, err := store.Write(ctx, store.Changes{Delete: []store.Record{m}})
		if sdk.CodeOf(err) == sdk.Exists {
			again++
			err = remark(ctx, m.ID)
		}
		if err != nil {
			return again, err
		}
	}
	return again, nil
}

// remark marks an issue anew whose mark somebody else took away while we wrote: theirs may be older than ours, or ours than theirs.
func remark(ctx context.Context, issue string) error {
	m, err := marksOf(ctx, []string{issue})
	if err != nil || m[0].Rev > 0 {
		return err
	}
	_, err = store.Write(ctx, store.Changes{Put: m})
	if sdk.CodeOf(err) == sdk.Exists {
		return nil // somebody else was faster
	}
	return err
}

// markOthers marks what an issue is linked to at an end by searchable relations, a page of links after another, before these links are
// cleared. It says how many it marked.
func markOthers(ctx context.Context, searchable map[string]relation, end, issue string) (n int, err error) {
	other := side{end: end}.otherField()
	q := store.Query{Type: "link", Field: side{end: end}.field(), Value: issue, IDs: true}
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			return n, err
		}
		var issues []string
		for _, l := range page.Records {
			if _, ok := searchable[l.Fields["relation"]]; ok && !slices.Contains(issues, l.Fields[other]) {
				issues = append(issues, l.Fields[other])
			}
		}
		if len(issues) > 0 {
			if _, err := mark(ctx, issues); err != nil {
				return n, err
			}
			n += len(issues)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return n, nil
		}
	}
}
