package feature

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/jql"
)

// named is a label of a document.
type named struct{ label, id string }

// names are how queries name the documents of a type: by their ids in variables and values, such as {{link.ID.first}} and "ID:first", and by
// ids and labels in those arguments of functions of which the plugin says so.
type names struct {
	ids       map[string]bool
	labels    map[string]string // ids, by labels in lower case
	arguments map[string][]int  // places, by names of functions in lower case
}

func (s *Service) names(ctx context.Context, t capability.TenantID, plugin capability.PluginID, typ string, only *named) (names, error) {
	e, c, err := s.configType(ctx, t, plugin, typ)
	if err != nil {
		return names{}, err
	}
	all, err := drafted(ctx, t, s.Documents).List(ctx, t, tenant.ConfigType{Plugin: plugin, Type: typ})
	if err != nil {
		return names{}, err
	}
	out := names{ids: map[string]bool{}, labels: map[string]string{}, arguments: map[string][]int{}}
	for _, d := range all {
		out.ids[d.ID] = true
		if only == nil {
			out.labels[strings.ToLower(c.label(d.Values))] = d.ID
		}
	}
	if only != nil {
		out.labels[strings.ToLower(only.label)] = only.id
	}
	for _, f := range e.manifest.Functions {
		for i, a := range f.Arguments {
			if a.Config == typ {
				name := strings.ToLower(f.Name)
				out.arguments[name] = append(out.arguments[name], i)
			}
		}
	}
	return out, nil
}

// in returns the ids of the documents that a query names, each with whether it does so by a label. A query that cannot be read names none:
// Jira does not take it either.
func (n names) in(query string) map[string]bool {
	t, err := jql.Parse(query)
	if err != nil {
		return nil
	}
	out := map[string]bool{}
	byID := func(text, separator string) {
		for part := range strings.SplitSeq(text, separator) {
			if n.ids[part] {
				if _, known := out[part]; !known { // of one that is named by its label too, that stays
					out[part] = false
				}
			}
		}
	}
	for _, v := range t.Variables() {
		byID(v, ".")
	}
	for _, v := range t.Values() {
		byID(v, ":")
	}
	for _, call := range t.Calls() {
		for _, at := range n.arguments[strings.ToLower(call.Name)] {
			if at >= len(call.Arguments) {
				continue
			}
			name := strings.TrimSpace(call.Arguments[at])
			byID(name, " ")
			if id := n.labels[strings.ToLower(name)]; id != "" && !n.ids[name] {
				out[id] = true
			}
		}
	}
	return out
}

// renamed says that a document cannot have another label, because queries name it by the one that it has.
func (s *Service) renamed(ctx context.Context, t capability.TenantID, plugin capability.PluginID, c configType, id string, before, after json.RawMessage) (schemaform.Errors, error) {
	old := c.label(before)
	if old == "" || strings.EqualFold(old, c.label(after)) {
		return nil, nil
	}
	uses, err := s.uses(ctx, t, plugin, c.Type, &named{old, id})
	if err != nil {
		return nil, err
	}
	var by []string
	for _, u := range uses[id] {
		if u.ByLabel {
			by = append(by, u.String())
		}
	}
	if len(by) == 0 {
		return nil, nil
	}
	return schemaform.Errors{{Path: c.Label, Message: fmt.Sprintf(
		"Queries name it “%s”, and would find nothing by another name: %s. Write %s there instead, which never changes, and then come back.", old, strings.Join(by, ", "), id)}}, nil
}
