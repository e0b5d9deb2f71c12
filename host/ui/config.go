package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk/view"
)

// ConfigList is the configuration documents of one type, as their panel of a card lists them.
type ConfigList struct {
	Plugin    capability.PluginID
	Type      manifest.Config
	Documents []ConfigRow
	Deleted   []ConfigRow // those that can be taken back
	Flag      *view.Flag
	// Refused says which document could not be deleted, because of what uses it.
	Refused *ConfigRow
}

// ConfigUse is what refers to a document: another one, or the settings of a plugin where Type is empty.
type ConfigUse struct {
	Plugin   capability.PluginID
	Type, ID string
	Words    string // "Issue view “Laptops”"
}

// ConfigRow is one document.
type ConfigRow struct {
	ID      string
	Rev     int64
	Label   string
	Changed time.Time // of one that was deleted: when that was
	Until   time.Time // of one that was deleted: for how long it can be taken back
	// Uses is how many records refer to it, MoreUses says that there are more than that.
	Uses     int
	MoreUses bool
	UsedBy   []ConfigUse
}

// ConfigForm is the form of one document.
type ConfigForm struct {
	Plugin capability.PluginID
	Type   manifest.Config
	ID     string // "" for a new one
	Rev    int64
	Label  string // of one that is there
	// The rest is as in SettingsForm.
	Form      *schemaform.Form
	Values    json.RawMessage
	Submitted map[string][]string
	Errors    schemaform.Errors
	Choices   map[schemaform.Source][]schemaform.Choice
	Empty     map[schemaform.Source]string
	Edited    string
	At        string
	// Focus moves the user's focus to it: they came from elsewhere on the page.
	Focus bool
}

// configs is the model of the list.
type configs struct {
	ID      string // of the panel
	Title   string
	Purpose string
	One     string // "a shelf"
	Many    string // "shelves"
	NewCall string
	Full    bool // there can be no more
	Max     int
	Rows    []configRow
	Deleted []configRow
	Uses    bool // whether to show what refers to them
	Used    bool // whether to show what uses them
	Refused string
	Why     []useLink
	Flag    *view.Flag
}

// useLink leads to what uses a document.
type useLink struct{ ID, Call, Words string }

type configRow struct {
	ID, Label             string
	EditCall              string
	DeleteCall, Params    string
	RestoreCall           string
	Confirm               string
	Changed, ChangedWords string
	Uses                  string
	UsedBy                []useLink
	Left                  string // how long it can be taken back
}

// ConfigPanelID is the id of the panel that lists the documents of a type.
func configPanelID(plugin capability.PluginID, typ string) string {
	return cardID("config", plugin) + "-" + typ
}

// Configs draws the list that takes the place of a card's panel.
func (r *Renderer) Configs(w io.Writer, l ConfigList) error {
	c := l.Type
	base := callOf(l.Plugin, "configs/"+c.Type)
	out := configs{
		ID: configPanelID(l.Plugin, c.Type), Title: c.Plural, Purpose: strings.TrimSuffix(c.Purpose, ".") + ".", One: article(lower(c.Title)), Many: lower(c.Plural),
		NewCall: base + "/new", Full: len(l.Documents)+len(l.Deleted) >= c.Limit(), Max: c.Limit(), Flag: l.Flag,
	}
	for _, d := range l.Documents {
		row := newConfigRow(out.ID, base, d)
		row.Confirm = "Delete “" + d.Label + "”? " + usesWords(d)
		out.Uses = out.Uses || d.Uses > 0
		out.Used = out.Used || len(d.UsedBy) > 0
		out.Rows = append(out.Rows, row)
	}
	for _, d := range l.Deleted {
		row := newConfigRow(out.ID, base, d)
		row.Left = "until " + day(d.Until)
		out.Deleted = append(out.Deleted, row)
	}
	if l.Refused != nil {
		out.Refused, out.Why = l.Refused.Label, useLinks(out.ID+"-why", l.Refused.UsedBy)
	}
	return r.render(w, "configs", out)
}

func newConfigRow(panel, base string, d ConfigRow) configRow {
	row := configRow{
		ID: panel + "-" + d.ID, Label: d.Label, EditCall: base + "/" + d.ID, DeleteCall: base + "/" + d.ID + "/delete", RestoreCall: base + "/" + d.ID + "/restore",
		Params: revParams(d.Rev), Changed: d.Changed.UTC().Format(time.RFC3339), ChangedWords: day(d.Changed), Uses: Grouped(int64(d.Uses)),
	}
	row.UsedBy = useLinks(row.ID+"-use", d.UsedBy)
	if d.MoreUses {
		row.Uses = "more than " + row.Uses
	}
	return row
}

