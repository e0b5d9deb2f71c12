package platform

import (
	"errors"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) bulkOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/issue/{issueIdOrKey}/changelog", rest.ScopeRead, s.listChanges),
		rest.Op("POST", "/rest/api/3/issue/bulk", rest.ScopeWrite, s.createIssues),
		rest.Op("POST", "/rest/api/3/issue/bulkfetch", rest.ScopeWrite, s.fetchIssues),
	}
}

// Jira's bounds of one call.
const (
	maxCreated = 50
	maxFetched = 100
)

func (s *API) listChanges(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	start, size, err := c.PageBounds(100, 100)
	if err != nil {
		return rest.Answer{}, err
	}
	all := c.St.Histories(i)
	values := []object{}
	for _, h := range rest.Window(all, start, size) {
		values = append(values, s.HistoryJSON(c.St, h))
	}
	self := func(start int) string {
		return s.Link("/rest/api/3/issue/%s/changelog?startAt=%d&maxResults=%d", i.ID, start, size)
	}
	out := object{"self": self(start), "startAt": start, "maxResults": size, "total": len(all), "isLast": start+size >= len(all), "values": values}
	if start+size < len(all) {
		out["nextPage"] = self(start + size)
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

// createIssues makes each issue that is right, and says of the others what is wrong with them.
func (s *API) createIssues(c *rest.Call) (rest.Answer, error) {
	var in struct {
		IssueUpdates []issueInput `json:"issueUpdates"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return noneCreated(err)
	}
	if n := len(in.IssueUpdates); n == 0 || n > maxCreated {
		return noneCreated(rest.Fail(http.StatusBadRequest, "Between 1 and %d issues can be created at once, and these are %d.", maxCreated, n))
	}
	issues, errs := []object{}, []object{}
	for n, each := range in.IssueUpdates {
		made, err := s.makeIssue(c.Who.Account, each)
		var wrong *rest.Error
		switch {
		case errors.As(err, &wrong):
			failed := elementError(wrong)
			failed["failedElementNumber"] = n
			errs = append(errs, failed)
		case err != nil:
			return rest.Answer{}, err
		default:
			issues = append(issues, s.createdJSON(made, each))
		}
	}
	status := http.StatusCreated
	if len(issues) == 0 {
		status = http.StatusBadRequest
	}
	return rest.Answer{Status: status, Body: object{"issues": issues, "errors": errs}}, nil
}

// elementError says in a bulk's answer what is wrong, there with an element of it.
func elementError(wrong *rest.Error) object {
	fields := wrong.Fields
	if fields == nil {
		fields = map[string]string{}
	}
	return object{"status": wrong.Status, "elementErrors": object{"errorMessages": append([]string{}, wrong.Messages...), "errors": fields}}
}

// noneCreated refuses a bulk as a whole. The document has one shape for all that is wrong with one; no element is named.
func noneCreated(err error) (rest.Answer, error) {
	var wrong *rest.Error
	if !errors.As(err, &wrong) || wrong.Status != http.StatusBadRequest {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: wrong.Status, Body: object{"issues": []object{}, "errors": []object{elementError(wrong)}}}, nil
}

func (s *API) fetchIssues(c *rest.Call) (rest.Answer, error) {
	var in struct {
		IDs        []string `json:"issueIdsOrKeys"`
		Fields     []string `json:"fields"`
		Properties []string `json:"properties"`
		Expand     []string `json:"expand"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if n := len(in.IDs); n == 0 || n > maxFetched {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and %d issues can be fetched at once, and these are %d.", maxFetched, n)
	}
	if len(rest.SplitNames(in.Fields)) == 0 {
		in.Fields = []string{"*navigable"}
	}
	show := shape.SelectFields(c.St, in.Fields)
	var found []*world.Issue
	errs := []object{}
	for _, name := range in.IDs {
		i := c.St.FindIssue(name)
		if !c.St.Sees(c.Who.Account, i) {
			errs = append(errs, object{"id": name, "errorMessage": "Issue does not exist or you do not have permission to see it."})
			continue
		}
		found = append(found, i)
	}
	slices.SortFunc(found, func(a, b *world.Issue) int { return world.CompareIDs(a.ID, b.ID) })
	found = slices.CompactFunc(found, func(a, b *world.Issue) bool { return a.ID == b.ID })
	issues := []object{}
	for _, i := range found {
		out := s.expanded(c.St, c.Who.Account, i, show, rest.SplitNames(in.Expand))
		if names := rest.SplitNames(in.Properties); len(names) > 0 {
			out["properties"] = shape.ChosenProperties(i, names)
		}
		issues = append(issues, out)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"issues": issues, "issueErrors": errs}}, nil
}
