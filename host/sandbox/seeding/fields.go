package seeding

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const customPrefix = "customfield_"

// participantsType is Jira's own type of the field in which service projects keep who else follows a request.
const participantsType = "com.atlassian.servicedesk:sd-request-participants"

// customerTransition is the property by which Jira shows a transition on the portal.
const customerTransition = "servicedesk.customer.transition.active"

// firstOption is the id of the first option whose seed gives none.
const firstOption = 10100

func (w *siteWriter) customFields() error {
	ids := numbered(w.site.Fields, customPrefix, 10001, func(f *seed.Field) string { return f.ID })
	option := firstOption
	for _, f := range w.site.Fields {
		for _, c := range f.Contexts {
			option = max(option, above(c.Options))
		}
	}
	last := 10000
	for n, f := range w.site.Fields {
		number, err := strconv.Atoi(strings.TrimPrefix(ids[n], customPrefix))
		if err != nil {
			return fmt.Errorf("field %s: the id %q is not customfield_ and a number", f.Name, ids[n])
		}
		last = max(last, number)
		field := &world.Field{ID: world.FieldID(ids[n]), Number: int64(number), Name: f.Name, Description: f.Description, Kind: kinds[f.Kind]}
		for _, c := range f.Contexts {
			options := flat(nil, c.Options, "", &option)
			if len(f.Contexts) == 1 && len(c.Projects) == 0 && len(c.Types) == 0 { // everywhere: what a field has without contexts
				field.Options = options
				continue
			}
			context := world.Context{ID: w.tx.NewContextID(), Name: c.Name, Projects: all(c.Projects, w.projects), Types: all(c.Types, w.types), Options: options}
			if context.Name == "" {
				context.Name = fmt.Sprintf("Context %d of %s", len(field.Contexts)+1, f.Name)
			}
			field.Contexts = append(field.Contexts, context)
		}
		if err := w.addField(field); err != nil {
			return err
		}
	}
	service := slices.ContainsFunc(w.site.Projects, func(p seed.Project) bool { return p.Service != nil })
	if !service {
		return nil
	}
	number := int64(last + 1)
	field := &world.Field{ID: world.FieldID(fmt.Sprint(customPrefix, number)), Number: number, Name: "Request participants", Kind: world.People, Type: participantsType}
	w.participants = field.ID
	if err := w.addField(field); err != nil {
		return err
	}
	number++
	return w.addField(&world.Field{
		ID: world.FieldID(fmt.Sprint(customPrefix, number)), Number: number, Name: "Request Type", Kind: world.Object, Type: shape.RequestType, Locked: true,
	})
}

func (w *siteWriter) addField(f *world.Field) error {
	if err := w.tx.Put(f); err != nil {
		return err
	}
	w.fields[f.Name], w.fields[string(f.ID)] = f, f
	return nil
}

// above is a number above the ids of options, and those below them.
func above(options []seed.Option) int {
	top := 0
	for _, o := range options {
		if n, err := strconv.Atoi(o.ID); err == nil {
			top = max(top, n+1)
		}
		top = max(top, above(o.Options))
	}
	return top
}

// flat lists options, each before those below it.
func flat(out []world.FieldOption, options []seed.Option, parent string, next *int) []world.FieldOption {
	for _, o := range options {
		id := o.ID
		if id == "" {
			id = strconv.Itoa(*next)
			*next++
		}
		out = append(out, world.FieldOption{ID: id, Value: o.Value, Parent: parent, Disabled: o.Disabled})
		out = flat(out, o.Options, id, next)
	}
	return out
}

func (w *siteWriter) fieldID(ref string) world.FieldID {
	if f := w.fields[ref]; f != nil {
		return f.ID
	}
	return world.FieldID(ref)
}

// screens reads the screens; [siteWriter.screenUses] writes them.
func (w *siteWriter) screens() error {
	w.shot = map[string]*seedShot{}
	for _, s := range w.site.Screens {
		shot := &seedShot{}
		for _, f := range s.Fields {
			shot.fields = append(shot.fields, world.ScreenField{Field: w.fieldID(f.Field), Required: f.Required})
		}
		w.shot[s.Name] = shot
	}
	return nil
}

// screenUses writes the screens. One that a transition asks for is shown there and nowhere else.
func (w *siteWriter) screenUses() error {
	for _, s := range w.site.Screens {
		shot := w.shot[s.Name]
		screen := &world.Screen{Name: s.Name, Tabs: []world.Tab{{ID: w.tx.NewGrantID(), Name: "Fields", Fields: shot.fields}}}
		if err := w.tx.Put(screen); err != nil {
			return err
		}
		if shot.step {
			continue
		}
		for _, p := range orAll(s.Projects) {
			for _, t := range orAll(s.Types) {
				for _, o := range orAll(s.Operations) {
					use := &world.ScreenUse{Project: w.projects[p], Type: w.types[t], Operation: world.Operation(o), Screen: screen.ID}
					if err := w.tx.Put(use); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// orAll is the list, or "" for all where it is empty.
func orAll(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

func (w *siteWriter) workflowsOfSite() error {
	for _, f := range w.site.Workflows {
		flow := &world.Workflow{Name: f.Name}
		status := func(name string) world.StatusID {
			id := w.statuses[name]
			if !slices.Contains(flow.Statuses, id) {
				flow.Statuses = append(flow.Statuses, id)
			}
			return id
		}
		status(f.Initial)
		for n, t := range f.Transitions {
			step := world.Transition{ID: t.ID, Name: t.Name}
			if step.ID == "" {
				step.ID = transitionID(n)
			}
			for _, from := range t.From {
				step.From = append(step.From, status(from))
			}
			step.To = status(t.To)
			if shot := w.shot[t.Screen]; shot != nil {
				shot.step, step.Screen = true, shot.fields
			}
			if t.Customers {
				step.Properties = world.Properties{customerTransition: []byte(`"true"`)}
			}
			flow.Transitions = append(flow.Transitions, step)
		}
		if err := w.tx.Put(flow); err != nil {
			return err
		}
		w.workflows[f.Name] = flow
	}
	if !slices.ContainsFunc(w.site.Projects, func(p seed.Project) bool { return p.Workflow == "" }) {
		return nil
	}
	w.any = &world.Workflow{Name: "Any status at any time"}
	for n, s := range w.site.Statuses {
		w.any.Statuses = append(w.any.Statuses, w.statuses[s.Name])
		w.any.Transitions = append(w.any.Transitions, world.Transition{ID: transitionID(n), Name: s.Name, To: w.statuses[s.Name]})
	}
	return w.tx.Put(w.any)
}

// transitionID is what Jira calls the n-th transition of a workflow.
func transitionID(n int) string { return strconv.Itoa(10*(n+1) + 1) }
