package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/view"
)

// The bounds of an export: of a file, and of a call, which has ten seconds.
const (
	mostInFile   = 50_000
	mostGathered = 1000
	gathering    = 3 * time.Second
)

// separators are what can stand between the columns.
var separators = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t'}

// outlet is an export on its way: links are read a few with each call, by the keys that whoever exports may see.
type outlet struct {
	Only      string // a relation; empty for all
	By        string
	Separator string
	Scope     string
	Walk      int64 // by which links of Jira's own are listed

	Relation string // that is read now, and the last link of it
	First    string
	Second   string

	Links  packed // tagged with the place of their relation among those
	Names  []string
	Hidden int
	Part   int // files before this one
	Before int // links in them
	Over   bool
}

// startExport begins with an export.
func (p *plugin) startExport(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o := &outlet{Only: field(r, "relation"), By: field(r, "by"), Separator: field(r, "separator"), Scope: field(r, "jql"), Walk: p.now().UnixNano()}
	if o.Scope != "" {
		scope, err := scopeOf(o.Scope)
		if err != nil {
			sides, sidesErr := firstSides(ctx)
			if sidesErr != nil {
				return nil, sidesErr
			}
			form := exportForm(sides)
			for n, value := range []string{o.Only, o.By, o.Separator, o.Scope} {
				form.Fields[n].Value = value
			}
			form.Fields[3].Error = capital(messageOf(err))
			return &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("Export"), {Form: form}, back()}}, nil
		}
		o.Scope = scope.String()
	}
	return p.gather(ctx, o)
}

// goOnExport reads some more.
func (p *plugin) goOnExport(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o, err := outletIn(r.State)
	if err != nil {
		return nil, err
	}
	if o.Links.Links >= mostInFile { // the file before was offered
		o.Part, o.Before = o.Part+1, o.Before+o.Links.Links
		o.Links, o.Names, o.Hidden = packed{}, nil, 0
	}
	return p.gather(ctx, o)
}

func outletIn(state []byte) (*outlet, error) {
	e := &eye{rest: state}
	o := &outlet{
		Only: e.text(), By: e.text(), Separator: e.text(), Scope: e.text(), Walk: e.number(), Relation: e.text(), First: e.text(), Second: e.text(),
		Names: e.texts(), Hidden: e.count(), Part: e.count(), Before: e.count(), Over: e.number() == 1,
	}
	if o.Links.read(e); !e.done() || o.Walk < 1 {
		return nil, invalid("The page is not as it was made. Begin anew.")
	}
	return o, nil
}

func (o *outlet) state() []byte {
	var p pen
	for _, text := range []string{o.Only, o.By, o.Separator, o.Scope} {
		p.text(text)
	}
	p.number(o.Walk)
	for _, text := range []string{o.Relation, o.First, o.Second} {
		p.text(text)
	}
	p.texts(o.Names)
	over := 0
	if o.Over {
		over = 1
	}
	for _, n := range []int{o.Hidden, o.Part, o.Before, over} {
		p.number(int64(n))
	}
	o.Links.write(&p)
	return p
}

// gather reads links until a call is over, or the file is full, or there are no more.
func (p *plugin) gather(ctx context.Context, o *outlet) (*view.Page, error) {
	sides, err := firstSides(ctx)
	if err != nil {
		return nil, err
	}
	begun, before := p.now(), o.Links.Links+o.Hidden
	for !o.Over && o.Links.Links < mostInFile && o.Links.Links+o.Hidden-before < mostGathered && p.now().Sub(begun) < gathering {
		if err := o.more(ctx, sides); err != nil {
			return nil, err
		}
	}
	state := o.state()
	out := &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("Export")}}
	if !o.Over && o.Links.Links < mostInFile {
		out.Blocks = append(out.Blocks, view.Block{Progress: &view.Progress{
			Label: "Links read so far", Done: o.Before + o.Links.Links, Next: &view.Next{Action: "gather", State: state}, Cancel: "home",
		}}, view.Muted("Keep this page open: what was read so far lies in your browser alone."))
		return out, nil
	}
	words := linkCount(o.Links.Links) + "."
	if o.Hidden > 0 {
		words += " " + hidden(o.Hidden)
	}
	buttons := []view.Button{{Label: "Save " + linkCount(o.Links.Links), File: "links", State: state, Primary: true}}
	if !o.Over {
		words = fmt.Sprintf("The first %d links after %d. Save them, then read the next ones into another file.", o.Links.Links, o.Before)
		buttons = append(buttons, view.Button{Label: "Read the next links", Action: "gather", State: state})
	}
	if o.Links.Links == 0 {
		words, buttons = "There are no links that you may see.", nil
	}
	out.Blocks = append(out.Blocks, view.Muted(words), view.Actions(append(buttons, view.Button{Label: "Back", View: "transfer"})...))
	return out, nil
}

func hidden(n int) string {
	return linkCount(n) + " left out: an issue is gone, or you may not see it."
}

