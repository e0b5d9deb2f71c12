package configset

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// What begins every file.
const (
	format    = "pergola-configuration"
	version   = 1
	schemaURL = "https://pergola-platform.github.io/configuration.schema.json"
)

// Bounds of a file. They are far above what people write by hand in forms.
const (
	MaxFile    = 768 << 10 // bytes; a page sends it along in a request, which has 1 MiB by default
	maxPlugins = 100
	maxEntries = 1000 // documents of a file
	maxNames   = 5000
	maxWord    = 255 // characters of an id, a key or a name
)

//go:embed configuration.schema.json
var schema []byte

// Schema is the JSON Schema of a file.
func Schema() []byte { return bytes.Clone(schema) }

// File is configuration of one site, or a template.
type File struct {
	Schema  string `json:"$schema,omitempty"`
	Format  string `json:"format"`
	Version int    `json:"version"`
	// From is where the documents got their ids: the host name of a site, or the name of a template.
	From     string     `json:"from"`
	Exported *time.Time `json:"exported,omitempty"`
	Plugins  []Plugin   `json:"plugins"`
	// Names say what the ids in the documents are, by what the schemas of the plugins call them: project, issueType, field, category,
	// filter and linkType, and types of documents that are not in the file, such as pergola.links/relation.
	Names map[schemaform.Source][]Thing `json:"names,omitempty"`
}

// Plugin is what was written for one plugin.
type Plugin struct {
	ID        capability.PluginID `json:"id"`
	Version   string              `json:"version,omitempty"` // of which it was read
	Settings  json.RawMessage     `json:"settings,omitempty"`
	Documents []Document          `json:"documents,omitempty"`
}

// Document is a configuration document.
type Document struct {
	Type   string          `json:"type"`
	ID     string          `json:"id"`
	Values json.RawMessage `json:"values"`
}

// Thing is something of a Jira site, or a document, that others name by its id.
type Thing struct {
	ID      string `json:"id"`
	Key     string `json:"key,omitempty"` // of a project
	Name    string `json:"name,omitempty"`
	Project string `json:"project,omitempty"` // id of the one project that has this issue type
	// Also are names that it may have elsewhere, of which the first is the best. Templates have them.
	Also []string `json:"also,omitempty"`
}

// invalid is an error about a file, for whoever chose it.
func invalid(format string, args ...any) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "file", Message: fmt.Sprintf(format, args...)}
}

// Read reads a file. The error says what is wrong with it and what to do.
func Read(raw []byte) (*File, error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\ufeff"))) // editors put a mark before it
	switch {
	case len(raw) == 0:
		return nil, invalid("The file is empty. Choose one that was downloaded here, on this site or another.")
	case len(raw) > MaxFile:
		return nil, invalid("The file has more than %d KiB. Export fewer plugins at once.", MaxFile>>10)
	case raw[0] != '{':
		return nil, invalid("This is no configuration of Pergola: that is JSON and begins with {. Connections and synchronizations are imported with pergola admin sync import.")
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&head); err != nil {
		return nil, unreadable(raw, err)
	}
	switch {
	case head.Format != format:
		return nil, invalid("This is JSON, but no configuration of Pergola: it does not say “format”: “%s”. Choose a file that was downloaded here.", format)
	case head.Version > version:
		return nil, invalid("The file is of version %d, and this server reads version %d. Import it on a newer server, or export it on an older one.", head.Version, version)
	case head.Version < 1:
		return nil, invalid("The file does not say its version. Write “version”: %d.", version)
	}
	f := &File{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, unreadable(raw, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid("The file goes on behind its end. Is it two files in one?")
	}
	return f, f.check()
}

// unreadable puts the words of encoding/json into ours, with the line.
func unreadable(raw []byte, err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	line := func(offset int64) int {
		return 1 + bytes.Count(raw[:min(int(offset), len(raw))], []byte("\n"))
	}
	switch {
	case errors.As(err, &syntax):
		return invalid("Line %d is no JSON. If somebody edited the file, compare it with one that is downloaded here.", line(syntax.Offset))
	case errors.As(err, &typed):
		return invalid("Line %d: %s cannot be a %s. Compare it with a file that is downloaded here.", line(typed.Offset), typed.Field, typed.Value)
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return invalid("There is no %.64s in such a file. Was it written by a newer server, or is it misspelt?", name)
	}
	return invalid("The file ends too early. Download it again.")
}

// check says what of a file cannot be.
func (f *File) check() error {
	documents, names := 0, 0
	if !word(f.From) {
		return invalid("The file does not say where it is from. Write “from” and the name of the site.")
	}
	if len(f.Plugins) > maxPlugins {
		return invalid("The file has more than %d plugins. Split it.", maxPlugins)
	}
	plugins := map[capability.PluginID]bool{}
	for _, p := range f.Plugins {
		if !word(string(p.ID)) || plugins[p.ID] {
			return invalid("The file has the plugin %.64q twice, or one without an id. Put all of a plugin in one place.", p.ID)
		}
		plugins[p.ID] = true
		seen := map[string]bool{}
		for _, d := range p.Documents {
			documents++
			switch {
			case !word(d.Type) || !documentID(d.ID):
				return invalid("A document of %s has no type or no id, or one that cannot be. Compare it with a file that is downloaded here.", p.ID)
			case seen[d.ID]:
				return invalid("Two documents of %s have the id %.64s. Give one of them another one.", p.ID, d.ID)
			case len(d.Values) == 0 || d.Values[0] != '{':
				return invalid("The document %.64s of %s has no values. Write “values”: {…}.", d.ID, p.ID)
			}
			seen[d.ID] = true
		}
		if string(p.Settings) != "" && p.Settings[0] != '{' {
			return invalid("The settings of %s are no JSON object. Leave them out, or write {…}.", p.ID)
		}
	}
	for source, things := range f.Names {
		seen := map[string]bool{}
		for _, t := range things {
			names++
			ok := word(t.ID) && !seen[t.ID] && len(t.Key) <= maxWord && len(t.Name) <= 4*maxWord && len(t.Project) <= maxWord && len(t.Also) <= 20
			if !ok || source == schemaform.Users {
				return invalid("The names of the kind %.32q cannot be read: each needs an id of its own, and people have none. Compare them with a file that is downloaded here.", source)
			}
			seen[t.ID] = true
		}
	}
	if documents > maxEntries || names > maxNames {
		return invalid("The file has %d documents and %d names; %d and %d can be. Export fewer plugins at once.", documents, names, maxEntries, maxNames)
	}
	return nil
}

func word(s string) bool { return s != "" && len(s) <= maxWord && !strings.ContainsAny(s, "\x00\n\r") }

// documentID says whether a text can be an id: those of a site are letters and digits, those that people give may have - and _. None has a
// dot, so that one in a variable of a query can be told.
func documentID(s string) bool {
	return word(s) && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// Bytes writes the file, always the same bytes for the same file.
func (f *File) Bytes() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // queries hold < and >
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	return out.Bytes(), nil
}

// tidy writes JSON with < and > as they are, for people.
func tidy(raw json.RawMessage) json.RawMessage {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return raw
	}
	return bytes.TrimSpace(out.Bytes())
}
