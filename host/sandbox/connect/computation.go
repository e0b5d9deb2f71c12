package connect

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// computation is an answer of an app that the site keeps, which Jira calls a precomputation.
type computation struct {
	ID                     string
	App                    world.AppKey
	Key                    string // of the function
	Clause                 clause
	Value, Error           string
	Created, Updated, Used time.Time
}

// fragment is the JQL, or what the app said instead.
func (p computation) fragment() (string, error) {
	if p.Error != "" {
		return "", errors.New(p.Error)
	}
	return p.Value, nil
}

// answers are those of all apps, in the order in which they came. They are in memory: a site that begins anew asks anew.
type answers struct {
	mu  sync.Mutex
	all []*computation
}

// use returns the answer to a clause, and notes that somebody wanted it.
func (a *answers) use(key string, c clause, now time.Time) (computation, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(now)
	for _, p := range a.all {
		if p.Key == key && p.Clause.same(c) {
			p.Used = now
			return *p, true
		}
	}
	return computation{}, false
}

// keep takes an answer up, or returns the one that somebody else was given meanwhile.
func (a *answers) keep(p computation, now time.Time) computation {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, other := range a.all {
		if other.Key == p.Key && other.Clause.same(p.Clause) {
			other.Used = now
			return *other
		}
	}
	p.Created, p.Updated, p.Used = now, now, now
	a.all = append(a.all, &p)
	return p
}

// forget leaves out what nobody has asked for. The caller holds a.mu.
func (a *answers) forget(now time.Time) {
	a.all = slices.DeleteFunc(a.all, func(p *computation) bool { return now.Sub(p.Used) > forgotten })
}

// drop leaves out the answers of an app.
func (a *answers) drop(app world.AppKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = slices.DeleteFunc(a.all, func(p *computation) bool { return p.App == app })
}

// of lists the answers of an app for which a condition holds.
func (a *answers) of(app world.AppKey, now time.Time, wanted func(*computation) bool) []computation {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(now)
	out := []computation{}
	for _, p := range a.all {
		if p.App == app && wanted(p) {
			out = append(out, *p)
		}
	}
	return out
}

func (s *Apps) computationOperations() []rest.Operation {
	const path = "/rest/api/3/jql/function/computation"
	return []rest.Operation{
		rest.Op("GET", path, rest.ScopeRead, s.listComputations),
		rest.Op("POST", path, rest.ScopeRead, s.updateComputations),
		rest.Op("POST", path+"/search", rest.ScopeRead, s.findComputations),
	}
}

// asProvider refuses everybody but an app.
func asProvider(c *rest.Call) (*world.App, error) {
	if !c.AsApp() {
		return nil, rest.Fail(http.StatusForbidden, "Only the app that provides a function can see and update its precomputations.")
	}
	return c.Who.App, nil
}

// listComputations is a page of the answers to an app's functions.
func (s *Apps) listComputations(c *rest.Call) (rest.Answer, error) {
	app, err := asProvider(c)
	if err != nil {
		return rest.Answer{}, err
	}
	offers := s.offers(c.St)
	keys := rest.SplitNames(c.URL.Query()["functionKey"])
	for _, k := range keys {
		if !slices.ContainsFunc(offers, func(o Offer) bool { return o.App.Key == app.Key && o.Key == k }) {
			return rest.Answer{}, rest.Fail(http.StatusNotFound, "The function '%s' was not found.", k)
		}
	}
	list := s.answers.of(app.Key, s.now(), func(p *computation) bool { return len(keys) == 0 || slices.Contains(keys, p.Key) })
	if err := sortComputations(list, c.URL.Query().Get("orderBy")); err != nil {
		return rest.Answer{}, err
	}
	return rest.Paged(c, rest.MaxPage, list, computationJSON)
}

