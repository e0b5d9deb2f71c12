package feature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
)

// Regret is how long a configuration document that was deleted can be taken back.
const Regret = 30 * 24 * time.Hour

// Uses counts what refers to a configuration document; services.Referring does.
type Uses func(ctx context.Context, t capability.TenantID, m *manifest.Manifest, typ, id string) (n int, more bool, err error)

// Configured is a type of configuration document with those of a tenant.
type Configured struct {
	Type      manifest.Config
	Documents []ConfigDocument
	Deleted   []ConfigDocument // those that can be taken back
}

// ConfigDocument is one document as an admin sees it.
type ConfigDocument struct {
	tenant.Config
	Label string
	// Uses is how many records of the plugin refer to it; MoreUses says that there are more than that.
	Uses     int
	MoreUses bool
	UsedBy   []Use // what refers to it, of all plugins
}

// Configured returns what a tenant's admins wrote of a type.
func (s *Service) Configured(ctx context.Context, t capability.TenantID, id capability.PluginID, typ string) (Configured, error) {
	e, c, err := s.configType(ctx, t, id, typ)
	if err != nil {
		return Configured{}, err
	}
	all, err := s.Documents.List(ctx, t, tenant.ConfigType{Plugin: id, Type: typ})
	if err != nil {
		return Configured{}, err
	}
	uses, err := s.uses(ctx, t, id, typ, nil)
	if err != nil {
		return Configured{}, err
	}
	out := Configured{Type: c.Config}
	for _, stored := range all {
		d := ConfigDocument{Config: stored, Label: c.label(stored.Values), UsedBy: uses[stored.ID]}
		if s.Uses != nil {
			if d.Uses, d.MoreUses, err = s.Uses(ctx, t, e.manifest, typ, d.ID); err != nil {
				return Configured{}, err
			}
		}
		if stored.Deleted.IsZero() {
			out.Documents = append(out.Documents, d)
		} else {
			out.Deleted = append(out.Deleted, d)
		}
	}
	return out, nil
}

// ConfigForm is the form of a document with what it holds: defaults for a new one.
type ConfigForm struct {
	Type     manifest.Config
	Form     *schemaform.Form
	Document tenant.Config // of Rev 0 for a new one
	Label    string
	Values   json.RawMessage
}

// ConfigForm returns the form of a document; an empty id is for a new one.
func (s *Service) ConfigForm(ctx context.Context, t capability.TenantID, plugin capability.PluginID, typ, id string) (ConfigForm, error) {
	_, c, err := s.configType(ctx, t, plugin, typ)
	if err != nil {
		return ConfigForm{}, err
	}
	out := ConfigForm{Type: c.Config, Form: c.form}
	if id != "" {
		if out.Document, err = s.there(ctx, t, plugin, c, id); err != nil {
			return ConfigForm{}, err
		}
		out.Label = c.label(out.Document.Values)
	}
	out.Values = c.form.Defaults(out.Document.Values)
	return out, nil
}

// Written is a document as an admin submits it.
type Written struct {
	Plugin capability.PluginID
	Type   string
	ID     string // "" for a new one
	Rev    int64  // that was shown, 0 for a new one
	Fields map[string][]string
	// Values are what a program sent in the place of Fields: JSON as the schema has it. What is left out is at its default.
	Values json.RawMessage
	// Try says that nothing is to be kept: the answer is what would be.
	Try bool
}

// read makes what is stored of what was submitted.
func (w Written) read(form *schemaform.Form) (json.RawMessage, schemaform.Errors) {
	if w.Values == nil {
		return form.Decode(w.Fields)
	}
	if problems := append(form.Strange(w.Values), form.Validate(w.Values)...); len(problems) > 0 {
		return nil, problems
	}
	return form.Decode(form.Values(form.Defaults(w.Values)))
}

