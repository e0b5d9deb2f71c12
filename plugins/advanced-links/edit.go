package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/view"
)

// draft is a form with a picker for each side of an issue, so that what is chosen at one can bound what another offers before anything is
// saved.
type draft struct {
	// base is what the form showed when it was opened, by side. A change is told from it and not from what is linked now: who saves
	// takes nothing back that somebody else did in the meantime.
	base map[string][]string
	held map[string][]string // what the form holds
	// wrong is what is wrong with it, by side.
	wrong map[string]string
}

// editState begins the state of the form, which has a line for each side: its key, and what was linked.
const editState = "edit"

func (d *draft) state() []byte {
	lines := []string{editState}
	for _, key := range slices.Sorted(maps.Keys(d.base)) {
		lines = append(lines, strings.Join(append([]string{key}, d.base[key]...), " "))
	}
	return []byte(strings.Join(lines, "\n"))
}

// baseOf reads what state made; it is nil for the state of another form. It comes from the browser.
func baseOf(state []byte) map[string][]string {
	head, rest, _ := strings.Cut(string(state), "\n")
	if head != editState {
		return nil
	}
	out := map[string][]string{}
	for line := range strings.Lines(rest) {
		if words := strings.Fields(line); len(words) > 0 && len(words) <= mostPicked+1 {
			out[words[0]] = words[1:]
		}
	}
	return out
}

// edit opens the form.
func (p *plugin) edit(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return p.drawEdit(ctx, r, &draft{})
}

// open is a side in the form.
type open struct {
	side
	scope  *contract.Scope
	look   *contract.Look
	hidden int // links to issues that the user may not see: they stay, and take their places
}

func (p *plugin) drawEdit(ctx context.Context, r *sdk.Request, d *draft) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	may, err := mayLink(ctx, r.Context)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "You may not link this issue. Ask an admin of the project for the permission Link issues."}
	}
	open, issues, out, err := d.load(ctx, r.Context.IssueID, sides)
	if err != nil {
		return nil, err
	}
	form := &view.Form{Action: "save", Submit: "Save", State: d.state()}
	for _, o := range open {
		form.Fields = append(form.Fields, o.field(d, open, issues))
	}
	page := &view.Page{Title: "Linked assets"}
	if len(form.Fields) > 0 {
		page.Blocks = append(page.Blocks, view.Block{Form: form})
	}
	for _, s := range out {
		page.Blocks = append(page.Blocks, view.Muted(fmt.Sprintf("“%s” is changed in the list: it has more than %d links, or an admin keeps it from being changed.", s.here().label, mostPicked)))
	}
	page.Blocks = append(page.Blocks, view.Actions(view.Button{Label: "Cancel", View: "panel"}))
	return page, nil
}

// load reads what the form shows: the sides in it with the issues, and those that are left out of it.
func (d *draft) load(ctx context.Context, issue string, sides []side) (in []open, issues map[string]*jira.Issue, out []side, err error) {
	shut, err := closedTo(ctx, issue, sides...)
	if err != nil {
		return nil, nil, nil, err
	}
	linkedTo, fields := map[string][]string{}, []string{}
	for i, s := range sides {
		page, err := s.links(ctx, issue, "", mostPicked)
		if err != nil {
			return nil, nil, nil, err
		}
		if page.next != "" || shut[i].adding {
			out = append(out, s)
			continue
		}
		look, err := contract.LookOf(ctx, contract.LookQuestion{End: contract.End{Relation: s.id, End: s.end}})
		if err != nil {
			return nil, nil, nil, err
		}
		in, linkedTo[s.key()], fields = append(in, open{side: s, look: look}), page.ids, append(fields, fieldsOf(look)...)
	}
	if issues, err = d.issues(ctx, linkedTo, fields); err != nil {
		return nil, nil, nil, err
	}
	d.settle(in, linkedTo, issues)
	for i := range in {
		if in[i].scope, err = contract.ScopeOf(ctx, contract.ScopeQuestion{Where: in[i].where(issue, d.chosen(sides))}); err != nil {
			return nil, nil, nil, err
		}
	}
	return in, issues, out, nil
}

// closedTo says at which sides an admin keeps users from adding, and from creating.
func closedTo(ctx context.Context, issue string, sides ...side) ([]closed, error) {
	d := contract.Drawing{IssueID: issue}
	for _, s := range sides {
		d.Parts = append(d.Parts, contract.Part{End: contract.End{Relation: s.id, End: s.end}, Label: s.here().label})
	}
	drawn, err := contract.Draw(ctx, d)
	if err != nil {
		return nil, err
	}
	out := make([]closed, len(sides))
	for i := range min(len(sides), len(drawn.Parts)) {
		if at := drawn.Parts[i]; at.Governed {
			out[i] = closed{adding: at.NoAdd, creating: at.NoCreate}
		}
	}
	return out, nil
}

// closed is what an admin keeps users from, at a side.
type closed struct{ adding, creating bool }

const closedWords = "An admin has switched this off here. Reload the page."

// issues reads what is linked, and what the form holds.
func (d *draft) issues(ctx context.Context, linkedTo map[string][]string, fields []string) (map[string]*jira.Issue, error) {
	all := map[string]bool{}
	for _, ids := range linkedTo {
		for _, id := range ids {
			all[id] = true
		}
	}
	for _, ids := range d.held {
		for _, id := range ids {
			all[id] = true
		}
	}
	return readIssues(ctx, slices.Sorted(maps.Keys(all)), slices.Compact(slices.Sorted(slices.Values(fields)))...)
}

