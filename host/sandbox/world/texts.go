package world

import (
	"encoding/json"

	"github.com/tidwall/btree"
)

// Room is what a place of the site takes.
type Room string

// The rooms.
const (
	AnyText  Room = "text"
	Letters  Room = "letters"  // lower-case, of ASCII
	Capitals Room = "capitals" // likewise
)

// RewriteTexts puts something else in every place where people write: names, keys, descriptions, fields. rewrite gets the
// place's own name, such as "summary of issue 10100", and what it takes. Places that are empty are filled, too. Every issue
// keeps its id, and its number in the project; what it was before is forgotten.
//
// It makes a site of which a test can find every word again. A new place for text is a line here.
func (tx *Tx) RewriteTexts(rewrite func(place string, room Room) string) {
	r := rewriter{tx, rewrite}
	r.texts(&Site{}, func(e Entity) { r.put(&e.(*Site).Title, "title of the site") })
	r.people()
	r.kinds()
	r.fields()
	r.projects()
	for n := range tx.Index().All().All() {
		r.issue(tx.IssueAt(n).clone())
	}
}

type rewriter struct {
	tx      *Tx
	rewrite func(place string, room Room) string
}

func (r rewriter) put(text *string, place string) { *text = r.rewrite(place, AnyText) }

// texts changes every row of the table that keeps such things. It goes around the rules of Put, which would remember old words.
func (r rewriter) texts(of Entity, change func(Entity)) {
	k := kindOf(of)
	var rows []Entity
	k.table(r.tx.State).each(func(_ string, v any) { rows = append(rows, v.(Entity)) })
	for _, v := range rows {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err) // it was encoded before
		}
		c, err := k.table(r.tx.State).decode(raw)
		if err != nil {
			panic(err)
		}
		change(c)
		r.tx.keep(k, *c.entityID(), c)
	}
	r.tx.derive()
}

// named rewrites the name of each thing, and its description where description returns one.
func named[T Entity](r rewriter, what string, name, description func(T) *string) {
	var of T
	r.texts(of, func(e Entity) {
		of := " of " + what + " " + *e.entityID()
		r.put(name(e.(T)), "name"+of)
		if description != nil {
			r.put(description(e.(T)), "description"+of)
		}
	})
}

func (r rewriter) people() {
	r.texts(&User{}, func(e Entity) {
		u := e.(*User)
		r.put(&u.Name, "name of user "+string(u.Account))
		u.Email = r.rewrite("mail of user "+string(u.Account), Letters) + "@pergola.example"
	})
	named(r, "organization", func(o *Organization) *string { return &o.Name }, nil)
}

func (r rewriter) kinds() {
	named(r, "category", func(v *Category) *string { return &v.Name }, func(v *Category) *string { return &v.Description })
	named(r, "issue type", func(v *IssueType) *string { return &v.Name }, func(v *IssueType) *string { return &v.Description })
	named(r, "status", func(v *Status) *string { return &v.Name }, func(v *Status) *string { return &v.Description })
	named(r, "priority", func(v *Priority) *string { return &v.Name }, func(v *Priority) *string { return &v.Description })
	named(r, "resolution", func(v *Resolution) *string { return &v.Name }, func(v *Resolution) *string { return &v.Description })
	named(r, "role", func(v *Role) *string { return &v.Name }, func(v *Role) *string { return &v.Description })
	named(r, "permission scheme", func(v *PermissionScheme) *string { return &v.Name }, func(v *PermissionScheme) *string { return &v.Description })
	named(r, "filter", func(v *Filter) *string { return &v.Name }, func(v *Filter) *string { return &v.Description })
	r.texts(&LinkType{}, func(e Entity) {
		t := e.(*LinkType)
		of := " of link type " + string(t.ID)
		r.put(&t.Name, "name"+of)
		r.put(&t.Inward, "inward words"+of)
		r.put(&t.Outward, "outward words"+of)
	})
	r.texts(&SecurityScheme{}, func(e Entity) {
		s := e.(*SecurityScheme)
		r.put(&s.Name, "name of security scheme "+string(s.ID))
		r.put(&s.Description, "description of security scheme "+string(s.ID))
		for n := range s.Levels {
			r.put(&s.Levels[n].Name, "name of level "+string(s.Levels[n].ID))
			r.put(&s.Levels[n].Description, "description of level "+string(s.Levels[n].ID))
		}
	})
	r.texts(&Workflow{}, func(e Entity) {
		w := e.(*Workflow)
		of := " of workflow " + string(w.ID)
		r.put(&w.Name, "name"+of)
		r.put(&w.Description, "description"+of)
		for n := range w.Transitions {
			r.put(&w.Transitions[n].Name, "name of transition "+w.Transitions[n].ID+of)
			r.put(&w.Transitions[n].Description, "description of transition "+w.Transitions[n].ID+of)
		}
	})
}

