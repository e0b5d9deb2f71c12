package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The types of records, as plugin.json has them.
const (
	linkType    = "link"
	removedType = "removed" // of what stays of a link that was removed
)

// linked is a page of the issues at the other end of a side.
type linked struct {
	ids  []string
	refs map[string]string // of links that are Jira's own: their ids, by issue
	next string            // cursor; "" on the last page
}

// links returns a page of the links of an issue.
func (s side) links(ctx context.Context, issue, cursor string, limit int) (linked, error) {
	if s.native {
		return s.nativeLinks(ctx, issue, cursor, limit)
	}
	page, err := store.List(ctx, store.Query{Type: "link", Field: s.field(), Value: issue, Prefix: s.prefix(issue), Cursor: cursor, Limit: limit, IDs: true})
	if err != nil {
		return linked{}, err
	}
	out := linked{next: page.Next}
	for _, r := range page.Records {
		out.ids = append(out.ids, r.Fields[s.otherField()])
	}
	return out, nil
}

// mostListed is how many records the store lists at a time.
const mostListed = 500

// upTo is links for more than the store lists at a time.
func (s side) upTo(ctx context.Context, issue, cursor string, limit int) (linked, error) {
	out := linked{next: cursor, refs: map[string]string{}}
	for {
		page, err := s.links(ctx, issue, out.next, min(limit-len(out.ids), mostListed))
		if err != nil {
			return linked{}, err
		}
		out.ids, out.next = append(out.ids, page.ids...), page.next
		for id, ref := range page.refs {
			out.refs[id] = ref
		}
		if out.next == "" || len(out.ids) == limit {
			return out, nil
		}
	}
}

// prefix bounds the links of an issue to those of the relation.
func (s side) prefix(issue string) []string {
	if s.end == first {
		return []string{s.id, issue}
	}
	return []string{s.id}
}

// count says how many links an issue has, up to limit.
func (s side) count(ctx context.Context, issue string, limit int) (*store.Tally, error) {
	if s.native {
		return s.nativeCount(ctx, issue, limit)
	}
	return store.Count(ctx, store.Query{Type: "link", Field: s.field(), Value: issue, Prefix: s.prefix(issue), Limit: limit})
}

// find says whether an issue is linked to another one, and of a link of Jira's own its id.
func (s side) find(ctx context.Context, issue, other string) (ref string, there bool, err error) {
	if s.native {
		all, err := s.nativeLinks(ctx, issue, "", 1<<30)
		return all.refs[other], all.refs[other] != "", err
	}
	fields := map[string]string{s.field(): issue, s.otherField(): other}
	_, err = store.Get(ctx, "link", store.JoinID(s.id, fields["outward"], fields["inward"]))
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", false, nil
	}
	return "", err == nil, err
}

// attempts bounds how often a user waits for others who link the same issue.
const attempts = 8

// link joins an issue to others. Pairs that are there already are left as they are; added says how many are new.
func (p *plugin) link(ctx context.Context, s side, issue string, others []string, account string) (added int, err error) {
	for _, other := range others {
		if other == issue {
			return added, invalid("An issue cannot be linked to itself.")
		}
		ok, err := p.linkOne(ctx, s, issue, other, account)
		if err != nil {
			return added, err
		}
		if ok {
			added++
		}
	}
	return added, nil
}

// linkOne joins two issues. It is false where they are joined already.
func (p *plugin) linkOne(ctx context.Context, s side, issue, other, account string) (bool, error) {
	if s.native {
		return s.linkNatively(ctx, issue, other)
	}
	l := store.Record{Type: "link", Fields: map[string]string{
		"relation": s.id, s.field(): issue, s.otherField(): other, "at": p.stamp(),
	}}
	if account != "" {
		l.Fields["by"] = account
	}
	id := store.JoinID(s.id, l.Fields["outward"], l.Fields["inward"])
	for range attempts {
		if _, err := store.Get(ctx, "link", id); err == nil {
			return false, nil
		} else if sdk.CodeOf(err) != sdk.NotFound {
			return false, err
		}
		put := []store.Record{l}
		for _, at := range []struct {
			side
			issue string
		}{{s, issue}, {side{s.relation, s.other()}, other}} {
			gate, err := at.room(ctx, at.issue)
			if err != nil {
				return false, err
			}
			if gate != nil {
				put = append(put, *gate)
			}
		}
		marks, err := s.marked(ctx, issue, other)
		if err != nil {
			return false, err
		}
		put = append(put, marks...)
		_, err = store.Write(ctx, store.Changes{Put: put})
		if err == nil {
			if len(marks) > 0 {
				refreshSoon(ctx)
			}
			return true, nil
		}
		if sdk.CodeOf(err) != sdk.Exists {
			return false, err
		}
	}
	return false, busy()
}