// SaveConfig validates a document and keeps it. With ErrFields nothing is kept, and the errors are for showing the form again. To a program the
// document is returned as it reads it.
func (s *Service) SaveConfig(ctx context.Context, t tenant.Tenant, account string, w Written) (tenant.Config, schemaform.Errors, error) {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return tenant.Config{}, nil, err
	}
	defer giveBack()
	e, c, err := s.configType(ctx, t.ID, w.Plugin, w.Type)
	if err != nil {
		return tenant.Config{}, nil, err
	}
	after := tenant.Config{}
	if w.ID != "" {
		if after, err = s.there(ctx, t.ID, w.Plugin, c, w.ID); err != nil {
			return tenant.Config{}, nil, err
		}
	}
	if after.Rev != w.Rev {
		return tenant.Config{}, nil, s.changedMeanwhile(c)
	}
	before := after.Values
	values, problems := w.read(c.form)
	if len(problems) == 0 {
		if problems, err = s.crowded(ctx, t.ID, w, c, values); err != nil {
			return tenant.Config{}, nil, err
		}
	}
	if len(problems) == 0 {
		if problems, err = s.dangling(ctx, t.ID, c.form, values); err != nil {
			return tenant.Config{}, nil, err
		}
	}
	if len(problems) == 0 && w.ID != "" {
		if problems, err = s.renamed(ctx, t.ID, w.Plugin, c, w.ID, before, values); err != nil {
			return tenant.Config{}, nil, err
		}
	}
	if len(problems) == 0 {
		change := config.Change{Op: config.Save, ID: w.ID, After: c.form.Flatten(c.form.Defaults(values))}
		if w.ID != "" {
			change.Before = c.form.Flatten(c.form.Defaults(before))
		}
		if problems, err = s.judge(ctx, t, account, e, c, change); err != nil {
			return tenant.Config{}, nil, err
		}
	}
	if len(problems) > 0 {
		return tenant.Config{}, problems, ErrFields
	}
	after.Values, after.By = values, account
	if w.Try {
		return c.shown(after), nil, nil
	}
	if after.ID == "" {
		if after.ID, err = s.NewID(); err != nil {
			return tenant.Config{}, nil, err
		}
	}
	written, err := s.putConfig(ctx, t.ID, w.Plugin, c, after)
	if w.Values != nil {
		written = c.shown(written)
	}
	return written, nil, err
}

// crowded says that there are too many documents, or that another one has the same label.
func (s *Service) crowded(ctx context.Context, t capability.TenantID, w Written, c configType, values json.RawMessage) (schemaform.Errors, error) {
	all, err := s.Documents.List(ctx, t, tenant.ConfigType{Plugin: w.Plugin, Type: w.Type})
	if err != nil {
		return nil, err
	}
	if w.ID == "" && len(all) >= c.Limit() {
		return schemaform.Errors{{Message: fmt.Sprintf("There are %d %s already, and there can be no more. Delete one that nobody needs; those that can still be taken back count too.", len(all), strings.ToLower(c.Plural))}}, nil
	}
	label := c.label(values)
	for _, other := range all {
		if other.ID == w.ID || !strings.EqualFold(c.label(other.Values), label) {
			continue
		}
		message := "Another one has this already. Choose something else."
		if !other.Deleted.IsZero() {
			message = "One that was deleted has this, and can still be taken back. Take it back, or choose something else."
		}
		return schemaform.Errors{{Path: c.Label, Message: message}}, nil
	}
	return nil, nil
}

// DeleteConfig deletes a document, of that revision. For the time of Regret it can be taken back; then it goes, with the records that refer
// to it.
func (s *Service) DeleteConfig(ctx context.Context, t tenant.Tenant, account string, plugin capability.PluginID, typ, id string, rev int64) error {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return err
	}
	defer giveBack()
	e, c, err := s.configType(ctx, t.ID, plugin, typ)
	if err != nil {
		return err
	}
	d, err := s.there(ctx, t.ID, plugin, c, id)
	if err != nil {
		return err
	}
	if d.Rev != rev {
		return s.changedMeanwhile(c)
	}
	uses, err := s.uses(ctx, t.ID, plugin, typ, nil)
	if err != nil {
		return err
	}
	if len(uses[id]) > 0 {
		return &UsedError{Label: c.label(d.Values), Uses: uses[id]}
	}
	problems, err := s.judge(ctx, t, account, e, c, config.Change{Op: config.Delete, ID: id, Before: c.form.Flatten(c.form.Defaults(d.Values))})
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		var words []string
		for _, p := range problems {
			words = append(words, p.Message)
		}
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: strings.Join(words, " ")}
	}
	d.Deleted, d.By = s.Now().UTC(), account
	_, err = s.putConfig(ctx, t.ID, plugin, c, d)
	return err
}

