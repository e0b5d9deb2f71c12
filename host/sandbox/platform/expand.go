package platform

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// expanded is an issue as somebody sees it, with what is asked for beside its fields.
func (s *API) expanded(st *world.State, who world.AccountID, i *world.Issue, show []shape.Field, expand []string) object {
	out := s.IssueFor(st, who, i, show)
	asked := func(name string) bool { return slices.Contains(expand, name) }
	names, schema := shape.NamesAndSchema(show)
	for name, value := range map[string]any{"names": names, "schema": schema} {
		if asked(name) {
			out[name] = value
		}
	}
	if asked("renderedFields") {
		out["renderedFields"] = s.Rendered(st, who, i, show)
	}
	if asked("transitions") || asked("transitions.fields") {
		out["transitions"] = s.transitionsJSON(st, who, i, "", asked("transitions.fields"))
	}
	if asked("editmeta") {
		out["editmeta"] = s.editMetaJSON(st, who, i)
	}
	if asked("changelog") {
		out["changelog"] = s.changelogJSON(st, i)
	}
	if asked("operations") {
		out["operations"] = object{"linkGroups": []object{}}
	}
	if asked("versionedRepresentations") {
		versions, values := object{}, out["fields"].(object)
		for name, value := range values {
			versions[name] = object{"1": value}
		}
		out["versionedRepresentations"] = versions
		delete(out, "fields")
	}
	return out
}

// shownHistories is how many of an issue's histories are had with it; the rest have an operation of their own.
const shownHistories = 100

// changelogJSON is the changelog that comes with an issue, the latest change first.
func (s *API) changelogJSON(st *world.State, i *world.Issue) object {
	all := st.Histories(i)
	list := []object{}
	for _, h := range slices.Backward(all) {
		if len(list) == shownHistories {
			break
		}
		list = append(list, s.HistoryJSON(st, h))
	}
	return object{"startAt": 0, "maxResults": len(list), "total": len(all), "histories": list}
}