// room refuses one more link of an issue where the relation takes no more. Where it is bounded it returns the record that has to be
// written with the link: of two users who both find the last place free, one is told that the record changed.
func (s side) room(ctx context.Context, issue string) (*store.Record, error) {
	most := s.here().most
	if most == 0 {
		return nil, nil
	}
	gate, err := store.Get(ctx, "end", store.JoinID(s.id, s.end, issue))
	if sdk.CodeOf(err) == sdk.NotFound {
		gate, err = &store.Record{Type: "end", Fields: map[string]string{"relation": s.id, "end": s.end, "issue": issue}}, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := s.count(ctx, issue, most) // after the revision was read
	if err != nil {
		return nil, err
	}
	if n.Records >= most {
		return nil, s.full()
	}
	return gate, nil
}

// hasRoom is an error where an issue takes no more links.
func (s side) hasRoom(ctx context.Context, issue string) error {
	most := s.here().most
	if most == 0 {
		return nil
	}
	n, err := s.count(ctx, issue, most)
	if err == nil && n.Records >= most {
		err = s.full()
	}
	return err
}

// full says that an issue at this end takes no more links.
func (s side) full() error {
	most := s.here().most
	if most == 1 {
		return invalid(fmt.Sprintf("“%s” takes one issue. Remove the other one first.", s.here().label))
	}
	return invalid(fmt.Sprintf("“%s” takes %d issues at most. Remove one of them first.", s.here().label, most))
}

// unlink removes a link; it is no error where there is none. A tombstone stays, see [plugin.history].
func (p *plugin) unlink(ctx context.Context, s side, issue, other, ref, account string) error {
	if s.native {
		return s.unlinkNatively(ctx, issue, ref)
	}
	fields := map[string]string{"relation": s.id, s.field(): issue, s.otherField(): other}
	id := store.JoinID(s.id, fields["outward"], fields["inward"])
	for range attempts {
		l, err := store.Get(ctx, linkType, id)
		if sdk.CodeOf(err) == sdk.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		stone, err := p.tombstone(ctx, l, account)
		if err != nil {
			return err
		}
		marks, err := s.marked(ctx, issue, other)
		if err != nil {
			return err
		}
		_, err = store.Write(ctx, store.Changes{Put: append(marks, *stone), Delete: []store.Record{*l}})
		if err == nil && len(marks) > 0 {
			refreshSoon(ctx)
		}
		if sdk.CodeOf(err) != sdk.Exists {
			return err
		}
	}
	return busy()
}

// tombstone is what stays of a link for 30 days, as plugin.json says. It takes the place of one of the same pair.
func (p *plugin) tombstone(ctx context.Context, l *store.Record, account string) (*store.Record, error) {
	stone, err := store.Get(ctx, removedType, l.ID)
	if sdk.CodeOf(err) == sdk.NotFound {
		stone, err = &store.Record{Type: removedType}, nil
	}
	if err != nil {
		return nil, err
	}
	stone.Fields = map[string]string{
		"relation": l.Fields["relation"], "outward": l.Fields["outward"], "inward": l.Fields["inward"], "at": p.stamp(),
	}
	for field, value := range map[string]string{"by": account, "linked_by": l.Fields["by"], "linked_at": l.Fields["at"]} {
		if value != "" {
			stone.Fields[field] = value
		}
	}
	return stone, nil
}

// stamp is the time as records have it.
func (p *plugin) stamp() string { return p.now().UTC().Truncate(time.Second).Format(time.RFC3339) }

func busy() error {
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "Others link the same issue at this moment. Try again."}
}

func invalid(message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: message}
}
