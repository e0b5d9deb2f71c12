package blueprint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
)

// version is that of the format.
const version = 1

// file is a blueprint. A test holds the parts of a mapping against mapping.Config.
type file struct {
	Version          int               `yaml:"version"`
	Connections      []connection      `yaml:"connections,omitempty"`
	Synchronizations []synchronization `yaml:"synchronizations,omitempty"`
}

type connection struct {
	ID           text              `yaml:"id,omitempty"` // tells connections of one name apart
	Name         text              `yaml:"name"`
	Plugin       text              `yaml:"plugin"`
	Synchronizer text              `yaml:"synchronizer"`
	Settings     yaml.Node         `yaml:"settings,omitempty"`
	Secrets      map[string]origin `yaml:"secrets,omitempty"`
}

// origin is where whoever imports has a secret.
type origin struct {
	Env  text `yaml:"env,omitempty"`
	File text `yaml:"file,omitempty"`
}

type synchronization struct {
	ID         text      `yaml:"id,omitempty"`
	Name       text      `yaml:"name"`
	Connection text      `yaml:"connection"`
	Mapping    rules     `yaml:"mapping"`
	Schedule   *schedule `yaml:"schedule,omitempty"`
}

type rules struct {
	Stream  string       `yaml:"stream"`
	Key     []string     `yaml:"key,omitempty,flow"`
	Mode    mapping.Mode `yaml:"mode,omitempty"`
	Column  string       `yaml:"column,omitempty"`
	Project text         `yaml:"project"`
	Type    typeRule     `yaml:"type"`
	RunAs   string       `yaml:"runAs,omitempty"`
	Missing missing      `yaml:"missing,omitempty"`
	Brake   brake        `yaml:"brake,omitempty"`
	Fields  []field      `yaml:"fields"`
}

type typeRule struct {
	Default text            `yaml:"default,omitempty"`
	Column  string          `yaml:"column,omitempty"`
	Values  map[string]text `yaml:"values,omitempty"`
}

type missing struct {
	Policy mapping.Policy `yaml:"policy,omitempty"`
	Label  string         `yaml:"label,omitempty"`
	Status text           `yaml:"status,omitempty"`
}

type brake struct {
	Share float64 `yaml:"share,omitempty"`
	Count int     `yaml:"count,omitempty"`
	Ask   bool    `yaml:"ask,omitempty"`
}

type field struct {
	Field      text              `yaml:"field"`
	Column     string            `yaml:"column,omitempty"`
	Expr       string            `yaml:"expr,omitempty"`
	Values     map[string]text   `yaml:"values,omitempty"`
	Pass       bool              `yaml:"pass,omitempty"`
	Default    text              `yaml:"default,omitempty"`
	Direction  mapping.Direction `yaml:"direction,omitempty"`
	OnEmpty    mapping.OnEmpty   `yaml:"onEmpty,omitempty"`
	CreateOnly bool              `yaml:"createOnly,omitempty"`
	AddOptions bool              `yaml:"addOptions,omitempty"`
	Zone       string            `yaml:"zone,omitempty"`
	Sync       text              `yaml:"sync,omitempty"`
}

type schedule struct {
	Cron    string `yaml:"cron,omitempty"`
	Zone    string `yaml:"zone,omitempty"`
	Every   string `yaml:"every,omitempty"`
	Once    string `yaml:"once,omitempty"`
	Jitter  string `yaml:"jitter,omitempty"`
	Missed  string `yaml:"missed,omitempty"`
	Overlap string `yaml:"overlap,omitempty"`

	OnProjects bool `yaml:"onProjects,omitempty"`
	Paused     bool `yaml:"paused,omitempty"`
}

// text is a text that knows on which line it stands, 0 for none.
type text struct {
	value string
	line  int
}

func plain(value string) text { return text{value: value} }

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a single value belongs here", n.Line)}}
	}
	t.line = n.Line
	if n.ShortTag() != "!!null" {
		t.value = n.Value
	}
	return nil
}

// MarshalYAML implements yaml.Marshaler.
func (t text) MarshalYAML() (any, error) { return t.value, nil }

// IsZero implements yaml.IsZeroer.
func (t text) IsZero() bool { return t.value == "" }

// Problem is something in a file that cannot be understood.
type Problem struct {
	Line int // 0 where it is about the whole file
	What string
	Do   string
}

// At is the line in words, "" where it is about the whole file.
func (p Problem) At() string {
	if p.Line == 0 {
		return ""
	}
	return "line " + strconv.Itoa(p.Line)
}

