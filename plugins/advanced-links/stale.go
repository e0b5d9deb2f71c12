package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostAsked is how many links of a side are looked at when others of the issue changed; data logic takes as many.
const mostAsked = 100

// changed draws the panel after the user changed links, and drops before what data logic does not allow any more. When it cannot say, the
// change stays and the flag says why.
func (p *plugin) changed(ctx context.Context, r *sdk.Request, flag *view.Flag) (*view.Page, error) {
	dropped, err := p.dropStale(ctx, r)
	if len(dropped) > 0 {
		words, err := dropWords(ctx, dropped)
		if err != nil {
			return nil, err
		}
		flag.Body = strings.TrimSpace(flag.Body + " " + words)
	}
	if err != nil {
		flag.Tone = view.Warning
		flag.Body = strings.TrimSpace(flag.Body + " Links that may not fit any more are kept: " + messageOf(err))
	}
	return p.draw(ctx, r, shown{flag: flag})
}

// dropStale removes the links of the issue that an admin's rule does not allow any more. The user may link here; at the other end the
// rule speaks for itself, but for links of Jira's own, which Jira guards.
func (p *plugin) dropStale(ctx context.Context, r *sdk.Request) (dropped []string, err error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, s := range sides {
		page, err := s.links(ctx, r.Context.IssueID, "", mostAsked)
		if err != nil {
			return dropped, err
		}
		if len(page.ids) == 0 {
			continue
		}
		stale, err := contract.StaleLinks(ctx, contract.StaleQuestion{Where: s.where(r.Context.IssueID, nil), Contexts: s.there().contexts, Others: page.ids})
		if err != nil {
			return dropped, err
		}
		for _, other := range stale.IssueIDs {
			if !slices.Contains(page.ids, other) {
				continue
			}
			if err := p.unlink(ctx, s, r.Context.IssueID, other, page.refs[other], r.Context.Account); err != nil {
				return dropped, err
			}
			log.Write(ctx, log.Info, "links.removed")
			dropped = append(dropped, other)
		}
	}
	return dropped, nil
}

// dropWords say which links were dropped; those to issues that the user may not see are counted.
func dropWords(ctx context.Context, ids []string) (string, error) {
	list, err := jira.Issues(ctx, ids[:min(len(ids), jira.MaxIssues)], "summary")
	if err != nil {
		return "", err
	}
	var keys []string
	for _, i := range list.Issues {
		keys = append(keys, i.Key)
	}
	if n := len(ids) - len(keys); n > 0 {
		keys = append(keys, hiddenWords(n)[:len(hiddenWords(n))-1])
	}
	return fmt.Sprintf("Removed with it, because the rules allow these links no more: %s.", strings.Join(keys, ", ")), nil
}
