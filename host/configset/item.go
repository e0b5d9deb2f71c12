package configset

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// harmless are sources of which nothing may be left of a setting: it then has its default. Of the others an empty setting means everything,
// or every place, so that nobody meant it. A query that loses its account runs by the rights of who looks, which are no more.
var harmless = []schemaform.Source{schemaform.JiraFields, schemaform.Users}

// items makes an item of each document of the chosen plugins.
func (p *planner) items(ctx context.Context) error {
	var err error
	p.chosen(func(plugin Plugin, part feature.Part) {
		if plugin.Settings != nil && err == nil {
			err = p.settings(ctx, plugin, part)
		}
		for _, d := range plugin.Documents {
			if err == nil {
				err = p.document(ctx, plugin, part, d)
			}
		}
	})
	return err
}

func (p *planner) settings(ctx context.Context, plugin Plugin, part feature.Part) error {
	item := Item{Ref: string(plugin.ID), Plugin: part.Manifest.Name, Label: "Settings", form: part.Form}
	item.draft = feature.Draft{Plugin: plugin.ID, Rev: part.Choice.Rev}
	if part.Form == nil {
		item.refuse("", part.Manifest.Name+" has no settings in the version that is here.")
		p.add(item)
		return nil
	}
	if err := p.fill(ctx, &item, plugin.Settings, part.Choice.Settings); err != nil {
		return err
	}
	if item.What == Created { // a form has values always
		item.What = Changed
	}
	p.add(item)
	return nil
}

func (p *planner) document(ctx context.Context, plugin Plugin, part feature.Part, d Document) error {
	source := sourceOf(plugin.ID, d.Type)
	item := Item{Ref: refOf(plugin.ID, d), Plugin: part.Manifest.Name, Type: d.Type, Label: d.ID}
	t, ok := p.typeOf(source)
	if !ok {
		item.refuse("", fmt.Sprintf("%s has no “%.64s” to configure in the version that is here.", part.Manifest.Name, d.Type))
		p.add(item)
		return nil
	}
	to := p.targets[source][d.ID]
	item.Type, item.form, item.ID, item.ByName = t.Title, t.Form, to.id, to.byName
	if label := t.LabelOf(tenant.Config{Values: d.Values}); label != "" {
		item.Label = label
	}
	item.draft = feature.Draft{Plugin: plugin.ID, Type: d.Type, ID: to.id, Rev: to.there.Rev}
	before := to.there.Values
	if !to.there.Deleted.IsZero() {
		before = nil
	}
	item.absent = before == nil
	if err := p.fill(ctx, &item, d.Values, before); err != nil {
		return err
	}
	if item.What == Created && to.there.Rev > 0 {
		item.What = Restored
	}
	if to.twice {
		item.refuseUnless("", "Another document of the file is the same one here, by its name.", "Rename one of them, or leave one out.")
	}
	p.add(item)
	return nil
}

// add adds an item, unless somebody leaves it out.
func (p *planner) add(item Item) {
	if slices.Contains(p.in.Skip, item.Ref) {
		item.What, item.Problems, item.Notes = Skipped, nil, nil
	}
	p.plan.Items = append(p.plan.Items, item)
}

func refOf(plugin capability.PluginID, d Document) string {
	return string(plugin) + "/" + d.Type + "/" + d.ID
}

// fill makes an item's draft of the values in the file, and says what becomes of what is there, nil for nothing.
func (p *planner) fill(ctx context.Context, item *Item, raw, before []byte) error {
	if strange := item.form.Strange(raw); len(strange) > 0 {
		item.refuseUnless(strange[0].Path, "There is no such setting in the version that is here.", "Take it out of the file, or update the plugin.")
	}
	f := filler{planner: p, ctx: ctx, item: item}
	values, lost, err := item.form.Rewrite(raw, f.value)
	if f.err != nil {
		return f.err
	}
	if err != nil {
		item.refuse("", "Its values cannot be read.")
		return nil //nolint:nilerr // it is about the file, and the item says so
	}
	for _, l := range lost {
		if !slices.Contains(harmless, l.From) && !f.open[l.Path] {
			item.refuseUnless(item.title(l.Path), quoted(f.left[l.Path])+" is left out, and nothing chosen here would mean everything.", "Choose something for it, or leave this out.")
		}
	}
	item.draft.Values = values
	if item.What == Refused {
		return nil
	}
	was, will := item.form.Defaults(before), item.form.Defaults(values)
	switch {
	case before == nil:
		item.What = Created
	case same(was, will):
		item.What = Equal
	default:
		item.What = Changed
	}
	if item.What != Equal {
		if before == nil {
			was = nil // what it holds is all that is new
		}
		item.Diff, err = p.differences(ctx, item.form, was, will)
	}
	return err
}

