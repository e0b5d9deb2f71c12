package ui

import (
	"fmt"
	"io"
	"time"

	"github.com/pergola-platform/pergola/sdk/view"
)

// Configuration is the page on which an admin carries configuration from one site to another, and sets a site up by a template.
type Configuration struct {
	AdminURL  string // leads back to the admin page; "" shows no way back
	Plugins   []ConfigurationPlugin
	Templates []ConfigurationTemplate
	Imports   ImportList
}

// ConfigurationPlugin is a plugin of which something was written.
type ConfigurationPlugin struct {
	ID, Name  string
	Documents int
	Left      bool // it is left out, of an import
}

// ConfigurationTemplate is a template that can be applied.
type ConfigurationTemplate struct{ Name, Title, Purpose string }

// Calls of the page, below the shell's API.
const (
	configurationCall = "configuration"
	importID          = "import"
	importsID         = "imports"
)

// ImportForm is the part of the page in which a file, or a template, is looked at and imported. The zero value asks for a file.
type ImportForm struct {
	Error string // why a file cannot be read
	// File is what was chosen, or Template the name of one; Title says which it is. Both are empty where a file is asked for.
	File, Template, Title string
	MaxFile               int // bytes
	Plugins               []ConfigurationPlugin
	Notes                 []string
	Matches               []ImportMatch
	People                []ImportPerson
	Items                 []ImportItem
	Lenient               bool
	Seal                  string
	Refused               string // why it was not carried out
	// Done says that it was carried out; Undo is the id of the import, "" where there was nothing to do.
	Done bool
	Undo string
	Flag *view.Flag
}

// ImportMatch is a thing of a file, with what it is here.
type ImportMatch struct {
	Name     string // of the field
	Noun     string // such as "project"
	Thing    string
	Missing  bool // nobody has chosen what it is
	Advice   string
	Options  []ImportOption
	Selected string // "" for none, Out for one that is left out
}

// ImportOption is something that can be chosen.
type ImportOption struct{ Value, Label string }

// Out is the value of a thing that is left out.
const Out = "-"

// ImportPerson is an account of a file.
type ImportPerson struct {
	Name string
	Kept bool
}

// ImportItem is a document of a file.
type ImportItem struct {
	Ref, Plugin, Type, Label string
	What                     string // such as "Created"
	Tone                     view.Tone
	Taken                    bool // it is not left out
	Diff                     []ImportDifference
	Problems                 []ImportProblem
	Notes                    []string
}

// ImportProblem is why a document is not taken over, and what to do about it before the import, "" for nothing.
type ImportProblem struct{ Says, Do string }

// ImportDifference is a setting that changes.
type ImportDifference struct{ Setting, Before, After string }

// ImportList are the imports that were carried out lately, or what undoing one of them would do.
type ImportList struct {
	Imports []ImportRow
	Undo    *UndoForm
	Flag    *view.Flag
}

// ImportRow is one import.
type ImportRow struct {
	ID, What, Who    string
	At, Undone       time.Time
	Created, Changed int
	Until            time.Time
}

// UndoForm says what undoing an import would do, or did.
type UndoForm struct {
	ID    string
	Done  bool
	Items []UndoItem
}

// UndoItem is a document with what becomes of it.
type UndoItem struct {
	Plugin, Type, Label, What, Why string
	Tone                           view.Tone
}

// importModel is the model of the form.
type importModel struct {
	ImportForm
	ID, CheckCall, ApplyCall, CancelCall string
	Writes                               int
	WritesWords                          string
	Missing                              int
	Stopped                              bool // something is refused, and nothing is left out for it
	Lacks                                bool // something is left out that could not be taken over
}

func newImportModel(f ImportForm) importModel {
	m := importModel{ImportForm: f, ID: importID, CheckCall: configurationCall + "/plan", ApplyCall: configurationCall + "/apply", CancelCall: configurationCall + "/import"}
	for _, i := range f.Items {
		switch i.Tone {
		case view.Success, view.Info:
			m.Writes++
		case view.Danger:
			m.Stopped = true
		default:
			m.Lacks = m.Lacks || len(i.Problems) > 0
		}
	}
	for _, match := range f.Matches {
		if match.Missing {
			m.Missing++
		}
	}
	m.WritesWords = fmt.Sprintf("%d documents", m.Writes)
	if m.Writes == 1 {
		m.WritesWords = "1 document"
	}
	return m
}

// importsModel is the model of the list.
type importsModel struct {
	ID   string
	Rows []importRow
	Undo *undoModel
	Flag *view.Flag
}

type importRow struct {
	ImportRow
	RowID, Call, Time, Words, Result, UndoneWords string
}

type undoModel struct {
	UndoForm
	Call, BackCall string
	Works          int // how many documents change by it
}

func newImportsModel(l ImportList) importsModel {
	m := importsModel{ID: importsID, Flag: l.Flag}
	for _, r := range l.Imports {
		row := importRow{ImportRow: r, RowID: importsID + "-" + r.ID, Call: configurationCall + "/imports/" + r.ID, Time: r.At.UTC().Format(time.RFC3339), Words: r.At.UTC().Format("2 January 2006, 15:04") + " UTC"}
		row.Result = fmt.Sprintf("%d created, %d changed", r.Created, r.Changed)
		if !r.Undone.IsZero() {
			row.UndoneWords = "Undone on " + day(r.Undone)
		}
		m.Rows = append(m.Rows, row)
	}
	if l.Undo != nil {
		u := undoModel{UndoForm: *l.Undo, Call: configurationCall + "/imports/" + l.Undo.ID + "/undo", BackCall: configurationCall + "/imports"}
		for _, i := range u.Items {
			if i.Tone != view.Warning {
				u.Works++
			}
		}
		m.Undo = &u
	}
	return m
}

type templateOffer struct {
	ConfigurationTemplate
	ID, Call string
}

// Configuration draws the page.
func (r *Renderer) Configuration(w io.Writer, s Shell, c Configuration, f ImportForm) error {
	s = s.defaults()
	s.Kind = KindAdmin
	body := struct {
		Configuration
		Import   importModel
		List     importsModel
		Download exportModel
		Offers   []templateOffer
	}{Configuration: c, Import: newImportModel(f), List: newImportsModel(c.Imports), Download: newExportModel(c.Plugins)}
	for _, t := range c.Templates {
		body.Offers = append(body.Offers, templateOffer{t, "template-" + t.Name, configurationCall + "/templates/" + t.Name})
	}
	return r.render(w, "configuration-document", document{Shell: s, Heading: s.Title, Body: body})
}

// Import draws the part of an import alone.
func (r *Renderer) Import(w io.Writer, f ImportForm) error {
	return r.render(w, "import", newImportModel(f))
}

// exportModel is what can be downloaded.
type exportModel struct {
	Plugins    []ConfigurationPlugin
	ExportCall string
}

func newExportModel(plugins []ConfigurationPlugin) exportModel {
	return exportModel{plugins, configurationCall + "/export"}
}

// Export draws the part of the download alone.
func (r *Renderer) Export(w io.Writer, plugins []ConfigurationPlugin) error {
	return r.render(w, "export", newExportModel(plugins))
}

// Imports draws the list of imports alone.
func (r *Renderer) Imports(w io.Writer, l ImportList) error {
	return r.render(w, "imports", newImportsModel(l))
}
