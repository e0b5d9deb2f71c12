package platform

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// editor writes a field of an issue. It knows the verbs, in the order in which Jira names them; apply returns what is wrong with
// the value.
type editor struct {
	verbs []string
	apply func(e *edit, name string, op operation) string
}

// setter is the editor of a field of which one thing at a time is kept.
func setter(set func(e *edit, raw json.RawMessage) string) editor {
	return editor{[]string{"set"}, func(e *edit, _ string, op operation) string { return set(e, op.value) }}
}

// editors are those of the system fields. What is not here nobody can write.
var editors = map[world.FieldID]editor{
	"summary":     setter(setSummary),
	"description": setter(func(e *edit, raw json.RawMessage) string { return setDocument(&e.i.Description, raw) }),
	"environment": setter(func(e *edit, raw json.RawMessage) string { return setDocument(&e.i.Environment, raw) }),
	"issuetype":   setter(setType),
	"parent":      setter(setParent),
	"assignee":    setter(setAssignee),
	"reporter":    setter(setReporter),
	"priority":    setter(setPriority),
	"resolution":  setter(setResolution),
	"security":    setter(setSecurity),
	"duedate":     setter(setDue),
	"labels":      listEditor([]string{"add", "set", "remove"}, func(i *world.Issue) *[]string { return &i.Labels }, findLabel),
	"components":  listEditor([]string{"add", "set", "remove"}, func(i *world.Issue) *[]world.ComponentID { return &i.Components }, findComponent),
	"fixVersions": listEditor([]string{"set", "add", "remove"}, func(i *world.Issue) *[]world.VersionID { return &i.Fixes }, findVersion),
	"versions":    listEditor([]string{"set", "add", "remove"}, func(i *world.Issue) *[]world.VersionID { return &i.Affects }, findVersion),
	"timetracking": {[]string{"set", "edit"}, func(e *edit, _ string, op operation) string {
		return setTimeTracking(e, op.value)
	}},
	"comment":    {[]string{"add", "edit", "remove"}, editComment},
	"worklog":    {[]string{"add"}, addWork},
	"issuelinks": {[]string{"add"}, addLink},
}

// editor finds the editor of a field of the issue; a custom field has one if people may write it and the issue has the field.
func (e *edit) editor(name string) (editor, bool) {
	return editorOf(e.tx.State, e.i.Project, e.i.Type, world.FieldID(name))
}

func editorOf(st *world.State, p world.ProjectID, t world.TypeID, id world.FieldID) (editor, bool) {
	if ed, ok := editors[id]; ok {
		return ed, true
	}
	f := st.Field(id)
	if f == nil || f.Trashed || f.ReadOnly || shape.TypeOf(f).ReadOnly {
		return editor{}, false
	}
	if _, has := f.ContextOf(p, t); !has {
		return editor{}, false
	}
	return customEditor(f), true
}

// reference is how requests name things of a list.
type reference struct {
	ID, Name, Key, Value string
	HasID, HasName       bool
}

// referenceOf reads a reference; ok is false for what is none.
func referenceOf(raw json.RawMessage) (ref reference, ok bool) {
	var in struct {
		ID    json.RawMessage `json:"id"`
		Name  *string         `json:"name"`
		Key   string          `json:"key"`
		Value string          `json:"value"`
	}
	if !strings.HasPrefix(string(raw), "{") || json.Unmarshal(raw, &in) != nil {
		return ref, false
	}
	ref = reference{Key: in.Key, Value: in.Value, HasID: !empty(in.ID), HasName: in.Name != nil}
	if ref.HasID {
		ref.ID = shape.Plain(in.ID)
	}
	if ref.HasName {
		ref.Name = *in.Name
	}
	return ref, ref.HasID || ref.HasName || in.Key != "" || in.Value != ""
}

// names says whether the reference means the thing with that id and name. An id counts before a name.
func (r reference) names(id, name string) bool {
	if r.HasID {
		return r.ID == id
	}
	return r.HasName && strings.EqualFold(r.Name, name)
}

func notNamed(label string) string { return "Specify a valid 'id' or 'name' for " + label }

