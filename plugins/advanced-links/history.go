package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// historyPage is how many changes are shown at once.
const historyPage = 20

// moment is a change of the links of an issue.
type moment struct {
	side
	other   string
	removed bool
	live    bool // the link is there
	by, at  string
}

// history shows who linked what to the issue and when, and what was removed in the last 30 days. It is put together of the links that
// are there and the tombstones of those that are not, so it knows nothing of links that are Jira's own: Jira has their history.
func (p *plugin) history(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	may, err := mayLink(ctx, r.Context)
	if err != nil {
		return nil, err
	}
	all, cut, err := moments(ctx, r.Context.IssueID, sides)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.Atoi(r.Params["page"])
	pages := max(1, (len(all)+historyPage-1)/historyPage)
	number = min(max(number, 1), pages)
	shown := all[(number-1)*historyPage : min(number*historyPage, len(all))]
	var ids []string
	for _, m := range shown {
		ids = append(ids, m.other)
	}
	slices.Sort(ids)
	issues, err := readIssues(ctx, slices.Compact(ids), "summary")
	if err != nil {
		return nil, err
	}
	out := &view.Page{Title: "Linked assets"}
	list := &view.List{Label: "History of links"}
	hidden := 0
	for _, m := range shown {
		if i := issues[m.other]; i != nil {
			list.Items = append(list.Items, m.item(i, r.Context, may && m.isOver(all)))
		} else {
			hidden++
		}
	}
	if len(list.Items) > 0 {
		out.Blocks = append(out.Blocks, view.Block{List: list})
	}
	if hidden > 0 {
		out.Blocks = append(out.Blocks, view.Muted(hiddenWords(hidden)))
	}
	if len(all) == 0 {
		out.Blocks = append(out.Blocks, view.Muted("Nothing was linked yet."))
	}
	if pages > 1 {
		out.Blocks = append(out.Blocks, view.Block{Pager: &view.Pager{Label: "History of links", Page: number, Pages: pages, Call: view.Call{View: "history"}}})
	}
	words := "What was removed is kept for 30 days."
	if cut {
		words += " There are more links than a history can show: these are not all."
	}
	out.Blocks = append(out.Blocks, view.Muted(words), view.Actions(view.Button{Label: "Show as a list", View: "panel"}))
	return out, nil
}

// moments returns the changes of an issue's links, the latest first. cut says that there were more links than are looked through.
func moments(ctx context.Context, issue string, sides []side) (out []moment, cut bool, err error) {
	for _, s := range sides {
		if s.native {
			continue
		}
		for _, typ := range []string{linkType, removedType} {
			page, err := store.List(ctx, store.Query{Type: typ, Field: s.field(), Value: issue, Prefix: s.prefix(issue), Limit: mostListed})
			if err != nil {
				return nil, false, err
			}
			cut = cut || page.Next != ""
			for _, l := range page.Records {
				out = append(out, s.momentsOf(l)...)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b moment) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.other, b.other)) })
	return out, cut, nil
}

// momentsOf reads a record: a link was linked once, a tombstone linked and removed.
func (s side) momentsOf(l store.Record) []moment {
	other := l.Fields[s.otherField()]
	if l.Type == linkType {
		return []moment{{side: s, other: other, live: true, by: l.Fields["by"], at: l.Fields["at"]}}
	}
	out := []moment{{side: s, other: other, removed: true, by: l.Fields["by"], at: l.Fields["at"]}}
	if l.Fields["linked_at"] != "" {
		out = append(out, moment{side: s, other: other, by: l.Fields["linked_by"], at: l.Fields["linked_at"]})
	}
	return out
}

// isOver says whether the moment removed a link that is not there again.
func (m moment) isOver(all []moment) bool {
	return m.removed && !slices.ContainsFunc(all, func(o moment) bool { return o.live && o.key() == m.key() && o.other == m.other })
}

func (m moment) item(i *jira.Issue, c sdk.Context, again bool) view.Item {
	verb := " was linked as "
	if m.removed {
		verb = " was removed from "
	}
	item := view.Item{
		Spans:  []view.Span{{Text: i.Key, IssueID: i.ID}, {Text: " " + i.Fields["summary"].Text}},
		Detail: []view.Span{{Text: i.Key + verb + "“" + m.here().label + "” by "}, who(m.by, c), {Text: ", " + when(m.at)}},
	}
	if again {
		item.Buttons = []view.Button{{Label: "Link again", Action: "relink", Params: map[string]string{"side": m.key(), "issue": m.other}}}
	}
	return item
}

// who names an account. What somebody is called is not kept, and no plugin reads it: the host writes the name where it draws the page.
func who(account string, c sdk.Context) view.Span {
	switch account {
	case "":
		return view.Span{Text: "an account that is not known any more"}
	case c.Account:
		return view.Span{Text: "you"}
	}
	return view.Span{Text: "another user", Account: account, Href: c.SiteURL + "/jira/people/" + account}
}

// when writes a time; a module knows the zones of no place.
func when(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "at a time that is not known"
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// relink links again what was removed, as far as that is allowed still.
func (p *plugin) relink(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	s, err := p.sideOf(ctx, r)
	if err != nil {
		return nil, err
	}
	other := r.Params["issue"]
	can, err := s.judge(ctx, s.where(r.Context.IssueID, nil), []string{other})
	if err != nil {
		return nil, err
	}
	if len(can.refused) > 0 {
		return p.draw(ctx, r, shown{flag: &view.Flag{Tone: view.Danger, Title: "The link is not made again", Body: can.refused[0].Message}})
	}
	return p.linked(ctx, r, s, can, func(problem string) (*view.Page, error) {
		return p.draw(ctx, r, shown{flag: &view.Flag{Tone: view.Danger, Title: "The link is not made again", Body: problem}})
	})
}

// sideOf finds the side that a button is about.
func (p *plugin) sideOf(ctx context.Context, r *sdk.Request) (side, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return side{}, err
	}
	return pick(sides, r.Params["side"])
}
