package world

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// docOf says what is indexed of an issue, apart from its comments. The names of fields:
//
//   - terms: project, issuetype, status, statusCategory, priority, resolution, assignee, reporter, creator, parent, labels,
//     component, fixVersion, affectedVersion, level, watcher, voter, request, organization, issueLinkType ("id:out", "id:in"),
//     attachments ("true"), archived ("true"), propertyKey, has (the text fields that have any text, even one without a word), "was:status" and its like, "customfield_10001", and
//     "property:KEY.PATH" of an [IndexedProperty] – all with ids, never names;
//   - numbers: created, updated, resolved, statusSince, due in milliseconds; estimate, remaining, spent in seconds; votes,
//     watchers; number, the one in the project; and custom fields and properties of dates and numbers, these as [index.Float];
//   - words: summary, description, environment, comment, and custom fields and properties of text.
func (s *State) docOf(i *Issue) *index.Doc {
	if i == nil {
		return nil
	}
	d := &index.Doc{Terms: make([]index.Term, 0, 32), Words: make([]index.Term, 0, 16), Numbers: make([]index.Number, 0, 8)}
	d.Term("project", string(i.Project))
	d.Term("issuetype", string(i.Type))
	d.Term("status", string(i.Status))
	if t := s.Status(i.Status); t != nil {
		d.Term("statusCategory", t.Category)
	}
	d.Term("priority", string(i.Priority))
	d.Term("resolution", string(i.Resolution))
	d.Term("assignee", string(i.Assignee))
	d.Term("reporter", string(i.Reporter))
	d.Term("creator", string(i.Creator))
	d.Term("parent", string(i.Parent))
	d.Term("level", string(i.Security))
	d.Term("request", string(i.Request))
	terms(d, "labels", i.Labels)
	terms(d, "component", i.Components)
	terms(d, "fixVersion", i.Fixes)
	terms(d, "affectedVersion", i.Affects)
	terms(d, "watcher", i.Watchers)
	terms(d, "voter", i.Voters)
	terms(d, "organization", i.Orgs)
	for _, l := range i.Links {
		if l.Out {
			d.Term("issueLinkType", string(l.Type)+":out")
		} else {
			d.Term("issueLinkType", string(l.Type)+":in")
		}
	}
	if len(i.Attachments) > 0 {
		d.Term("attachments", "true")
	}
	if i.Archived {
		d.Term("archived", "true")
	}
	for field, values := range i.Was {
		terms(d, "was:"+field, values)
	}
	d.Number("created", i.Created.UnixMilli())
	d.Number("updated", i.Updated.UnixMilli())
	d.Number("statusSince", i.StatusSince.UnixMilli())
	if !i.Resolved.IsZero() {
		d.Number("resolved", i.Resolved.UnixMilli())
	}
	day(d, "due", i.Due)
	positive(d, "estimate", i.Estimate)
	positive(d, "remaining", i.Remaining)
	positive(d, "spent", i.Spent)
	positive(d, "votes", int64(len(i.Voters)))
	positive(d, "watchers", int64(len(i.Watchers)))
	d.Number("number", i.Number)
	d.Text("summary", i.Summary)
	if len(i.Description) > 0 {
		d.Term("has", "description")
		d.Text("description", DocumentText(i.Description))
	}
	if len(i.Environment) > 0 {
		d.Term("has", "environment")
		d.Text("environment", DocumentText(i.Environment))
	}
	for id, raw := range i.Custom {
		if f := s.Field(id); f != nil {
			custom(d, f, raw)
		}
	}
	for key, raw := range i.Properties {
		d.Term("propertyKey", key)
		s.property(d, "issue", key, raw)
	}
	return d
}

func terms[T ~string](d *index.Doc, field string, values []T) {
	for _, v := range values {
		d.Term(field, string(v))
	}
}

func positive(d *index.Doc, field string, n int64) {
	if n != 0 {
		d.Number(field, n)
	}
}

func day(d *index.Doc, field, date string) {
	if t, err := time.Parse(time.DateOnly, date); err == nil {
		d.Number(field, t.UnixMilli())
	}
}

