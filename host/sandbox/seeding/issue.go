package seeding

import (
	"encoding/json"
	"fmt"
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
		Voters: s.accounts(i.Voters), Environment: i.Environment.ADF(), Estimate: int64(i.Estimate), Remaining: int64(i.Remaining),
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
		if out.Custom[f.ID], err = s.value(f, out, i.Project, raw); err != nil {
			return world.Whole{}, fmt.Errorf("field %s: %w", name, err)
		}
	}
	if len(i.Participants) > 0 && s.participants != "" {
		if out.Custom[s.participants], err = json.Marshal(s.accounts(i.Participants)); err != nil {
			return world.Whole{}, err
		}
	}
	if i.Archived {
		out.Archived, out.ArchivedBy, out.ArchivedAt = true, out.Reporter, out.Updated
	}
	for _, l := range i.RemoteLinks {
		link, err := remote(l)
		if err != nil {
			return world.Whole{}, fmt.Errorf("remote link to %s: %w", l.URL, err)
		}
		out.Remote = append(out.Remote, link)
	}
	w := world.Whole{Issue: out}
	err = s.parts(&w, i)
	return w, err
}

// value is a custom field's value as the site keeps it: options, versions and projects by id, text as documents, everything else
// as it is written. project is the key of the issue's.
func (s *sink) value(f *world.Field, i *world.Issue, project string, raw json.RawMessage) (json.RawMessage, error) {
	switch f.Kind {
	case world.TextArea:
		var t seed.Text
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, err
		}
		return t.ADF(), nil
	case world.Option, world.Radio:
		var written string
		if err := json.Unmarshal(raw, &written); err != nil {
			return nil, err
		}
		id, err := s.option(f, i, "", written)
		if err != nil {
			return nil, err
		}
		return json.Marshal(id)
	case world.VersionOf:
		var names []string
		if err := json.Unmarshal(raw, &names); err != nil {
			return nil, err
		}
		for n, name := range names {
			names[n] = string(s.versions[inProject{project, name}])
		}
		return json.Marshal(names)
	case world.ProjectOf:
		var key string
		if err := json.Unmarshal(raw, &key); err != nil {
			return nil, err
		}
		return json.Marshal(s.projects[key])
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
