package schemaform

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Bounds of a schema. They are far above what a form that people can read needs.
const (
	maxSchema   = 64 << 10 // bytes
	maxFields   = 100      // properties of one object
	maxOptions  = 200      // values of one enum
	maxWords    = 2000     // characters of a title, description or pattern
	maxDefaults = 200      // entries of a default list
	maxGroups   = 2        // levels of properties below the root, those of rows aside
)

const draft = "https://json-schema.org/draft/2020-12/schema"

var propertyName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// Keywords by type; those of every type come first.
var keywords = map[string][]string{
	"":        {"type", "title", "description", "default", "examples", "enum"},
	"string":  {"minLength", "maxLength", "pattern", "format"},
	"integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
	"number":  {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
	"boolean": {},
	"array":   {"items", "minItems", "maxItems", "uniqueItems"},
	"object":  {"properties", "required", "additionalProperties", "$schema"},
}

var reference = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+/[a-z][a-z0-9_]*$`)

var formats = []string{"email", "uri", "date"}

// Compile reads the settings schema of a manifest. The error names the property and says what is wrong with it; it is for
// the plugin's author.
func Compile(schema json.RawMessage) (*Form, error) {
	if len(schema) > maxSchema {
		return nil, fmt.Errorf("settings schema has %d bytes, more than %d", len(schema), maxSchema)
	}
	doc, err := parse(schema)
	if err != nil {
		return nil, fmt.Errorf("settings schema: %w", err)
	}
	root, ok := doc.(*object)
	if !ok {
		return nil, errors.New("settings schema: is not an object")
	}
	if s, ok := root.values["$schema"]; ok && s != draft {
		return nil, fmt.Errorf("settings schema: $schema is not %q", draft)
	}
	c := compiler{form: &Form{leaves: map[string]*node{}}}
	if c.form.root, err = c.property("", "", root, 0); err != nil {
		return nil, fmt.Errorf("settings schema: %w", err)
	}
	if c.form.root.typ != "object" {
		return nil, fmt.Errorf("settings schema: type is %q, not object", c.form.root.typ)
	}
	if err := c.checkContexts(c.form.root.children); err != nil {
		return nil, fmt.Errorf("settings schema: %w", err)
	}
	c.form.Fields = fields(c.form.root.children)
	c.list(c.form.root.children)

	if c.form.schema, err = validator(plain(root)); err != nil {
		return nil, fmt.Errorf("settings schema: %w", err)
	}
	if err := c.checkDefaults(); err != nil {
		return nil, fmt.Errorf("settings schema: %w", err)
	}
	return c.form, nil
}

type compiler struct{ form *Form }

func (c *compiler) list(nodes []*node) {
	for _, n := range nodes {
		if n.typ == "object" {
			c.list(n.children)
			continue
		}
		c.form.leaves[n.field.Path] = n
		c.form.order = append(c.form.order, n.field.Path)
	}
}

// checkDefaults refuses a schema whose own defaults it would refuse, because the first page that an admin sees shows them.
func (c *compiler) checkDefaults() error {
	v := c.form.Defaults(nil)
	for _, e := range c.form.Validate(v) {
		n := c.form.leaves[e.Path]
		if n == nil || n.def == nil {
			continue // a required setting without a default is for the admin to fill in
		}
		return fmt.Errorf("default of %s: %s", e.Path, e.Message)
	}
	return nil
}

func (c *compiler) property(path, name string, o *object, depth int) (*node, error) {
	where := path
	if where == "" {
		where = "the root"
	}
	fail := func(format string, args ...any) (*node, error) {
		return nil, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...))
	}
	typ, ok := o.values["type"].(string)
	if _, known := keywords[typ]; !ok || typ == "" || !known {
		return fail("type must be one of string, integer, number, boolean, array, object")
	}
	for _, k := range o.keys {
		if !strings.HasPrefix(k, "x-") && !slices.Contains(keywords[""], k) && !slices.Contains(keywords[typ], k) {
			return fail("keyword %q of a setting of type %s is not supported", k, typ)
		}
	}
	n := &node{name: name, typ: typ, def: o.values["default"]}
	n.field = Field{Path: path, Label: label(name)}
	for k, to := range map[string]*string{"title": &n.field.Label, "description": &n.field.Help, "x-unit": &n.field.Unit} {
		v, ok := o.values[k]
		if !ok {
			continue
		}
		s, ok := v.(string)
		if !ok || utf8.RuneCountInString(s) > maxWords {
			return fail("%s must be a text of at most %d characters", k, maxWords)
		}
		if s != "" {
			*to = s
		}
	}
	if v, ok := o.values["x-order"]; ok {
		num, ok := v.(json.Number)
		if !ok {
			return fail("x-order must be a number")
		}
		n.order, _ = num.Float64()
		n.ordered = true
	}
	if ex, ok := o.values["examples"].([]any); ok && len(ex) > 0 {
		n.field.Example = text(ex[0])
	}

	if v, ok := o.values["x-contexts"]; ok {
		if n.shown, ok = v.(string); !ok || n.shown == "" || typ != "array" {
			return fail("x-contexts is the name of a switch, and stands on a list of groups")
		}
	}

	var err error
	switch typ {
	case "string":
		err = n.compileString(o)
	case "integer", "number":
		err = n.compileNumber(o)
	case "boolean":
		n.field.Kind = Switch
	case "array":
		err = c.compileArray(n, o, depth)
	case "object":
		if depth >= maxGroups {
			return fail("objects nest one level deep at most")
		}
		n.field.Kind = Group
		if n.def != nil {
			return fail("put the default on the settings of the group, not on the group")
		}
		err = c.compileObject(n, path, o, depth)
		if err != nil {
			return nil, err // names the inner property already
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return n, nil
}

func (c *compiler) compileObject(n *node, path string, o *object, depth int) error {
	props, _ := o.values["properties"].(*object)
	if props == nil {
		props = &object{}
	}
	if len(props.keys) > maxFields {
		return fmt.Errorf("%d properties are more than %d", len(props.keys), maxFields)
	}
	if v, ok := o.values["additionalProperties"]; ok && v != false {
		return errors.New("additionalProperties can only be false")
	}
	for i, name := range props.keys {
		if !propertyName.MatchString(name) {
			return fmt.Errorf("property name %q is not made of letters, digits, - and _, starting with a letter", name)
		}
		sub, ok := props.values[name].(*object)
		if !ok {
			return fmt.Errorf("property %q is not an object", name)
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		child, err := c.property(at, name, sub, depth+1)
		if err != nil {
			return err
		}
		child.index = i
		n.children = append(n.children, child)
	}
	required, ok := o.values["required"].([]any)
	if _, set := o.values["required"]; set && !ok {
		return errors.New("required is not a list")
	}
	for _, r := range required {
		name, _ := r.(string)
		i := slices.IndexFunc(n.children, func(n *node) bool { return n.name == name })
		if i < 0 {
			return fmt.Errorf("required names %q, which is no property", name)
		}
		n.children[i].required = true
		if n.children[i].typ != "boolean" { // a switch has a value in either position
			n.children[i].field.Required = true
		}
	}
	arrange(n.children)
	return nil
}

func (n *node) compileString(o *object) error {
	n.field.MaxLength = int(float(o, "maxLength"))
	kind := Text
	if n.field.MaxLength > 160 || o.values["x-widget"] == "textarea" {
		kind = TextArea
	}
	if v, ok := o.values["format"]; ok {
		n.field.Format, _ = v.(string)
		if !slices.Contains(formats, n.field.Format) {
			return fmt.Errorf("format %v is not one of %s", v, strings.Join(formats, ", "))
		}
	}
	if p, ok := o.values["pattern"].(string); ok {
		if len(p) > maxWords {
			return errors.New("pattern is too long")
		}
		if _, err := regexp.Compile(p); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
	}
	n.field.Kind = Select
	if hinted, err := n.source(o); hinted || err != nil {
		return err
	}
	n.field.Kind = kind
	if hint, ok := o.values["x-jql"]; ok {
		if _, listed := o.values["enum"]; hint != true || listed {
			return errors.New("x-jql can only be true, and stands for a text without enum")
		}
		n.query = true
	}
	return n.choice(o)
}

func (n *node) compileNumber(o *object) error {
	n.field.Kind = Number
	n.field.Min, n.field.Max, n.field.Step = text(o.values["minimum"]), text(o.values["maximum"]), text(o.values["multipleOf"])
	if n.field.Step == "" {
		n.field.Step = "any"
		if n.typ == "integer" {
			n.field.Step = "1"
		}
	}
	return n.choice(o)
}

// choice turns a setting with an enum into a select or, where there are few values, radio buttons.
func (n *node) choice(o *object) error {
	if _, ok := o.values["enum"]; !ok {
		return nil
	}
	if err := n.options(o); err != nil {
		return err
	}
	n.field.Kind = Select
	few := len(n.field.Options) <= 3 && n.def != nil // without a default there must be a way to choose nothing
	if w := o.values["x-widget"]; w == "radio" || few && w != "select" {
		n.field.Kind = Radio
	}
	return nil
}

func (n *node) options(o *object) error {
	values, ok := o.values["enum"].([]any)
	if !ok || len(values) == 0 || len(values) > maxOptions {
		return fmt.Errorf("enum must list 1 to %d values", maxOptions)
	}
	labels, _ := o.values["x-labels"].(*object)
	for _, v := range values {
		switch v.(type) {
		case string, json.Number:
		default:
			return errors.New("enum can only list texts and numbers")
		}
		opt := Option{Value: text(v), Label: cmp.Or(text(v), "None")}
		if labels != nil {
			if l, ok := labels.values[opt.Value].(string); ok && l != "" {
				opt.Label = l
			}
		}
		n.field.Options = append(n.field.Options, opt)
	}
	return nil
}

func (c *compiler) compileArray(n *node, o *object, depth int) error {
	items, ok := o.values["items"].(*object)
	n.field.Required = float(o, "minItems") > 0
	if ok && items.values["type"] == "object" {
		return c.compileRows(n, items, o, depth)
	}
	if !ok || items.values["type"] != "string" {
		return errors.New(`items must be {"type": "string", …} or {"type": "object", …}`)
	}
	for _, k := range items.keys {
		if !strings.HasPrefix(k, "x-") && !slices.Contains(keywords[""], k) && !slices.Contains(keywords["string"], k) {
			return fmt.Errorf("keyword %q of items is not supported", k)
		}
	}
	if d, ok := n.def.([]any); n.def != nil && (!ok || len(d) > maxDefaults) {
		return fmt.Errorf("default must be a list of at most %d entries", maxDefaults)
	}
	n.unique = o.values["uniqueItems"] == true
	n.field.MaxItems = int(float(o, "maxItems"))
	n.field.Kind = Picker
	for _, from := range []*object{o, items} {
		if hinted, err := n.source(from); hinted || err != nil {
			return err
		}
	}
	n.field.Kind = Lines
	if _, ok := items.values["enum"]; ok {
		n.field.Kind = Checks
		if items.values["x-labels"] == nil {
			items.values["x-labels"] = o.values["x-labels"]
		}
		return n.options(items)
	}
	return nil
}

// source reads x-jira and x-config. It says whether one of them is there.
func (n *node) source(o *object) (bool, error) {
	hint, jira := o.values["x-jira"]
	if jira {
		s, ok := hint.(string)
		if !ok || !slices.Contains(sources, Source(s)) {
			return false, fmt.Errorf("x-jira %v is not one of %s", hint, strings.Trim(fmt.Sprint(sources), "[]"))
		}
		n.field.From = Source(s)
		n.field.Ordered = n.field.From == JiraFields
		if n.field.From == Users {
			n.field.Many, n.field.Kind = n.field.Kind == Picker, People
		}
	}
	ref, config := o.values["x-config"]
	if config {
		s, ok := ref.(string)
		if !ok || !reference.MatchString(s) || jira {
			return false, fmt.Errorf("x-config %v is not the id of a plugin, a slash and a type of its documents", ref)
		}
		n.field.From, n.field.Ordered = Source(s), true
		if d, ok := n.def.(string); n.def != nil && (!ok || d != "") {
			return false, errors.New("every site has documents of its own, so x-config can have no default")
		}
	}
	return jira || config, nil
}

// validator compiles the schema for santhosh-tekuri/jsonschema with a loader that loads nothing. No keyword of the subset
// refers to another document; the loader is the second lock on that door.
func validator(doc any) (*jsonschema.Schema, error) {
	const name = "settings:schema"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.RegisterFormat(&jsonschema.Format{Name: "uri", Validate: webAddress})
	c.UseLoader(noLoader{})
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	return c.Compile(name)
}

// webAddress is what "uri" means in a setting: RFC 3986 would let javascript: and file: through.
func webAddress(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return errors.New("not a web address")
	}
	return nil
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) { return nil, fmt.Errorf("refuse to load %s", url) }

// label makes words of a property name: "sheetColumns" and "sheet_columns" become "Sheet columns".
func label(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '_' || r == '-':
			r = ' '
		case unicode.IsUpper(r) && i > 0:
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		case i == 0:
			r = unicode.ToUpper(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// text writes a scalar as a form carries it; everything else is "".
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func float(o *object, key string) float64 {
	n, _ := o.values[key].(json.Number)
	f, _ := n.Float64()
	return f
}
