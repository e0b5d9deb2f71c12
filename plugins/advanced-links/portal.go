package main

import (
	"context"
	"slices"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/view"
)

// What customers do on their requests with a relation, as plugin.json has it. Anything else is nothing.
const (
	portalShows = "see"
	portalLinks = "link"
)

// The module on the customer portal, as plugin.json has it, and what belongs to it alone.
const (
	portalModule = "portal"
	portalView   = "portal"
	portalAction = "attach"
	portalPicker = "attachable"
)

// keepApart keeps customers on the portal from whatever is made for users of Jira, and the other way round: each module asks for its own
// views, actions and choices, and for no others.
func keepApart(p *sdk.Plugin) {
	apart := func(name, portals string, c sdk.Context) error {
		if (name == portals) == (c.Module == portalModule) {
			return nil
		}
		return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "This is not shown here. Reload the page."}
	}
	for name, next := range p.Views {
		p.Views[name] = sdk.ViewFunc(func(ctx context.Context, r *sdk.Request) (*view.Page, error) {
			if err := apart(name, portalView, r.Context); err != nil {
				return nil, err
			}
			return next.View(ctx, r)
		})
	}
	for name, next := range p.Actions {
		p.Actions[name] = sdk.ActionFunc(func(ctx context.Context, r *sdk.Request) (*view.Page, error) {
			if err := apart(name, portalAction, r.Context); err != nil {
				return nil, err
			}
			return next.Act(ctx, r)
		})
	}
	for name, next := range p.Suggesters {
		p.Suggesters[name] = sdk.SuggesterFunc(func(ctx context.Context, r *sdk.Request) (*view.Choices, error) {
			if err := apart(name, portalPicker, r.Context); err != nil {
				return nil, err
			}
			return next.Suggest(ctx, r)
		})
	}
}

// portal draws what an admin opened to the customers of a request.
func (p *plugin) portal(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return p.drawPortal(ctx, r, &attachment{})
}

func (p *plugin) drawPortal(ctx context.Context, r *sdk.Request, a *attachment) (*view.Page, error) {
	out := &view.Page{Title: "Linked assets", Flag: a.flag}
	sides, err := p.opened(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(sides) == 0 {
		out.Blocks = []view.Block{view.Muted("Nothing is shown for this request.")}
		return out, nil
	}
	if err := a.read(ctx, r, sides); err != nil {
		return nil, err
	}
	for _, s := range sides {
		shown, err := s.seenByCustomer(ctx, r.Context.IssueID, a.saved[s.key()])
		if err != nil {
			return nil, err
		}
		out.Blocks = append(out.Blocks, s.portalSection(shown))
	}
	fields, err := a.fields(ctx, r.Context.IssueID)
	if err != nil {
		return nil, err
	}
	if len(fields) > 0 {
		out.Blocks = append(out.Blocks, view.Block{Heading: &view.Heading{Text: "Link more", Level: 2}}, view.Block{Form: &view.Form{Action: portalAction, Submit: "Link", Fields: fields}})
	}
	return out, nil
}

// opened returns the sides that an admin opened to the customers of the request beside which the customer is.
func (p *plugin) opened(ctx context.Context, r *sdk.Request) ([]side, error) {
	if r.Context.Account == "" {
		return nil, &sdk.Error{Code: sdk.Unauthenticated, Source: sdk.FromPlugin, Message: "Links show to customers who are logged in. Log in and open the request again."}
	}
	request, err := jira.Get(ctx, r.Context.IssueID, "summary")
	if err != nil {
		return nil, err
	}
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	return portalSidesOf(all, request), nil
}

// seenByCustomer returns those of linked issues that a customer sees, in their order: what the customer may browse, and what the rule of the
// side finds by the rights of its searching user. Of the others nothing is said, not even how many there are.
func (s side) seenByCustomer(ctx context.Context, request string, ids []string) ([]jira.Issue, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	seen, err := readIssues(ctx, ids, "summary")
	if err != nil {
		return nil, err
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return seen[id] != nil })
	for some := range slices.Chunk(rest, jira.MaxIssues) {
		found, err := contract.FindLinkable(ctx, contract.FindQuestion{
			Where: s.where(request, nil), Contexts: s.there().contexts, Clause: jql.IDs(some...).String(), Fields: []string{"summary"}, Limit: jira.MaxIssues,
		})
		if err != nil {
			return nil, err
		}
		for i := range found.Issues {
			if slices.Contains(some, found.Issues[i].ID) {
				seen[found.Issues[i].ID] = &found.Issues[i]
			}
		}
	}
	var out []jira.Issue
	for _, id := range ids {
		if i := seen[id]; i != nil {
			out = append(out, *i)
		}
	}
	return out, nil
}

// portalSection lists what a customer sees at a side. Nothing in it leads to an issue: customers have no page of it.
func (s side) portalSection(shown []jira.Issue) view.Block {
	out := &view.Section{Title: s.here().label, Name: s.slot(), Badge: strconv.Itoa(len(shown)), Color: s.color}
	list := &view.List{Label: s.here().label}
	for _, i := range shown {
		list.Items = append(list.Items, view.Item{Spans: []view.Span{{Text: i.Key + " " + i.Fields["summary"].Text}}})
	}
	if len(shown) > 0 {
		out.Blocks = []view.Block{{List: list}}
	} else {
		out.Blocks = []view.Block{view.Muted("Nothing is shown here.")}
	}
	return view.Block{Section: out}
}
