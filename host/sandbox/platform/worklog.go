package platform

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) worklogOperations() []rest.Operation {
	const all, one = "/rest/api/3/issue/{issueIdOrKey}/worklog", "/rest/api/3/issue/{issueIdOrKey}/worklog/{id}"
	return []rest.Operation{
		rest.Op("GET", all, rest.ScopeRead, s.listWorklogs),
		rest.Op("POST", all, rest.ScopeWrite, s.addWorklog),
		rest.Op("GET", one, rest.ScopeRead, s.getWorklog),
		rest.Op("PUT", one, rest.ScopeWrite, s.updateWorklog),
		rest.Op("DELETE", one, rest.ScopeDelete, s.deleteWorklog),
	}
}

func (s *API) listWorklogs(c *rest.Call) (rest.Answer, error) {
	i, err := c.Issue(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	start, size, err := c.PageBounds(5000, 5000)
	if err != nil {
		return rest.Answer{}, err
	}
	after, err := askedMoment(c, "startedAfter")
	if err != nil {
		return rest.Answer{}, err
	}
	before, err := askedMoment(c, "startedBefore")
	if err != nil {
		return rest.Answer{}, err
	}
	seen := slices.DeleteFunc(c.St.Worklogs(i), func(w *world.Worklog) bool {
		return !c.St.SeesPart(c.Who.Account, i, w.Visibility) ||
			!after.IsZero() && w.Started.Before(after) || !before.IsZero() && !w.Started.Before(before)
	})
	list := []object{}
	for _, w := range rest.Window(seen, start, size) {
		list = append(list, s.WorklogJSON(c.St, i, w))
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"startAt": start, "maxResults": size, "total": len(seen), "worklogs": list}}, nil
}

// askedMoment reads a time in milliseconds from the query; the zero time where there is none.
func askedMoment(c *rest.Call, name string) (time.Time, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, rest.Fail(http.StatusBadRequest, "'%s' is not a time in milliseconds.", text)
	}
	return time.UnixMilli(n), nil
}

// worklog returns the issue and the worklog of the path, if the caller may see both.
func worklog(c *rest.Call, st *world.State) (*world.Issue, *world.Worklog, error) {
	i, err := c.Issue(st)
	if err != nil {
		return nil, nil, err
	}
	on, w := st.Worklog(world.WorklogID(c.PathValue("id")))
	if on == nil || on.ID != i.ID || !st.SeesPart(c.Who.Account, i, w.Visibility) {
		return nil, nil, rest.Fail(http.StatusNotFound, "Cannot find worklog with id: '%s'.", c.PathValue("id"))
	}
	return i, w, nil
}

func (s *API) getWorklog(c *rest.Call) (rest.Answer, error) {
	i, w, err := worklog(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.WorklogJSON(c.St, i, w)}, nil
}

