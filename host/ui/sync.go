package ui

import (
	"encoding/json"
	"io"

	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// Sync is the page on which admins connect to sources and synchronize. It is a frame: static/sync.js fills it with what the
// shell's API tells.
type Sync struct {
	// AdminURL leads back to the admin page; "" shows no way back.
	AdminURL string
}

// Sync draws the page of synchronizations.
func (r *Renderer) Sync(w io.Writer, s Shell, p Sync) error {
	s = s.defaults()
	s.Kind = KindAdmin
	s.scripts, s.styles = []string{"sync.js"}, []string{"sync.css"}
	return r.render(w, "sync-document", document{Shell: s, Heading: s.Title, Body: p})
}

// ConnectionForm is the form in which an admin writes how a source is reached.
type ConnectionForm struct {
	Name string
	Kind string           // of source, in words
	Form *schemaform.Form // nil where there is nothing to write
	// Values are the settings to show, with defaults filled in.
	Values  json.RawMessage
	Choices map[schemaform.Source][]schemaform.Choice
	Secrets []Secret
	Rev     int64 // that was read, 0 for a new one
}

// Secret is a value that is written and never shown.
type Secret struct {
	Name, Title, Description string
	Lines                    bool // it has several lines
	Set                      bool
}

// connectionPrefix begins the ids of the fields: static/sync-connection.js finds by them what a problem is about.
const connectionPrefix = "connection-"

// ConnectionForm draws the fields of a connection as a fragment.
func (r *Renderer) ConnectionForm(w io.Writer, f ConnectionForm) error {
	body := struct {
		Rev     int64
		Name    field
		Kind    string
		Fields  []field
		Secrets []secretField
	}{Rev: f.Rev, Kind: f.Kind, Name: field{ID: connectionPrefix + "name", Name: "name", Label: "Name", Kind: "text", Type: "text", Value: f.Name, Required: true, MaxLength: 100,
		Help: "By which you and other admins find it here."}}
	if f.Form != nil {
		b := settingsBuilder{form: SettingsForm{Form: f.Form, Choices: f.Choices}, values: f.Form.Values(f.Values), prefix: connectionPrefix + "settings-"}
		body.Fields = b.fields(f.Form.Fields)
	}
	for _, s := range f.Secrets {
		body.Secrets = append(body.Secrets, secretField{s, connectionPrefix + "secrets-" + s.Name})
	}
	return r.render(w, "connection-form", body)
}

type secretField struct {
	Secret
	ID string
}