// notAnArray is what Jira says of one value where a list belongs.
const notAnArray = "data was not an array"

const notAString = "Operation value must be a string"

// maxLine is the length of a line of text in characters.
const maxLine = 255

func setSummary(e *edit, raw json.RawMessage) string {
	var line string
	switch {
	case !strings.HasPrefix(string(raw), `"`) || json.Unmarshal(raw, &line) != nil:
		return notAString
	case strings.TrimSpace(line) == "":
		return "You must specify a summary of the issue."
	case strings.ContainsAny(line, "\r\n"):
		return "The summary is invalid because it contains newline characters."
	case utf8.RuneCountInString(line) > maxLine:
		return "Summary can't exceed 255 characters."
	}
	e.i.Summary = line
	return ""
}

func setDocument(to *json.RawMessage, raw json.RawMessage) string {
	if string(raw) == "null" {
		*to = nil
		return ""
	}
	if problem := documentProblem(raw); problem != "" {
		return problem
	}
	*to = raw
	return ""
}

// setType changes the type of an issue, to one with the same workflow: another needs a move. That of a new issue is known before.
func setType(e *edit, raw json.RawMessage) string {
	if e.i.ID == "" {
		return ""
	}
	ref, _ := referenceOf(raw)
	for _, id := range otherTypes(e.tx.State, e.i) {
		if ref.names(string(id), e.tx.Type(id).Name) {
			e.i.Type = id
			return ""
		}
	}
	return "The issue type selected is invalid."
}

// otherTypes are the types that an issue may have in its project: those with its workflow, and subtasks stay subtasks.
func otherTypes(st *world.State, i *world.Issue) []world.TypeID {
	p := st.Project(i.Project)
	now := st.WorkflowOf(p, i.Type)
	return slices.DeleteFunc(slices.Clone(p.Types), func(id world.TypeID) bool {
		return st.WorkflowOf(p, id) != now || st.Type(id).Level != st.Type(i.Type).Level
	})
}

func setAssignee(e *edit, raw json.RawMessage) string {
	if string(raw) == "null" || !empty(raw) && noAccount(raw) {
		e.i.Assignee = ""
		return ""
	}
	var ref struct{ AccountID, ID string }
	if json.Unmarshal(raw, &ref) == nil && (ref.AccountID == "-1" || ref.ID == "-1") {
		e.i.Assignee = automatic(e.tx.State, e.i)
		return ""
	}
	u := userRef(e.tx.State, raw)
	switch {
	case u == nil:
		return "Specify a valid value for assignee"
	case u.Account != e.i.Assignee && !e.tx.CanIn(u.Account, world.AssignableUser, e.tx.Project(e.i.Project)):
		return "User '" + string(u.Account) + "' cannot be assigned issues."
	}
	e.i.Assignee = u.Account
	return ""
}

// noAccount says whether a user is named as nobody: {"accountId": null}.
func noAccount(raw json.RawMessage) bool {
	var ref map[string]json.RawMessage
	if json.Unmarshal(raw, &ref) != nil {
		return false
	}
	for _, name := range []string{"accountId", "id"} {
		if v, ok := ref[name]; ok {
			return string(v) == "null"
		}
	}
	return false
}

// automatic is who gets an issue for which nobody is named: the lead of its first component that says so, or the project's.
func automatic(st *world.State, i *world.Issue) world.AccountID {
	p := st.Project(i.Project)
	for _, id := range i.Components {
		c := st.Components.Get(id)
		switch {
		case c == nil:
		case c.AssigneeType == "COMPONENT_LEAD" && c.Lead != "":
			return c.Lead
		case c.AssigneeType == "PROJECT_LEAD":
			return p.Lead
		case c.AssigneeType == "UNASSIGNED":
			return ""
		}
	}
	if p.Assign == "PROJECT_LEAD" {
		return p.Lead
	}
	return ""
}

func setReporter(e *edit, raw json.RawMessage) string {
	if string(raw) == "null" {
		return "Reporter is required."
	}
	u := userRef(e.tx.State, raw)
	if u == nil {
		return "The reporter specified is not a user."
	}
	e.i.Reporter = u.Account
	return ""
}

