package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// issueInput is what creating, editing and transitioning an issue take. What it says of the history is ignored.
type issueInput struct {
	Fields     map[string]json.RawMessage              `json:"fields"`
	Update     map[string][]map[string]json.RawMessage `json:"update"`
	Properties []propertyInput                         `json:"properties"`
	Transition struct {
		ID json.RawMessage `json:"id"`
	} `json:"transition"`
}

type propertyInput struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// operation is one thing to do to a field: set, add, remove, edit or copy.
type operation struct {
	verb  string
	value json.RawMessage
}

// problems are what is wrong with a request: of each field, and of none.
type problems struct {
	messages []string
	fields   map[string]string
}

func (p *problems) field(name, problem string) {
	if p.fields == nil {
		p.fields = map[string]string{}
	}
	p.fields[name] = problem
}

func (p *problems) message(format string, args ...any) {
	p.messages = append(p.messages, fmt.Sprintf(format, args...))
}

// err is the refusal of a request with problems, nil without.
func (p *problems) err() error {
	if len(p.messages) == 0 && len(p.fields) == 0 {
		return nil
	}
	return &rest.Error{Status: http.StatusBadRequest, Messages: p.messages, Fields: p.fields}
}

// operations are what the request wants of each field. A value in "fields" is a "set".
func (in issueInput) operations(wrong *problems) map[string][]operation {
	out := map[string][]operation{}
	for name, raw := range in.Fields {
		out[name] = []operation{{"set", raw}}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Update)) {
		if _, twice := out[name]; twice {
			wrong.message("Field '%s' cannot appear in both 'fields' and 'update'", name)
			continue
		}
		for _, each := range in.Update[name] {
			for _, verb := range slices.Sorted(maps.Keys(each)) {
				out[name] = append(out[name], operation{verb, each[verb]})
			}
		}
	}
	return out
}

// edit is a change of one issue in progress.
type edit struct {
	api   *API
	tx    *world.Tx
	who   world.AccountID
	i     *world.Issue
	op    world.Operation
	wrong problems
	later []func() error // what is done to the issue once it is kept
}

// place is where the issue is, as the caller sees it now.
func (e *edit) place() place {
	x := place{st: e.tx.State, who: e.who, p: e.tx.Project(e.i.Project), t: e.i.Type}
	if e.i.ID != "" {
		x.i = e.tx.Issue(e.i.ID)
	}
	return x
}

func (e *edit) may(permission string) bool { return e.place().may(permission) }

// apply does what the request wants of the fields that are shown. What is wrong is noted, each field in its own words.
func (e *edit) apply(wanted map[string][]operation, shown []world.ScreenField) {
	for _, name := range slices.SortedFunc(maps.Keys(wanted), byDependence) {
		on := slices.ContainsFunc(shown, func(f world.ScreenField) bool { return string(f.Field) == name })
		ed, ok := e.editor(name)
		if !ok || !on && name != "comment" {
			e.wrong.field(name, notOnScreen(name))
			continue
		}
		for _, op := range wanted[name] {
			if !slices.Contains(ed.verbs, op.verb) {
				e.unsupported(name, op, ed)
				continue
			}
			if problem := ed.apply(e, name, op); problem != "" {
				e.wrong.field(name, problem)
			}
		}
	}
	for _, f := range shown {
		if f.Required && e.lacks(f.Field) && e.wrong.fields[string(f.Field)] == "" && (e.op != world.OnEdit || len(wanted[string(f.Field)]) > 0) {
			e.wrong.field(string(f.Field), fieldName(e.tx.State, f.Field)+" is required.")
		}
	}
}

// byDependence puts the type of an issue before its other fields, whose values depend on it.
func byDependence(a, b string) int {
	if (a == "issuetype") != (b == "issuetype") {
		if a == "issuetype" {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}

// unsupported says that a field does not know an operation.
func (e *edit) unsupported(name string, op operation, ed editor) {
	label := fieldName(e.tx.State, world.FieldID(name))
	e.wrong.message("Field with id '%s' and name '%s' does not support operation '%s' Supported operation(s) are: '%s'", name, label, op.verb, strings.Join(ed.verbs, ","))
}

// lacks says whether the issue has nothing in a field.
func (e *edit) lacks(id world.FieldID) bool {
	f, ok := shape.FieldNamed(e.tx.State, string(id))
	return ok && f.Empty(e.api.Shape, e.tx.State, e.i)
}

// finish does what needs an issue that is kept, and sets the properties.
func (e *edit) finish(properties []propertyInput) error {
	for _, do := range e.later {
		if err := do(); err != nil {
			return err
		}
	}
	for _, p := range properties {
		if p.Key == "" || len(p.Key) > 255 || len(p.Value) == 0 || len([]rune(string(p.Value))) > rest.MaxProperty {
			return rest.Fail(http.StatusBadRequest, "The property '%.255s' cannot be set: its key needs 1 to 255 characters, its value 1 to %d.", p.Key, rest.MaxProperty)
		}
		if _, err := e.tx.SetIssueProperty(e.i.ID, p.Key, p.Value); err != nil {
			return err
		}
	}
	return nil
}
