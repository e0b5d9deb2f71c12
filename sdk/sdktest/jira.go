package sdktest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

// Property returns the JSON of a property that the plugin has written on an issue, nil where there is none.
//
// Since: v0.5
func (h *Host) Property(issueID, key string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.properties[propertyAt{issueID, key}])
}

type propertyAt struct{ issue, key string }

// jiraCall answers the operations on Jira that have rules about users; ok is false for others.
func (h *Host) jiraCall(op string, body []byte) (answer msgp.Marshaler, err error, ok bool) {
	switch op {
	case jira.OpGetProperty, jira.OpSetProperties, jira.OpDeleteProperty:
		if err := h.loggedIn(); err != nil && !h.Background {
			return nil, err, true
		}
	case jira.OpSearch, jira.OpIssues, jira.OpMay: // who asks is for their answers to find out
	case jira.OpLinkTypes:
		if err := h.loggedIn(); err != nil && !h.answering {
			return nil, err, true
		}
	case jira.OpFields, jira.OpIssueTypes, jira.OpLinks, jira.OpLink, jira.OpUnlink, jira.OpCreate:
		if err := h.loggedIn(); err != nil {
			return nil, err, true
		}
	default:
		return nil, nil, false
	}
	answer, err = h.jiraAnswer(op, body)
	return answer, err, true
}

func (h *Host) jiraAnswer(op string, body []byte) (msgp.Marshaler, error) {
	switch op {
	case jira.OpSearch:
		return with(body, h.search)
	case jira.OpIssues:
		return with(body, h.several)
	case jira.OpFields:
		return &jira.FieldList{Fields: seenOf(h, h.Fields, func(f jira.Field) string { return f.ProjectID })}, nil
	case jira.OpLinkTypes:
		return &jira.LinkTypeList{LinkTypes: h.LinkTypes}, nil
	case jira.OpIssueTypes:
		return with(body, h.issueTypes)
	case jira.OpMay:
		return with(body, h.may)
	case jira.OpLinks:
		return with(body, h.links)
	case jira.OpLink:
		return with(body, h.link)
	case jira.OpUnlink:
		return with(body, h.unlink)
	case jira.OpCreate:
		return with(body, h.create)
	case jira.OpGetProperty:
		return with(body, h.property)
	case jira.OpSetProperties:
		return with(body, h.setProperties)
	default:
		return with(body, h.deleteProperty)
	}
}

func (h *Host) loggedIn() error {
	if h.Context.Account == "" {
		return refuse(sdk.PermissionDenied, "issues are shown to users who are logged in to Jira; log in and try again")
	}
	return nil
}

// has says whether the user has a permission on an issue or in a project, "" for the site.
func (h *Host) has(permission, id string) bool { return may(h.May).has(permission, id) }

// sees says whether an issue is there for the user.
func (h *Host) sees(issue string) bool { return may(h.May).sees(h, issue) }

func seenOf[T any](h *Host, all []T, project func(T) string) []T {
	return slices.DeleteFunc(slices.Clone(all), func(each T) bool { return project(each) != "" && !h.has(jira.BrowseProjects, project(each)) })
}

func noIssue(id string) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no issue " + id + ", or you may not see it"}
}

func noProject(id string) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no project " + id + ", or you may not see it"}
}

// must refuses a write on an issue that the user may not see, or where they lack the permission.
func (h *Host) must(permission, issue string) error {
	switch {
	case !h.sees(issue):
		return noIssue(issue)
	case !h.has(permission, issue):
		return refuse(sdk.PermissionDenied, "you need Jira's permission "+permission+" on issue "+issue+"; a project admin can give it")
	}
	return nil
}

// ids checks ids and takes out repetitions.
func ids(field, kind string, asked []string, most int) ([]string, error) {
	var out []string
	for _, id := range asked {
		if store.Validate(kind, id) != nil {
			return nil, wrong(field, "an id is a number")
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(out) > most {
		return nil, wrong(field, "at most "+strconv.Itoa(most)+" can be named at a time")
	}
	return out, nil
}

func (h *Host) several(q *jira.IssuesQuery) (msgp.Marshaler, error) {
	who, err := h.whose(q.As)
	if err != nil {
		return nil, err
	}
	if len(q.Keys) > 0 {
		return h.byKey(who, q)
	}
	asked, err := ids("ids", store.KindIssue, q.IDs, jira.MaxIssues)
	if err != nil {
		return nil, err
	}
	out := &jira.IssueList{}
	for _, id := range asked {
		at := slices.IndexFunc(h.Issues, func(i jira.Issue) bool { return i.ID == id })
		if at < 0 || !who.sees(h, id) {
			out.Hidden++
			continue
		}
		out.Issues = append(out.Issues, only(h.Issues[at], q.Fields))
	}
	return out, nil
}

func (h *Host) byKey(who may, q *jira.IssuesQuery) (msgp.Marshaler, error) {
	switch {
	case len(q.IDs) > 0:
		return nil, wrong("keys", "name issues by ids or by keys, not by both")
	case len(q.Keys) > jira.MaxIssues:
		return nil, wrong("keys", "at most "+strconv.Itoa(jira.MaxIssues)+" can be named at a time")
	}
	out := &jira.IssueList{}
	for _, key := range q.Keys {
		at := slices.IndexFunc(h.Issues, func(i jira.Issue) bool { return strings.EqualFold(i.Key, key) })
		if at < 0 || !who.sees(h, h.Issues[at].ID) {
			out.Hidden++
			continue
		}
		out.Issues = append(out.Issues, only(h.Issues[at], q.Fields))
	}
	return out, nil
}

func (h *Host) issueTypes(q *jira.IssueTypeQuery) (msgp.Marshaler, error) {
	if q.ProjectID != "" && !h.has(jira.BrowseProjects, q.ProjectID) {
		return nil, noProject(q.ProjectID)
	}
	seen := seenOf(h, h.IssueTypes, func(t jira.IssueType) string { return t.ProjectID })
	if q.ProjectID != "" {
		seen = slices.DeleteFunc(seen, func(t jira.IssueType) bool { return t.ProjectID != "" && t.ProjectID != q.ProjectID })
	}
	return &jira.IssueTypeList{IssueTypes: seen}, nil
}

var rightNames = []string{jira.BrowseProjects, jira.CreateIssues, jira.EditIssues, jira.LinkIssues, jira.AdministerProjects, jira.Administer}

func (h *Host) may(q *jira.RightsQuery) (msgp.Marshaler, error) {
	who, err := h.whose(q.As)
	if err != nil {
		return nil, err
	}
	issues, err := ids("issue_ids", store.KindIssue, q.IssueIDs, jira.MaxIssues)
	if err != nil {
		return nil, err
	}
	projects, err := ids("project_ids", store.KindProject, q.ProjectIDs, jira.MaxProjects)
	if err != nil {
		return nil, err
	}
	out := &jira.Rights{}
	for _, p := range q.Permissions {
		if !slices.Contains(rightNames, p) {
			return nil, wrong("permissions", "a permission is one of "+strings.Join(rightNames, ", "))
		}
		r := jira.Right{Permission: p, Global: p == jira.Administer && who.has(p, "")}
		if p != jira.Administer {
			r.IssueIDs = slices.DeleteFunc(slices.Clone(issues), func(id string) bool { return !who.sees(h, id) || !who.has(p, id) })
			r.ProjectIDs = slices.DeleteFunc(slices.Clone(projects), func(id string) bool { return !who.has(p, id) })
		}
		out.Rights = append(out.Rights, r)
	}
	return out, nil
}
