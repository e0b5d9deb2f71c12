package main

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostPicked bounds how many issues are linked at once.
const mostPicked = 20

// add links the issues that the user picked. All of it comes from the browser: which issues can be linked is checked again.
func (p *plugin) add(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	s, err := pick(sides, string(r.State))
	if err != nil {
		return nil, err
	}
	again := func(problem string) (*view.Page, error) {
		return p.draw(ctx, r, shown{adding: s.key(), problem: problem})
	}
	ids := r.Form[pickerName]
	switch {
	case len(ids) == 0:
		return again("Pick an issue.")
	case len(ids) > mostPicked:
		return again(fmt.Sprintf("Pick %d issues at most at a time.", mostPicked))
	}
	shut, err := closedTo(ctx, r.Context.IssueID, s)
	if err != nil {
		return nil, err
	}
	if shut[0].adding {
		return again(closedWords)
	}
	can, err := s.judge(ctx, s.where(r.Context.IssueID, nil), ids)
	if err != nil {
		return nil, err
	}
	if len(can.refused) > 0 {
		return again(can.refused[0].Message)
	}
	return p.linked(ctx, r, s, can, again)
}

// linked links what was judged, and draws the panel; or again, with what kept it from being linked.
func (p *plugin) linked(ctx context.Context, r *sdk.Request, s side, can *judged, again func(problem string) (*view.Page, error)) (*view.Page, error) {
	added, err := p.link(ctx, s, r.Context.IssueID, can.ids(), r.Context.Account)
	if added > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", added))
	}
	switch sdk.CodeOf(err) {
	case sdk.Invalid, sdk.Unavailable, sdk.PermissionDenied:
		return again(messageOf(err))
	}
	if err != nil {
		return nil, err
	}
	return p.changed(ctx, r, addedFlag(added, can.keys()))
}

func addedFlag(added int, keys []string) *view.Flag {
	switch {
	case added == 0:
		return &view.Flag{Tone: view.Info, Title: "Linked already"}
	case len(keys) == 1:
		return &view.Flag{Tone: view.Success, Title: keys[0] + " is linked"}
	}
	return &view.Flag{Tone: view.Success, Title: fmt.Sprintf("%d issues are linked", added)}
}

// remove takes a link away. The panel then offers to make it again.
func (p *plugin) remove(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	s, err := p.sideOf(ctx, r)
	if err != nil {
		return nil, err
	}
	other := r.Params["issue"]
	refused, err := mayUnlink(ctx, r.Context.IssueID, []string{other})
	if err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: refused[0].Message}
	}
	if err := p.unlink(ctx, s, r.Context.IssueID, other, r.Params["ref"], r.Context.Account); err != nil {
		return nil, err
	}
	log.Write(ctx, log.Info, "links.removed")
	page, err := p.changed(ctx, r, &view.Flag{Tone: view.Success, Title: "The link is removed"})
	if err != nil {
		return nil, err
	}
	undo := view.Button{Label: "Undo", Action: "relink", Params: map[string]string{"side": s.key(), "issue": other}}
	page.Blocks = append([]view.Block{view.Actions(undo)}, page.Blocks...)
	return page, nil
}
