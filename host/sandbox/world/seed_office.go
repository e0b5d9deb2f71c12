package world

import (
	"encoding/json"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

// officeNames leads from what package office calls things to what they are here.
type officeNames struct {
	categories map[string]string
	types      map[string]TypeID
	statuses   map[string]StatusID
	schemes    map[string]SchemeID
	users      map[string]AccountID // by login
	fields     map[string]*Field
	keys       map[string]ProjectID
}

func newOfficeNames() *officeNames {
	return &officeNames{
		categories: map[string]string{}, types: map[string]TypeID{}, statuses: map[string]StatusID{}, users: map[string]AccountID{},
		fields: map[string]*Field{}, keys: map[string]ProjectID{},
		schemes: map[string]SchemeID{office.OpenToGuests: "10000", office.StaffOnly: "10001"},
	}
}

func (o *officeNames) people() (out []Entity) {
	for _, u := range office.Users() {
		o.users[u.Login] = AccountID(u.Account)
		out = append(out, &User{
			Account: AccountID(u.Account), Login: u.Login, Name: u.Name, Email: u.Mail, ShowsEmail: u.ShowsMail, Groups: u.Groups,
			TimeZone: u.TimeZone, Role: u.Role,
		})
	}
	return out
}

func (o *officeNames) kinds() (out []Entity) {
	for _, c := range office.Categories() {
		o.categories[c.Name] = c.ID
		out = append(out, &Category{ID: c.ID, Name: c.Name, Description: c.Description})
	}
	for _, t := range office.Types() {
		o.types[t.Name] = TypeID(t.ID)
		out = append(out, &IssueType{ID: TypeID(t.ID), Name: t.Name, Description: t.Description, Glyph: t.Glyph})
	}
	for _, s := range office.Statuses() {
		o.statuses[s.Name] = StatusID(s.ID)
		out = append(out, &Status{ID: StatusID(s.ID), Name: s.Name, Category: s.Category})
	}
	return out
}

// officeKinds are the kinds of the office's fields, by id.
var officeKinds = map[FieldID]Kind{Serial: Text, Location: Option, Warranty: Date, Price: Number, Owner: Person}

func (o *officeNames) customFields() (out []Entity) {
	for n, f := range office.Fields() {
		field := &Field{ID: FieldID(f.ID), Number: 10001 + int64(n), Name: f.Name, Kind: officeKinds[FieldID(f.ID)]}
		for _, c := range f.Contexts {
			for _, option := range c.Options {
				field.Options = append(field.Options, FieldOption{ID: option.ID, Value: option.Value})
			}
		}
		o.fields[f.Name] = field
		out = append(out, field)
	}
	return out
}

func (o *officeNames) projects() (out []Entity) {
	for _, p := range office.Projects() {
		o.keys[p.Key] = ProjectID(p.ID)
		project := &Project{
			ID: ProjectID(p.ID), Key: p.Key, Name: p.Name, Description: p.Description, Lead: o.users[p.Lead], Category: o.categories[p.Category],
			Permissions: o.schemes[p.Permissions], Workflow: "10000",
		}
		for _, t := range p.Types {
			project.Types = append(project.Types, o.types[t])
		}
		out = append(out, project)
	}
	return out
}

func (o *officeNames) addIssue(tx *Tx, i *seed.Issue) error {
	out := &Issue{
		Project: o.keys[i.Project], Type: o.types[i.Type], Status: o.statuses[i.Status], Summary: i.Summary,
		Reporter: o.users[i.Reporter], Assignee: AccountID(i.Assignee), Labels: i.Labels, Created: i.Created, Updated: i.Updated,
		Custom: map[FieldID]json.RawMessage{},
	}
	if text := i.Description.Plain; text != "" {
		out.Description = TextDocument(text)
	}
	for name, value := range i.Fields {
		f := o.fields[name]
		for _, option := range f.Options { // stored by id
			var written string
			if json.Unmarshal(value, &written) == nil && option.Value == written {
				value, _ = json.Marshal(option.ID) // a text always encodes
				break
			}
		}
		out.Custom[f.ID] = value
	}
	_, err := tx.AddIssue(out)
	return err
}