func (r rewriter) fields() {
	r.texts(&Field{}, func(e Entity) {
		f := e.(*Field)
		of := " of field " + string(f.ID)
		r.put(&f.Name, "name"+of)
		r.put(&f.Description, "description"+of)
		options := func(list []FieldOption) {
			for i := range list {
				r.put(&list[i].Value, "option "+list[i].ID+of)
			}
		}
		options(f.Options)
		for n := range f.Contexts {
			c := &f.Contexts[n]
			r.put(&c.Name, "name of context "+string(c.ID)+of)
			r.put(&c.Description, "description of context "+string(c.ID)+of)
			options(c.Options)
		}
	})
	r.texts(&Screen{}, func(e Entity) {
		s := e.(*Screen)
		of := " of screen " + string(s.ID)
		r.put(&s.Name, "name"+of)
		r.put(&s.Description, "description"+of)
		for n := range s.Tabs {
			r.put(&s.Tabs[n].Name, "name of tab "+s.Tabs[n].ID+of)
		}
	})
}

func (r rewriter) projects() {
	r.tx.projectKeys = &btree.Map[string, ProjectID]{}
	r.texts(&Project{}, func(e Entity) {
		p := e.(*Project)
		of := " of project " + string(p.ID)
		p.Key, p.OldKeys = r.rewrite("key"+of, Capitals), nil
		r.put(&p.Name, "name"+of)
		r.put(&p.Description, "description"+of)
	})
	named(r, "version", func(v *Version) *string { return &v.Name }, func(v *Version) *string { return &v.Description })
	named(r, "component", func(v *Component) *string { return &v.Name }, func(v *Component) *string { return &v.Description })
	r.texts(&Desk{}, func(e Entity) {
		d := e.(*Desk)
		r.put(&d.Portal, "portal of desk "+string(d.ID))
		r.put(&d.Introduction, "introduction of desk "+string(d.ID))
		for n := range d.Queues {
			r.put(&d.Queues[n].Name, "name of queue "+d.Queues[n].ID)
		}
	})
	r.texts(&RequestType{}, func(e Entity) {
		t := e.(*RequestType)
		of := " of request type " + string(t.ID)
		r.put(&t.Name, "name"+of)
		r.put(&t.Description, "description"+of)
		r.put(&t.Help, "help"+of)
		for n := range t.Fields {
			r.put(&t.Fields[n].Label, "label of field "+string(t.Fields[n].Field)+of)
			r.put(&t.Fields[n].Help, "help of field "+string(t.Fields[n].Field)+of)
		}
	})
	for m := range r.tx.moved.All() {
		r.tx.entities[entityKey{"moved", m.Key}] = true
	}
	r.tx.moved = Table[string, movedKey]{}
}

func (r rewriter) issue(i *Issue) {
	tx, of := r.tx, " of issue "+string(i.ID)
	document := func(place string) json.RawMessage {
		return TextDocument(r.rewrite(place+of, AnyText), r.rewrite("second paragraph of the "+place+of, AnyText))
	}
	r.put(&i.Summary, "summary"+of)
	i.Description, i.Environment = document("description"), document("environment")
	i.Labels = []string{r.rewrite("label"+of, Letters)}
	for f := range tx.Fields.All() {
		place := "field " + string(f.ID)
		switch f.Kind {
		case Text:
			i.Custom[f.ID], _ = json.Marshal(r.rewrite(place+of, AnyText)) // strings always encode
		case URL:
			i.Custom[f.ID], _ = json.Marshal("https://pergola.example/" + r.rewrite(place+of, Letters))
		case Labels:
			i.Custom[f.ID], _ = json.Marshal([]string{r.rewrite(place+of, Letters)})
		case TextArea:
			i.Custom[f.ID] = document(place)
		}
	}
	i.Histories, i.OldKeys, i.Was, i.Remote = nil, nil, nil, nil
	before := tx.IssueAt(i.ID.Number())
	for n, c := range tx.Comments(before) {
		c = Edit(c)
		c.Body = document("comment " + string(c.ID))
		i.Comments[n] = part{id: i.Comments[n].id, mem: c}
	}
	for n, w := range tx.Worklogs(before) {
		w = Edit(w)
		w.Comment = document("worklog " + string(w.ID))
		i.Worklogs[n] = part{id: i.Worklogs[n].id, mem: w}
	}
	for n, a := range tx.Attachments(before) {
		c := *a
		r.put(&c.Name, "name of attachment "+string(a.ID))
		c.Bytes = part{mem: []byte(r.rewrite("content of attachment "+string(a.ID), AnyText))}
		c.Size = int64(len(c.Bytes.mem.([]byte)))
		i.Attachments[n] = part{id: i.Attachments[n].id, mem: &c}
	}
	tx.replace(i.ID.Number(), i, cell{mem: i})
	i.Key = tx.keyOf(i)
}
