package world

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func cmpOr[T comparable](list ...T) T { return cmp.Or(list...) }

// log adds items to the issue's history of this change.
func (tx *Tx) log(i *Issue, items []ChangeItem) {
	if len(items) == 0 {
		return
	}
	n := i.ID.Number()
	if h := tx.logged[n]; h != nil && len(i.Histories) > 0 && i.Histories[len(i.Histories)-1].mem == any(h) {
		more := *h
		more.Items = append(slices.Clip(h.Items), items...)
		i.Histories = slices.Clone(i.Histories)
		i.Histories[len(i.Histories)-1].mem = &more
		tx.logged[n] = &more
		return
	}
	id := tx.next("history", 10000)
	h := &History{ID: HistoryID(text(id)), Author: tx.By, Created: tx.Now, Items: items}
	i.Histories = append(slices.Clip(i.Histories), part{id: id, mem: h})
	tx.logged[n] = h
}

// compareIssues lists what differs between two versions of an issue.
func (tx *Tx) compareIssues(a, b *Issue) []ChangeItem {
	var out []ChangeItem
	add := func(id FieldID, name, from, fromString, to, toString string) {
		if from != to || fromString != toString {
			out = append(out, ChangeItem{name, "jira", id, from, fromString, to, toString})
		}
	}
	words := func(id FieldID, name, from, to string) { add(id, name, "", from, "", to) }
	add("project", "project", string(a.Project), tx.projectName(a.Project), string(b.Project), tx.projectName(b.Project))
	words("issuekey", "Key", a.Key, b.Key)
	add("issuetype", "issuetype", string(a.Type), tx.typeName(a.Type), string(b.Type), tx.typeName(b.Type))
	words("summary", "summary", a.Summary, b.Summary)
	if !bytes.Equal(a.Description, b.Description) {
		words("description", "description", DocumentText(a.Description), DocumentText(b.Description))
	}
	if !bytes.Equal(a.Environment, b.Environment) {
		words("environment", "environment", DocumentText(a.Environment), DocumentText(b.Environment))
	}
	add("status", "status", string(a.Status), tx.statusName(a.Status), string(b.Status), tx.statusName(b.Status))
	add("resolution", "resolution", string(a.Resolution), tx.resolutionName(a.Resolution), string(b.Resolution), tx.resolutionName(b.Resolution))
	add("priority", "priority", string(a.Priority), tx.priorityName(a.Priority), string(b.Priority), tx.priorityName(b.Priority))
	add("assignee", "assignee", string(a.Assignee), tx.userName(a.Assignee), string(b.Assignee), tx.userName(b.Assignee))
	add("reporter", "reporter", string(a.Reporter), tx.userName(a.Reporter), string(b.Reporter), tx.userName(b.Reporter))
	add("parent", "IssueParentAssociation", string(a.Parent), tx.issueKey(a.Parent), string(b.Parent), tx.issueKey(b.Parent))
	words("labels", "labels", strings.Join(a.Labels, " "), strings.Join(b.Labels, " "))
	add("security", "security", string(a.Security), tx.levelName(a.Security), string(b.Security), tx.levelName(b.Security))
	add("duedate", "duedate", a.Due, midnight(a.Due), b.Due, midnight(b.Due))
	seconds := func(id FieldID, from, to int64) {
		add(id, string(id), number0(from), number0(from), number0(to), number0(to))
	}
	seconds("timeoriginalestimate", a.Estimate, b.Estimate)
	seconds("timeestimate", a.Remaining, b.Remaining)
	seconds("timespent", a.Spent, b.Spent)
	out = append(out, listItems("components", "Component", a.Components, b.Components, tx.componentName)...)
	out = append(out, listItems("fixVersions", "Fix Version", a.Fixes, b.Fixes, tx.versionName)...)
	out = append(out, listItems("versions", "Version", a.Affects, b.Affects, tx.versionName)...)
	return append(out, tx.compareCustom(a, b)...)
}

// midnight is a day as changelogs write it.
func midnight(day string) string {
	if day == "" {
		return ""
	}
	return day + " 00:00:00.0"
}

func number0(n int64) string {
	if n == 0 {
		return ""
	}
	return text(n)
}

// listItems has one item for each value that came or went, as Jira does for what has an id.
func listItems[K ~string](id FieldID, name string, a, b []K, word func(K) string) []ChangeItem {
	var out []ChangeItem
	for _, v := range a {
		if !slices.Contains(b, v) {
			out = append(out, ChangeItem{Field: name, FieldType: "jira", FieldID: id, From: string(v), FromString: word(v)})
		}
	}
	for _, v := range b {
		if !slices.Contains(a, v) {
			out = append(out, ChangeItem{Field: name, FieldType: "jira", FieldID: id, To: string(v), ToString: word(v)})
		}
	}
	return out
}

