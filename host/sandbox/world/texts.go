package world

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
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
// keeps its id, and its number in the project.
//
// It makes a site of which a test can find every word again. A new place for text is a line here.
func (s *State) RewriteTexts(rewrite func(place string, room Room) string) {
	put := func(text *string, place string) { *text = rewrite(place, AnyText) }
	put(&s.Title, "title of the site")
	for _, u := range s.Users {
		put(&u.Name, "name of user "+string(u.Account))
		u.Email = rewrite("mail of user "+string(u.Account), Letters) + "@pergola.example"
	}
	for _, c := range s.Categories {
		put(&c.Name, "name of category "+c.ID)
		put(&c.Description, "description of category "+c.ID)
	}
	for _, t := range s.Types {
		put(&t.Name, "name of issue type "+string(t.ID))
		put(&t.Description, "description of issue type "+string(t.ID))
	}
	for _, t := range s.Statuses {
		put(&t.Name, "name of status "+string(t.ID))
	}
	for _, p := range s.Projects {
		p.Key = rewrite("key of project "+string(p.ID), Capitals)
		put(&p.Name, "name of project "+string(p.ID))
		put(&p.Description, "description of project "+string(p.ID))
	}
	for _, f := range s.Fields {
		put(&f.Name, "name of field "+string(f.ID))
		for i := range f.Options {
			put(&f.Options[i].Value, "option "+f.Options[i].ID+" of field "+string(f.ID))
		}
	}
	s.Moved = map[string]IssueID{}
	for _, id := range slices.SortedFunc(maps.Keys(s.Issues), CompareIDs) {
		s.rewriteIssue(s.Issues[id], rewrite)
	}
	s.link()
}

func (s *State) rewriteIssue(i *Issue, rewrite func(place string, room Room) string) {
	of := " of issue " + string(i.ID)
	_, number, _ := strings.Cut(i.Key, "-")
	for _, p := range s.Projects {
		if p.ID == i.Project {
			i.Key = p.Key + "-" + number
		}
	}
	i.Summary = rewrite("summary"+of, AnyText)
	i.Description = TextDocument(rewrite("description"+of, AnyText), rewrite("second paragraph"+of, AnyText))
	i.Labels = []string{rewrite("label"+of, Letters)}
	if i.Custom == nil {
		i.Custom = map[FieldID]json.RawMessage{}
	}
	for _, f := range s.Fields {
		if f.Kind == Text {
			i.Custom[f.ID], _ = json.Marshal(rewrite("field "+string(f.ID)+of, AnyText)) // strings always encode
		}
	}
}
