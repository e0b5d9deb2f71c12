package seeding

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// whole makes of a seed's issue what the site keeps.
func (s *sink) whole(tx *world.Tx, i *seed.Issue) (world.Whole, error) {
	of := func(list []string) []inProject {
		out := make([]inProject, len(list))
		for n, name := range list {
			out[n] = inProject{i.Project, name}
		}
		return out
	}
	_, number, _ := strings.Cut(i.Key, "-")
	inItsProject, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return world.Whole{}, fmt.Errorf("the key has no number: %w", err)
	}
	out := &world.Issue{
		ID: world.IssueID(i.ID), Number: inItsProject, Project: s.projects[i.Project], Type: s.types[i.Type], Status: s.statuses[i.Status],
		Summary: i.Summary, Description: i.Description.ADF(), Reporter: s.users[i.Reporter], Creator: s.users[i.Reporter], Assignee: s.users[i.Assignee],
		Priority: s.usual, Resolution: s.resolutions[i.Resolution], Labels: i.Labels, Components: all(of(i.Components), s.components),
		Affects: all(of(i.Versions), s.versions), Fixes: all(of(i.FixVersions), s.versions), Security: s.levels[inProject{i.Project, i.Security}],
		Due: string(i.Due), Created: i.Created, Updated: i.Updated, Resolved: i.Resolved, Watchers: s.accounts(i.Watchers),
		Request: s.requests[inProject{i.Project, i.RequestType}], Orgs: all(i.Organizations, s.orgs), Properties: i.Properties,
		Custom: map[world.FieldID]json.RawMessage{},
	}
	if i.Priority != "" {
		out.Priority = s.priorities[i.Priority]
	}
	if out.Resolution != "" && out.Resolved.IsZero() {
		out.Resolved = out.Updated
	}
	if i.Parent != "" {
		parent := tx.FindIssue(i.Parent)
		if parent == nil {
			return world.Whole{}, fmt.Errorf("the parent %s is missing", i.Parent)
		}
		out.Parent = parent.ID
	}
	for name, raw := range i.Fields {
		f := s.fields[name]
		if f == nil {
			return world.Whole{}, fmt.Errorf("there is no field %q", name)
		}
		if out.Custom[f.ID], err = s.value(f, out, raw); err != nil {
			return world.Whole{}, fmt.Errorf("field %s: %w", name, err)
		}
	}
	if len(i.Participants) > 0 && s.participants != "" {
		if out.Custom[s.participants], err = json.Marshal(s.accounts(i.Participants)); err != nil {
			return world.Whole{}, err
		}
	}
	w := world.Whole{Issue: out}
	for _, c := range i.Comments {
		w.Comments = append(w.Comments, &world.Comment{
			Author: s.users[c.Author], Body: c.Body.ADF(), Created: c.Created, Updated: c.Updated, Internal: c.Internal,
		})
	}
	for _, l := range i.Worklogs {
		w.Worklogs = append(w.Worklogs, &world.Worklog{
			Author: s.users[l.Author], Comment: l.Comment.ADF(), Started: l.Started, Seconds: int64(l.Seconds), Created: l.Started, Updated: l.Started,
		})
	}
	for _, a := range i.Attachments {
		w.Files = append(w.Files, world.File{
			Attachment: &world.Attachment{Name: a.Name, Type: a.Type, Author: s.users[a.Author], Created: a.Created}, Content: a.Content,
		})
	}
	for _, c := range i.History {
		w.Histories = append(w.Histories, s.history(out, c))
	}
	return w, nil
}

// value is a custom field's value as the site keeps it: options by id, text as documents, everything else as it is written.
func (s *sink) value(f *world.Field, i *world.Issue, raw json.RawMessage) (json.RawMessage, error) {
	switch f.Kind {
	case world.TextArea:
		var t seed.Text
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, err
		}
		return t.ADF(), nil
	case world.Option:
		var written string
		if err := json.Unmarshal(raw, &written); err != nil {
			return nil, err
		}
		id, err := s.option(f, i, "", written)
		if err != nil {
			return nil, err
		}
		return json.Marshal(id)
	case world.Options, world.Cascading:
		var list []string
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		parent := ""
		for n, written := range list {
			id, err := s.option(f, i, parent, written)
			if err != nil {
				return nil, err
			}
			list[n] = id
			if f.Kind == world.Cascading {
				parent = id
			}
		}
		return json.Marshal(list)
	}
	return raw, nil
}

// option finds the id of an option, and remembers it for other issues of the type in the project.
func (s *sink) option(f *world.Field, i *world.Issue, parent, written string) (string, error) {
	key := choice{f.ID, i.Project, i.Type, parent, written}
	if id, ok := s.options[key]; ok {
		return id, nil
	}
	for _, o := range f.OptionsOf(i.Project, i.Type) {
		if o.Value == written && o.Parent == parent {
			s.options[key] = o.ID
			return o.ID, nil
		}
	}
	return "", fmt.Errorf("there is no option %q", written)
}

// systemNames are the names that changelogs have for fields whose id is another word.
var systemNames = map[string]string{
	"components": "Component", "versions": "Version", "fixVersions": "Fix Version", "parent": "IssueParentAssociation", "issuelinks": "Link",
	"attachment": "Attachment",
}

// history makes an entry of the changelog, and notes in the issue what JQL's WAS asks for.
func (s *sink) history(i *world.Issue, c seed.Change) *world.History {
	h := &world.History{Author: s.users[c.Author], Created: c.At}
	for _, item := range c.Items {
		to := world.ChangeItem{Field: item.Field, FieldType: "jira", FieldID: world.FieldID(item.Field), FromString: item.From, ToString: item.To}
		if f := s.fields[item.Field]; f != nil {
			to.FieldType, to.FieldID, to.Field = "custom", f.ID, f.Name
		} else if name := systemNames[item.Field]; name != "" {
			to.Field = name
		}
		to.From, to.To = s.valueOf(item.Field, item.From), s.valueOf(item.Field, item.To)
		s.remember(i, item.Field, to)
		if item.Field == "status" && c.At.After(i.StatusSince) {
			i.StatusSince = c.At
		}
		h.Items = append(h.Items, to)
	}
	return h
}

// valueOf is the id behind a word of a history, "" where there is none.
func (s *sink) valueOf(field, word string) string {
	switch field {
	case "status":
		return string(s.statuses[word])
	case "priority":
		return string(s.priorities[word])
	case "resolution":
		return string(s.resolutions[word])
	case "issuetype":
		return string(s.types[word])
	case "assignee", "reporter":
		if a := s.users[word]; a != "" {
			return string(a)
		}
		return string(s.people[word])
	}
	return ""
}

func (s *sink) remember(i *world.Issue, field string, item world.ChangeItem) {
	switch field {
	case "status", "assignee", "reporter", "priority", "resolution":
	default:
		return
	}
	was := item.From
	switch {
	case was == "" && item.FromString != "": // of somebody or something that is not there any more
		return
	case was == "":
		was = "empty"
	}
	if i.Was == nil {
		i.Was = map[string][]string{}
	}
	if !slices.Contains(i.Was[field], was) {
		i.Was[field] = append(i.Was[field], was)
	}
}
