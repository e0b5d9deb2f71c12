package migration

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	maxFieldValues = 200
	maxProperties  = 50
	maxRules       = 10
)

// transferOf is the transfer that a request's header names.
func transferOf(c *rest.Call, st *world.State) (*world.Transfer, error) {
	return own(c, st, c.Request.Header.Get("Atlassian-Transfer-Id"))
}

// fieldValue is a value for a field of the app.
type fieldValue struct {
	Type   string   `json:"_type"`
	Issue  int64    `json:"issueID"`
	Field  int64    `json:"fieldID"`
	String *string  `json:"string"`
	Text   *string  `json:"text"`
	Rich   *string  `json:"richText"`
	Number *float64 `json:"number"`
	Option *string  `json:"optionID"`
}

// setFields writes values of the app's fields, whoever may edit the issues: all of them or none.
func (s *Migrations) setFields(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Values []fieldValue `json:"updateValueList"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if n := len(in.Values); n == 0 || n > maxFieldValues {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "updateValueList has %d values: want 1 to %d.", n, maxFieldValues)
	}
	err := s.Store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if _, err := transferOf(c, tx.State); err != nil {
			return err
		}
		for n, v := range in.Values {
			if err := setField(tx, c.Who.App.Key, v); err != nil {
				return rest.Fail(http.StatusBadRequest, "updateValueList[%d]: %s", n, err)
			}
		}
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: object{}}, err
}

type problem string

func (p problem) Error() string { return string(p) }

func setField(tx *world.Tx, app world.AppKey, v fieldValue) error {
	f := tx.Field(world.FieldID("customfield_" + strconv.FormatInt(v.Field, 10)))
	i := tx.EditIssue(strconv.FormatInt(v.Issue, 10))
	switch {
	case f == nil || f.App != app || f.Trashed:
		return problem("the app has no field " + strconv.FormatInt(v.Field, 10) + ".")
	case i == nil:
		return problem("there is no issue " + strconv.FormatInt(v.Issue, 10) + ".")
	}
	value, err := v.value(f, i)
	if err != nil {
		return err
	}
	if i.Custom == nil {
		i.Custom = map[world.FieldID]json.RawMessage{}
	}
	i.Custom[f.ID] = value
	return tx.PutIssue(i)
}

// value is what the world keeps of a value, if it is of the field's kind.
func (v fieldValue) value(f *world.Field, i *world.Issue) (json.RawMessage, error) {
	wanted := map[string]world.Kind{
		"StringIssueField": world.Text, "TextIssueField": world.Text, "RichTextIssueField": world.TextArea, "NumberIssueField": world.Number,
		"SingleSelectIssueField": world.Option, "MultiSelectIssueField": world.Options,
	}
	if kind, known := wanted[v.Type]; !known || kind != f.Kind {
		return nil, problem("_type is " + v.Type + ", which does not fit the field " + string(f.ID) + ".")
	}
	switch {
	case v.Type == "StringIssueField" && v.String != nil:
		return json.Marshal(*v.String)
	case v.Type == "TextIssueField" && v.Text != nil:
		return json.Marshal(*v.Text)
	case v.Type == "RichTextIssueField" && v.Rich != nil:
		return world.TextDocument(*v.Rich), nil
	case v.Type == "NumberIssueField" && v.Number != nil:
		return json.Marshal(*v.Number)
	case v.Option != nil && (f.Kind == world.Option || f.Kind == world.Options):
		if f.Option(*v.Option).ID == "" {
			return nil, problem("the field has no option " + *v.Option + ".")
		}
		if f.Kind == world.Option {
			return json.Marshal(*v.Option)
		}
		var have []string
		if raw := i.Custom[f.ID]; raw != nil {
			if err := json.Unmarshal(raw, &have); err != nil {
				return nil, err
			}
		}
		if !slices.Contains(have, *v.Option) {
			have = append(have, *v.Option)
		}
		return json.Marshal(have)
	}
	return nil, problem("a value of " + v.Type + " is missing.")
}

// propertyTypes are the entities of which the platform writes properties.
var propertyTypes = []string{
	"IssueProperty", "CommentProperty", "DashboardItemProperty", "IssueTypeProperty", "ProjectProperty", "UserProperty", "WorklogProperty",
	"BoardProperty", "SprintProperty",
}

// setProperties writes properties of entities of one type, whoever may change them: all of them or none.
func (s *Migrations) setProperties(c *rest.Call) (rest.Answer, error) {
	kind := c.PathValue("entityType")
	if !slices.Contains(propertyTypes, kind) {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "%q is no entity type.", kind)
	}
	var in []struct {
		Entity json.Number `json:"entityId"`
		Key    string      `json:"key"`
		Value  string      `json:"value"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if len(in) == 0 || len(in) > maxProperties {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "There are %d properties: want 1 to %d.", len(in), maxProperties)
	}
	err := s.Store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if _, err := transferOf(c, tx.State); err != nil {
			return err
		}
		for n, p := range in {
			if p.Key == "" || len(p.Key) > 255 || !json.Valid([]byte(p.Value)) || len([]rune(p.Value)) > rest.MaxProperty {
				return rest.Fail(http.StatusBadRequest, "[%d]: want a key of 1 to 255 characters, and JSON of at most %d as the value.", n, rest.MaxProperty)
			}
			if err := setProperty(tx, kind, p.Entity.String(), p.Key, json.RawMessage(p.Value)); err != nil {
				return err
			}
		}
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: nil}, err
}

func setProperty(tx *world.Tx, kind, id, key string, value json.RawMessage) error {
	none := rest.Fail(http.StatusBadRequest, "%s: there is no entity %s.", kind, id)
	set := func(p *world.Properties) {
		if *p == nil {
			*p = world.Properties{}
		}
		(*p)[key] = value
	}
	switch kind {
	case "IssueProperty":
		if tx.Issue(world.IssueID(id)) == nil {
			return none
		}
		_, err := tx.SetIssueProperty(world.IssueID(id), key, value)
		return err
	case "ProjectProperty":
		p := world.Edit(tx.Project(world.ProjectID(id)))
		if p == nil {
			return none
		}
		set(&p.Properties)
		return tx.Put(p)
	case "IssueTypeProperty":
		t := world.Edit(tx.Type(world.TypeID(id)))
		if t == nil {
			return none
		}
		set(&t.Properties)
		return tx.Put(t)
	}
	return rest.Fail(http.StatusNotImplemented, "The sandbox does not write a %s in a migration.", kind)
}

// searchRules looks for workflow rules of the app. Workflows of the sandbox have none.
func (s *Migrations) searchRules(c *rest.Call) (rest.Answer, error) {
	if _, err := transferOf(c, c.St); err != nil {
		return rest.Answer{}, err
	}
	var in struct {
		Workflow string   `json:"workflowEntityId"`
		Rules    []string `json:"ruleIds"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if n := len(in.Rules); in.Workflow == "" || n == 0 || n > maxRules {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Want a workflowEntityId and 1 to %d ruleIds.", maxRules)
	}
	return ok(object{"workflowEntityId": in.Workflow, "invalidRules": in.Rules, "validRules": []object{}})
}

// fieldTask would tell of a task that makes a Forge field of a Connect one. The sandbox runs none.
func (s *Migrations) fieldTask(c *rest.Call) (rest.Answer, error) {
	return rest.Answer{}, rest.Fail(http.StatusNotFound, "There is no migration task for the field %s of %s.", c.PathValue("jiraIssueFieldsKey"), c.PathValue("connectKey"))
}
