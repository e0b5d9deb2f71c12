package mapping

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Config is the configuration of a synchronization. As JSON, and as YAML of the same shape, it is what admins export and
// import.
type Config struct {
	Stream string   `json:"stream"`        // of the source
	Key    []string `json:"key,omitempty"` // columns that tell rows apart; empty means those of the stream
	Mode   Mode     `json:"mode,omitempty"`
	// Column is the column of the modes marker and timestamp.
	Column string `json:"column,omitempty"`
	// Project is the id of the project in which issues are made.
	Project string   `json:"project"`
	Type    TypeRule `json:"type"`
	// RunAs is the account in whose name issues are written, where the site allows that to the app; its permissions are checked
	// in any case. Empty means the app's own.
	RunAs   string  `json:"runAs,omitempty"`
	Missing Missing `json:"missing,omitzero"`
	Brake   Brake   `json:"brake,omitzero"`
	Fields  []Field `json:"fields"`
}

// Mode says when a row counts as changed.
type Mode string

// The modes.
const (
	// Hash compares what a row would write with the digests of what it last wrote. It is the default.
	Hash Mode = "hash"
	// Full compares with what the issue holds now, so that what people changed in Jira is set back.
	Full Mode = "full"
	// Marker skips a row whose column holds the text that it held when it was last written as a whole.
	Marker Mode = "marker"
	// Timestamp reads only rows whose column, a time, a date or a number, is not less than the greatest of the run before.
	Timestamp Mode = "timestamp"
)

// TypeRule says of which issue type a row's issue is. Types are ids.
type TypeRule struct {
	Default string            `json:"default,omitempty"`
	Column  string            `json:"column,omitempty"`
	Values  map[string]string `json:"values,omitempty"` // from the column's text
}

// Missing says what happens to an issue whose row is gone. Nothing is ever deleted.
type Missing struct {
	Policy Policy `json:"policy,omitempty"`
	Label  string `json:"label,omitempty"`  // that the policy label adds
	Status string `json:"status,omitempty"` // id of the status to which the policy transition leads
}

// Policy is what happens to an issue whose row is gone.
type Policy string

// The policies. Ignore is the default.
const (
	Ignore     Policy = "ignore"
	Label      Policy = "label"
	Transition Policy = "transition"
	Archive    Policy = "archive"
)

// Brake stops a run before it writes, where it would do more than an admin expects. Zero values stop nothing; but where a source has
// no row at all, nothing is done to issues whose row is gone, whatever stands here.
type Brake struct {
	// Share is the part, from 0 to 1, of the issues there are that may change or lose their row.
	Share float64 `json:"share,omitempty"`
	// Count is how many issues may be made, changed or lose their row.
	Count int `json:"count,omitempty"`
	// Ask stops every run that would make or change an issue, until an admin approves.
	Ask bool `json:"ask,omitempty"`
}

// Field says where a field's value comes from.
type Field struct {
	Field  string `json:"field"`            // id of the field; "status" leads to a status by transitions
	Column string `json:"column,omitempty"` // its value is the field's
	// Expr is an expression in CEL that makes the value: of row, the columns by name, and of value, the column above.
	Expr string `json:"expr,omitempty"`
	// Values replaces a value, as text, by another: such as the id of an option or status.
	Values map[string]string `json:"values,omitempty"`
	// Pass lets a value through that Values does not have; else it is an error of the row.
	Pass       bool      `json:"pass,omitempty"`
	Default    string    `json:"default,omitempty"` // where the value is empty
	Direction  Direction `json:"direction,omitempty"`
	OnEmpty    OnEmpty   `json:"onEmpty,omitempty"`
	CreateOnly bool      `json:"createOnly,omitempty"` // set when the issue is made and left alone afterwards
	// AddOptions adds choices that a select field does not have, in the context that it has; else they are errors.
	AddOptions bool `json:"addOptions,omitempty"`
	// Zone is the time zone of dates that become moments, such as Europe/Berlin; empty means UTC.
	Zone string `json:"zone,omitempty"`
	// Sync is the id of the synchronization whose rows the value names by their key: the field, or parent, then holds that row's
	// issue, once it is there. "self" means this one.
	Sync string `json:"sync,omitempty"`
}

// Direction is which way a value flows.
type Direction string

// The directions. In, from the source to Jira, is the default.
const (
	In   Direction = "in"
	Out  Direction = "out"
	Both Direction = "both"
)

// OnEmpty is what an empty value does to a field that has one.
type OnEmpty string

// What it does. Keep is the default.
const (
	Keep  OnEmpty = "keep"
	Clear OnEmpty = "clear"
)

const maxConfig = 256 << 10

// Parse reads a configuration and fills in defaults. A name that it does not know is an error.
func Parse(raw []byte) (Config, error) {
	var c Config
	if len(raw) > maxConfig {
		return c, fmt.Errorf("parse a mapping: it is %d bytes long, at most %d are allowed", len(raw), maxConfig)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("parse a mapping: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Config{}, fmt.Errorf("parse a mapping: something follows behind the object")
	}
	return c.WithDefaults(), nil
}

// Print writes a configuration so that Parse reads it.
func (c Config) Print() ([]byte, error) {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("print a mapping: %w", err)
	}
	return append(raw, '\n'), nil
}

// WithDefaults returns c with its defaults written out.
func (c Config) WithDefaults() Config {
	set(&c.Mode, Hash)
	set(&c.Missing.Policy, Ignore)
	c.Fields = append([]Field(nil), c.Fields...)
	for i := range c.Fields {
		set(&c.Fields[i].Direction, In)
		set(&c.Fields[i].OnEmpty, Keep)
	}
	return c
}

func set[T ~string](to *T, value T) {
	if *to == "" {
		*to = value
	}
}
