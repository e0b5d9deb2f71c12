package desk

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) queueOperations() []rest.Operation {
	const all = root + "/servicedesk/{serviceDeskId}/queue"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listQueues),
		rest.Op("GET", all+"/{queueId}", rest.ScopeRead, s.getQueue),
		rest.Op("GET", all+"/{queueId}/issue", rest.ScopeRead, s.queueIssues),
	}
}

// queueFields are those that a queue shows; nobody can choose others here.
var queueFields = []string{"issuetype", "issuekey", "summary", "created", "reporter", "status", "assignee"}

// queues returns the desk of the path, for agents.
func (s *API) queues(c *rest.Call) (*world.Desk, error) {
	d, err := s.desk(c, c.St)
	if err == nil && !agents(c)(c.St, d) {
		err = forbidden("see the queues of this service desk")
	}
	return d, err
}

func (s *API) queue(c *rest.Call) (*world.Desk, world.Queue, error) {
	d, err := s.queues(c)
	if err != nil {
		return nil, world.Queue{}, err
	}
	id := c.PathValue("queueId")
	n := slices.IndexFunc(d.Queues, func(q world.Queue) bool { return q.ID == id })
	if n < 0 {
		return nil, world.Queue{}, rest.Fail(http.StatusNotFound, "The service desk has no queue '%s'.", id)
	}
	return d, d.Queues[n], nil
}

// found asks a queue for its issues. Its query is a person's: it cannot be asked any more when a field has gone, say.
func (s *API) found(c *rest.Call, q world.Queue) (query.Found, error) {
	parsed, err := query.Parse(q.JQL)
	if err != nil {
		return query.Found{}, err
	}
	return query.Find(c.St, c.Who.Account, s.now(), parsed, s.apps)
}

func (s *API) queueJSONOf(c *rest.Call, d *world.Desk) func(world.Queue) object {
	count := c.URL.Query().Get("includeCount") == "true"
	return func(q world.Queue) object {
		out := object{
			"id": q.ID, "name": q.Name, "jql": q.JQL, "fields": queueFields,
			"_links": object{"self": s.Link(root+"/servicedesk/%s/queue/%s", d.ID, q.ID)},
		}
		if count {
			found, _ := s.found(c, q)
			out["issueCount"] = found.Count()
		}
		return out
	}
}

func (s *API) listQueues(c *rest.Call) (rest.Answer, error) {
	d, err := s.queues(c)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, d.Queues, s.queueJSONOf(c, d))
}

func (s *API) getQueue(c *rest.Call) (rest.Answer, error) {
	d, q, err := s.queue(c)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.queueJSONOf(c, d)(q)}, nil
}

func (s *API) queueIssues(c *rest.Call) (rest.Answer, error) {
	_, q, err := s.queue(c)
	if err != nil {
		return rest.Answer{}, err
	}
	found, err := s.found(c, q)
	if err != nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The queue's query cannot be asked: %v", err)
	}
	var issues []*world.Issue
	for _, n := range found.First(-1) {
		issues = append(issues, c.St.IssueAt(n))
	}
	show := shape.SelectFields(c.St, queueFields)
	return paged(s, c, issues, func(i *world.Issue) object { return s.IssueFor(c.St, c.Who.Account, i, show) })
}