// Error is all that is wrong with a file. It wraps an *sdk.Error with the code invalid.
type Error struct {
	Problems []Problem
	shown    sdk.Error
}

func (e *Error) Error() string { return e.shown.Message }

// Unwrap returns the *sdk.Error.
func (e *Error) Unwrap() error { return &e.shown }

func problemsError(problems []Problem) error {
	what := "the file has a problem, so nothing was done"
	if n := len(problems); n > 1 {
		what = fmt.Sprintf("the file has %d problems, so nothing was done", n)
	}
	return &Error{problems, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "file", Message: what}}
}

// parse reads a file; the error is an *Error.
func parse(raw []byte) (file, error) {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	err := d.Decode(&f)
	switch {
	case errors.Is(err, io.EOF):
		return f, problemsError([]Problem{{0, "the file is empty", "begin with what pergola admin sync export writes"}})
	case err != nil:
		return f, problemsError(misread(err))
	case f.Version > version:
		return f, problemsError([]Problem{{0, fmt.Sprintf("the file is of version %d, this program knows %d", f.Version, version), "import it with a newer version"}})
	case !errors.Is(d.Decode(&yaml.Node{}), io.EOF):
		return f, problemsError([]Problem{{0, "the file has several documents", "write one, without a line of three dashes in between"}})
	}
	return f, nil
}

var (
	atLine     = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
	unknownKey = regexp.MustCompile(`^field (.*) not found in type .*$`)
	wrongType  = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `.*`)? into .*$")
)

// misread puts the words of the YAML library into ours.
func misread(err error) []Problem {
	lines := []string{err.Error()}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		lines = typed.Errors
	}
	var out []Problem
	for _, line := range lines {
		p := Problem{What: strings.TrimPrefix(line, "yaml: "), Do: "correct the YAML"}
		if m := atLine.FindStringSubmatch(line); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
			p.What = strings.TrimPrefix(line, m[0])
		}
		if m := unknownKey.FindStringSubmatch(p.What); m != nil {
			p.What, p.Do = fmt.Sprintf("there is no key %.64q here", m[1]), "look how it is spelt, and whether it is indented as its neighbours"
		}
		if m := wrongType.FindStringSubmatch(p.What); m != nil {
			p.What, p.Do = fmt.Sprintf("a value of the type %s does not belong here", m[1]), "compare it with what pergola admin sync export writes"
		}
		out = append(out, p)
	}
	return out
}

// object makes JSON of a part of a file.
func object(n *yaml.Node) (json.RawMessage, error) {
	if n.IsZero() || n.ShortTag() == "!!null" {
		return json.RawMessage("{}"), nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, errors.New("this is no list of keys and values")
	}
	keepTexts(n)
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, errors.New(misread(err)[0].What)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, errors.New("a value in it has no form in JSON")
	}
	return raw, nil
}

// keepTexts has dates stay what somebody wrote: JSON knows none.
func keepTexts(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		keepTexts(c)
	}
}

// node makes a part of a file of JSON: none of an empty object.
func node(raw json.RawMessage) (n yaml.Node, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return n, fmt.Errorf("write settings as YAML: %w", err)
	}
	if o, ok := v.(map[string]any); ok && len(o) == 0 {
		return n, nil
	}
	if err := n.Encode(numbers(v)); err != nil {
		return n, fmt.Errorf("write settings as YAML: %w", err)
	}
	return n, nil
}

// numbers makes numbers of the texts as which JSON's were read.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// write writes a part of a file.
func write(v any) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write a blueprint: %w", err)
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("write a blueprint: %w", err)
	}
	return out.Bytes(), nil
}

// Origin is where whoever imports a file has a secret: in a variable of the environment or in a file.
type Origin struct {
	Connection, Name string
	Env, File        string // one of them is set
	Line             int
}

// Origins lists the secrets that a file names. The error is an *Error.
func Origins(raw []byte) ([]Origin, error) {
	f, err := parse(raw)
	if err != nil {
		return nil, err
	}
	var out []Origin
	var problems []Problem
	for _, c := range f.Connections {
		for name, o := range c.Secrets {
			if o.Env.IsZero() == o.File.IsZero() {
				problems = append(problems, Problem{max(c.Name.line, o.Env.line), fmt.Sprintf("nothing says where the secret %.64s of the connection %.100q is", name, c.Name.value), "write {env: VARIABLE} or {file: PATH}, or leave it out"})
				continue
			}
			out = append(out, Origin{c.Name.value, name, o.Env.value, o.File.value, max(o.Env.line, o.File.line)})
		}
	}
	if len(problems) > 0 {
		return nil, problemsError(problems)
	}
	return out, nil
}