// sortComputations orders answers by a field, such as used or -used.
func sortComputations(list []computation, by string) error {
	name, down := strings.CutPrefix(strings.TrimPrefix(by, "+"), "-")
	compare := map[string]func(a, b computation) int{
		"":            func(_, _ computation) int { return 0 },
		"functionKey": func(a, b computation) int { return strings.Compare(a.Key, b.Key) },
		"used":        func(a, b computation) int { return a.Used.Compare(b.Used) },
		"created":     func(a, b computation) int { return a.Created.Compare(b.Created) },
		"updated":     func(a, b computation) int { return a.Updated.Compare(b.Updated) },
	}[name]
	if compare == nil {
		return rest.Fail(http.StatusBadRequest, "The field '%s' is not supported for ordering.", name)
	}
	slices.SortStableFunc(list, func(a, b computation) int {
		if down {
			return compare(b, a)
		}
		return compare(a, b)
	})
	return nil
}

func computationJSON(p computation) object {
	arguments := p.Clause.Arguments
	if arguments == nil {
		arguments = []string{}
	}
	out := object{
		"id": p.ID, "functionKey": p.Key, "functionName": p.Clause.Function, "arguments": arguments, "field": p.Clause.Field, "operator": p.Clause.Operator,
		"created": p.Created.UTC().Format(shape.JiraTime), "updated": p.Updated.UTC().Format(shape.JiraTime), "used": p.Used.UTC().Format(shape.JiraTime),
	}
	if p.Error != "" {
		out["error"] = p.Error
	} else {
		out["value"] = p.Value
	}
	return out
}

// updateComputations puts other answers in the place of some.
func (s *Apps) updateComputations(c *rest.Call) (rest.Answer, error) {
	app, err := asProvider(c)
	if err != nil {
		return rest.Answer{}, err
	}
	var in struct {
		Values []struct{ ID, Value, Error string }
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	for _, v := range in.Values {
		if v.ID == "" || (v.Value == "") == (v.Error == "") {
			return rest.Answer{Status: http.StatusBadRequest, Body: object{"errorMessages": []string{"Each precomputation needs an id, and either a value or an error."}}}, nil
		}
	}
	skip := c.URL.Query().Get("skipNotFoundPrecomputations") == "true"
	now, missing := s.now(), []string{}
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	s.answers.forget(now)
	find := func(id string) *computation {
		i := slices.IndexFunc(s.answers.all, func(p *computation) bool { return p.ID == id && p.App == app.Key })
		if i < 0 {
			return nil
		}
		return s.answers.all[i]
	}
	for _, v := range in.Values {
		if find(v.ID) == nil && !slices.Contains(missing, v.ID) {
			missing = append(missing, v.ID)
		}
	}
	if len(missing) > 0 && !skip {
		return rest.Answer{Status: http.StatusNotFound, Body: object{
			"errorMessages": []string{"Some of the precomputations were not found."}, "notFoundPrecomputationIDs": missing,
		}}, nil
	}
	for _, v := range in.Values {
		if p := find(v.ID); p != nil {
			p.Value, p.Error, p.Updated = v.Value, v.Error, now
		}
	}
	if len(missing) > 0 {
		return rest.Answer{Status: http.StatusOK, Body: object{"notFoundPrecomputationIDs": missing}}, nil
	}
	return rest.Answer{Status: http.StatusNoContent}, nil
}

// findComputations returns answers by their ids.
func (s *Apps) findComputations(c *rest.Call) (rest.Answer, error) {
	app, err := asProvider(c)
	if err != nil {
		return rest.Answer{}, err
	}
	var in struct {
		IDs []string `json:"precomputationIDs"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	list := s.answers.of(app.Key, s.now(), func(p *computation) bool { return slices.Contains(in.IDs, p.ID) })
	if err := sortComputations(list, c.URL.Query().Get("orderBy")); err != nil {
		return rest.Answer{}, err
	}
	found, missing := []object{}, []string{}
	for _, p := range list {
		found = append(found, computationJSON(p))
	}
	for _, id := range in.IDs {
		if !slices.ContainsFunc(list, func(p computation) bool { return p.ID == id }) {
			missing = append(missing, id)
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"precomputations": found, "notFoundPrecomputationIDs": missing}}, nil
}
