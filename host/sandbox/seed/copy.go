package seed

import (
	"context"
	"fmt"
)

// batch is how many issues a sink gets at once.
const batch = 500

// Copy checks a stream and hands it to dst. References reach dst in one spelling: people by account, custom fields by
// name. Links to issues that come later are held back until the end, and an issue is until its parent has come. The error
// is [Problems], or that of the source or of dst.
func Copy(ctx context.Context, dst Sink, src *Stream) error {
	index, err := NewIndex(src.Site)
	if err != nil {
		return err
	}
	if err := dst.Begin(src.Site); err != nil {
		return fmt.Errorf("begin the site: %w", err)
	}
	c := copier{dst: dst, check: &issueCheck{Index: index}, waiting: map[string][]*Issue{}}
	for i, err := range src.Issues {
		if err != nil {
			return err
		}
		if err := c.add(ctx, i); err != nil {
			return err
		}
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	if err := c.rest(ctx); err != nil {
		return err
	}
	if err := dst.End(); err != nil {
		return fmt.Errorf("end the site: %w", err)
	}
	return nil
}

type copier struct {
	dst    Sink
	check  *issueCheck
	issues []*Issue
	links  []Connection
	later  []laterLink
	// waiting are issues whose parent has not come yet, by its key.
	waiting map[string][]*Issue
}

// laterLink is a link to an issue that has not come yet.
type laterLink struct {
	Connection
	to     string // as it is written
	origin *origin
	path   string
}

func (c *copier) add(ctx context.Context, i *Issue) error {
	if project, _, ok := splitKey(i.Parent); ok && c.check.projects.by[project] != nil && !c.check.exists(i.Parent) {
		c.waiting[i.Parent] = append(c.waiting[i.Parent], i)
		return nil
	}
	if err := c.check.issue(i); err != nil {
		return err
	}
	for n, l := range i.Links {
		p := c.check.phrases.by[l.Phrase]
		link := Connection{Type: p.linkType.Name, From: i.Key, To: l.To}
		if p.inward {
			link.From, link.To = link.To, link.From
		}
		if !c.check.exists(l.To) {
			c.later = append(c.later, laterLink{link, l.To, i.origin, fmt.Sprintf(".links[%d].to", n)})
			continue
		}
		c.links = append(c.links, link)
	}
	i.Links, i.origin = nil, nil
	c.issues = append(c.issues, i)
	if len(c.issues) == batch {
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	children := c.waiting[i.Key]
	delete(c.waiting, i.Key)
	for _, child := range children {
		if err := c.add(ctx, child); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(c.issues) > 0 {
		if err := c.dst.Add(c.issues); err != nil {
			return fmt.Errorf("add issues up to %s: %w", c.issues[len(c.issues)-1].Key, err)
		}
	}
	c.issues = c.issues[:0]
	if len(c.links) > 0 {
		if err := c.dst.Link(c.links); err != nil {
			return fmt.Errorf("add links: %w", err)
		}
	}
	c.links = c.links[:0]
	return nil
}

// rest hands on the links that were held back.
func (c *copier) rest(ctx context.Context) error {
	var problems Problems
	for _, key := range sorted(c.waiting) {
		for _, i := range c.waiting[key] {
			problems = append(problems, i.origin.problem(".parent", fmt.Sprintf("there is no issue %s", key), "write the key of an issue of this seed"))
		}
	}
	for _, l := range c.later {
		if !c.check.exists(l.to) {
			problems = append(problems, l.origin.problem(l.path, fmt.Sprintf("there is no issue %s", l.to), "write the key of an issue of this seed"))
			continue
		}
		c.links = append(c.links, l.Connection)
	}
	if problems != nil {
		return problems.err()
	}
	return c.flush(ctx)
}
