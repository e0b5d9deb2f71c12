package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const settingsURL = "https://pergola-platform.github.io/settings.json" // a name only, for the compiler

// setting is what the rules need of a setting's schema.
type setting struct {
	Type       string             `json:"type"`
	Default    json.RawMessage    `json:"default"`
	Enum       []string           `json:"enum"`
	Pattern    string             `json:"pattern"`
	MinLength  *json.Number       `json:"minLength"`
	MaxLength  *json.Number       `json:"maxLength"`
	Minimum    *json.Number       `json:"minimum"`
	Maximum    *json.Number       `json:"maximum"`
	MinItems   *json.Number       `json:"minItems"`
	MaxItems   *json.Number       `json:"maxItems"`
	Items      *setting           `json:"items"`
	Required   []string           `json:"required"`
	Properties map[string]setting `json:"properties"`
	Jira       string             `json:"-"`
}

// UnmarshalJSON decodes a setting. x-jira is read as text only where the schema has checked that it is one: elsewhere a
// name that starts with x- may hold anything.
func (s *setting) UnmarshalJSON(data []byte) error {
	type plain setting
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	var x struct {
		Jira any `json:"x-jira"`
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return err
	}
	switch jira := x.Jira.(type) {
	case nil:
	case string:
		s.Jira = jira
	default:
		s.Jira = "?"
	}
	return nil
}

// settings checks a schema of settings, which stands at path, and returns every setting by its path, outer.inner for one of a group.
func (r *report) settings(doc any, path string) map[string]setting {
	if doc == nil {
		return nil
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		r.add(path, "cannot be read", "correct it")
		return nil
	}
	var root setting
	if err := json.Unmarshal(raw, &root); err != nil {
		r.add(path, "cannot be read: "+err.Error(), "correct it")
		return nil
	}
	before := len(r.problems)
	all := map[string]setting{}
	r.group(root, path, "", all)
	if len(r.problems) == before {
		c, err := compiler(settingsURL, doc)
		if err != nil {
			r.add(path, "is no valid schema: "+err.Error(), "correct it")
			return all
		}
		r.defaults(c, root, path, settingsURL+"#")
	}
	return all
}

func (r *report) group(g setting, path, prefix string, all map[string]setting) {
	for i, name := range g.Required {
		if _, ok := g.Properties[name]; !ok {
			r.add(fmt.Sprintf("%s.required[%d]", path, i), fmt.Sprintf("there is no setting %q", name), "declare it in properties, or leave it out here")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.Properties)) {
		s, at := g.Properties[name], member(path+".properties", name)
		all[prefix+name] = s
		if s.Type == "object" {
			r.group(s, at, prefix+name+".", all)
		}
		r.setting(s, at)
		if s.Items != nil {
			r.setting(*s.Items, at+".items")
			if s.Items.Jira != "" {
				r.add(at+".items.x-jira", "stands at the wrong place", "move it out of items, beside it")
			}
		}
		if s.Jira == "" {
			continue
		}
		switch {
		case s.Type != "string" && s.Type != "array":
			r.add(at+".x-jira", "only a string or an array can hold an id of Jira", "leave it out, or change the type")
		case s.Enum != nil || s.Items != nil && s.Items.Enum != nil:
			r.add(at+".x-jira", "enum and x-jira exclude each other", "leave one of the two out")
		case s.Jira != "field" && s.Default != nil && string(s.Default) != "[]" && string(s.Default) != `""`:
			r.add(at+".default", "every Jira site has ids of its own", "leave the default out")
		}
	}
}

// setting checks one schema for itself.
func (r *report) setting(s setting, path string) {
	if s.Pattern != "" {
		if _, err := regexp.Compile(s.Pattern); err != nil {
			r.add(path+".pattern", "is no regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "write one by https://github.com/google/re2/wiki/Syntax")
		}
	}
	for _, b := range []struct {
		low, high         *json.Number
		lowName, highName string
	}{
		{s.MinLength, s.MaxLength, "minLength", "maxLength"},
		{s.Minimum, s.Maximum, "minimum", "maximum"},
		{s.MinItems, s.MaxItems, "minItems", "maxItems"},
	} {
		if b.low == nil || b.high == nil {
			continue
		}
		low, errLow := b.low.Float64()
		high, errHigh := b.high.Float64()
		if errLow != nil || errHigh != nil || low > high {
			r.add(path+"."+b.highName, fmt.Sprintf("%s is less than %s, which is %s", *b.high, b.lowName, *b.low), "write "+b.low.String()+" or more")
		}
	}
}

// defaults checks that every default passes the rules of its own setting.
func (r *report) defaults(c *jsonschema.Compiler, g setting, path, location string) {
	for _, name := range slices.Sorted(maps.Keys(g.Properties)) {
		s, at := g.Properties[name], member(path+".properties", name)
		here := location + "/properties/" + name
		if s.Type == "object" {
			r.defaults(c, s, at, here)
			continue
		}
		schema, err := c.Compile(here)
		if err != nil {
			r.add(at, "is no valid schema: "+err.Error(), "correct it")
			continue
		}
		if s.Default == nil {
			continue
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.Default))
		if err != nil {
			r.add(at+".default", "cannot be read", "correct it")
			continue
		}
		var invalid *jsonschema.ValidationError
		if errors.As(schema.Validate(value), &invalid) {
			r.wrongDefault(at+".default", invalid)
		}
	}
}

// wrongDefault reports the errors of a default, whose locations start at the default.
func (r *report) wrongDefault(path string, e *jsonschema.ValidationError) {
	inner := &report{file: r.file, at: map[string]int{}}
	for at, offset := range r.at {
		if rest, ok := strings.CutPrefix(at, path); ok {
			inner.at["$"+rest] = offset
		}
	}
	inner.explain(e)
	for _, p := range inner.problems {
		r.add(path+p.Path[1:], "the default breaks the setting's own rules: "+p.Wrong, p.Write)
	}
}