// filler puts what is here into the values of a document.
type filler struct {
	*planner
	ctx  context.Context //nolint:containedctx // it is as long as one document
	item *Item
	open map[string]bool     // settings of which something has to be chosen
	left map[string][]string // what was left out of settings
	err  error
}

func (f *filler) value(n schemaform.Named) (string, bool) {
	switch n.From {
	case "":
		return f.text(n), true
	case schemaform.Users:
		who, err := f.whois(f.ctx, n.Value)
		if err != nil && f.err == nil {
			f.err = err
		}
		if !who.kept {
			f.note(fmt.Sprintf("Somebody who is not active on this site is left out of “%s”. Choose somebody there afterwards.", f.item.title(n.Path)))
		}
		return n.Value, who.kept
	}
	to, ok := f.find(n.From, n.Value, n.Path)
	return to, ok
}

// find returns what a thing of the file is here, and notes why there is none.
func (f *filler) find(source schemaform.Source, id, path string) (string, bool) {
	if to := f.targets[source][id]; to != nil {
		if f.staysOut(source, id) {
			f.leave(path, f.newName(source, to.id))
			return "", false
		}
		f.need(source, id)
		return to.id, true
	}
	m := f.matches[source][id]
	if m == nil {
		return "", false
	}
	switch {
	case m.State == Open && !f.in.Lenient:
		if f.open == nil {
			f.open = map[string]bool{}
		}
		for at := range above(path) {
			f.open[at] = true // a row goes, and may have been the last one
		}
		f.item.refuse(f.item.title(path), f.choose(m))
		return "", false
	case m.State == Open, m.State == Out:
		f.leave(path, m.Thing.String())
		return "", false
	}
	return m.To.ID, true
}

// staysOut says whether a document of the file is left out and not there either.
func (f *filler) staysOut(source schemaform.Source, id string) bool {
	plugin, typ, _ := source.Documents()
	there := f.targets[source][id].there
	return slices.Contains(f.in.Skip, refOf(capability.PluginID(plugin), Document{Type: typ, ID: id})) && (there.Rev == 0 || !there.Deleted.IsZero())
}

// leave notes that something is left out of a setting.
func (f *filler) leave(path, name string) {
	if f.left == nil {
		f.left = map[string][]string{}
	}
	for at := range above(path) {
		f.left[at] = append(f.left[at], name)
	}
	f.note(fmt.Sprintf("“%s” is left out of “%s”.", name, f.item.title(path)))
}

// above are a path and those in which it lies.
func above(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '.') {
			if !yield(path[:i]) {
				return
			}
		}
	}
}

