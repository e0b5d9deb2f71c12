package shape

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Field is a field of an issue, system or custom: how REST describes it, and its value.
type Field struct {
	ID      world.FieldID
	Key     string // how apps name their own fields, "app-key__module-key"; of others it is the id
	Name    string
	Clauses []string // names in JQL
	Schema  Object   // nil for the one field that has none
	Custom  *world.Field

	Orderable  bool // may stand on screens
	Navigable  bool // lists of issues can show it
	Searchable bool // JQL can ask for it

	value func(v view, i *world.Issue) any // what REST returns; nil for an empty field
}

// view is a state as somebody sees it.
type view struct {
	Shape
	st  *world.State
	who world.AccountID
	all bool // nothing is hidden
}

// sees says whether the issue is shown.
func (v view) sees(i *world.Issue) bool { return v.all || v.st.Sees(v.who, i) }

// seesPart says whether what hangs on the issue and is for some only is shown.
func (v view) seesPart(i *world.Issue, to *world.Visibility) bool {
	return v.all || v.st.SeesPart(v.who, i, to)
}

// JiraTime is how Jira writes moments.
const JiraTime = "2006-01-02T15:04:05.000-0700"

// IssueKey is the field "key"; it is no field of an issue, but JQL can ask for it.
var IssueKey = Field{ID: "issuekey", Key: "issuekey", Name: "Key", Clauses: []string{"key", "issuekey", "id", "issue"}, Navigable: true}

// Fields lists all fields of the site.
func Fields(st *world.State) []Field {
	out := slices.Clone(systemFields())
	for f := range st.Fields.All() {
		if !f.Trashed {
			out = append(out, CustomField(f))
		}
	}
	return out
}

// CustomField describes a custom field.
func CustomField(f *world.Field) Field {
	t := TypeOf(f)
	out := Field{
		ID: f.ID, Key: FieldKey(f), Name: f.Name, Clauses: []string{fmt.Sprintf("cf[%d]", f.Number), f.Name}, Custom: f,
		Schema: t.schema(f.Number), Orderable: true, Navigable: true, Searchable: true,
		value: func(v view, i *world.Issue) any { return v.CustomValue(v.st, f, i.Custom[f.ID]) },
	}
	if f.Type == RequestType {
		out.Schema = Object{"type": "sd-customerrequesttype", "custom": f.Type, "customId": f.Number}
		out.value = func(v view, i *world.Issue) any { return v.requestValue(v.st, i) }
	}
	return out
}

// FieldKey is the key of a custom field: that of an app's names the app and the module, that of a Forge app is its ARI.
func FieldKey(f *world.Field) string {
	if _, key, ok := strings.Cut(f.Type, connectTypes); ok {
		return key
	}
	switch {
	case strings.HasPrefix(f.Type, forgeTypes):
		return f.Type
	case f.App != "" && f.Module != "":
		return string(f.App) + "__" + f.Module
	}
	return string(f.ID)
}

// FieldNamed finds a field of the site by id or key.
func FieldNamed(st *world.State, idOrKey string) (Field, bool) {
	all := Fields(st)
	n := slices.IndexFunc(all, func(f Field) bool { return string(f.ID) == idOrKey || f.Key == idOrKey })
	if n < 0 {
		return Field{}, false
	}
	return all[n], true
}

// SelectFields returns the fields that a request's fields parameter names, in Jira's syntax: ids or keys, *all, *navigable, and
// ids after a dash, which are left out.
func SelectFields(st *world.State, names []string) []Field {
	all := Fields(st)
	chosen := map[world.FieldID]bool{}
	mark := func(name string, to bool) {
		for _, f := range all {
			if string(f.ID) == name || f.Key == name {
				chosen[f.ID] = to
			}
		}
	}
	started := false
	for _, name := range names {
		for n := range strings.SplitSeq(name, ",") {
			switch n = strings.TrimSpace(n); {
			case n == "":
				continue
			case n == "*all" || n == "*navigable":
				for _, f := range all {
					chosen[f.ID] = n == "*all" || f.Navigable
				}
			case strings.HasPrefix(n, "-"):
				for _, f := range all {
					chosen[f.ID] = chosen[f.ID] || !started
				}
				mark(n[1:], false)
			default:
				mark(n, true)
			}
			started = true
		}
	}
	return slices.DeleteFunc(all, func(f Field) bool { return !chosen[f.ID] })
}

// Empty says whether an issue has nothing in the field.
func (f Field) Empty(s Shape, st *world.State, i *world.Issue) bool {
	switch v := f.value(view{Shape: s, st: st, all: true}, i).(type) {
	case nil:
		return true
	case []Object:
		return len(v) == 0
	case []string:
		return len(v) == 0
	case Object:
		return len(v) == 0
	}
	return false
}
