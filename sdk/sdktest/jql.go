package sdktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// functionType is what a host for tests needs of a function in JQL.
type functionType struct {
	Key       string `json:"key"`
	Name      string `json:"name"`
	Handler   string `json:"handler"`
	Arguments []struct {
		Required bool `json:"required"`
	} `json:"arguments"`
	Operators []string `json:"operators"`
}

// JQL asks a function of the plugin as Jira does for a clause of somebody's query, such as issue in function(arguments), and returns what it puts in
// the place of the clause. As in a host the handler has no user. The error is the handler's, or says what Jira would: that the
// function, the operator or so many arguments are not declared. It is not called at the same time as other methods.
//
// Since: v0.5
func (h *Host) JQL(function, operator string, arguments ...string) (string, error) {
	i := slices.IndexFunc(h.functions, func(f functionType) bool { return strings.EqualFold(f.Name, function) })
	if i < 0 {
		return "", fmt.Errorf("plugin.json has no function %q", function)
	}
	f := h.functions[i]
	least := 0
	for _, a := range f.Arguments {
		if a.Required {
			least++
		}
	}
	switch {
	case len(arguments) < least || len(arguments) > len(f.Arguments):
		return "", fmt.Errorf("%s takes %d to %d arguments, not %d", f.Name, least, len(f.Arguments), len(arguments))
	case !slices.Contains(f.Operators, operator):
		return "", fmt.Errorf("%s is used with %s, not with %q", f.Name, strings.Join(f.Operators, " and "), operator)
	}
	before, background := h.Context, h.Background
	defer func() { h.Context, h.Background, h.answering = before, background, false }()
	h.Context, h.Background, h.answering = sdk.Context{SiteURL: before.SiteURL, LinkURL: before.LinkURL}, false, true
	q := jqlfunc.Question{Name: f.Handler, Function: f.Name, Arguments: arguments, Operator: operator, Context: h.Context}
	var out jqlfunc.Answer
	err := h.call(wire.OpJQL, &q, &out)
	return out.JQL, err
}

// Stale returns the functions of which the plugin has said that their answers may be other ones now, by their keys, each once.
//
// Since: v0.5
func (h *Host) Stale() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.stale)
}

func (h *Host) keys(q *jqlfunc.Keys) (msgp.Marshaler, error) {
	switch {
	case !h.answering:
		return nil, refuse(sdk.PermissionDenied, "issues are found by their keys for functions in JQL only; ask in a handler of one")
	case len(q.Keys) > jqlfunc.MaxKeys:
		return nil, wrong("keys", fmt.Sprintf("name up to %d issues", jqlfunc.MaxKeys))
	}
	out := &jqlfunc.Found{IDs: map[string]string{}}
	for _, i := range h.Issues {
		if slices.Contains(q.Keys, i.Key) {
			out.IDs[i.Key] = i.ID
		}
	}
	return out, nil
}

func (h *Host) outdate(q *jqlfunc.Functions) (msgp.Marshaler, error) {
	keys := q.Keys
	if len(keys) == 0 {
		for _, f := range h.functions {
			keys = append(keys, f.Key)
		}
	}
	for _, k := range keys {
		if !slices.ContainsFunc(h.functions, func(f functionType) bool { return f.Key == k }) {
			return nil, wrong("keys", fmt.Sprintf("plugin.json has no function %q", k))
		}
		if !slices.Contains(h.stale, k) {
			h.stale = append(h.stale, k)
		}
	}
	return nil, nil
}
