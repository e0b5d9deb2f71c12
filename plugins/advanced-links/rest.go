package main

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The REST API. Programs have the rights of the account whose token they show, and meet the same rules as that account does in the panel.

func (p *plugin) routes() map[string]sdk.Route {
	return map[string]sdk.Route{
		"relations": rest.Handler(p.restRelations),
		"links":     rest.Handler(p.restLinks),
		"many":      rest.Handler(p.restMany),
		"create":    rest.Handler(p.restCreate),
		"link":      rest.Handler(p.restLink),
		"delete":    rest.Handler(p.restDelete),
	}
}

func (p *plugin) restRelations(ctx context.Context, _ *rest.Request) (int, msgp.Marshaler, error) {
	all, err := relations(ctx)
	if err != nil {
		return 0, nil, err
	}
	out := &relationList{}
	for _, r := range all {
		shape := relationShape{ID: r.id, Name: r.name, Color: string(r.color), Storage: "app", Searchable: r.searchable, Outward: endOf(r.ends[first]), Inward: endOf(r.ends[second])}
		if r.native {
			shape.Storage, shape.LinkTypeID = "jira", r.linkType
		}
		out.Relations = append(out.Relations, shape)
	}
	return 200, out, nil
}

func endOf(p place) endShape {
	out := endShape{Label: p.label, Shown: p.show, MaxLinks: p.most}
	for _, c := range p.contexts {
		out.Contexts = append(out.Contexts, contextShape{c.Projects, c.Types})
	}
	return out
}

func refTo(i *jira.Issue) issueRef { return issueRef{i.ID, i.Key} }

// directions of a link by the end at which an issue is: outward where it is the first.
var directions = map[string]string{first: "outward", second: "inward"}

// linkID is the same from both ends, whatever keeps the link.
func (s side) linkID(issue, other string) string {
	if s.end == second {
		issue, other = other, issue
	}
	return store.JoinID(s.id, issue, other)
}

// shape is a link to an issue that the account may see.
func (s side) shape(issue string, other *jira.Issue) linkShape {
	return linkShape{ID: s.linkID(issue, other.ID), RelationID: s.id, Direction: directions[s.end], Label: s.here().label, Issue: refTo(other)}
}

// issueNamed finds an issue by its id or key, as far as the account may see it.
func issueNamed(ctx context.Context, name string) (*jira.Issue, error) {
	found, _, err := issuesNamed(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	if found[name] == nil {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "There is no issue " + name + ", or the account of this token may not see it."}
	}
	return found[name], nil
}

// issuesNamed finds issues by ids and keys, and says which are not there for the account.
func issuesNamed(ctx context.Context, names []string) (found map[string]*jira.Issue, missing []string, err error) {
	var ids, keys []string
	for _, name := range names {
		if strings.Contains(name, "-") {
			keys = append(keys, name)
		} else {
			ids = append(ids, name)
		}
	}
	found = map[string]*jira.Issue{}
	if len(ids) > 0 {
		if found, err = readIssues(ctx, ids, "summary"); err != nil {
			return nil, nil, err
		}
	}
	if len(keys) > 0 {
		list, err := jira.ByKey(ctx, keys, "summary")
		if err != nil {
			return nil, nil, err
		}
		for i := range list.Issues {
			for _, key := range keys {
				if strings.EqualFold(key, list.Issues[i].Key) || len(keys) == 1 {
					found[key] = &list.Issues[i]
				}
			}
		}
	}
	for _, name := range names {
		if found[name] == nil {
			missing = append(missing, name)
		}
	}
	return found, missing, nil
}

// apiSides are the sides of an issue that a program asks for: those that show there, of one relation or direction where it names them.
func apiSides(ctx context.Context, i *jira.Issue, relation, direction string) ([]side, error) {
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	return chosenSides(all, i, relation, direction)
}

func chosenSides(all []relation, i *jira.Issue, relation, direction string) ([]side, error) {
	if relation != "" && !slices.ContainsFunc(all, func(r relationOf) bool { return r.id == relation }) {
		return nil, noRelation()
	}
	return slices.DeleteFunc(sidesOf(all, i), func(s side) bool {
		return relation != "" && s.id != relation || direction != "" && directions[s.end] != direction
	}), nil
}

type relationOf = relation // where a parameter has its name

func noRelation() error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Field: "relation", Message: "There is no such relation. GET relations lists them."}
}

// restLinks reads the links of an issue, a page at a time: side by side, in the order in which an admin made the relations.
func (p *plugin) restLinks(ctx context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
	issue, err := issueNamed(ctx, r.Params["issue"])
	if err != nil {
		return 0, nil, err
	}
	sides, err := apiSides(ctx, issue, r.Params["relation"], r.Params["direction"])
	if err != nil {
		return 0, nil, err
	}
	limit, err := strconv.Atoi(r.Params["limit"])
	if err != nil {
		limit = usuallyLinked
	}
	at, cursor, err := readCursor(r.Params["cursor"], sides)
	if err != nil {
		return 0, nil, err
	}
	out := &linkPage{Issue: refTo(issue)}
	raw := []linkedAt{}
	for at < len(sides) && len(raw) < limit {
		page, err := sides[at].upTo(ctx, issue.ID, cursor, limit-len(raw))
		if err != nil {
			return 0, nil, err
		}
		for _, id := range page.ids {
			raw = append(raw, linkedAt{sides[at], id})
		}
		if cursor = page.next; cursor == "" {
			at++
		}
	}
	if at < len(sides) {
		out.Next = cursorAt(sides[at], cursor)
	}
	out.Links, out.Hidden, err = shapes(ctx, issue.ID, raw)
	return 200, out, err
}

