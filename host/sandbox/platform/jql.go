package platform

import (
	"net/http"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

func (s *API) queryOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("POST", "/rest/api/3/jql/parse", rest.ScopeRead, s.parseQueries),
		rest.Op("POST", "/rest/api/3/jql/match", rest.ScopeRead, s.matchIssues),
		rest.Op("GET", "/rest/api/3/jql/autocompletedata", rest.ScopeRead, s.queryReference),
	}
}

// The modes of the parameter "validation".
var validations = map[string]analysis.Mode{"": analysis.Strict, "strict": analysis.Strict, "warn": analysis.Warn, "none": analysis.Ignore}

// parseQueries shows the structure of queries, or what is wrong with them.
func (s *API) parseQueries(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Queries []string `json:"queries"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	mode, ok := validations[c.URL.Query().Get("validation")]
	if !ok {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The validation mode '%s' is none of strict, warn and none.", c.URL.Query().Get("validation"))
	}
	if len(in.Queries) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The list of queries must not be empty.")
	}
	a := query.As(c.St, c.Who.Account, false, s.now(), s.apps)
	out := []object{}
	for _, text := range in.Queries {
		row := object{"query": text}
		out = append(out, row)
		q, err := syntax.Parse(text)
		if err != nil {
			row["errors"] = []string{err.Error()}
			continue
		}
		_, messages := a.Analyzer.Analyze(q, mode)
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
	return rest.Answer{Status: http.StatusOK, Body: object{"queries": out}}, nil
}

// matchIssues says which of some issues each query finds.
func (s *API) matchIssues(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Issues  []int64  `json:"issueIds"`
		Queries []string `json:"jqls"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if len(in.Issues) == 0 || len(in.Queries) == 0 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The lists of issueIds and of jqls must not be empty.")
	}
	var asked []uint32
	for _, id := range in.Issues {
		if i := c.St.FindIssue(strconv.FormatInt(id, 10)); i != nil {
			asked = append(asked, i.ID.Number())
		}
	}
	a := query.As(c.St, c.Who.Account, false, s.now(), s.apps)
	set := index.Of(asked...).And(a.Visible())
	out := []object{}
	for _, text := range in.Queries {
		matched, errors := []uint32{}, []string{}
		q, err := syntax.Parse(text)
		if err != nil {
			errors = append(errors, err.Error())
		} else if query, messages := a.Analyzer.Analyze(q, analysis.Strict); len(messages.Errors) > 0 {
			errors = messages.Errors
		} else {
			for n := range a.Within(set, query).All() {
				matched = append(matched, n)
			}
		}
		out = append(out, object{"matchedIssues": matched, "errors": errors})
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"matches": out}}, nil
}

// queryReference lists what queries are made of, for those who help with typing them.
func (s *API) queryReference(c *rest.Call) (rest.Answer, error) {
	names := []object{}
	for _, f := range query.Fields(c.St) {
		row := object{
			"value": f.Names[0], "displayName": f.Names[0], "searchable": "true", "auto": "true",
			"orderable": strconv.FormatBool(f.Sortable), "operators": f.AllowedOperators(), "types": []string{f.Kind.JavaType()},
		}
		if f.Custom != nil {
			row["cfid"], row["displayName"] = f.Names[0], f.Custom.Name+" - "+f.Names[0]
			row["value"] = syntax.Field{Name: f.Custom.Name}.String()
		}
		names = append(names, row)
	}
	functions := []object{}
	for _, f := range analysis.Functions() {
		if query.Answers(f) {
			functions = append(functions, object{
				"value": f.Name + "()", "displayName": f.Name + "()", "isList": strconv.FormatBool(f.List), "types": []string{f.Kind.JavaType()},
			})
		}
	}
	for _, name := range s.apps.FunctionNames(c.St) {
		functions = append(functions, object{"value": name + "()", "displayName": name + "()", "isList": "true", "types": []string{analysis.Issue.JavaType()}})
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"visibleFieldNames": names, "visibleFunctionNames": functions, "jqlReservedWords": syntax.ReservedWords(),
	}}, nil
}
