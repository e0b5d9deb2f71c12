package sandbox

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Site) taskOperations() []operation {
	return []operation{
		{"POST", "/rest/api/3/issue/properties", scopeWrite, false, s.setManyProperties},
		{"POST", "/rest/api/3/issue/properties/multi", scopeWrite, false, s.setPropertiesOfMany},
		{"GET", "/rest/api/3/task/{taskId}", scopeNone, false, s.getTask},
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

func (s *Site) taskJSON(t *world.Task) object {
	out := object{
		"self": s.link("/rest/api/3/task/%s", t.ID), "id": t.ID, "description": t.Description, "status": t.Status, "message": t.Message,
		"progress": t.Progress, "submittedBy": userNumber(t.By), "submitted": t.Submitted.UnixMilli(), "started": t.Started.UnixMilli(),
		"finished": t.Finished.UnixMilli(), "lastUpdate": t.Finished.UnixMilli(), "elapsedRuntime": t.Finished.Sub(t.Started).Milliseconds(),
	}
	if len(t.Result) > 0 {
		out["result"] = t.Result
	}
	return out
}

// userNumber is the number that tasks name people by. In Jira nothing else leads from it to an account, either.
func userNumber(a world.AccountID) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(a)) // a hash takes everything
	return 10000 + int64(h.Sum32()%1000000)
}

func (s *Site) getTask(c *call) (answer, error) {
	t := c.st.Tasks.Get(world.TaskID(c.PathValue("taskId")))
	if t == nil {
		return answer{}, fail(http.StatusNotFound, "The task %s was not found.", c.PathValue("taskId"))
	}
	if t.By != c.who.account && !c.administers(c.st) {
		return answer{}, fail(http.StatusForbidden, "Only whoever submitted the task, and administrators, can see it.")
	}
	return answer{http.StatusOK, s.taskJSON(t)}, nil
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

func (s *Site) setManyProperties(c *call) (answer, error) {
	var in struct {
		Issues     []int64                    `json:"entitiesIds"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if len(in.Issues) == 0 || len(in.Issues) > maxEntities {
		return answer{}, fail(http.StatusBadRequest, "Between 1 and %d issue ids must be provided.", maxEntities)
	}
	var sets []propertySet
	for _, id := range in.Issues {
		sets = append(sets, propertySet{id, in.Properties})
	}
	return s.setProperties(c, sets)
}

func (s *Site) setPropertiesOfMany(c *call) (answer, error) {
	var in struct {
		Issues []propertySet `json:"issues"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if len(in.Issues) == 0 || len(in.Issues) > maxMulti {
		return answer{}, fail(http.StatusBadRequest, "Between 1 and %d issues must be provided.", maxMulti)
	}
	return s.setProperties(c, in.Issues)
}

// setProperties sets properties of many issues in one change; the answer leads to the task that did it. Either all are set or
// none is.
func (s *Site) setProperties(c *call, sets []propertySet) (answer, error) {
	for _, set := range sets {
		if len(set.Properties) == 0 || len(set.Properties) > maxKeys {
			return answer{}, fail(http.StatusBadRequest, "Between 1 and %d properties must be provided.", maxKeys)
		}
		for key, value := range set.Properties {
			if key == "" || len(key) > 255 || len([]rune(string(value))) > maxProperty {
				return answer{}, fail(http.StatusBadRequest, "The property '%.255s' is too long: its key may have 255 characters, its value %d.", key, maxProperty)
			}
		}
	}
	var task *world.Task
	err := s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		for _, set := range sets {
			i := tx.Issue(world.IssueID(strconv.FormatInt(set.Issue, 10)))
			if !tx.Sees(c.who.account, i) || !tx.CanDo(c.who.account, world.EditIssues, i) {
				return fail(http.StatusBadRequest, "Issue %d does not exist, or you do not have permission to edit it.", set.Issue)
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
		return answer{}, err
	}
	c.header.Set("Location", s.link("/rest/api/3/task/%s", task.ID))
	return answer{status: http.StatusSeeOther}, nil
}
