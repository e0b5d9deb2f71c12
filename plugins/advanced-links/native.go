package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

// A link of Jira's own reads “from, outward words, to”: the first end of a relation is where it comes from.

// allNative returns the links of the relation's type that an issue has at the side's end.
func (s side) allNative(ctx context.Context, issue string) ([]jira.IssueLink, error) {
	all, err := jira.Links(ctx, issue)
	if err != nil {
		return nil, err
	}
	return s.among(all.Links, issue), nil
}

// among returns those of an issue's links that are of the side.
func (s side) among(all []jira.IssueLink, issue string) []jira.IssueLink {
	out := slices.DeleteFunc(slices.Clone(all), func(l jira.IssueLink) bool {
		from, _ := s.split(l)
		return l.TypeID != s.linkType || from != issue
	})
	// As those of the plugin's own: by the other issue, so that a page begins where the last one ended.
	slices.SortFunc(out, func(a, b jira.IssueLink) int {
		_, x := s.split(a)
		_, y := s.split(b)
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
	return out
}

// split returns the issue at the side's end of a link, and the other one.
func (s side) split(l jira.IssueLink) (here, there string) {
	if s.end == first {
		return l.FromID, l.ToID
	}
	return l.ToID, l.FromID
}

func (s side) nativeLinks(ctx context.Context, issue, cursor string, limit int) (linked, error) {
	all, err := s.allNative(ctx, issue)
	if err != nil {
		return linked{}, err
	}
	start, err := strconv.Atoi(cmp.Or(cursor, "0"))
	if err != nil || start < 0 {
		return linked{}, invalid("The page asks for links that are not there. Reload it.")
	}
	out := linked{refs: map[string]string{}}
	for i, l := range all[min(start, len(all)):] {
		if i == limit {
			out.next = strconv.Itoa(start + limit)
			break
		}
		_, other := s.split(l)
		out.ids, out.refs[other] = append(out.ids, other), l.ID
	}
	return out, nil
}

func (s side) nativeCount(ctx context.Context, issue string, limit int) (*store.Tally, error) {
	all, err := s.allNative(ctx, issue)
	if err != nil {
		return nil, err
	}
	n := min(len(all), cmp.Or(limit, 1000))
	return &store.Tally{Records: n, More: len(all) > n}, nil
}

// linkNatively makes a link of Jira's own. Jira keeps nobody from making one more than the relation takes at the same moment; this looks
// before it does.
func (s side) linkNatively(ctx context.Context, issue, other string) (bool, error) {
	there, err := s.nativeLinks(ctx, issue, "", 1<<30)
	if err != nil {
		return false, err
	}
	if there.refs[other] != "" {
		return false, nil
	}
	if most := s.here().most; most > 0 && len(there.ids) >= most {
		return false, s.full()
	}
	back := side{s.relation, s.other()}
	if most := back.here().most; most > 0 {
		n, err := back.nativeCount(ctx, other, most)
		if err != nil {
			return false, err
		}
		if n.Records >= most {
			return false, back.full()
		}
	}
	l := jira.NewLink{TypeID: s.linkType, FromID: issue, ToID: other}
	if s.end == second {
		l.FromID, l.ToID = other, issue
	}
	_, err = jira.Link(ctx, l)
	return err == nil, err
}

// unlinkNatively removes a link of Jira's own, where it is one of this side: the id comes from the browser.
func (s side) unlinkNatively(ctx context.Context, issue, ref string) error {
	all, err := s.allNative(ctx, issue)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(l jira.IssueLink) bool { return l.ID == ref }) {
		return nil
	}
	if err := jira.Unlink(ctx, ref); err != nil && sdk.CodeOf(err) != sdk.NotFound {
		return err
	}
	return nil
}
