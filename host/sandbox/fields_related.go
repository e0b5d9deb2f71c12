package sandbox

import (
	"encoding/json"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func everybody(*world.Issue) bool { return true }

// relatedFields are the fields that show other issues, and what people add to an issue. Their values are those that an administrator sees;
// [Site.issueFor] narrows them.
func relatedFields() []field {
	list := func(items, name string) object { return object{"type": "array", "items": items, "system": name} }
	return []field{
		{"parent", "Parent", nil, system("issuelink", "parent"), false, nil, func(s *Site, st *world.State, i *world.Issue) any {
			if p := st.Issue(i.Parent); p != nil {
				return s.relatedJSON(st, p)
			}
			return nil
		}},
		{"subtasks", "Sub-tasks", nil, list("issuelinks", "subtasks"), false, nil,
			func(s *Site, st *world.State, i *world.Issue) any { return s.subtasksJSON(st, i, everybody) }},
		{"issuelinks", "Linked Issues", nil, list("issuelinks", "issuelinks"), false, nil,
			func(s *Site, st *world.State, i *world.Issue) any { return s.linksJSON(st, i, everybody) }},
		{"comment", "Comment", nil, object{"type": "comments-page", "system": "comment"}, false, nil,
			func(s *Site, st *world.State, i *world.Issue) any { return s.commentField(st, i, st.Comments(i)) }},
	}
}

// notNavigable are the fields that lists of issues do not have.
var notNavigable = []world.FieldID{"comment", "worklog", "attachment"}

// allFields are the fields of the site, with those that show other issues.
func allFields(st *world.State) []field { return append(fields(st), relatedFields()...) }

// commentField is the value of the field with the comments, which has all of them.
func (s *Site) commentField(st *world.State, i *world.Issue, comments []*world.Comment) object {
	out := s.commentPage(st, i, comments, 0, len(comments), len(comments))
	out["self"] = s.link("/rest/api/3/issue/%s/comment", i.ID)
	return out
}

// issueFor is [Site.issueJSON] without what who may not see of other issues and of comments.
func (s *Site) issueFor(st *world.State, who world.AccountID, i *world.Issue, show []field) object {
	out := s.issueJSON(st, i, show)
	values, _ := out["fields"].(object)
	seen := func(other *world.Issue) bool { return st.Sees(who, other) }
	for name, value := range map[string]func() any{
		"subtasks":   func() any { return s.subtasksJSON(st, i, seen) },
		"issuelinks": func() any { return s.linksJSON(st, i, seen) },
		"comment":    func() any { return s.commentField(st, i, seenComments(st, who, i)) },
	} {
		if _, asked := values[name]; asked {
			values[name] = value()
		}
	}
	return out
}

// setParent writes the parent of an issue, which [checkScreen] has found to be visible; it returns what is wrong with it.
func setParent(st *world.State, i *world.Issue, raw json.RawMessage) string {
	if empty(raw) {
		if st.Type(i.Type).Subtask() {
			return "Issue type is a sub-task but parent issue key or id not specified."
		}
		i.Parent = ""
		return ""
	}
	parent := issueNamed(st, raw)
	if parent == nil {
		return "Could not find issue by id or key."
	}
	t, above := st.Type(i.Type), st.Type(parent.Type)
	if parent.ID == i.ID || above.Level <= t.Level || t.Subtask() && parent.Project != i.Project {
		return "Given parent issue does not belong to appropriate hierarchy."
	}
	i.Parent = parent.ID
	return ""
}
