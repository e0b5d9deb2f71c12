package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// attachment is the form of a request on the customer portal, with a picker for each side at which the customer can link. It only adds:
// what is linked already is not in it.
type attachment struct {
	sides []side              // at which can be linked
	saved map[string][]string // what is linked, by the key of each side that is open to customers
	held  map[string][]string // what the form holds beside that
	wrong map[string]string   // what is wrong with it, by side
	flag  *view.Flag
}

// mostShown is how many links of a side customers see.
const mostShown = 100

// read finds out what is linked, and at which of the sides the customer can link more. Where the customer may not link the request, an
// admin's rule can: by the rights of its searching user, at both ends.
func (a *attachment) read(ctx context.Context, r *sdk.Request, sides []side) error {
	issue := r.Context.IssueID
	a.sides, a.saved = nil, map[string][]string{}
	for _, s := range sides {
		page, err := s.upTo(ctx, issue, "", mostShown)
		if err != nil {
			return err
		}
		a.saved[s.key()] = page.ids
	}
	adding := slices.DeleteFunc(slices.Clone(sides), func(s side) bool {
		most := s.here().most
		return s.here().portal != portalLinks || len(a.saved[s.key()]) >= mostShown || most > 0 && len(a.saved[s.key()]) >= most
	})
	if len(adding) == 0 {
		return nil
	}
	own, err := mayLink(ctx, r.Context)
	if err != nil {
		return err
	}
	for _, s := range adding {
		may := own
		if !may {
			ruled, err := contract.JudgeLinkable(ctx, contract.JudgeQuestion{Where: s.where(issue, nil), Contexts: s.there().contexts, Here: true})
			if err != nil {
				return err
			}
			may = ruled.ByRule && ruled.HereByRule
		}
		if may {
			a.sides = append(a.sides, s)
		}
	}
	return nil
}