// worklogInput is what worklogs are made of.
type worklogInput struct {
	Comment    json.RawMessage `json:"comment"`
	Started    string          `json:"started"`
	Spent      string          `json:"timeSpent"`
	Seconds    *int64          `json:"timeSpentSeconds"`
	Visibility json.RawMessage `json:"visibility"`
	Properties []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

func (in *worklogInput) apply(st *world.State, who world.AccountID, i *world.Issue, w *world.Worklog) error {
	switch {
	case in.Seconds != nil:
		w.Seconds = *in.Seconds
	case in.Spent != "":
		n, ok := shape.ParseDuration(in.Spent)
		if !ok {
			return rest.FailField("timeLogged", "Invalid time duration entered.")
		}
		w.Seconds = n
	}
	if w.Seconds <= 0 {
		return rest.FailField("timeLogged", "You must indicate the time spent working.")
	}
	if in.Started != "" {
		at, err := time.Parse(shape.JiraTime, in.Started)
		if err != nil {
			return rest.FailField("started", "The started time must be like 2027-01-31T09:00:00.000+0000.")
		}
		w.Started = at.UTC()
	}
	if !empty(in.Comment) {
		if problem := documentProblem(in.Comment); problem != "" {
			return rest.FailField("comment", problem)
		}
		w.Comment = in.Comment
	}
	if in.Visibility != nil {
		v, err := visibilityOf(st, who, i, in.Visibility)
		if err != nil {
			return err
		}
		w.Visibility = v
	}
	for _, p := range in.Properties {
		if w.Properties = maps.Clone(w.Properties); w.Properties == nil {
			w.Properties = world.Properties{}
		}
		w.Properties[p.Key] = p.Value
	}
	return nil
}

// adjustOf reads what becomes of the remaining estimate; by is the parameter with the time of "manual".
func adjustOf(c *rest.Call, by string) (world.Adjust, error) {
	q := c.URL.Query()
	how := world.Adjustment(q.Get("adjustEstimate"))
	name := ""
	switch how {
	case "":
		how = world.Auto
	case world.Auto, world.Leave:
	case world.SetNew:
		name = "newEstimate"
	case world.Manual:
		if name = by; name == "" {
			return world.Adjust{}, rest.FailField("adjustEstimate", "adjustEstimate is invalid here: choose new, leave or auto.")
		}
	default:
		return world.Adjust{}, rest.FailField("adjustEstimate", "adjustEstimate is invalid: choose new, leave, manual or auto.")
	}
	if name == "" {
		return world.Adjust{How: how}, nil
	}
	n, ok := shape.ParseDuration(q.Get(name))
	if !ok {
		return world.Adjust{}, rest.FailField(name, "You must supply a valid time for "+name+", such as 2d 4h.")
	}
	return world.Adjust{How: how, Seconds: n}, nil
}

// changeWorklogs changes the worklogs of the issue of the path.
func (s *API) changeWorklogs(c *rest.Call, by string, change func(*world.Tx, world.Adjust) error) error {
	adjust, err := adjustOf(c, by)
	if err != nil {
		return err
	}
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error { return change(tx, adjust) })
}

func (s *API) addWorklog(c *rest.Call) (rest.Answer, error) {
	var in worklogInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeWorklogs(c, "reduceBy", func(tx *world.Tx, adjust world.Adjust) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		if !tx.CanDo(c.Who.Account, world.WorkOnIssues, i) {
			return rest.Fail(http.StatusBadRequest, "You do not have the permission to associate a worklog to this issue.")
		}
		w := &world.Worklog{Author: c.Who.Account}
		if err := in.apply(tx.State, c.Who.Account, i, w); err != nil {
			return err
		}
		if err := tx.AddWorklogAdjusting(i.ID, w, adjust); err != nil {
			return err
		}
		out = s.WorklogJSON(tx.State, i, w)
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

func (s *API) updateWorklog(c *rest.Call) (rest.Answer, error) {
	var in worklogInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeWorklogs(c, "", func(tx *world.Tx, adjust world.Adjust) error {
		i, w, err := worklog(c, tx.State)
		if err != nil {
			return err
		}
		if !c.May(tx.State, i, w.Author, world.EditAllWorklogs, world.EditOwnWorklogs) {
			return rest.Fail(http.StatusBadRequest, "You do not have permission to edit worklog with id '%s'.", w.ID)
		}
		next := *w
		if err := in.apply(tx.State, c.Who.Account, i, &next); err != nil {
			return err
		}
		if err := tx.PutWorklogAdjusting(&next, adjust); err != nil {
			return err
		}
		out = s.WorklogJSON(tx.State, i, &next)
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

func (s *API) deleteWorklog(c *rest.Call) (rest.Answer, error) {
	err := s.changeWorklogs(c, "increaseBy", func(tx *world.Tx, adjust world.Adjust) error {
		i, w, err := worklog(c, tx.State)
		if err != nil {
			return err
		}
		if !c.May(tx.State, i, w.Author, world.DeleteAllWorklogs, world.DeleteOwnWorklogs) {
			return rest.Fail(http.StatusBadRequest, "You do not have permission to delete worklog with id '%s'.", w.ID)
		}
		return tx.DeleteWorklogAdjusting(w.ID, adjust)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}
