package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/service"
)

// usuallyLinked is how many links of an issue are told where nobody says how many.
const usuallyLinked = 50

// service answers other plugins that an admin has granted the links. Reading tells ids of relations and issues and nothing else, whoever
// the user is; the plugin that asks meets the user's rights when it reads the issues. Writing is bounded by the user's rights as
// in the panel. A visitor who is not logged in changes nothing. A plugin that asks after an event has judged by itself; see [plugin.linkByApp].
func (p *plugin) service() service.Mux {
	return service.Mux{
		contract.OpSides:   service.Handle(p.serveSides),
		contract.OpLinked:  service.Handle(p.serveLinked),
		contract.OpLink:    service.Handle(p.serveLink),
		contract.OpUnlink:  service.Handle(p.serveUnlink),
		contract.OpPairs:   service.Handle(p.servePairs),
		contract.OpJoin:    service.Handle(p.serveJoin),
		contract.OpPart:    service.Handle(p.servePart),
		contract.OpRestore: service.Handle(p.serveRestore),
	}
}

func (p *plugin) serveSides(ctx context.Context, _ *service.Request, q *contract.SidesQuestion) (*contract.SideList, error) {
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	sides := bothSidesOf(all)
	if q.IssueID != "" {
		issue, err := jira.Get(ctx, q.IssueID, "summary")
		if err != nil {
			return nil, err
		}
		sides = sidesOf(all, issue)
	}
	out := &contract.SideList{}
	for _, s := range sides {
		out.Sides = append(out.Sides, contract.Side{
			End: contract.End{Relation: s.id, End: s.end}, Name: s.name, Label: s.here().label, Color: string(s.color),
			Contexts: s.there().contexts, Most: s.here().most, Native: s.native,
		})
	}
	return out, nil
}

// bothSidesOf returns every side, whether it shows or not.
func bothSidesOf(all []relation) []side {
	var out []side
	for _, r := range all {
		out = append(out, side{r, first}, side{r, second})
	}
	return out
}

// sideAt finds the side that another plugin names.
func sideAt(ctx context.Context, e contract.End) (side, error) {
	all, err := relations(ctx)
	if err != nil {
		return side{}, err
	}
	sides := bothSidesOf(all)
	at := slices.IndexFunc(sides, func(s side) bool { return s.id == e.Relation && s.end == e.End })
	if at < 0 {
		return side{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "There is no such relation any more. Choose another one where this one was chosen."}
	}
	return sides[at], nil
}

func (p *plugin) serveLinked(ctx context.Context, _ *service.Request, q *contract.LinkedQuestion) (*contract.LinkedList, error) {
	limit := cmp.Or(q.Limit, usuallyLinked)
	switch {
	case len(q.IssueIDs) > contract.MostLinked:
		return nil, invalid(fmt.Sprintf("Ask for the links of %d issues at most at a time.", contract.MostLinked))
	case limit < 1 || limit > contract.MostPerIssue:
		return nil, invalid(fmt.Sprintf("Ask for 1 to %d links of an issue at a time.", contract.MostPerIssue))
	case q.Cursor != "" && len(q.IssueIDs) != 1:
		return nil, invalid("Only the links of one issue are paged. Ask for it alone.")
	}
	s, err := sideAt(ctx, q.End)
	if err != nil {
		return nil, err
	}
	out := &contract.LinkedList{}
	for _, id := range q.IssueIDs {
		page, err := s.upTo(ctx, id, q.Cursor, limit)
		if err != nil {
			return nil, err
		}
		out.Issues = append(out.Issues, contract.Linked{IssueID: id, Others: page.ids, More: page.next != ""})
		if len(q.IssueIDs) == 1 {
			out.Next = page.next
		}
	}
	return out, nil
}

// ready finds the side of a change, and refuses one that nobody could be asked about.
func ready(ctx context.Context, r *service.Request, l *contract.Linking) (side, error) {
	switch {
	case r.Context.Account == "" && !(r.Background && r.Op == contract.OpLink):
		return side{}, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "Links are changed for users who are logged in to Jira. Log in and try again."}
	case len(l.Others) == 0 || len(l.Others) > mostPicked:
		return side{}, invalid(fmt.Sprintf("Name 1 to %d issues at a time.", mostPicked))
	}
	return sideAt(ctx, l.End)
}

func (p *plugin) serveLink(ctx context.Context, r *service.Request, l *contract.Linking) (*contract.LinkOutcome, error) {
	s, err := ready(ctx, r, l)
	if err != nil {
		return nil, err
	}
	if r.Context.Account == "" {
		return p.linkByApp(ctx, s, l)
	}
	issue, err := jira.Get(ctx, l.IssueID, "summary")
	if err != nil {
		return nil, err
	}
	if !s.here().contexts.Hold(issue) {
		return nil, invalid(fmt.Sprintf("%s has no “%s”: the relation is for issues of other projects or types.", issue.Key, s.here().label))
	}
	can, err := s.judge(ctx, s.where(l.IssueID, nil), l.Others)
	if err != nil {
		return nil, err
	}
	return p.linkEach(ctx, s, l.IssueID, can.ids(), can.refused, r.Context.Account)
}

// linkEach links as many as there is room for, and refuses the rest.
func (p *plugin) linkEach(ctx context.Context, s side, issue string, others []string, refused []contract.Refusal, account string) (*contract.LinkOutcome, error) {
	out := &contract.LinkOutcome{Refused: refused}
	for _, other := range others {
		n, err := p.link(ctx, s, issue, []string{other}, account)
		out.Changed += n
		switch sdk.CodeOf(err) {
		case sdk.Invalid, sdk.Unavailable, sdk.PermissionDenied, sdk.NotFound:
			out.Refused = append(out.Refused, contract.Refusal{IssueID: other, Message: messageOf(err)})
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	if out.Changed > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", out.Changed))
	}
	return out, nil
}

func (p *plugin) serveUnlink(ctx context.Context, r *service.Request, l *contract.Linking) (*contract.LinkOutcome, error) {
	s, err := ready(ctx, r, l)
	if err != nil {
		return nil, err
	}
	refused, err := mayUnlink(ctx, l.IssueID, l.Others)
	if err != nil {
		return nil, err
	}
	out := &contract.LinkOutcome{Refused: refused}
	for _, other := range l.Others {
		if slices.ContainsFunc(refused, func(r contract.Refusal) bool { return r.IssueID == other }) {
			continue
		}
		ref, there, err := s.find(ctx, l.IssueID, other)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		if err := p.unlink(ctx, s, l.IssueID, other, ref, r.Context.Account); err != nil {
			return nil, err
		}
		out.Changed++
		log.Write(ctx, log.Info, "links.removed")
	}
	return out, nil
}