// useLinks make buttons of what uses a document. What they open takes the place of the panel of its own plugin.
func useLinks(id string, uses []ConfigUse) []useLink {
	var out []useLink
	for i, u := range uses {
		call := callOf(u.Plugin, "settings")
		if u.Type != "" {
			call = callOf(u.Plugin, "configs/"+u.Type+"/"+u.ID)
		}
		out = append(out, useLink{ID: id + "-" + strconv.Itoa(i+1), Call: call + "?focus=1", Words: u.Words})
	}
	return out
}

// mostNamed bounds the documents that a question names.
const mostNamed = 5

// usesWords say what deleting a document means.
func usesWords(d ConfigRow) string {
	if len(d.UsedBy) > 0 {
		var names []string
		for _, u := range d.UsedBy[:min(len(d.UsedBy), mostNamed)] {
			names = append(names, u.Words)
		}
		if n := len(d.UsedBy) - len(names); n > 0 {
			names = append(names, Grouped(int64(n))+" more")
		}
		last := len(names) - 1
		words := names[last]
		if last > 0 {
			words = strings.Join(names[:last], ", ") + " and " + words
		}
		records := "."
		switch {
		case d.MoreUses:
			records = ", and by more than " + Grouped(int64(d.Uses)) + " records."
		case d.Uses > 1:
			records = ", and by " + Grouped(int64(d.Uses)) + " records."
		case d.Uses == 1:
			records = ", and by 1 record."
		}
		return "It is used by " + words + records + " It cannot be deleted before these documents are changed or deleted."
	}
	uses := "Nothing refers to it."
	switch {
	case d.MoreUses:
		uses = "More than " + Grouped(int64(d.Uses)) + " records refer to it; they are kept as long as it can be taken back."
	case d.Uses > 1:
		uses = Grouped(int64(d.Uses)) + " records refer to it; they are kept as long as it can be taken back."
	case d.Uses == 1:
		uses = "1 record refers to it; it is kept as long as this can be taken back."
	}
	return uses + " It can be taken back for 30 days."
}

func revParams(rev int64) string {
	out, err := json.Marshal(map[string]string{"rev": strconv.FormatInt(rev, 10)})
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(out)
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// lower makes a word of a title for the middle of a sentence; an abbreviation stays as it is.
func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):]
}

// config is the model of the form.
type configForm struct {
	ID       string // of the panel
	Title    string
	Call     string
	Params   string
	BackCall string
	Fields   []field
	Error    string
	Summary  []summaryLine
	Focus    bool
}

// Config draws the form of a document, which takes the place of the list until it is saved or left.
func (r *Renderer) Config(w io.Writer, f ConfigForm) error {
	if f.Form == nil {
		return fmt.Errorf("draw a config of %s: there is no form", f.Plugin)
	}
	base := callOf(f.Plugin, "configs/"+f.Type.Type)
	out := configForm{ID: configPanelID(f.Plugin, f.Type.Type), BackCall: base, Call: base + "/save", Title: "New " + lower(f.Type.Title), Params: revParams(f.Rev), Focus: f.Focus}
	edit := base + "/edit"
	if f.ID != "" {
		out.Call, out.Title, edit = base+"/"+f.ID+"/save", f.Label, base+"/"+f.ID+"/edit"
	}
	drawn := drawForm(SettingsForm{
		Plugin: f.Plugin, Form: f.Form, Values: f.Values, Submitted: f.Submitted, Errors: f.Errors, Choices: f.Choices, Empty: f.Empty, Edited: f.Edited, At: f.At,
	}, out.ID+"-", edit, strconv.FormatInt(f.Rev, 10))
	out.Fields, out.Error, out.Summary = drawn.Fields, drawn.Error, drawn.Summary
	return r.render(w, "config", out)
}

// article puts a or an before a word by its first letter, which is right for nearly all words that are not said as if they began with another.
func article(word string) string {
	if strings.ContainsAny(word[:min(1, len(word))], "aeio") {
		return "an " + word
	}
	return "a " + word
}