// quoted lists names, each once.
func quoted(names []string) string {
	var out []string
	for _, n := range names {
		if q := "“" + n + "”"; !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	if len(out) == 0 {
		return "Everything that was chosen here"
	}
	return strings.Join(out, ", ")
}

func (f *filler) need(source schemaform.Source, id string) {
	plugin, typ, _ := source.Documents()
	ref := refOf(capability.PluginID(plugin), Document{Type: typ, ID: id})
	if ref != f.item.Ref && !slices.Contains(f.item.needs, ref) {
		f.item.needs = append(f.item.needs, ref)
	}
}

func (f *filler) note(text string) {
	if !slices.Contains(f.item.Notes, text) {
		f.item.Notes = append(f.item.Notes, text)
	}
}

// text puts other ids into a text, and says which names in it are others here: a query can name a project by its key.
func (f *filler) text(n schemaform.Named) string {
	out := inText(n.Value, func(id string) string {
		to, ok := f.find(schemaform.JiraFields, id, n.Path)
		if !ok {
			f.leftInText(n.Path, schemaform.JiraFields)
			return id
		}
		return to
	}, func(id string) string {
		source, ok := f.source[id]
		if !ok {
			for of, known := range f.matches {
				if _, _, documents := of.Documents(); documents && known[id] != nil {
					source, ok = of, true
				}
			}
		}
		if !ok {
			return id
		}
		to, found := f.find(source, id, n.Path)
		if !found {
			f.leftInText(n.Path, source)
			return id
		}
		return to
	})
	f.otherNames(n, out)
	return out
}

// leftInText refuses a text that names what is left out: nothing can stand there in its place.
func (f *filler) leftInText(path string, source schemaform.Source) {
	if left := f.left[path]; len(left) > 0 && f.item.What != Refused {
		f.item.refuseUnless(f.item.title(path), fmt.Sprintf("It names the %s %s, which is left out.", f.plan.Noun(source), quoted(left)), "Choose one for it, or leave this out.")
	}
}

// otherNames notes that a text has a word which is the key or the name of something that has another one here.
func (f *filler) otherNames(n schemaform.Named, text string) {
	if !strings.ContainsAny(text, "=~(") { // no query
		return
	}
	there := words(text)
	for _, source := range []schemaform.Source{schemaform.Projects, schemaform.IssueTypes, schemaform.JiraFields, schemaform.Filters} {
		for _, id := range slices.Sorted(maps.Keys(f.matches[source])) {
			m := f.matches[source][id]
			for _, pair := range [][2]string{{m.Thing.Key, m.To.Key}, {m.Thing.Name, m.To.Name}} {
				if pair[0] != "" && pair[1] != "" && pair[0] != pair[1] && (there[pair[0]] || strings.Contains(pair[0], " ") && strings.Contains(text, pair[0])) {
					f.note(fmt.Sprintf("“%s” names “%s”, which is “%s” here. Queries are taken over as they are: look at it afterwards.", f.item.title(n.Path), pair[0], pair[1]))
				}
			}
		}
	}
}

// maxDiff bounds the differences that are shown of a document, maxShown the characters of a value.
const (
	maxDiff  = 40
	maxShown = 300
)

// differences are the settings in which two documents differ, with the names of what they name.
func (p *planner) differences(ctx context.Context, form *schemaform.Form, before, after []byte) ([]Difference, error) {
	was, err := p.shown(ctx, form, before)
	if err != nil {
		return nil, err
	}
	will, err := p.shown(ctx, form, after)
	if err != nil {
		return nil, err
	}
	paths := slices.Collect(maps.Keys(will))
	for path := range was {
		if _, ok := will[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	var out []Difference
	for _, path := range paths {
		if was[path] != will[path] && len(out) < maxDiff {
			out = append(out, Difference{form.Title(path), clip(was[path]), clip(will[path])})
		}
	}
	return out, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

// shown are the values of a document in words.
func (p *planner) shown(ctx context.Context, form *schemaform.Form, raw []byte) (map[string]string, error) {
	var failed error
	named, _, err := form.Rewrite(raw, func(n schemaform.Named) (string, bool) {
		switch n.From {
		case "":
			return n.Value, true
		case schemaform.Users:
			who, err := p.whois(ctx, n.Value)
			if err != nil && failed == nil {
				failed = err
			}
			if who.name != "" {
				return who.name, true
			}
			return n.Value, true
		}
		for _, to := range p.targets[n.From] {
			if to.id == n.Value && to.there.Rev == 0 {
				return p.newName(n.From, n.Value), true
			}
		}
		all, err := p.things(ctx, n.From)
		if err != nil && failed == nil {
			failed = err
		}
		if i := slices.IndexFunc(all, func(t Thing) bool { return t.ID == n.Value }); i >= 0 {
			return all[i].String(), true
		}
		return n.Value, true
	})
	if err != nil {
		return nil, err
	}
	return form.ShownAs(named), failed
}

// newName is the label of a document of the file that is not there yet.
func (p *planner) newName(source schemaform.Source, id string) string {
	plugin, typ, _ := source.Documents()
	t, _ := p.typeOf(source)
	for _, one := range p.in.File.Plugins {
		for _, d := range one.Documents {
			if string(one.ID) == plugin && d.Type == typ && p.targets[source][d.ID].id == id {
				return t.LabelOf(tenant.Config{Values: d.Values})
			}
		}
	}
	return id
}
