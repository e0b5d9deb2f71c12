package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	pickerName = "issues" // of the field of the form that links

	pageSize = 20    // links of a side that are shown at once
	mostSeen = 10000 // up to which number links are counted
)

// shown is what a page asks the panel to show, beside the links.
type shown struct {
	adding  string // key of the side that has its form open
	side    string // key of the side of which another page than the first is shown
	page    int
	cursors []string  // that lead to the pages behind the first
	sort    string    // column by which the issue view sorts that side
	problem string    // what is wrong with what was picked
	creates *creation // what the form for a new issue holds, where it is open
	flag    *view.Flag
}

// panel draws the relations of an issue.
func (p *plugin) panel(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	page, _ := strconv.Atoi(r.Params["page"])
	return p.draw(ctx, r, shown{adding: r.Params["add"], creates: opened(r.Params["create"]), side: r.Params["side"], page: page, sort: r.Params["sort"], cursors: cursorsOf(r.State)})
}

func (p *plugin) draw(ctx context.Context, r *sdk.Request, want shown) (*view.Page, error) {
	out := &view.Page{Title: "Linked assets", Flag: want.flag}
	if r.Context.Account == "" {
		out.Blocks = []view.Block{{Empty: &view.Empty{Title: "Log in to see what is linked", Body: "Links show to users who are logged in to Jira."}}}
		return out, nil
	}
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(sides) == 0 {
		out.Blocks = []view.Block{{Empty: &view.Empty{Title: "No relation shows here", Body: "A Jira admin says under Apps, Pergola, Relations which issues can be linked."}}}
		return out, nil
	}
	parts, err := load(ctx, r.Context.IssueID, sides, want)
	if err != nil {
		return nil, err
	}
	may, err := mayLink(ctx, r.Context)
	if err != nil {
		return nil, err
	}
	if err := drawElsewhere(ctx, r.Context.IssueID, parts, may, want); err != nil {
		return nil, err
	}
	issues, err := lookUp(ctx, parts)
	if err != nil {
		return nil, err
	}
	if err := offer(ctx, r.Context.IssueID, parts, may, want); err != nil {
		return nil, err
	}
	there := 0
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.drawn.Position, b.drawn.Position) })
	for _, part := range parts {
		out.Blocks = append(out.Blocks, part.section(issues, may, want))
		there += len(part.ids)
	}
	var below []view.Button
	if there > 0 {
		below = append(below, view.Button{Label: "Show as a graph", View: "graph"})
	}
	if may && len(parts) > 1 {
		below = append(below, view.Button{Label: "Edit links", View: "edit"})
	}
	if slices.ContainsFunc(parts, func(p part) bool { return !p.native }) {
		below = append(below, view.Button{Label: "History", View: "history"})
	}
	if len(below) > 0 {
		out.Blocks = append(out.Blocks, view.Actions(below...))
	}
	return out, nil
}

// here returns the sides that show in the issue beside which the user is.
func (p *plugin) here(ctx context.Context, r *sdk.Request) ([]side, error) {
	issue, err := jira.Get(ctx, r.Context.IssueID, "summary")
	if err != nil {
		return nil, err
	}
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	return sidesOf(all, issue), nil
}

// mayLink says whether the user may link the issue.
func mayLink(ctx context.Context, c sdk.Context) (bool, error) {
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{c.IssueID}})
	if err != nil {
		return false, err
	}
	return rights.OnIssue(jira.LinkIssues, c.IssueID), nil
}

// part is a side with those of its links that are shown.
type part struct {
	side
	linked
	count int
	more  bool // there are more than count
	page  int  // from 1
	state []byte
	drawn contract.DrawnPart // by the issue view; the zero value where nothing was said of it
	// What the open form offers: whether it links at all, and what can be created, or why nothing can be.
	blocked string
	noNew   string
	presets []preset
}

// load reads the links of all sides.
func load(ctx context.Context, issue string, sides []side, want shown) ([]part, error) {
	out := make([]part, len(sides))
	for i, s := range sides {
		p := part{side: s, page: 1}
		cursor, cursors := "", []string(nil)
		if s.key() == want.side && want.page > 1 && want.page-2 < len(want.cursors) {
			p.page, cursors = want.page, want.cursors
			cursor = cursors[p.page-2]
		}
		var err error
		if p.linked, err = s.links(ctx, issue, cursor, pageSize); err != nil {
			return nil, err
		}
		p.count = len(p.ids)
		if p.next != "" || p.page > 1 {
			n, err := s.count(ctx, issue, mostSeen)
			if err != nil {
				return nil, err
			}
			p.count, p.more = n.Records, n.More
			if p.next != "" && len(cursors) < p.page {
				cursors = append(slices.Clone(cursors), p.next)
			}
			p.state = stateOf(cursors)
		}
		out[i] = p
	}
	return out, nil
}

// lookUp reads the issues of all parts that are drawn here.
func lookUp(ctx context.Context, parts []part) (map[string]*jira.Issue, error) {
	ids := map[string]bool{}
	for _, p := range parts {
		if p.drawn.Governed {
			continue
		}
		for _, id := range p.ids {
			ids[id] = true
		}
	}
	return readIssues(ctx, slices.Sorted(maps.Keys(ids)), "summary", "status")
}