// custom indexes the value of a custom field.
func custom(d *index.Doc, f *Field, raw json.RawMessage) {
	name := string(f.ID)
	switch f.Kind {
	case Text:
		for _, v := range strs(raw) {
			d.Term("has", name)
			d.Text(name, v)
		}
	case TextArea:
		d.Term("has", name)
		d.Text(name, DocumentText(raw))
	case Number:
		if v, err := strconv.ParseFloat(string(raw), 64); err == nil {
			d.Number(name, index.Float(v))
		}
	case Date:
		for _, v := range strs(raw) {
			day(d, name, v)
		}
	case DateTime:
		for _, v := range strs(raw) {
			if t, err := time.Parse(time.RFC3339, v); err == nil {
				d.Number(name, t.UnixMilli())
			}
		}
	case Object:
		d.Term(name, "true")
	default:
		terms(d, name, strs(raw))
	}
}

// property indexes what apps declared of an entity property.
func (s *State) property(d *index.Doc, entity, key string, raw json.RawMessage) {
	for p := range s.IndexedProperties.All() {
		if p.Entity != entity || p.Key != key {
			continue
		}
		name := "property:" + p.Key + "." + p.Path
		for _, v := range atPath(raw, p.Path) {
			switch v := v.(type) {
			case string:
				switch p.Type {
				case "text":
					d.Text(name, v)
				case "date":
					if t, err := time.Parse(time.RFC3339, v); err == nil {
						d.Number(name, t.UnixMilli())
					} else {
						day(d, name, v)
					}
				case "number":
				default:
					d.Term(name, v)
				}
			case float64:
				if p.Type == "number" {
					d.Number(name, index.Float(v))
				} else {
					d.Term(name, strconv.FormatFloat(v, 'f', -1, 64))
				}
			case bool:
				d.Term(name, strconv.FormatBool(v))
			}
		}
	}
}

// atPath returns the values at a path such as "a.b"; a list stands for each of its elements.
func atPath(raw json.RawMessage, path string) []any {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	values := []any{v}
	for _, step := range append(strings.Split(path, "."), "") {
		var next []any
		for _, v := range flatten(values) {
			if step == "" {
				next = append(next, v)
			} else if m, ok := v.(map[string]any); ok && m[step] != nil {
				next = append(next, m[step])
			}
		}
		values = next
	}
	return values
}

func flatten(values []any) []any {
	var out []any
	for _, v := range values {
		if list, ok := v.([]any); ok {
			out = append(out, flatten(list)...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

func (tx *Tx) commentWords(d *index.Doc, comments []*Comment) {
	for _, c := range comments {
		d.Text("comment", DocumentText(c.Body))
	}
}

// addWords indexes more words of an issue.
func (tx *Tx) addWords(id IssueID, d *index.Doc) { tx.edit().Update(id.Number(), &index.Doc{}, d) }

// replaceComments indexes the words of comments instead of those of others.
func (tx *Tx) replaceComments(i *Issue, was, is []*Comment) {
	before, after := &index.Doc{}, &index.Doc{}
	tx.commentWords(before, was)
	tx.commentWords(after, is)
	tx.edit().Update(i.ID.Number(), before, after)
}

// remember keeps the values that JQL's WAS asks for.
func remember(before, i *Issue) {
	keep := func(field, was, is string) {
		if was == is {
			return
		}
		was = cmpOr(was, "empty")
		if i.Was == nil {
			i.Was = map[string][]string{}
		}
		if list := i.Was[field]; !slices.Contains(list, was) {
			i.Was[field] = append(slices.Clip(list), was)
		}
	}
	keep("status", string(before.Status), string(i.Status))
	keep("assignee", string(before.Assignee), string(i.Assignee))
	keep("reporter", string(before.Reporter), string(i.Reporter))
	keep("priority", string(before.Priority), string(i.Priority))
	keep("resolution", string(before.Resolution), string(i.Resolution))
	for _, v := range before.Fixes {
		if !slices.Contains(i.Fixes, v) {
			keep("fixVersion", string(v), "")
		}
	}
}
