package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Problem is something that is wrong with a configuration.
type Problem struct {
	At   string // the place, such as fields[2].column
	What string
	Do   string
}

func (p Problem) String() string { return p.At + ": " + p.What + "; " + p.Do }

// Problems are all that is wrong with a configuration, as an error.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// Site is what Jira says of the target: the fields of new issues by issue type.
type Site map[string][]jira.Meta

// Mapping is a configuration that was checked. It is safe for concurrent use. Make it with Compile.
type Mapping struct {
	Config  Config
	columns []string
	place   map[string]int
	types   []sync.Type // by column
	key     []int
	fields  []field
	site    map[string]map[string]jira.Meta // by issue type and field
	column  int                             // of Config.Column, -1 for none
	kind    int                             // of Config.Type.Column, -1 for none
}

// field is a Field with what was made of it.
type field struct {
	Field
	id     string
	expr   *expr
	column int // -1 for none
	zone   *time.Location
}

var (
	idForm    = regexp.MustCompile(`^[0-9]{1,20}$`)
	fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,254}$`)
	labelForm = regexp.MustCompile(`^\S{1,255}$`)
)

const maxFields = 500

// compiler gathers problems.
type compiler struct {
	stream   sync.Stream
	site     Site
	out      *Mapping
	problems Problems
}

func (c *compiler) bad(at, what, do string) { c.problems = append(c.problems, Problem{at, what, do}) }

// Compile checks a configuration against the columns of its stream and the fields of its issue types. The error is
// Problems: all of them.
func Compile(config Config, stream sync.Stream, site Site) (*Mapping, error) {
	c := &compiler{stream: stream, site: site, out: &Mapping{Config: config.WithDefaults(), place: map[string]int{}, column: -1, kind: -1}}
	c.out.site = map[string]map[string]jira.Meta{}
	for typ, metas := range site {
		fields := map[string]jira.Meta{}
		for _, m := range metas {
			fields[m.ID] = m
		}
		c.out.site[typ] = fields
	}
	c.identity()
	c.target()
	c.policies()
	c.fields()
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return c.out, nil
}

// use returns the place of a column in what is read, -1 where the stream has none of that name.
func (c *compiler) use(at, name string) int {
	if i, ok := c.out.place[name]; ok {
		return i
	}
	column, ok := c.stream.Column(name)
	if !ok {
		c.bad(at, fmt.Sprintf("the stream has no column %.64q", name), "look at its columns again and choose one")
		return -1
	}
	i := len(c.out.columns)
	c.out.columns, c.out.types = append(c.out.columns, name), append(c.out.types, column.Type)
	c.out.place[name] = i
	return i
}

func (c *compiler) identity() {
	config := &c.out.Config
	if config.Stream != c.stream.Name {
		c.bad("stream", fmt.Sprintf("it is %.64q, and the columns are of %.64q", config.Stream, c.stream.Name), "look at the stream's columns again")
	}
	key := config.Key
	if len(key) == 0 {
		key = c.stream.Key
	}
	if len(key) == 0 {
		c.bad("key", "nothing tells the rows apart", "name the columns whose values are unique and stay")
	}
	for i, name := range key {
		at := fmt.Sprintf("key[%d]", i)
		place := c.use(at, name)
		if place < 0 {
			continue
		}
		if t := c.out.types[place]; t == sync.ListType || t == sync.BytesType {
			c.bad(at, fmt.Sprintf("a column of type %s cannot be a key", t), "choose a text, a number or a date")
		}
		if slices.Contains(c.out.key, place) {
			c.bad(at, "the column is named twice", "name it once")
		}
		c.out.key = append(c.out.key, place)
	}
	c.mode()
}

func (c *compiler) mode() {
	config := c.out.Config
	switch config.Mode {
	case Hash, Full:
		return
	case Marker, Timestamp:
	default:
		c.bad("mode", fmt.Sprintf("there is no mode %.32q", config.Mode), "choose hash, full, marker or timestamp")
		return
	}
	if config.Column == "" {
		c.bad("column", "the mode needs a column", "name the column that changes whenever its row does")
		return
	}
	if c.out.column = c.use("column", config.Column); c.out.column < 0 || config.Mode == Marker {
		return
	}
	switch t := c.out.types[c.out.column]; t {
	case sync.TimeType, sync.DateType, sync.IntegerType:
	default:
		c.bad("column", fmt.Sprintf("a column of type %s is no cursor", t), "choose a time, a date or a whole number, or the mode marker")
	}
	if column, _ := c.stream.Column(config.Column); !column.Filterable {
		c.bad("column", "the source cannot read the rows after a value of this column", "choose another column, or the mode marker")
	}
}

func (c *compiler) target() {
	config := c.out.Config
	if !idForm.MatchString(config.Project) {
		c.bad("project", "this is no project's id", "choose a project; its id is a number")
	}
	t := config.Type
	if t.Default == "" && t.Column == "" {
		c.bad("type", "no issue type is chosen", "choose one as default, or a column that tells it")
	}
	if t.Column != "" {
		c.out.kind = c.use("type.column", t.Column)
		if len(t.Values) == 0 {
			c.bad("type.values", "nothing says which issue type a value of the column means", "write the id of an issue type for each value")
		}
	}
	for value, id := range t.Values {
		if _, ok := c.site[id]; !ok {
			c.bad("type.values", fmt.Sprintf("the project has no issue type %.32q, to which %.32q leads", id, value), "choose an issue type of the project, by its id")
		}
	}
	if _, ok := c.site[t.Default]; t.Default != "" && !ok {
		c.bad("type.default", fmt.Sprintf("the project has no issue type %.32q", t.Default), "choose an issue type of the project, by its id")
	}
}

func (c *compiler) policies() {
	m, b := c.out.Config.Missing, c.out.Config.Brake
	switch m.Policy {
	case Ignore, Archive:
	case Label:
		if !labelForm.MatchString(m.Label) {
			c.bad("missing.label", "the policy needs a label without spaces", "write one, such as no-longer-there")
		}
	case Transition:
		if !idForm.MatchString(m.Status) {
			c.bad("missing.status", "the policy needs a status", "choose one by its id")
		}
	default:
		c.bad("missing.policy", fmt.Sprintf("there is no policy %.32q", m.Policy), "choose ignore, label, transition or archive")
	}
	if m.Policy != Ignore && c.out.Config.Mode == Timestamp {
		c.bad("missing.policy", "the mode timestamp does not see which rows are gone", "choose ignore, or another mode")
	}
	if b.Share < 0 || b.Share > 1 {
		c.bad("brake.share", "the share is out of range", "write a number from 0 to 1, such as 0.2")
	}
	if b.Count < 0 {
		c.bad("brake.count", "the count is negative", "write how many issues may change, or 0 for any number")
	}
}

func (c *compiler) fields() {
	config := c.out.Config
	if len(config.Fields) > maxFields {
		c.bad("fields", fmt.Sprintf("there are %d fields, at most %d are allowed", len(config.Fields), maxFields), "remove some")
		return
	}
	seen := map[string]bool{}
	for i, f := range config.Fields {
		at := fmt.Sprintf("fields[%d]", i)
		if seen[f.Field] {
			c.bad(at+".field", fmt.Sprintf("the field %.64s is mapped twice", f.Field), "remove one of the two")
		}
		seen[f.Field] = true
		c.field(at, f)
	}
	if !seen["summary"] {
		c.bad("fields", "nothing is mapped to summary, which every issue needs", "map a column to summary")
	}
	for typ, metas := range c.site {
		if !c.mayBe(typ) {
			continue
		}
		for _, m := range metas {
			if m.Required && !m.Default && !seen[m.ID] && !slices.Contains([]string{"project", "issuetype", "reporter"}, m.ID) {
				c.bad("fields", fmt.Sprintf("Jira requires the field %s for the issue type %s, and nothing is mapped to it", m.ID, typ), "map a column or a default to it, or make it optional in Jira")
			}
		}
	}
}

// mayBe says whether a row can become an issue of the type.
func (c *compiler) mayBe(typ string) bool {
	t := c.out.Config.Type
	if typ == t.Default {
		return true
	}
	for _, id := range t.Values {
		if id == typ {
			return true
		}
	}
	return false
}

func (c *compiler) field(at string, f Field) {
	made := field{Field: f, id: f.Field, column: -1, zone: time.UTC}
	if !fieldForm.MatchString(f.Field) {
		c.bad(at+".field", "this is no field's id", "choose a field, such as summary or customfield_10001")
		return
	}
	if f.Column != "" {
		made.column = c.use(at+".column", f.Column)
	}
	if f.Column == "" && f.Expr == "" && f.Default == "" {
		c.bad(at, "the field has no value", "name a column, an expression or a default")
	}
	var err error
	if f.Expr != "" {
		if made.expr, err = compileExpr(f.Expr); err != nil {
			c.bad(at+".expr", err.Error(), "correct the expression")
		}
		// An expression may name any column.
		for _, column := range c.stream.Columns {
			c.use(at+".expr", column.Name)
		}
	}
	if f.Zone != "" {
		if made.zone, err = time.LoadLocation(f.Zone); err != nil || f.Zone == "Local" {
			c.bad(at+".zone", fmt.Sprintf("there is no time zone %.64q", f.Zone), "write one such as Europe/Berlin")
		}
	}
	c.directions(at, f)
	c.takes(at, f)
	c.out.fields = append(c.out.fields, made)
}

func (c *compiler) directions(at string, f Field) {
	switch f.Direction {
	case In:
	case Out, Both:
		if column, _ := c.stream.Column(f.Column); !column.Writable {
			c.bad(at+".direction", "the source cannot write to this column", "choose the direction in, or another column")
		}
		if column, _ := c.stream.Column(f.Column); column.Type == sync.ListType || column.Type == sync.BytesType {
			c.bad(at+".direction", "nothing flows back to a column of this type", "choose the direction in, or another column")
		}
		if f.Sync != "" {
			c.bad(at+".direction", "the issue of another row does not flow back", "choose the direction in")
		}
		if f.Direction == Both && f.Expr != "" {
			c.bad(at+".direction", "an expression leads one way only", "choose the direction in, or remove the expression")
		}
	default:
		c.bad(at+".direction", fmt.Sprintf("there is no direction %.32q", f.Direction), "choose in, out or both")
	}
	if f.OnEmpty != Keep && f.OnEmpty != Clear {
		c.bad(at+".onEmpty", fmt.Sprintf("there is no rule %.32q", f.OnEmpty), "choose keep or clear")
	}
	if f.Field == "summary" && f.OnEmpty == Clear {
		c.bad(at+".onEmpty", "a summary cannot be empty", "choose keep, or write a default")
	}
}

// takes looks whether the field can be written in one of the issue types at least, and what it is.
func (c *compiler) takes(at string, f Field) {
	if f.Field == "status" {
		if f.Sync != "" {
			c.bad(at+".sync", "a status is no issue", "remove it")
		}
		return
	}
	found, known := false, Kind("")
	for typ, fields := range c.out.site {
		m, ok := fields[f.Field]
		if !c.mayBe(typ) || !ok {
			continue
		}
		found, known = true, KindOf(m)
		if known == "" {
			c.bad(at+".field", fmt.Sprintf("a field of the type %.32q cannot be synchronized", m.Schema.Type), "choose another field")
			return
		}
	}
	switch {
	case !found:
		c.bad(at+".field", fmt.Sprintf("issues of these types do not have the field %.64s, or it is not on their screen", f.Field), "add it to the screen in Jira, or choose another field")
	case f.AddOptions && known != Option && known != Options:
		c.bad(at+".addOptions", "only select fields take new options", "remove it")
	case f.Sync != "" && known != Parent && known != Text:
		c.bad(at+".sync", "only parent and text fields hold the issue of another row", "remove it, or choose another field")
	}
}

// Columns are the columns to read, in the order in which Record takes a row.
func (m *Mapping) Columns() []string { return slices.Clone(m.columns) }

// KeyColumns are the columns that tell rows apart; the first of Columns.
func (m *Mapping) KeyColumns() []string {
	out := make([]string, len(m.key))
	for i, place := range m.key {
		out[i] = m.columns[place]
	}
	return out
}

// Incoming are the ids of the fields that are written in Jira, without status.
func (m *Mapping) Incoming() []string {
	var out []string
	for _, f := range m.fields {
		if f.Direction != Out && f.id != "status" {
			out = append(out, f.id)
		}
	}
	return out
}

// Managed says whether rows alone decide what a field holds: its values do not flow back.
func (m *Mapping) Managed(id string) bool {
	return slices.ContainsFunc(m.fields, func(f field) bool { return f.id == id && f.Direction == In })
}

// HasStatus says whether rows tell the status of their issues.
func (m *Mapping) HasStatus() bool {
	return slices.ContainsFunc(m.fields, func(f field) bool { return f.id == "status" && f.Direction != Out })
}

// HasLinks says whether fields hold the issues of other rows, which takes a second pass.
func (m *Mapping) HasLinks() bool {
	return slices.ContainsFunc(m.fields, func(f field) bool { return f.Sync != "" })
}

// Types are the ids of the issue types that rows can have.
func (c Config) Types() []string {
	var out []string
	if c.Type.Default != "" {
		out = append(out, c.Type.Default)
	}
	for _, id := range c.Type.Values {
		out = append(out, id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