// linkedAt is an issue at the other end of a side.
type linkedAt struct {
	side
	other string
}

// shapes reads the issues at the other ends, and counts those that the account may not see.
func shapes(ctx context.Context, issue string, raw []linkedAt) (out []linkShape, hidden int, err error) {
	ids := make([]string, len(raw))
	for i := range raw {
		ids[i] = raw[i].other
	}
	found, err := readIssues(ctx, ids, "summary")
	if err != nil {
		return nil, 0, err
	}
	for _, l := range raw {
		if other := found[l.other]; other != nil {
			out = append(out, l.shape(issue, other))
		} else {
			hidden++
		}
	}
	return out, hidden, nil
}

// A cursor of a page of links names the side at which it goes on, and the side's own cursor.
func cursorAt(s side, cursor string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(s.key() + "\n" + cursor))
}

func readCursor(text string, sides []side) (at int, cursor string, err error) {
	if text == "" {
		return 0, "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	key, cursor, ok := strings.Cut(string(raw), "\n")
	at = slices.IndexFunc(sides, func(s side) bool { return s.key() == key })
	if err != nil || !ok || at < 0 {
		return 0, "", &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "cursor", Message: "The cursor is none that a page of these links returned. Start again without one."}
	}
	return at, cursor, nil
}

// restCreate links two issues, by the rules that hold in the panel. A link that is there already is no error.
func (p *plugin) restCreate(ctx context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
	var n newLink
	if err := r.Read(&n); err != nil {
		return 0, nil, err
	}
	issue, err := issueNamed(ctx, r.Params["issue"])
	if err != nil {
		return 0, nil, err
	}
	other, err := issueNamed(ctx, n.Issue)
	if err != nil {
		return 0, nil, err
	}
	sides, err := apiSides(ctx, issue, n.Relation, n.Direction)
	if err != nil {
		return 0, nil, err
	}
	if len(sides) == 0 {
		return 0, nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "relation", Message: "The relation is for issues of other projects or types than " + issue.Key + ", or does not show there in this direction."}
	}
	s := sides[0]
	if _, there, err := s.find(ctx, issue.ID, other.ID); err != nil {
		return 0, nil, err
	} else if there {
		shape := s.shape(issue.ID, other)
		return 200, &shape, nil
	}
	if err := p.mayCreate(ctx, s, issue.ID, other.ID); err != nil {
		return 0, nil, err
	}
	added, err := p.link(ctx, s, issue.ID, []string{other.ID}, r.Context.Account)
	if err != nil {
		return 0, nil, err
	}
	shape := s.shape(issue.ID, other)
	if added == 0 { // somebody else was faster
		return 200, &shape, nil
	}
	log.Write(ctx, log.Info, "links.added", log.Count("links", added))
	return 201, &shape, nil
}

// mayCreate refuses what the panel would not offer.
func (p *plugin) mayCreate(ctx context.Context, s side, issue, other string) error {
	shut, err := closedTo(ctx, issue, s)
	if err != nil {
		return err
	}
	if shut[0].adding {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "An admin keeps links of this relation from being added here."}
	}
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{issue}})
	if err != nil {
		return err
	}
	if !rights.OnIssue(jira.LinkIssues, issue) {
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "The account of this token may not link this issue. It takes the permission Link issues in its project."}
	}
	can, err := s.judge(ctx, s.where(issue, nil), []string{other})
	if err != nil {
		return err
	}
	if len(can.refused) > 0 {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "issue", Message: can.refused[0].Message}
	}
	return nil
}

// linkAt finds a link by its id, whose issues the account may see.
func linkAt(ctx context.Context, id string) (s side, outward, inward *jira.Issue, ref string, err error) {
	gone := &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "There is no such link, or the account of this token may not see its issues."}
	parts := store.SplitID(id)
	if len(parts) != 3 {
		return side{}, nil, nil, "", gone
	}
	all, err := relations(ctx)
	if err != nil {
		return side{}, nil, nil, "", err
	}
	at := slices.IndexFunc(all, func(r relationOf) bool { return r.id == parts[0] })
	if at < 0 {
		return side{}, nil, nil, "", gone
	}
	found, missing, err := issuesNamed(ctx, parts[1:])
	if err != nil {
		return side{}, nil, nil, "", err
	}
	if len(missing) > 0 {
		return side{}, nil, nil, "", gone
	}
	s = side{all[at], first}
	ref, there, err := s.find(ctx, parts[1], parts[2])
	if err == nil && !there {
		err = gone
	}
	return s, found[parts[1]], found[parts[2]], ref, err
}

func (p *plugin) restLink(ctx context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
	s, outward, inward, _, err := linkAt(ctx, r.Params["link"])
	if err != nil {
		return 0, nil, err
	}
	return 200, &fullLink{ID: s.linkID(outward.ID, inward.ID), RelationID: s.id, Outward: refTo(outward), Inward: refTo(inward)}, nil
}

// restDelete removes a link. Who sends it twice is told that it is gone.
func (p *plugin) restDelete(ctx context.Context, r *rest.Request) (int, msgp.Marshaler, error) {
	s, outward, inward, ref, err := linkAt(ctx, r.Params["link"])
	if err != nil {
		return 0, nil, err
	}
	refused, err := mayUnlink(ctx, outward.ID, []string{inward.ID})
	if err != nil {
		return 0, nil, err
	}
	if len(refused) > 0 {
		return 0, nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "The account of this token may not remove this link: it takes the permission Link issues at both ends."}
	}
	if err := p.unlink(ctx, s, outward.ID, inward.ID, ref, r.Context.Account); err != nil {
		return 0, nil, err
	}
	log.Write(ctx, log.Info, "links.removed")
	return 204, nil, nil
}