// hold takes what the form holds. It comes from the browser. What is linked already is judged like the rest, so that nobody learns by trying
// what is linked here and not shown.
func (a *attachment) hold(form map[string][]string) {
	a.held, a.wrong = map[string][]string{}, map[string]string{}
	for _, s := range a.sides {
		var ids []string
		for _, id := range form[s.slot()] {
			if store.Validate(store.KindIssue, id) == nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		a.held[s.key()] = ids
	}
}

// chosen is what will be linked at each side of the form, as other plugins are told it. A customer takes nothing away, so nothing becomes
// possible that way.
func (a *attachment) chosen() map[string][]string {
	out := map[string][]string{}
	for _, s := range a.sides {
		out[contract.ChosenKey(contract.End{Relation: s.id, End: s.end})] = slices.Concat(a.saved[s.key()], a.held[s.key()])
	}
	return out
}

// judge says which of what the form holds at a side can be linked, beside all that it holds.
func (a *attachment) judge(ctx context.Context, request string, s side) (*judged, error) {
	held := a.held[s.key()]
	if len(held) > mostPicked {
		out := &judged{}
		for _, id := range held {
			out.refuse(id, "Pick %d issues at most.", mostPicked)
		}
		return out, nil
	}
	return s.judgeFor(ctx, s.where(request, a.chosen()), held, true)
}

// fields are the pickers of the form.
func (a *attachment) fields(ctx context.Context, request string) ([]view.Field, error) {
	var out []view.Field
	for _, s := range a.sides {
		scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: s.where(request, a.chosen())})
		if err != nil {
			return nil, err
		}
		f := view.Field{Name: s.slot(), Label: s.here().label, Kind: view.PickerField, Suggest: portalPicker, Help: scope.Nothing, Error: a.wrong[s.key()]}
		part{side: s}.bound(&f, len(a.saved[s.key()]))
		kept, err := s.seenByCustomer(ctx, request, a.held[s.key()])
		if err != nil {
			return nil, err
		}
		for i := range kept {
			f.Chosen = append(f.Chosen, choiceOf(&kept[i], portalLook))
		}
		for _, other := range a.sides {
			if other.key() != s.key() && slices.Contains(scope.Follows, contract.ChosenKey(contract.End{Relation: other.id, End: other.end})) {
				f.Follows = append(f.Follows, other.slot())
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// portalLook is how choices look to customers: by key and summary alone, and by these alone they are searched and ordered. What an admin
// chose to show to users of Jira may be fields that no customer reads.
var portalLook = &contract.Look{Governed: true, HideStatus: true, HideRecent: true}

// attachable offers what the customer can link at the side whose picker asks. What the form holds at other sides can make more possible, so
// all of it has to be what the customer could link.
func (p *plugin) attachable(ctx context.Context, r *sdk.Request) (*view.Choices, error) {
	sides, err := p.opened(ctx, r)
	if err != nil {
		return nil, err
	}
	a := &attachment{}
	if err := a.read(ctx, r, sides); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(a.sides, func(s side) bool { return s.slot() == r.Params["field"] })
	if at < 0 {
		return nil, notAttachable()
	}
	s, request := a.sides[at], r.Context.IssueID
	a.hold(r.Form)
	a.held[s.key()] = nil
	for _, other := range a.sides {
		can, err := a.judge(ctx, request, other)
		if err != nil {
			return nil, err
		}
		if len(can.refused) > 0 {
			return &view.Choices{Empty: fmt.Sprintf("“%s” holds what cannot be linked: %s", other.here().label, can.refused[0].Message)}, nil
		}
	}
	where := s.where(request, a.chosen())
	scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: where})
	if err != nil {
		return nil, err
	}
	if scope.Nothing != "" {
		return &view.Choices{Empty: scope.Nothing}, nil
	}
	found, err := s.search(ctx, where, scope.Clause, typed(r.Params["q"], nil), portalLook)
	if err != nil {
		return nil, err
	}
	out := &view.Choices{More: found.More, Empty: cmp.Or(found.Nothing, "Nothing that can be linked here has these words.")}
	for i := range found.Issues {
		if id := found.Issues[i].ID; id == request || slices.Contains(a.saved[s.key()], id) {
			continue
		}
		out.Choices = append(out.Choices, choiceOf(&found.Issues[i], portalLook))
	}
	return out, nil
}

func notAttachable() error {
	return &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "Nothing can be linked here any more. Reload the page."}
}

// attach links what the customer picked. Nothing is linked before all of it is judged.
func (p *plugin) attach(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.opened(ctx, r)
	if err != nil {
		return nil, err
	}
	a := &attachment{}
	if err := a.read(ctx, r, sides); err != nil {
		return nil, err
	}
	if len(a.sides) == 0 {
		return nil, notAttachable()
	}
	a.hold(r.Form)
	can := map[string]*judged{}
	for _, s := range a.sides {
		if can[s.key()], err = a.judge(ctx, r.Context.IssueID, s); err != nil {
			return nil, err
		}
		if no := can[s.key()].refused; len(no) > 0 {
			a.wrong[s.key()] = no[0].Message
		}
	}
	if len(a.wrong) > 0 {
		return p.drawPortal(ctx, r, a)
	}
	added := 0
	for _, s := range a.sides {
		n, err := p.link(ctx, s, r.Context.IssueID, can[s.key()].ids(), r.Context.Account)
		added += n
		switch sdk.CodeOf(err) {
		case sdk.Invalid, sdk.Unavailable, sdk.PermissionDenied:
			a.wrong[s.key()] = messageOf(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		a.held[s.key()] = nil
	}
	if added > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", added))
	}
	a.flag = attachedFlag(added)
	return p.drawPortal(ctx, r, a)
}

func attachedFlag(added int) *view.Flag {
	switch added {
	case 0:
		return &view.Flag{Tone: view.Info, Title: "Nothing was linked"}
	case 1:
		return &view.Flag{Tone: view.Success, Title: "It is linked"}
	}
	return &view.Flag{Tone: view.Success, Title: fmt.Sprintf("%d issues are linked", added)}
}
