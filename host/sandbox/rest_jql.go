package sandbox

import (
	"net/http"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// The modes of the parameter "validation".
var validations = map[string]analysis.Mode{"": analysis.Strict, "strict": analysis.Strict, "warn": analysis.Warn, "none": analysis.Ignore}

// parseQueries shows the structure of queries, or what is wrong with them.
func (s *Site) parseQueries(c *call) (answer, error) {
	var in struct {
		Queries []string `json:"queries"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	mode, ok := validations[c.URL.Query().Get("validation")]
	if !ok {
		return answer{}, fail(http.StatusBadRequest, "The validation mode '%s' is none of strict, warn and none.", c.URL.Query().Get("validation"))
	}
	if len(in.Queries) == 0 {
		return answer{}, fail(http.StatusBadRequest, "The list of queries must not be empty.")
	}
	a := askAs(c.st, c.who.account, false, s.now())
	out := []object{}
	for _, text := range in.Queries {
		row := object{"query": text}
		out = append(out, row)
		q, err := syntax.Parse(text)
		if err != nil {
			row["errors"] = []string{err.Error()}
			continue
		}
		_, messages := a.analyzer.Analyze(q, mode)
		if len(messages.Errors) > 0 {
			row["errors"] = messages.Errors
		}
		if len(messages.Warnings) > 0 {
			row["warnings"] = messages.Warnings
		}
		if len(messages.Errors) == 0 || mode != analysis.Strict {
			row["structure"] = q
		}
	}
	return answer{http.StatusOK, object{"queries": out}}, nil
}

// matchIssues says which of some issues each query finds.
func (s *Site) matchIssues(c *call) (answer, error) {
	var in struct {
		Issues  []int64  `json:"issueIds"`
		Queries []string `json:"jqls"`
	}
	if err := c.decodeBody(&in); err != nil {
		return answer{}, err
	}
	if len(in.Issues) == 0 || len(in.Queries) == 0 {
		return answer{}, fail(http.StatusBadRequest, "The lists of issueIds and of jqls must not be empty.")
	}
	var asked []uint32
	for _, id := range in.Issues {
		if i := c.st.FindIssue(strconv.FormatInt(id, 10)); i != nil {
			asked = append(asked, i.ID.Number())
		}
	}
	a := askAs(c.st, c.who.account, false, s.now())
	set := index.Of(asked...).And(a.visible())
	out := []object{}
	for _, text := range in.Queries {
		matched, errors := []uint32{}, []string{}
		q, err := syntax.Parse(text)
		if err != nil {
			errors = append(errors, err.Error())
		} else if query, messages := a.analyzer.Analyze(q, analysis.Strict); len(messages.Errors) > 0 {
			errors = messages.Errors
		} else {
			for n := range a.within(set, query).All() {
				matched = append(matched, n)
			}
		}
		out = append(out, object{"matchedIssues": matched, "errors": errors})
	}
	return answer{http.StatusOK, object{"matches": out}}, nil
}

// queryReference lists what queries are made of, for those who help with typing them.
func (s *Site) queryReference(c *call) (answer, error) {
	names := []object{}
	for _, f := range queryFields(c.st) {
		row := object{
			"value": f.names[0], "displayName": f.names[0], "searchable": "true", "auto": "true",
			"orderable": strconv.FormatBool(f.Sortable), "operators": f.AllowedOperators(), "types": []string{f.Kind.JavaType()},
		}
		if f.custom != nil {
			row["cfid"], row["displayName"] = f.names[0], f.custom.Name+" - "+f.names[0]
			row["value"] = syntax.Field{Name: f.custom.Name}.String()
		}
		names = append(names, row)
	}
	functions := []object{}
	for _, f := range analysis.Functions() {
		if answers(f) {
			functions = append(functions, object{
				"value": f.Name + "()", "displayName": f.Name + "()", "isList": strconv.FormatBool(f.List), "types": []string{f.Kind.JavaType()},
			})
		}
	}
	return answer{http.StatusOK, object{
		"visibleFieldNames": names, "visibleFunctionNames": functions, "jqlReservedWords": syntax.ReservedWords(),
	}}, nil
}
