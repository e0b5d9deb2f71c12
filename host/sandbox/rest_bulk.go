package sandbox

import (
	"errors"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) bulkOperations() []operation {
	return []operation{
		{"GET", "/rest/api/3/issue/{issueIdOrKey}/changelog", scopeRead, false, s.listChanges},
		{"POST", "/rest/api/3/issue/bulk", scopeWrite, false, s.createIssues},
		{"POST", "/rest/api/3/issue/bulkfetch", scopeWrite, false, s.fetchIssues},
	}
}

// Jira's bounds of one call.
const (
	maxCreated = 50
	maxFetched = 100
)

func (s *Site) listChanges(c *call) (answer, error) {
	i, err := c.issue(c.st)
	if err != nil {
		return answer{}, err
	}
	start, size, err := c.pageBounds(100, 100)
	if err != nil {
		return answer{}, err
	}
	all := c.st.Histories(i)
	values := []object{}
	for _, h := range window(all, start, size) {
		values = append(values, s.historyJSON(c.st, h))
	}
	self := func(start int) string {
		return s.link("/rest/api/3/issue/%s/changelog?startAt=%d&maxResults=%d", i.ID, start, size)
	}
	out := object{"self": self(start), "startAt": start, "maxResults": size, "total": len(all), "isLast": start+size >= len(all), "values": values}
	if start+size < len(all) {
		out["nextPage"] = self(start + size)
	}
	return answer{http.StatusOK, out}, nil
}

func (s *Site) historyJSON(st *world.State, h *world.History) object {
	orNil := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	items := []object{}
	for _, item := range h.Items {
		out := object{
			"field": item.Field, "fieldtype": item.FieldType, "from": orNil(item.From), "fromString": orNil(item.FromString),
			"to": orNil(item.To), "toString": orNil(item.ToString),
		}
		if item.FieldID != "" {
			out["fieldId"] = item.FieldID
		}
		items = append(items, out)
	}
	out := object{"id": h.ID, "created": h.Created.Format(jiraTime), "items": items}
	if u := s.userOrNil(st, h.Author); u != nil {
		out["author"] = u
	}
	return out
}

// createIssues makes each issue that is right, and says of the others what is wrong with them.
func (s *Site) createIssues(c *call) (answer, error) {
	var in struct {
		IssueUpdates []struct {
			Fields issueFields `json:"fields"`
		} `json:"issueUpdates"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if n := len(in.IssueUpdates); n == 0 || n > maxCreated {
		return answer{}, fail(http.StatusBadRequest, "Between 1 and %d issues can be created at once, and these are %d.", maxCreated, n)
	}
	issues, errs := []object{}, []object{}
	for n, each := range in.IssueUpdates {
		made, err := s.makeIssue(c.who.account, each.Fields)
		var wrong *restError
		switch {
		case errors.As(err, &wrong):
			fields := wrong.fields
			if fields == nil {
				fields = map[string]string{}
			}
			errs = append(errs, object{
				"status": wrong.status, "failedElementNumber": n,
				"elementErrors": object{"errorMessages": append([]string{}, wrong.messages...), "errors": fields},
			})
		case err != nil:
			return answer{}, err
		default:
			issues = append(issues, s.madeJSON(made))
		}
	}
	status := http.StatusCreated
	if len(issues) == 0 {
		status = http.StatusBadRequest
	}
	return answer{status, object{"issues": issues, "errors": errs}}, nil
}

func (s *Site) fetchIssues(c *call) (answer, error) {
	var in struct {
		IDs        []string `json:"issueIdsOrKeys"`
		Fields     []string `json:"fields"`
		Properties []string `json:"properties"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if n := len(in.IDs); n == 0 || n > maxFetched {
		return answer{}, fail(http.StatusBadRequest, "Between 1 and %d issues can be fetched at once, and these are %d.", maxFetched, n)
	}
	if len(splitNames(in.Fields)) == 0 {
		in.Fields = []string{"*navigable"}
	}
	show := selectFields(c.st, in.Fields)
	var found []*world.Issue
	errs := []object{}
	for _, name := range in.IDs {
		i := c.st.FindIssue(name)
		if !c.st.Sees(c.who.account, i) {
			errs = append(errs, object{"id": name, "errorMessage": "Issue does not exist or you do not have permission to see it."})
			continue
		}
		found = append(found, i)
	}
	slices.SortFunc(found, func(a, b *world.Issue) int { return world.CompareIDs(a.ID, b.ID) })
	found = slices.CompactFunc(found, func(a, b *world.Issue) bool { return a.ID == b.ID })
	issues := []object{}
	for _, i := range found {
		out := s.issueFor(c.st, c.who.account, i, show)
		if names := splitNames(in.Properties); len(names) > 0 {
			out["properties"] = chosenProperties(i, names)
		}
		issues = append(issues, out)
	}
	return answer{http.StatusOK, object{"issues": issues, "issueErrors": errs}}, nil
}