// RestoreConfig takes the deletion of a document back, within the time of Regret: after it the records that refer to the document may be going.
func (s *Service) RestoreConfig(ctx context.Context, t tenant.Tenant, account string, plugin capability.PluginID, typ, id string) error {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return err
	}
	defer giveBack()
	e, c, err := s.configType(ctx, t.ID, plugin, typ)
	if err != nil {
		return err
	}
	d, err := s.Documents.Get(ctx, t.ID, tenant.ConfigType{Plugin: plugin, Type: typ}, id)
	if errors.Is(err, store.ErrNotFound) {
		return gone(c)
	}
	if err != nil || d.Deleted.IsZero() {
		return err
	}
	if !s.Now().Before(d.Deleted.Add(Regret)) {
		return gone(c)
	}
	if lost, err := s.dangling(ctx, t.ID, c.form, d.Values); err != nil {
		return err
	} else if len(lost) > 0 {
		return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: fmt.Sprintf("What this %s refers to was deleted. Take that back first.", strings.ToLower(c.Title))}
	}
	problems, err := s.judge(ctx, t, account, e, c, config.Change{Op: config.Save, ID: id, After: c.form.Flatten(c.form.Defaults(d.Values))})
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: problems[0].Message}
	}
	d.Deleted, d.By = time.Time{}, account
	_, err = s.putConfig(ctx, t.ID, plugin, c, d)
	return err
}

// judge asks the guard of a type, if it has one.
func (s *Service) judge(ctx context.Context, t tenant.Tenant, account string, e entry, c configType, change config.Change) (schemaform.Errors, error) {
	if c.Guard == "" {
		return nil, nil
	}
	hold, err := s.Engine.Hold(e.manifest.ID, t.ID)
	if err != nil {
		return nil, err
	}
	defer hold.Release()
	choice, err := s.Catalog.choice(ctx, t.ID, e)
	if err != nil {
		return nil, err
	}
	b := s.binding(t, e, choice)
	b.Context.Account = account
	change.Name, change.Type = c.Guard, c.Type
	v, err := hold.Judge(ctx, b, change)
	if err != nil {
		return nil, err
	}
	var out schemaform.Errors
	for _, p := range v.Problems {
		out = append(out, schemaform.Error{Path: p.Setting, Message: p.Message})
	}
	return out, nil
}

func (s *Service) putConfig(ctx context.Context, t capability.TenantID, plugin capability.PluginID, c configType, d tenant.Config) (tenant.Config, error) {
	d.People = c.people(d.Values)
	written, err := s.Documents.Put(ctx, t, tenant.ConfigType{Plugin: plugin, Type: c.Type}, d)
	if errors.Is(err, store.ErrConflict) {
		return tenant.Config{}, s.changedMeanwhile(c)
	}
	if err == nil {
		s.Changed(ctx, t, plugin)
	}
	return written, err
}

// there returns a document that is not deleted.
func (s *Service) there(ctx context.Context, t capability.TenantID, plugin capability.PluginID, c configType, id string) (tenant.Config, error) {
	d, err := s.Documents.Get(ctx, t, tenant.ConfigType{Plugin: plugin, Type: c.Type}, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !d.Deleted.IsZero() {
		return tenant.Config{}, gone(c)
	}
	return d, err
}

func gone(c configType) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("This %s is not there any more. Reload the page.", strings.ToLower(c.Title))}
}

// ErrChanged says that a document has another revision than the one that was shown.
var ErrChanged = errors.New("it was changed meanwhile")

func (s *Service) changedMeanwhile(c configType) error {
	return errors.Join(ErrChanged, &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: fmt.Sprintf("Somebody else changed this %s meanwhile. Open it again and look at what they wrote.", strings.ToLower(c.Title))})
}

func (s *Service) configType(ctx context.Context, t capability.TenantID, plugin capability.PluginID, typ string) (entry, configType, error) {
	e, _, err := s.choice(ctx, t, plugin)
	if err != nil {
		return entry{}, configType{}, err
	}
	c, err := e.config(typ)
	return e, c, err
}

// Label is what admins know a document by, of a type as values of jobs name it: the plugin's own, or behind the id of another one and a slash. An
// admin may have deleted the document; where it, its type or its plugin is gone the label is "".
func (s *Service) Label(ctx context.Context, t capability.TenantID, plugin capability.PluginID, typ, id string) (string, error) {
	if other, rest, ok := strings.Cut(typ, "/"); ok {
		plugin, typ = capability.PluginID(other), rest
	}
	_, c, err := s.configType(ctx, t, plugin, typ)
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	d, err := s.Documents.Get(ctx, t, tenant.ConfigType{Plugin: plugin, Type: typ}, id)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return c.label(d.Values), err
}

// label is what admins know a document by.
func (c configType) label(values json.RawMessage) string {
	if v := c.form.Values(values)[c.Label]; len(v) > 0 {
		return v[0]
	}
	return ""
}