func (tx *Tx) compareCustom(a, b *Issue) []ChangeItem {
	if len(a.Custom) == 0 && len(b.Custom) == 0 {
		return nil
	}
	var out []ChangeItem
	ids := map[FieldID]bool{}
	for id := range a.Custom {
		ids[id] = true
	}
	for id := range b.Custom {
		ids[id] = true
	}
	for _, id := range slices.SortedFunc(maps.Keys(ids), CompareIDs) {
		if bytes.Equal(a.Custom[id], b.Custom[id]) {
			continue
		}
		name := string(id)
		f := tx.Field(id)
		if f != nil {
			name = f.Name
		}
		from, fromString := tx.customWords(f, a.Custom[id])
		to, toString := tx.customWords(f, b.Custom[id])
		out = append(out, ChangeItem{name, "custom", id, from, fromString, to, toString})
	}
	return out
}

// customWords is a custom value for programs, where that differs from its words, and in words.
func (tx *Tx) customWords(f *Field, raw json.RawMessage) (id, words string) {
	if f == nil || len(raw) == 0 {
		return "", string(raw)
	}
	list := strs(raw)
	names := func(name func(string) string) []string {
		out := make([]string, len(list))
		for n, v := range list {
			out[n] = name(v)
		}
		return out
	}
	named := func(name func(string) string) (string, string) {
		return strings.Join(list, ", "), strings.Join(names(name), ", ")
	}
	option := func(v string) string { return f.Option(v).Value }
	switch f.Kind {
	case Option, Radio:
		return named(option)
	case Options:
		return "[" + strings.Join(list, ", ") + "]", strings.Join(names(option), ",")
	case Cascading:
		for n, v := range list {
			words += fmt.Sprintf("%s values: %s(%s)", []string{"Parent", "Level 1"}[min(n, 1)], f.Option(v).Value, v)
		}
		return "", words
	case ProjectOf:
		return named(func(v string) string { return tx.projectName(ProjectID(v)) })
	case Person, People:
		return named(func(v string) string { return tx.userName(AccountID(v)) })
	case VersionOf:
		return named(func(v string) string { return tx.versionName(VersionID(v)) })
	case TextArea:
		return "", DocumentText(raw)
	}
	if len(list) > 0 {
		return "", strings.Join(list, " ")
	}
	return "", string(raw)
}

// strs is a stored text or list of texts as a list; nil for anything else.
func strs(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var one string
	switch raw[0] {
	case '"':
		if json.Unmarshal(raw, &one) == nil && one != "" {
			return []string{one}
		}
	case '[':
		var list []string
		if json.Unmarshal(raw, &list) == nil {
			return list
		}
	}
	return nil
}

func accounts(raw json.RawMessage) []AccountID {
	var out []AccountID
	for _, s := range strs(raw) {
		out = append(out, AccountID(s))
	}
	return out
}

func (s *State) projectName(id ProjectID) string {
	if p := s.Project(id); p != nil {
		return p.Name
	}
	return ""
}

func (s *State) typeName(id TypeID) string {
	if t := s.Type(id); t != nil {
		return t.Name
	}
	return ""
}

func (s *State) statusName(id StatusID) string {
	if t := s.Status(id); t != nil {
		return t.Name
	}
	return ""
}

func (s *State) resolutionName(id ResolutionID) string {
	if r := s.Resolutions.Get(id); r != nil {
		return r.Name
	}
	return ""
}

func (s *State) priorityName(id PriorityID) string {
	if p := s.Priorities.Get(id); p != nil {
		return p.Name
	}
	return ""
}

func (s *State) userName(a AccountID) string {
	if u := s.User(a); u != nil {
		return u.Name
	}
	return ""
}

func (s *State) issueKey(id IssueID) string {
	if i := s.Issue(id); i != nil {
		return i.Key
	}
	return ""
}

func (s *State) levelName(id LevelID) string {
	if _, l := s.Level(id); l != nil {
		return l.Name
	}
	return ""
}

func (s *State) componentName(id ComponentID) string {
	if c := s.Components.Get(id); c != nil {
		return c.Name
	}
	return ""
}

func (s *State) versionName(id VersionID) string {
	if v := s.Versions.Get(id); v != nil {
		return v.Name
	}
	return ""
}
