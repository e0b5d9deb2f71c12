package shape

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// commentField is the value of the field with the comments, which has all of them.
func (s Shape) commentField(st *world.State, i *world.Issue, comments []*world.Comment) Object {
	out := s.CommentPage(st, i, comments, 0, len(comments), len(comments))
	out["self"] = s.Link("/rest/api/3/issue/%s/comment", i.ID)
	return out
}

// SeenComments are those of the issue's comments that somebody may see, oldest first.
func SeenComments(st *world.State, who world.AccountID, i *world.Issue) []*world.Comment {
	return slices.DeleteFunc(st.Comments(i), func(k *world.Comment) bool { return !st.SeesPart(who, i, k.Visibility) })
}

// CommentJSON is a comment on an issue.
func (s Shape) CommentJSON(st *world.State, i *world.Issue, k *world.Comment) Object {
	out := Object{
		"self": s.Link("/rest/api/3/issue/%s/comment/%s", i.ID, k.ID), "id": k.ID, "body": k.Body,
		"author": s.UserOrNil(st, k.Author), "updateAuthor": s.UserOrNil(st, k.Editor),
		"created": k.Created.Format(JiraTime), "updated": k.Updated.Format(JiraTime), "jsdPublic": !k.Internal,
	}
	if k.Visibility != nil {
		out["visibility"] = visibilityJSON(st, k.Visibility)
	}
	return out
}

func visibilityJSON(st *world.State, v *world.Visibility) Object {
	if v.Kind == world.ByRole {
		name := v.Value
		if r := st.Roles.Get(world.RoleID(v.Value)); r != nil {
			name = r.Name
		}
		return Object{"type": "role", "value": name, "identifier": v.Value}
	}
	id := v.Value
	if g := st.Groups.Get(world.GroupName(v.Value)); g != nil {
		id = g.ID
	}
	return Object{"type": "group", "value": v.Value, "identifier": id}
}

// CommentPage is a page of comments; size is how many it could hold.
func (s Shape) CommentPage(st *world.State, i *world.Issue, shown []*world.Comment, start, size, total int) Object {
	list := []Object{}
	for _, k := range shown {
		list = append(list, s.CommentJSON(st, i, k))
	}
	return Object{"comments": list, "startAt": start, "maxResults": size, "total": total}
}