// more reads a page of links of the relation at hand, or turns to the next one.
func (o *outlet) more(ctx context.Context, sides []relations.Side) error {
	at := slices.IndexFunc(sides, func(s relations.Side) bool { return s.Relation == o.Relation })
	if at < 0 { // at the beginning, or the relation is gone
		if o.Relation != "" {
			return invalid("The relation is gone. Begin anew.")
		}
		if at = o.following(sides, -1); at < 0 {
			o.Over = true
			return nil
		}
		o.Relation = sides[at].Relation
	}
	side := &sides[at]
	q := relations.PairsQuestion{Relation: side.Relation, Limit: relations.MostListed, Walk: o.Walk}
	if side.Native {
		q.Scope = o.Scope
	}
	if o.First+o.Second != "" {
		q.After = &relations.Pair{Relation: side.Relation, First: o.First, Second: o.Second}
	}
	page, err := relations.Pairs(ctx, q)
	if err != nil {
		return err
	}
	if page == nil {
		return absent()
	}
	if err := o.put(ctx, side, page.Pairs); err != nil {
		return err
	}
	if behind := page.Behind(); behind != nil {
		o.First, o.Second = behind.First, behind.Second
		return nil
	}
	o.Relation, o.First, o.Second = "", "", ""
	if next := o.following(sides, at); next >= 0 {
		o.Relation = sides[next].Relation
	} else {
		o.Over = true
	}
	return nil
}

// following is the next relation to be read behind one, -1 where there is none.
func (o *outlet) following(sides []relations.Side, behind int) int {
	for n := behind + 1; n < len(sides); n++ {
		if o.Only == "" || sides[n].Relation == o.Only {
			return n
		}
	}
	return -1
}

// put packs links whose issues can be seen.
func (o *outlet) put(ctx context.Context, side *relations.Side, pairs []relations.Pair) error {
	keys, err := keysOf(ctx, pairs)
	if err != nil {
		return err
	}
	inside := map[string]bool{}
	if o.Scope != "" && !side.Native {
		if inside, err = o.inScope(ctx, pairs); err != nil {
			return err
		}
	}
	tag := slices.Index(o.Names, side.Name)
	if tag < 0 {
		tag, o.Names = len(o.Names), append(o.Names, side.Name)
	}
	for _, pair := range pairs {
		a, b := keys[pair.First], keys[pair.Second]
		switch {
		case o.Scope != "" && !side.Native && !inside[pair.First]:
			continue
		case a == "" || b == "":
			o.Hidden++
			continue
		}
		if o.By == "ids" {
			a, b = pair.First, pair.Second
		}
		o.Links.add(named{tag, a, b})
	}
	return nil
}

// inScope are the issues at the first ends of links that the scope finds.
func (o *outlet) inScope(ctx context.Context, pairs []relations.Pair) (map[string]bool, error) {
	var ids []string
	for _, pair := range pairs {
		ids = append(ids, pair.First)
	}
	out := map[string]bool{}
	for some := range slices.Chunk(unique(ids), jira.MaxIssues) {
		s := jira.Search{JQL: "(" + o.Scope + ") AND " + jql.IDs(some...).String(), Fields: []string{"summary"}, Limit: jira.MaxIssues}
		for {
			found, err := jira.Find(ctx, s)
			if err != nil {
				return nil, err
			}
			for _, i := range found.Issues {
				out[i.ID] = true
			}
			if s.Cursor = found.Next; s.Cursor == "" {
				break
			}
		}
	}
	return out, nil
}

// export is a file of the links that were read.
func (p *plugin) export(_ context.Context, r *sdk.Request) (*sdk.Attachment, error) {
	o, err := outletIn(r.State)
	if err != nil {
		return nil, err
	}
	all, ok := o.Links.take(mostInFile + relations.MostListed)
	lines := [][]string{{"relation", "first", "second"}}
	for _, l := range all {
		if l.tag >= len(o.Names) {
			ok = false
			break
		}
		lines = append(lines, []string{o.Names[l.tag], l.first, l.second})
	}
	if !ok {
		return nil, invalid("The page is not as it was made. Begin anew.")
	}
	note, name := "", "links.csv"
	if o.Hidden > 0 {
		note = hidden(o.Hidden)
	}
	if o.Part > 0 || !o.Over {
		name = fmt.Sprintf("links-%d.csv", o.Part+1)
	}
	return &sdk.Attachment{Name: name, ContentType: "text/csv", Body: formatTable(cmp.Or(separators[o.Separator], ','), lines, note)}, nil
}

// keysOf are the keys of the issues of links that the user may see.
func keysOf(ctx context.Context, pairs []relations.Pair) (map[string]string, error) {
	var ids []string
	for _, pair := range pairs {
		ids = append(ids, pair.First, pair.Second)
	}
	out := map[string]string{}
	for some := range slices.Chunk(unique(ids), jira.MaxIssues) {
		found, err := jira.Issues(ctx, some, "summary")
		if err != nil {
			return nil, err
		}
		for _, i := range found.Issues {
			out[i.ID] = i.Key
		}
	}
	return out, nil
}
