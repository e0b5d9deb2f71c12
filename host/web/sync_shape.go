package web

import (
	"encoding/base64"
	"errors"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// What goes over the wire about synchronizations, where it is not a type of host/syncing itself.

type synchronizerShape struct {
	Plugin       string        `json:"plugin"`
	PluginName   string        `json:"pluginName"`
	Synchronizer string        `json:"synchronizer"`
	Title        string        `json:"title"`
	Secrets      []secretShape `json:"secrets"`
}

type secretShape struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Lines       bool   `json:"lines,omitempty"`
}

func shapeOfSynchronizer(known feature.Synchronizer) synchronizerShape {
	out := synchronizerShape{string(known.Plugin), known.PluginName, known.Name, known.Title, []secretShape{}}
	for _, secret := range known.Secrets {
		out.Secrets = append(out.Secrets, secretShape(secret))
	}
	return out
}

// problemShape is what is wrong with a connection or a mapping, with where and what to do.
type problemShape struct {
	At   string `json:"at,omitempty"`
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

func shapeOfProblems(problems mapping.Problems) []problemShape {
	out := []problemShape{}
	for _, p := range problems {
		out = append(out, problemShape(p))
	}
	return out
}

// problemsOf are the problems that an error names, for a form to show beside its fields.
func problemsOf(err error) []problemShape {
	var mapped mapping.Problems
	if errors.As(err, &mapped) {
		return shapeOfProblems(mapped)
	}
	var file *blueprint.Error
	if errors.As(err, &file) {
		return problemsOfFile(file.Problems)
	}
	var form *syncing.FormError
	var out []problemShape
	if errors.As(err, &form) {
		for _, e := range form.Errors {
			out = append(out, problemShape{At: "settings." + e.Path, What: e.Message})
		}
	}
	return out
}

func shapeOfHealth(h *sync.Health) fiber.Map {
	problems := []problemShape{}
	for _, p := range h.Problems {
		problems = append(problems, problemShape{At: p.Setting, What: p.What, Do: p.Do})
	}
	return fiber.Map{"about": h.About, "problems": problems}
}

type streamShape struct {
	Name    string        `json:"name"`
	Title   string        `json:"title,omitempty"`
	Columns []columnShape `json:"columns,omitempty"`
	Key     []string      `json:"key,omitempty"`
	Rows    int64         `json:"rows,omitempty"`
}

type columnShape struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Of         string `json:"of,omitempty"`
	Nullable   bool   `json:"nullable,omitempty"`
	Filterable bool   `json:"filterable,omitempty"`
	Writable   bool   `json:"writable,omitempty"`
	Native     string `json:"native,omitempty"`
}

func shapeOfStream(in sync.Stream) streamShape {
	out := streamShape{Name: in.Name, Title: in.Title, Key: in.Key, Rows: in.Rows}
	for _, c := range in.Columns {
		out.Columns = append(out.Columns, columnShape{c.Name, string(c.Type), string(c.Of), c.Nullable, c.Filterable, c.Writable, c.Native})
	}
	return out
}

func shapeOfCatalog(c *sync.Catalog) fiber.Map {
	streams := []streamShape{}
	for _, s := range c.Streams {
		streams = append(streams, shapeOfStream(s))
	}
	return fiber.Map{"streams": streams, "next": base64.RawURLEncoding.EncodeToString(c.Next)}
}

func openCursor(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, invalid("This page cannot be gone on from; begin with the first one.")
	}
	return raw, nil
}

// recordShape is what a row would write: values as Jira is told, by field id.
type recordShape struct {
	Type   string              `json:"type,omitempty"` // id of the issue type
	Values map[string]any      `json:"values"`
	Status string              `json:"status,omitempty"` // id
	Faults []syncing.PlanFault `json:"faults,omitempty"`
}

func shapeOfPreview(p syncer.Preview) fiber.Map {
	records := []recordShape{}
	for _, r := range p.Records {
		records = append(records, recordShape{r.Type, r.Values, r.Status, shapeOfFaults(r.Faults)})
	}
	rows := p.Rows
	if rows == nil {
		rows = [][]string{}
	}
	return fiber.Map{"stream": shapeOfStream(p.Stream), "rows": rows, "records": records, "problems": shapeOfProblems(p.Problems)}
}

func shapeOfFaults(faults []mapping.Fault) []syncing.PlanFault {
	var out []syncing.PlanFault
	for _, f := range faults {
		out = append(out, syncing.PlanFault{Field: f.Field, Code: string(f.Code)})
	}
	return out
}

// rowShape is what a run did to a row.
type rowShape struct {
	Row     string              `json:"row,omitempty"`   // digest of its key
	Issue   string              `json:"issue,omitempty"` // id
	Outcome string              `json:"outcome"`
	Fields  []string            `json:"fields,omitempty"` // ids
	Faults  []syncing.PlanFault `json:"faults,omitempty"`
}

func shapeOfRows(rows []syncer.Result, next string) fiber.Map {
	out := make([]rowShape, len(rows))
	for i, r := range rows {
		out[i] = rowShape{string(r.Row), r.Issue, string(r.Outcome), r.Fields, shapeOfFaults(r.Faults)}
	}
	return fiber.Map{"rows": out, "next": next}
}
