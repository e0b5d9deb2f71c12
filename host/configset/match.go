package configset

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// match finds, of everything that the chosen documents name, what it is here.
func (p *planner) match(ctx context.Context) error {
	used := map[schemaform.Source]map[string]bool{}
	use := func(source schemaform.Source, id string) {
		if used[source] == nil {
			used[source] = map[string]bool{}
		}
		used[source][id] = true
	}
	named := map[string]schemaform.Source{} // documents that the file has a name for, which texts may hold
	for source, things := range p.in.File.Names {
		if _, _, ok := source.Documents(); ok {
			for _, t := range things {
				named[t.ID] = source
			}
		}
	}
	look := func(form *schemaform.Form, raw []byte) {
		_, _, _ = form.Rewrite(raw, func(n schemaform.Named) (string, bool) { // what cannot be read is refused later
			if n.From != "" {
				use(n.From, n.Value)
				return n.Value, true
			}
			inText(n.Value, func(id string) string { use(schemaform.JiraFields, id); return id }, func(id string) string {
				if source, ok := named[id]; ok {
					use(source, id)
				}
				return id
			})
			return n.Value, true
		})
	}
	p.chosen(func(plugin Plugin, part feature.Part) {
		if part.Form != nil && plugin.Settings != nil {
			look(part.Form, plugin.Settings)
		}
		for _, d := range plugin.Documents {
			if t, ok := p.typeOf(sourceOf(plugin.ID, d.Type)); ok {
				look(t.Form, d.Values)
			}
		}
	})
	for _, id := range slices.Sorted(maps.Keys(used[schemaform.Users])) {
		who, err := p.whois(ctx, id)
		if err != nil {
			return err
		}
		p.plan.People = append(p.plan.People, Person{Account: id, Name: who.name, Kept: who.kept})
	}
	delete(used, schemaform.Users)
	p.projectsOfTypes(used, use)
	sources := slices.Sorted(maps.Keys(used))
	// Projects first: issue types of one project are found by it.
	slices.SortStableFunc(sources, func(a, b schemaform.Source) int {
		return boolOrder(a == schemaform.Projects) - boolOrder(b == schemaform.Projects)
	})
	for _, source := range sources {
		for _, id := range slices.Sorted(maps.Keys(used[source])) {
			if p.targets[source][id] != nil {
				continue // it is in the file
			}
			if err := p.matchOne(ctx, source, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func boolOrder(first bool) int {
	if first {
		return 0
	}
	return 1
}

// projectsOfTypes adds the projects that tell issue types of one name apart.
func (p *planner) projectsOfTypes(used map[schemaform.Source]map[string]bool, use func(schemaform.Source, string)) {
	for _, t := range p.in.File.Names[schemaform.IssueTypes] {
		if t.Project != "" && used[schemaform.IssueTypes][t.ID] {
			use(schemaform.Projects, t.Project)
		}
	}
}

func (p *planner) matchOne(ctx context.Context, source schemaform.Source, id string) error {
	m := &Match{Source: source, Thing: Thing{ID: id}, State: Open}
	if i := slices.IndexFunc(p.in.File.Names[source], func(t Thing) bool { return t.ID == id }); i >= 0 {
		m.Thing = p.in.File.Names[source][i]
	}
	all, err := p.things(ctx, source)
	if err != nil {
		return err
	}
	if p.matches[source] == nil {
		p.matches[source] = map[string]*Match{}
	}
	p.matches[source][id] = m
	p.order = append(p.order, m)
	if to, ok := p.in.Map[source][id]; ok {
		if to == "" {
			m.State = Out
			return nil
		}
		i := slices.IndexFunc(all, func(t Thing) bool { return t.ID == to })
		if i < 0 {
			if i, err = only(all, to); err != nil {
				return err
			}
		}
		m.To, m.State = all[i], Chosen
		return nil
	}
	// Jira's own fields have the same ids on every site, and names in its language.
	builtIn := source == schemaform.JiraFields && !strings.HasPrefix(id, "customfield_")
	if found, ok := m.Thing.find(all, p.sameSite || builtIn, p.to(schemaform.Projects)); ok {
		m.To, m.State = found, Proposed
	}
	return nil
}

// only finds the one thing that has a key or a name.
func only(all []Thing, name string) (int, error) {
	found := -1
	for i, t := range all {
		if t.Key != name && !strings.EqualFold(t.Name, name) {
			continue
		}
		if found >= 0 {
			return 0, invalid("The mapping leads to %.64q, and there are several of that name here. Write the id of one.", name)
		}
		found = i
	}
	if found < 0 {
		return 0, invalid("The mapping leads to %.64q, which is not here. Look again at what there is.", name)
	}
	return found, nil
}

// to says which things of the file are which here.
func (p *planner) to(source schemaform.Source) map[string]string {
	out := map[string]string{}
	for id, m := range p.matches[source] {
		out[id] = m.To.ID
	}
	return out
}

// nouns are what the sources of a site are called.
var nouns = map[schemaform.Source]string{
	schemaform.Projects: "project", schemaform.IssueTypes: "issue type", schemaform.JiraFields: "field", schemaform.Categories: "category of projects",
	schemaform.Filters: "filter", schemaform.LinkTypes: "type of links",
}

// Noun is what a thing of a source is called in a sentence.
func (p Plan) Noun(source schemaform.Source) string {
	if n, ok := nouns[source]; ok {
		return n
	}
	if t, ok := p.here.typeOf(source); ok {
		return strings.ToLower(t.Title)
	}
	_, typ, _ := source.Documents()
	return typ
}

// choose asks for what a thing is here.
func (p *planner) choose(m *Match) string {
	return fmt.Sprintf("Choose which %s “%s” is here, or leave it out.", p.plan.Noun(m.Source), m.Thing)
}
