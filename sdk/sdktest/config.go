package sdktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// configType is what a host for tests needs of a type of configuration document.
type configType struct {
	Type   string `json:"type"`
	Label  string `json:"label"`
	Guard  string `json:"guard"`
	Schema schema `json:"schema"`
}

// Configure writes a configuration document as an admin would, and returns its id. values is the document as JSON, such as
// {"name": "Shelf"}; defaults of plugin.json are filled in, and its rules are not checked. The plugin's guard is asked, and the error
// holds what it says.
//
// Since: v0.5
func (h *Host) Configure(typ, values string) (id string, err error) {
	t, after, err := h.document(typ, values)
	if err != nil {
		return "", err
	}
	if err := h.ask(t, config.Change{Op: config.Save, Type: typ, After: after}); err != nil {
		return "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	minted, err := h.mint(&store.Mint{Count: 1})
	if err != nil {
		return "", err
	}
	id = minted.(*store.Minted).Tokens[0]
	h.documents = append(h.documents, config.Document{Type: typ, ID: id, Rev: 1, Values: *after})
	return id, nil
}

// Reconfigure writes other values into a document.
//
// Since: v0.5
func (h *Host) Reconfigure(typ, id, values string) error {
	t, after, err := h.document(typ, values)
	if err != nil {
		return err
	}
	d, err := h.configured(typ, id)
	if err != nil {
		return err
	}
	if err := h.ask(t, config.Change{Op: config.Save, Type: typ, ID: id, Before: &d.Values, After: after}); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.indexOf(typ, id)
	h.documents[at].Values, h.documents[at].Rev = *after, d.Rev+1
	return nil
}

// Deconfigure deletes a document.
//
// Since: v0.5
func (h *Host) Deconfigure(typ, id string) error {
	d, err := h.configured(typ, id)
	if err != nil {
		return err
	}
	if err := h.ask(h.configs[typ], config.Change{Op: config.Delete, Type: typ, ID: id, Before: &d.Values}); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.indexOf(typ, id)
	h.documents = slices.Delete(h.documents, at, at+1)
	return nil
}

// Judge asks one of the plugin's guards.
//
// Since: v0.5
func (h *Host) Judge(c config.Change) (*config.Verdict, error) {
	if c.Context == (sdk.Context{}) {
		c.Context = h.Context
	}
	var out config.Verdict
	if err := h.call(wire.OpGuard, &c, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// ask asks the guard of a type, if it has one.
func (h *Host) ask(t *configType, c config.Change) error {
	if t == nil || t.Guard == "" {
		return nil
	}
	c.Name = t.Guard
	v, err := h.Judge(c)
	if err != nil {
		return err
	}
	var problems []error
	for _, p := range v.Problems {
		problems = append(problems, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: p.Setting, Message: p.Message})
	}
	return errors.Join(problems...)
}

// document reads values, with the defaults of a type.
func (h *Host) document(typ, values string) (*configType, *settings.Values, error) {
	t := h.configs[typ]
	if h.configs != nil && t == nil {
		return nil, nil, fmt.Errorf("plugin.json declares no config %q", typ)
	}
	out := noValues()
	if t != nil {
		if err := defaults(t.Schema, "", out); err != nil {
			return nil, nil, err
		}
	}
	var given map[string]any
	if err := json.Unmarshal([]byte(values), &given); err != nil {
		return nil, nil, fmt.Errorf("read the values of a document: %w", err)
	}
	var form schema
	if t != nil {
		form = t.Schema
	}
	if err := give(form, "", given, out); err != nil {
		return nil, nil, err
	}
	return t, out, nil
}

func (h *Host) configured(typ, id string) (config.Document, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.indexOf(typ, id); at >= 0 {
		return h.documents[at], nil
	}
	return config.Document{}, refuse(sdk.NotFound, "there is no such document")
}

func (h *Host) indexOf(typ, id string) int {
	return slices.IndexFunc(h.documents, func(d config.Document) bool { return d.Type == typ && d.ID == id })
}

func (h *Host) configGet(k *config.Key) (msgp.Marshaler, error) {
	if h.configs != nil && h.configs[k.Type] == nil {
		return nil, refuseField("type", "plugin.json declares no config of that type")
	}
	if at := h.indexOf(k.Type, k.ID); at >= 0 {
		d := h.documents[at]
		return &d, nil
	}
	return nil, refuse(sdk.NotFound, "there is no such document, or an admin has deleted it")
}

func (h *Host) configList(q *config.Query) (msgp.Marshaler, error) {
	if h.configs != nil && h.configs[q.Type] == nil {
		return nil, refuseField("type", "plugin.json declares no config of that type")
	}
	out := &config.Listing{Documents: []config.Document{}}
	for _, d := range h.documents {
		if d.Type == q.Type {
			out.Documents = append(out.Documents, d)
		}
	}
	return out, nil
}