func setPriority(e *edit, raw json.RawMessage) string {
	ref, ok := referenceOf(raw)
	if !ok {
		return notNamed("Priority")
	}
	p := e.tx.Priorities.First(func(p *world.Priority) bool { return ref.names(string(p.ID), p.Name) })
	if p == nil {
		return "The priority selected is invalid."
	}
	e.i.Priority = p.ID
	return ""
}

func setResolution(e *edit, raw json.RawMessage) string {
	if string(raw) == "null" {
		e.i.Resolution = ""
		return ""
	}
	ref, _ := referenceOf(raw)
	r := e.tx.Resolutions.First(func(r *world.Resolution) bool { return ref.names(string(r.ID), r.Name) })
	if r == nil {
		return notNamed("Resolution")
	}
	e.i.Resolution = r.ID
	return ""
}

func setSecurity(e *edit, raw json.RawMessage) string {
	if string(raw) == "null" {
		e.i.Security = ""
		return ""
	}
	ref, ok := referenceOf(raw)
	if !ok {
		return notNamed("Security Level")
	}
	for _, l := range levelsFor(e.tx.State, e.who, e.tx.Project(e.i.Project), e.i) {
		if ref.names(string(l.ID), l.Name) {
			e.i.Security = l.ID
			return ""
		}
	}
	if ref.HasID {
		return "Security level id '" + ref.ID + "' is not valid"
	}
	return "Security level name '" + ref.Name + "' is not valid"
}

// levelsFor are the security levels that somebody may give an issue: nobody hides one from himself.
func levelsFor(st *world.State, who world.AccountID, p *world.Project, i *world.Issue) (out []world.SecurityLevel) {
	scheme := st.SecuritySchemes.Get(p.Security)
	if scheme == nil {
		return nil
	}
	for _, l := range scheme.Levels {
		hidden := *i
		hidden.Project, hidden.Security = p.ID, l.ID
		if st.Sees(who, &hidden) {
			out = append(out, l)
		}
	}
	return out
}

func setDue(e *edit, raw json.RawMessage) string {
	if empty(raw) {
		e.i.Due = ""
		return ""
	}
	day, problem := dayOf(raw)
	if problem == "" {
		e.i.Due = day
	}
	return problem
}

// dayOf reads a day such as "2027-01-31".
func dayOf(raw json.RawMessage) (day, problem string) {
	if json.Unmarshal(raw, &day) != nil {
		return "", notAString
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return "", "Error parsing date string: " + day
	}
	return day, ""
}

// setTimeTracking sets the estimates. The one that is not given follows the other, until there was one or work was logged.
func setTimeTracking(e *edit, raw json.RawMessage) string {
	var in struct {
		Original         *string `json:"originalEstimate"`
		Remaining        *string `json:"remainingEstimate"`
		OriginalSeconds  *int64  `json:"originalEstimateSeconds"`
		RemainingSeconds *int64  `json:"remainingEstimateSeconds"`
	}
	if string(raw) == "null" || json.Unmarshal(raw, &in) != nil {
		return "Specify a valid value for timetracking"
	}
	read := func(text *string, seconds *int64, what string) (int64, bool) {
		switch {
		case text != nil && *text == "":
			return 0, true
		case text != nil:
			n, ok := shape.ParseDuration(*text)
			if !ok {
				e.wrong.field("timetracking_"+what+"estimate", "The "+what+" estimate specified is not valid.")
			}
			return n, ok
		case seconds != nil:
			return *seconds, true
		}
		return 0, false
	}
	original, hasOriginal := read(in.Original, in.OriginalSeconds, "original")
	remaining, hasRemaining := read(in.Remaining, in.RemainingSeconds, "remaining")
	fresh := e.i.Estimate == 0 && e.i.Remaining == 0 && e.i.Spent == 0
	if hasOriginal {
		e.i.Estimate = original
	}
	switch {
	case hasRemaining:
		e.i.Remaining = remaining
		if fresh && !hasOriginal {
			e.i.Estimate = remaining
		}
	case hasOriginal && fresh:
		e.i.Remaining = original
	}
	return ""
}
