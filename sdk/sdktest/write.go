package sdktest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

func (h *Host) links(q *jira.LinksQuery) (msgp.Marshaler, error) {
	if len(q.IssueIDs) > 0 {
		return h.linksOf(q.IssueIDs)
	}
	if !h.sees(q.IssueID) {
		return nil, noIssue(q.IssueID)
	}
	out := &jira.IssueLinkList{}
	for _, l := range h.Links {
		other := l.ToID
		if l.ToID == q.IssueID {
			other = l.FromID
		}
		switch {
		case l.FromID != q.IssueID && l.ToID != q.IssueID:
		case h.sees(other):
			out.Links = append(out.Links, l)
		default:
			out.Hidden++
		}
	}
	return out, nil
}

func (h *Host) linksOf(ids []string) (msgp.Marshaler, error) {
	if len(ids) > jira.MaxIssues {
		return nil, wrong("issue_ids", "at most 100 can be named at a time")
	}
	out := &jira.IssueLinkList{}
	named := func(id string) bool { return slices.Contains(ids, id) && h.sees(id) }
	for _, l := range h.Links {
		switch {
		case !named(l.FromID) && !named(l.ToID):
		case h.sees(l.FromID) && h.sees(l.ToID):
			out.Links = append(out.Links, l)
		default:
			out.Hidden++
		}
	}
	return out, nil
}

func (h *Host) link(n *jira.NewLink) (msgp.Marshaler, error) {
	if n.FromID == n.ToID {
		return nil, wrong("to_id", "an issue cannot be linked to itself; choose another")
	}
	for _, permission := range []string{jira.BrowseProjects, jira.LinkIssues} { // what may not be seen comes first
		for _, id := range []string{n.FromID, n.ToID} {
			if err := h.must(permission, id); err != nil {
				return nil, err
			}
		}
	}
	if !slices.ContainsFunc(h.LinkTypes, func(t jira.LinkType) bool { return t.ID == n.TypeID }) {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "Jira has no such thing, or it may not be seen."}
	}
	for i := range h.Links {
		if l := h.Links[i]; l.TypeID == n.TypeID && l.FromID == n.FromID && l.ToID == n.ToID {
			return &l, nil
		}
	}
	h.made++
	l := jira.IssueLink{ID: strconv.Itoa(10000 + h.made), TypeID: n.TypeID, FromID: n.FromID, ToID: n.ToID}
	h.Links = append(h.Links, l)
	return &l, nil
}

func (h *Host) unlink(q *jira.UnlinkQuery) (msgp.Marshaler, error) {
	at := slices.IndexFunc(h.Links, func(l jira.IssueLink) bool { return l.ID == q.LinkID })
	if at < 0 || !h.sees(h.Links[at].FromID) || !h.sees(h.Links[at].ToID) {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no link " + q.LinkID + ", or you may not see it"}
	}
	for _, id := range []string{h.Links[at].FromID, h.Links[at].ToID} {
		if err := h.must(jira.LinkIssues, id); err != nil {
			return nil, err
		}
	}
	h.Links = slices.Delete(h.Links, at, at+1)
	return nil, nil
}

func (h *Host) create(n *jira.New) (msgp.Marshaler, error) {
	switch {
	case store.Validate(store.KindProject, n.ProjectID) != nil:
		return nil, wrong("project_id", "the project is named by its id, a number")
	case strings.TrimSpace(n.Summary) == "" || utf8.RuneCountInString(n.Summary) > 255 || strings.ContainsAny(n.Summary, "\r\n"):
		return nil, wrong("summary", "the summary is one line of 1 to 255 characters")
	case len(n.Fields) > 50:
		return nil, wrong("fields", "at most 50 fields can be set")
	case !h.has(jira.BrowseProjects, n.ProjectID):
		return nil, noProject(n.ProjectID)
	case !h.has(jira.CreateIssues, n.ProjectID):
		return nil, refuse(sdk.PermissionDenied, "you need Jira's permission "+jira.CreateIssues+" in project "+n.ProjectID+"; a project admin can give it")
	}
	fields := map[string]jira.Value{"summary": {Text: n.Summary}}
	for id, raw := range n.Fields {
		if id == "project" || id == "issuetype" || id == "summary" || !json.Valid(raw) {
			return nil, wrong("fields", "the value of "+id+" has a place of its own, or is no JSON; text stands in quotes")
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		fields[id] = jira.Value{Text: text}
	}
	h.made++
	made := jira.Issue{ID: strconv.Itoa(90000 + h.made), Key: "NEW-" + strconv.Itoa(h.made), ProjectID: n.ProjectID, IssueTypeID: n.IssueTypeID, Fields: fields}
	h.Issues = append(h.Issues, made)
	return &jira.Created{ID: made.ID, Key: made.Key}, nil
}

var propertyName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,79}$`)

func checkKey(key string) error {
	if !propertyName.MatchString(key) {
		return wrong("key", "the key of a property is 1 to 80 of a to z, 0 to 9, dot, dash and underscore, with a letter first")
	}
	return nil
}

func (h *Host) property(q *jira.PropertyKey) (msgp.Marshaler, error) {
	if err := checkKey(q.Key); err != nil {
		return nil, err
	}
	value, ok := h.properties[propertyAt{q.IssueID, q.Key}]
	if !ok || !h.edits(q.IssueID, jira.BrowseProjects) {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "Jira has no such thing, or it may not be seen."}
	}
	return &jira.PropertyValue{Value: value}, nil
}

// edits says whether a property of an issue may be touched: by the user, or by the app itself where nobody is there.
func (h *Host) edits(issue, permission string) bool {
	if h.Context.Account == "" {
		return slices.ContainsFunc(h.Issues, func(i jira.Issue) bool { return i.ID == issue })
	}
	return h.must(permission, issue) == nil
}

func (h *Host) setProperties(q *jira.PropertyList) (msgp.Marshaler, error) {
	if len(q.Properties) > jira.MaxProperties {
		return nil, wrong("properties", "at most 100 properties can be written at a time")
	}
	for i, p := range q.Properties {
		if err := checkKey(p.Key); err != nil {
			return nil, err
		}
		switch {
		case len(p.Value) > jira.MaxPropertyValue:
			return nil, wrong("value", "the value of a property has at most 32768 bytes; keep less in it")
		case !json.Valid(p.Value):
			return nil, wrong("value", "the value of a property is no JSON; text stands in quotes")
		case slices.ContainsFunc(q.Properties[:i], func(o jira.Property) bool { return o.IssueID == p.IssueID && o.Key == p.Key }):
			return nil, wrong("key", "the property "+p.Key+" of an issue is written twice; write it once")
		}
	}
	out := &jira.PropertyOutcome{}
	for _, p := range q.Properties {
		switch {
		case h.edits(p.IssueID, jira.EditIssues):
			h.properties[propertyAt{p.IssueID, p.Key}] = p.Value
		case len(q.Properties) == 1 && h.Context.Account != "":
			return nil, h.must(jira.EditIssues, p.IssueID)
		case len(q.Properties) == 1:
			return nil, noIssue(p.IssueID)
		case !slices.Contains(out.Refused, p.IssueID):
			out.Refused = append(out.Refused, p.IssueID)
		}
	}
	return out, nil
}

func (h *Host) deleteProperty(q *jira.PropertyKey) (msgp.Marshaler, error) {
	if err := checkKey(q.Key); err != nil {
		return nil, err
	}
	if h.Context.Account != "" {
		if err := h.must(jira.EditIssues, q.IssueID); err != nil {
			return nil, err
		}
	}
	delete(h.properties, propertyAt{q.IssueID, q.Key})
	return nil, nil
}