// readIssues reads issues, a hundred in a request. Those that the user may not see are absent.
func readIssues(ctx context.Context, ids []string, fields ...string) (map[string]*jira.Issue, error) {
	out := map[string]*jira.Issue{}
	for some := range slices.Chunk(ids, jira.MaxIssues) {
		list, err := jira.Issues(ctx, some, fields...)
		if err != nil {
			return nil, err
		}
		for i := range list.Issues {
			out[list.Issues[i].ID] = &list.Issues[i]
		}
	}
	return out, nil
}

// section draws a side.
func (p part) section(issues map[string]*jira.Issue, may bool, want shown) view.Block {
	s := &view.Section{Title: p.here().label, Name: p.slot(), Badge: strconv.Itoa(p.count), Color: p.color, Collapsed: p.drawn.Collapsed}
	if p.more {
		s.Badge = "more than " + s.Badge
	}
	if p.drawn.Governed {
		s.Blocks = slices.Clone(p.drawn.Blocks)
	} else {
		s.Blocks = p.list(issues, may)
	}
	if len(p.ids) == 0 {
		s.Blocks = append(s.Blocks, view.Muted("Nothing is linked yet."))
	}
	most := p.here().most
	switch {
	case !may || most > 0 && p.count >= most:
	case want.creates != nil && want.creates.side == p.key():
		s.Collapsed = false
		s.Blocks = append(s.Blocks, p.creating(want.creates)...)
	case p.drawn.NoAdd:
		if len(p.presets) > 0 {
			s.Blocks = append(s.Blocks, view.Actions(view.Button{Label: "Create an issue", View: "panel", Params: map[string]string{"create": p.key()}}))
		}
	case want.adding == p.key():
		s.Collapsed = false
		s.Blocks = append(s.Blocks, p.adding(want.problem)...)
	default:
		s.Blocks = append(s.Blocks, view.Actions(view.Button{Label: "Link an issue", View: "panel", Params: map[string]string{"add": p.key()}}))
	}
	return view.Block{Section: s}
}

// list shows the links of a page one below the other.
func (p part) list(issues map[string]*jira.Issue, may bool) []view.Block {
	var out []view.Block
	list := &view.List{Label: p.here().label}
	hidden := 0
	for _, id := range p.ids {
		i := issues[id]
		if i == nil {
			hidden++
			continue
		}
		list.Items = append(list.Items, p.item(i, may))
	}
	if len(list.Items) > 0 {
		out = append(out, view.Block{List: list})
	}
	if hidden > 0 {
		out = append(out, view.Muted(hiddenWords(hidden)))
	}
	if p.next != "" || p.page > 1 {
		pager := &view.Pager{Label: p.here().label, Page: p.page, More: p.next != "", Call: view.Call{View: "panel", Params: map[string]string{"side": p.key()}, State: p.state}}
		out = append(out, view.Block{Pager: pager})
	}
	return out
}

func (p part) item(i *jira.Issue, may bool) view.Item {
	item := view.Item{Spans: []view.Span{{Text: i.Key, IssueID: i.ID}, {Text: " " + i.Fields["summary"].Text}}}
	if status := i.Fields["status"].Text; status != "" {
		item.Aside = []view.Span{{Text: status, Lozenge: true}}
	}
	if may {
		item.Buttons = []view.Button{{
			Label: "Remove", Action: "remove", Params: map[string]string{"side": p.key(), "issue": i.ID, "ref": p.refs[i.ID]},
			Confirm: fmt.Sprintf("Remove the link to %s? Both issues stay as they are.", i.Key),
		}}
	}
	return item
}

// adding is the form that links issues, and the way to one that creates.
func (p part) adding(problem string) []view.Block {
	buttons := []view.Button{{Label: "Cancel", View: "panel"}}
	if len(p.presets) > 0 {
		create := view.Button{Label: "Create an issue", View: "panel", Params: map[string]string{"create": p.key()}}
		buttons = append([]view.Button{create}, buttons...)
	}
	if p.blocked != "" {
		return []view.Block{view.Muted(p.blocked), view.Actions(buttons...)}
	}
	f := view.Field{Name: pickerName, Label: "Issues", Kind: view.PickerField, Suggest: "issues", Required: true, Error: problem}
	p.bound(&f, p.count)
	return []view.Block{{Form: &view.Form{Action: "add", Submit: "Link", State: []byte(p.key()), Fields: []view.Field{f}}}, view.Actions(buttons...)}
}

// bound makes a picker take what the relation takes beside what is there already.
func (p part) bound(f *view.Field, there int) {
	f.Multiple, f.MaxChosen = true, mostPicked
	if most := p.here().most; most > 0 {
		f.MaxChosen = min(mostPicked, most-there)
		f.Multiple = f.MaxChosen > 1
	}
	if !f.Multiple {
		f.MaxChosen = 0
	}
}

// hiddenWords say that there are issues which the user does not see, and never which.
func hiddenWords(n int) string {
	if n == 1 {
		return "1 more that you may not see."
	}
	return strconv.Itoa(n) + " more that you may not see."
}
