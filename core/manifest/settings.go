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
	Config     string             `json:"-"`
	Contexts   string             `json:"-"`
}

// UnmarshalJSON decodes a setting. x-jira, x-config and x-contexts are read as text only where the schema has checked that it is one: elsewhere a
// name that starts with x- may hold anything.
func (s *setting) UnmarshalJSON(data []byte) error {
	type plain setting
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	var x struct {
		Jira     any `json:"x-jira"`
		Config   any `json:"x-config"`
		Contexts any `json:"x-contexts"`
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return err
	}
	s.Jira, s.Config, s.Contexts = hint(x.Jira), hint(x.Config), hint(x.Contexts)
	return nil
}

// hint is the text of a hint, "" for none, and "?" for what is no text.
func hint(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return "?"
}

// rows says whether the setting is a list of groups.
func (s setting) rows() bool { return s.Type == "array" && s.Items != nil && s.Items.Type == "object" }

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
			r.misplaced(*s.Items, at+".items")
		}
		if s.rows() {
			r.rows(s, at)
		}
		r.hints(s, at)
		r.contexts(s, at, g)
	}
}

// contexts checks a list that says in which issues something shows. It stands in the group g.
func (r *report) contexts(s setting, at string, g setting) {
	if s.Contexts == "" {
		return
	}
	lists := map[string]int{}
	if s.rows() {
		for _, inner := range s.Items.Properties {
			if inner.Type == "array" {
				lists[inner.Jira]++
			}
		}
	}
	switch {
	case len(lists) != 2 || lists["project"] != 1 || lists["issueType"] != 1 || len(s.Items.Properties) != 2 || len(s.Items.Required) > 0:
		r.add(at+".x-contexts", "belongs to a list of groups that hold a list of projects, a list of issue types and nothing else", "leave it out, or make the list so")
	case g.Properties[s.Contexts].Type != "boolean":
		r.add(at+".x-contexts", fmt.Sprintf("there is no switch %q beside the list", s.Contexts), "name the boolean setting that says whether it shows at all")
	}
}

// misplaced reports hints of a list that stand in its items.
func (r *report) misplaced(items setting, at string) {
	for name, v := range map[string]string{"x-jira": items.Jira, "x-config": items.Config} {
		if v != "" {
			r.add(at+"."+name, "stands at the wrong place", "move it out of items, beside it")
		}
	}
}

// rows checks a list of groups.
func (r *report) rows(s setting, at string) {
	if s.Default != nil {
		r.add(at+".default", "a list of groups starts empty", "put defaults on the settings of a row")
	}
	for name, v := range map[string]string{"x-jira": s.Jira, "x-config": s.Config} {
		if v != "" {
			r.add(at+"."+name, "a group is no id", "put it on a setting of the row")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Items.Properties)) {
		if s.Items.Properties[name].rows() {
			r.add(member(at+".items.properties", name), "a row cannot hold a list of groups", "make it a list of strings, or a list of its own beside this one")
		}
	}
	r.group(*s.Items, at+".items", "", map[string]setting{}) // a module's contexts cannot name what is in a row
}

// hints checks x-jira and x-config.
func (r *report) hints(s setting, at string) {
	enum := s.Enum != nil || s.Items != nil && s.Items.Enum != nil
	preset := s.Default != nil && string(s.Default) != "[]" && string(s.Default) != `""`
	text := s.Type == "string" || s.Type == "array"
	if s.Jira != "" {
		switch {
		case !text:
			r.add(at+".x-jira", "only a string or an array can hold an id of Jira", "leave it out, or change the type")
		case enum:
			r.add(at+".x-jira", "enum and x-jira exclude each other", "leave one of the two out")
		case s.Jira != "field" && preset:
			r.add(at+".default", "every Jira site has ids of its own", "leave the default out")
		}
	}
	if s.Config != "" {
		switch {
		case !text:
			r.add(at+".x-config", "only a string or an array can hold the id of a document", "leave it out, or change the type")
		case enum || s.Jira != "":
			r.add(at+".x-config", "enum, x-jira and x-config exclude each other", "leave one of the two out")
		case preset:
			r.add(at+".default", "every site has documents of its own", "leave the default out")
		case r.unknownConfig(s.Config):
			r.add(at+".x-config", fmt.Sprintf("the plugin has no document %q", s.Config), "declare it in configs, or name one that is there")
		}
	}
}

// unknownConfig says whether a reference names a type of the plugin's own that it does not declare. What other plugins declare is known when
// they are installed.
func (r *report) unknownConfig(ref string) bool {
	id, typ, _ := strings.Cut(ref, "/")
	_, known := r.own.Config(typ)
	return id == string(r.own.ID) && !known
}

// plain reports what the form of a connection cannot show.
func (r *report) plain(all map[string]setting, path string) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if s := all[name]; s.rows() || s.Config != "" || s.Jira == "user" {
			r.add(path, fmt.Sprintf("%q is a list of groups, a document or an account, and the form of a connection has none of these", name), "leave it out, or make it a text")
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
		if s.rows() {
			r.defaults(c, *s.Items, at+".items", here+"/items")
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