// settle makes a form that was just opened hold what is linked, of what the user may see.
func (d *draft) settle(in []open, linkedTo map[string][]string, issues map[string]*jira.Issue) {
	fresh := d.base == nil
	if fresh {
		d.base, d.held = map[string][]string{}, map[string][]string{}
	}
	for i := range in {
		key := in[i].key()
		var seen []string
		for _, id := range linkedTo[key] {
			if issues[id] != nil {
				seen = append(seen, id)
			} else {
				in[i].hidden++
			}
		}
		if fresh {
			d.base[key], d.held[key] = seen, seen
		}
	}
}

// chosen is what the form holds, as other plugins are told it.
func (d *draft) chosen(sides []side) map[string][]string {
	out := map[string][]string{}
	for _, s := range sides {
		if _, there := d.base[s.key()]; there {
			out[contract.ChosenKey(contract.End{Relation: s.id, End: s.end})] = d.held[s.key()]
		}
	}
	return out
}

// field is the picker of a side.
func (o open) field(d *draft, all []open, issues map[string]*jira.Issue) view.Field {
	f := view.Field{Name: o.slot(), Label: o.here().label, Kind: view.PickerField, Suggest: "issues", Help: o.scope.Nothing, Error: d.wrong[o.key()]}
	part{side: o.side}.bound(&f, o.hidden)
	if o.hidden > 0 {
		f.Help = strings.TrimSpace(f.Help + " " + hiddenWords(o.hidden))
	}
	for _, id := range d.held[o.key()] {
		if i := issues[id]; i != nil {
			f.Chosen = append(f.Chosen, choiceOf(i, o.look))
		}
	}
	for _, other := range all {
		if other.key() != o.key() && slices.Contains(o.scope.Follows, contract.ChosenKey(contract.End{Relation: other.id, End: other.end})) {
			f.Follows = append(f.Follows, other.slot())
		}
	}
	return f
}

// save links and unlinks what the user changed in the form. Nothing is changed before all of it is judged.
func (p *plugin) save(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	d := &draft{base: baseOf(r.State), held: map[string][]string{}, wrong: map[string]string{}}
	if d.base == nil {
		return nil, invalid("The form is of another page. Reload it.")
	}
	sides = slices.DeleteFunc(sides, func(s side) bool { _, in := d.base[s.key()]; return !in })
	for _, s := range sides {
		d.held[s.key()] = r.Form[s.slot()]
	}
	for _, s := range sides {
		if err := d.judge(ctx, r.Context.IssueID, s, sides); err != nil {
			return nil, err
		}
	}
	if len(d.wrong) > 0 {
		return p.drawEdit(ctx, r, d)
	}
	added, removed, err := p.apply(ctx, r, d, sides)
	if err != nil {
		return nil, err
	}
	if len(d.wrong) > 0 {
		return p.drawEdit(ctx, r, d)
	}
	if added+removed == 0 {
		return p.draw(ctx, r, shown{flag: &view.Flag{Tone: view.Info, Title: "Nothing was changed"}})
	}
	return p.changed(ctx, r, &view.Flag{Tone: view.Success, Title: "The links are saved", Body: fmt.Sprintf("Linked: %d. Removed: %d.", added, removed)})
}

// added and removed are what the user changed at a side.
func (d *draft) added(s side) []string   { return without(d.held[s.key()], d.base[s.key()]) }
func (d *draft) removed(s side) []string { return without(d.base[s.key()], d.held[s.key()]) }

func without(all, these []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(these, id) })
}

// judge notes what is wrong with the changes at a side.
func (d *draft) judge(ctx context.Context, issue string, s side, sides []side) error {
	if len(d.held[s.key()]) > mostPicked {
		d.wrong[s.key()] = fmt.Sprintf("Pick %d issues at most.", mostPicked)
		return nil
	}
	can, err := s.judge(ctx, s.where(issue, d.chosen(sides)), d.added(s))
	if err != nil {
		return err
	}
	refused := can.refused
	if gone := d.removed(s); len(gone) > 0 {
		some, err := mayUnlink(ctx, issue, gone)
		if err != nil {
			return err
		}
		refused = append(refused, some...)
	}
	if len(refused) > 0 {
		d.wrong[s.key()] = refused[0].Message
	}
	return nil
}

// apply changes the links: what is removed goes first, so that there is room. Where somebody else took the room, the form says so, and
// keeps in mind what is done.
func (p *plugin) apply(ctx context.Context, r *sdk.Request, d *draft, sides []side) (added, removed int, err error) {
	issue := r.Context.IssueID
	for _, s := range sides {
		for _, other := range d.removed(s) {
			ref, there, err := s.find(ctx, issue, other)
			if err != nil {
				return added, removed, err
			}
			if there {
				if err := p.unlink(ctx, s, issue, other, ref, r.Context.Account); err != nil {
					return added, removed, err
				}
				log.Write(ctx, log.Info, "links.removed")
				removed++
			}
			d.base[s.key()] = without(d.base[s.key()], []string{other})
		}
	}
	for _, s := range sides {
		for _, other := range d.added(s) {
			n, err := p.link(ctx, s, issue, []string{other}, r.Context.Account)
			added += n
			switch sdk.CodeOf(err) {
			case sdk.Invalid, sdk.Unavailable, sdk.PermissionDenied:
				d.wrong[s.key()] = messageOf(err)
				continue
			}
			if err != nil {
				return added, removed, err
			}
			d.base[s.key()] = append(d.base[s.key()], other)
		}
	}
	if added > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", added))
	}
	return added, removed, nil
}
