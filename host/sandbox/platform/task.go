package platform

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) taskOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("POST", "/rest/api/3/issue/properties", rest.ScopeWrite, s.setManyProperties),
		rest.Op("POST", "/rest/api/3/issue/properties/multi", rest.ScopeWrite, s.setPropertiesOfMany),
		rest.Op("GET", "/rest/api/3/task/{taskId}", rest.ScopeNone, s.getTask),
	}
}

// finishedTask keeps a task whose work is done within the same change: here nothing takes so long that somebody would wait.
func finishedTask(tx *world.Tx, description string, result any) (*world.Task, error) {
	t := &world.Task{
		Description: description, By: tx.By, Status: "COMPLETE", Progress: 100, Message: "Done.",
		Submitted: tx.Now, Started: tx.Now, Finished: tx.Now,
	}
	if result != nil {
		raw, err := json.Marshal(result)
		if err != nil {
			return nil, err
		}
		t.Result = raw
	}
	return t, tx.Put(t)
}

func (s *API) getTask(c *rest.Call) (rest.Answer, error) {
	t := c.St.Tasks.Get(world.TaskID(c.PathValue("taskId")))
	if t == nil {
		return rest.Answer{}, rest.Fail(http.StatusNotFound, "The task %s was not found.", c.PathValue("taskId"))
	}
	if t.By != c.Who.Account && !c.Administers(c.St) {
		return rest.Answer{}, rest.Fail(http.StatusForbidden, "Only whoever submitted the task, and administrators, can see it.")
	}
	return rest.Answer{Status: http.StatusOK, Body: s.TaskJSON(t)}, nil
}

// propertySet are properties to be set on one issue.
type propertySet struct {
	Issue      int64                      `json:"issueID"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// maxEntities is how many issues one request may set properties of, and maxKeys how many properties of each.
const (
	maxEntities = 10000
	maxMulti    = 100
	maxKeys     = 10
)

func (s *API) setManyProperties(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Issues     []int64                    `json:"entitiesIds"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if len(in.Issues) == 0 || len(in.Issues) > maxEntities {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and %d issue ids must be provided.", maxEntities)
	}
	var sets []propertySet
	for _, id := range in.Issues {
		sets = append(sets, propertySet{id, in.Properties})
	}
	return s.setProperties(c, sets)
}

func (s *API) setPropertiesOfMany(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Issues []propertySet `json:"issues"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if len(in.Issues) == 0 || len(in.Issues) > maxMulti {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and %d issues must be provided.", maxMulti)
	}
	return s.setProperties(c, in.Issues)
}

// setProperties sets properties of many issues in one change; the answer leads to the task that did it. Either all are set or
// none is.
func (s *API) setProperties(c *rest.Call, sets []propertySet) (rest.Answer, error) {
	for _, set := range sets {
		if len(set.Properties) == 0 || len(set.Properties) > maxKeys {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Between 1 and %d properties must be provided.", maxKeys)
		}
		for key, value := range set.Properties {
			if key == "" || len(key) > 255 || len([]rune(string(value))) > rest.MaxProperty {
				return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The property '%.255s' is too long: its key may have 255 characters, its value %d.", key, rest.MaxProperty)
			}
		}
	}
	var task *world.Task
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		for _, set := range sets {
			i := tx.Issue(world.IssueID(strconv.FormatInt(set.Issue, 10)))
			if !tx.Sees(c.Who.Account, i) || !tx.CanDo(c.Who.Account, world.EditIssues, i) {
				return rest.Fail(http.StatusBadRequest, "Issue %d does not exist, or you do not have permission to edit it.", set.Issue)
			}
			for _, key := range slices.Sorted(maps.Keys(set.Properties)) {
				if _, err := tx.SetIssueProperty(i.ID, key, set.Properties[key]); err != nil {
					return err
				}
			}
		}
		var err error
		task, err = finishedTask(tx, "Set properties of issues", nil)
		return err
	})
	if err != nil {
		return rest.Answer{}, err
	}
	c.Header.Set("Location", s.Link("/rest/api/3/task/%s", task.ID))
	return rest.Answer{Status: http.StatusSeeOther}, nil
}
