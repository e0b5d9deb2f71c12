package platform

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// eligible says which issues a request about one property means: those that the caller may edit and that fit all that is given.
type eligible struct {
	Issues  []int64         `json:"entityIds"`
	Current json.RawMessage `json:"currentValue"`
	Has     *bool           `json:"hasProperty"`
}

// find returns the issues that are meant.
func (f eligible) find(st *world.State, who world.AccountID, key string) []world.IssueID {
	var out []world.IssueID
	for n := range st.Visible(who).All() {
		i := st.IssueAt(n)
		value, has := i.Properties[key]
		switch {
		case f.Issues != nil && !slices.Contains(f.Issues, int64(n)), f.Has != nil && *f.Has != has, !st.CanDo(who, world.EditIssues, i):
		case f.Current != nil && !(has && sameJSON(f.Current, value)):
		default:
			out = append(out, i.ID)
		}
	}
	return out
}

func (f eligible) check() error {
	if f.Current != nil && f.Has != nil && !*f.Has {
		return rest.Fail(http.StatusBadRequest, "An issue without the property cannot have the current value: currentValue and hasProperty=false do not go together.")
	}
	return nil
}

// sameJSON says whether two texts are the same value.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func (s *API) setPropertyOfEligible(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Value      json.RawMessage `json:"value"`
		Expression string          `json:"expression"`
		Filter     eligible        `json:"filter"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	switch {
	case in.Expression != "":
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The sandbox does not evaluate Jira expressions: send a value.")
	case len(in.Value) == 0:
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Either a value or an expression must be provided.")
	case len([]rune(string(in.Value))) > rest.MaxProperty:
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The property value is longer than %d characters.", rest.MaxProperty)
	}
	return s.changeEligible(c, in.Filter, in.Value)
}

func (s *API) deletePropertyOfEligible(c *rest.Call) (rest.Answer, error) {
	var in eligible
	if err := json.NewDecoder(c.Body).Decode(&in); err != nil && !errors.Is(err, io.EOF) { // without a body everything is meant
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	yes := true
	in.Has = &yes
	return s.changeEligible(c, in, nil)
}

// changeEligible sets the property of the path, or removes it where value is nil, in one change; the answer leads to the task
// that did it.
func (s *API) changeEligible(c *rest.Call, filter eligible, value json.RawMessage) (rest.Answer, error) {
	key := c.PathValue("propertyKey")
	if len(key) > 255 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The property key is longer than 255 characters.")
	}
	if err := filter.check(); err != nil {
		return rest.Answer{}, err
	}
	var task *world.Task
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		found := filter.find(tx.State, c.Who.Account, key)
		for _, id := range found {
			if _, err := tx.SetIssueProperty(id, key, value); err != nil {
				return err
			}
		}
		var err error
		task, err = finishedTask(tx, "Change the property "+key+" of "+strconv.Itoa(len(found))+" issues", nil)
		return err
	})
	if err != nil {
		return rest.Answer{}, err
	}
	c.Header.Set("Location", s.Link("/rest/api/3/task/%s", task.ID))
	return rest.Answer{Status: http.StatusSeeOther}, nil
}
