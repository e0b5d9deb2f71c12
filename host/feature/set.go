package feature

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
)

// Part is what a tenant's admins wrote for a plugin, with the forms of it.
type Part struct {
	Manifest *manifest.Manifest // of the version that serves the tenant
	Choice   tenant.Module
	Form     *schemaform.Form // of the settings; nil where the plugin has none
	Types    []PartType
}

// PartType is a type of configuration document with those of a tenant, also with those that can be taken back.
type PartType struct {
	manifest.Config
	Form      *schemaform.Form
	Documents []tenant.Config
}

// LabelOf is what admins know a document by.
func (t PartType) LabelOf(d tenant.Config) string {
	return configType{t.Config, t.Form}.label(d.Values)
}

// Parts returns everything that a tenant's admins wrote, by the plugins' ids.
func (s *Service) Parts(ctx context.Context, t capability.TenantID) ([]Part, error) {
	var out []Part
	for _, m := range s.Manifests() {
		e, choice, err := s.choice(ctx, t, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue // it was taken out just now
		}
		if err != nil {
			return nil, err
		}
		p := Part{Manifest: e.manifest, Choice: choice, Form: e.form}
		for _, c := range e.configs {
			all, err := s.Documents.List(ctx, t, tenant.ConfigType{Plugin: m.ID, Type: c.Type})
			if err != nil {
				return nil, err
			}
			p.Types = append(p.Types, PartType{c.Config, c.form, all})
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Part) int { return strings.Compare(string(a.Manifest.ID), string(b.Manifest.ID)) })
	return out, nil
}

// judges is how many drafts are judged at a time: guards wait for Jira more than they work.
const judges = 4

// JudgeDrafts says what is wrong with each of several drafts, in their order, as if all of them were written: by their schemas, by what they
// refer to, and by the guards of the plugins. Nothing is written.
func (s *Service) JudgeDrafts(ctx context.Context, t tenant.Tenant, account string, all []Draft) ([]schemaform.Errors, error) {
	then := asIf(ctx, t.ID, all)
	out := make([]schemaform.Errors, len(all))
	errs := make([]error, len(all))
	var work sync.WaitGroup
	places := make(chan struct{}, judges)
	for i, d := range all {
		places <- struct{}{}
		work.Go(func() {
			defer func() { <-places }()
			out[i], errs[i] = s.judgeDraft(ctx, then, t, account, d)
		})
	}
	work.Wait()
	return out, errors.Join(errs...)
}

// judgeDraft judges one draft. ctx is the context of what is there now, then the one of what will be.
func (s *Service) judgeDraft(ctx, then context.Context, t tenant.Tenant, account string, d Draft) (schemaform.Errors, error) {
	e, _, err := s.choice(ctx, t.ID, d.Plugin)
	if err != nil {
		return nil, err
	}
	if d.Type == "" {
		switch {
		case e.form == nil:
			return schemaform.Errors{{Message: e.manifest.Name + " has no settings."}}, nil
		case d.Values == nil:
			return nil, nil
		}
		return s.sound(then, t.ID, e.form, d)
	}
	c, err := e.config(d.Type)
	if err != nil {
		return nil, err
	}
	change := config.Change{Op: config.Save, ID: d.ID}
	before, err := s.Documents.Get(ctx, t.ID, tenant.ConfigType{Plugin: d.Plugin, Type: d.Type}, d.ID)
	switch {
	case err == nil && before.Deleted.IsZero():
		change.Before = c.form.Flatten(c.form.Defaults(before.Values))
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	if d.Values == nil {
		change.Op = config.Delete
		if change.Before == nil {
			return nil, nil // nobody has it any more
		}
		uses, err := s.uses(then, t.ID, d.Plugin, d.Type, nil)
		if err != nil {
			return nil, err
		}
		if len(uses[d.ID]) > 0 {
			return schemaform.Errors{{Message: (&UsedError{Label: c.label(before.Values), Uses: uses[d.ID]}).Error()}}, nil
		}
		return s.judge(then, t, account, e, c, change)
	}
	problems, err := s.sound(then, t.ID, c.form, d)
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	if problems, err = s.fits(then, t.ID, c, d); err != nil || len(problems) > 0 {
		return problems, err
	}
	if change.Before != nil {
		if problems, err = s.renamed(then, t.ID, d.Plugin, c, d.ID, before.Values, d.Values); err != nil || len(problems) > 0 {
			return problems, err
		}
	}
	change.After = c.form.Flatten(c.form.Defaults(d.Values))
	return s.judge(then, t, account, e, c, change)
}

// sound says what the form of a draft does not take, and what the draft refers to that will not be there.
func (s *Service) sound(ctx context.Context, t capability.TenantID, form *schemaform.Form, d Draft) (schemaform.Errors, error) {
	problems := append(form.Strange(d.Values), form.Validate(d.Values)...)
	if len(problems) > 0 {
		return problems, nil
	}
	return s.dangling(ctx, t, form, d.Values)
}

// fits says that there will be too many documents of a draft's type, or another one with its label.
func (s *Service) fits(ctx context.Context, t capability.TenantID, c configType, d Draft) (schemaform.Errors, error) {
	all, err := drafted(ctx, t, s.Documents).List(ctx, t, tenant.ConfigType{Plugin: d.Plugin, Type: d.Type})
	if err != nil {
		return nil, err
	}
	if d.Rev == 0 && len(all) > c.Limit() {
		return schemaform.Errors{{Message: fmt.Sprintf("There would be %d %s, and there can be no more than %d; those that can still be taken back count too.", len(all), strings.ToLower(c.Plural), c.Limit())}}, nil
	}
	label := c.label(d.Values)
	for _, other := range all {
		if other.ID != d.ID && strings.EqualFold(c.label(other.Values), label) && (other.Deleted.IsZero() || !other.Deleted.Equal(longAgo)) {
			return schemaform.Errors{{Path: c.Label, Message: "Another one has this already, or had it when it was deleted and can still be taken back."}}, nil
		}
	}
	return nil, nil
}

// Overwritten is a draft that was written, with what was there before.
type Overwritten struct {
	Draft
	// Rev is the revision that it has now, Before what the document, or the settings, held. It is nil where there was nothing, or
	// where the document was deleted.
	Rev    int64
	Before []byte
	People []string // accounts that Before names
	// Restored says that the document was there before, deleted.
	Restored bool
}

// errStale says that drafts were made of what is not there any more.
func errStale() error {
	return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: "Somebody changed the configuration meanwhile. Nothing was done. Look again at what would be done now."}
}

// WriteDrafts writes all drafts or none, with what beside returns of them: one write of the store. With ErrFields nothing was written, and
// the problems are those of JudgeDrafts; not so for drafts of what was changed meanwhile, whose error is for the admin.
func (s *Service) WriteDrafts(ctx context.Context, t tenant.Tenant, account string, all []Draft, beside func([]Overwritten) ([]store.Op, error)) ([]schemaform.Errors, error) {
	giveBack, err := s.turns.take(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	defer giveBack()
	problems, err := s.JudgeDrafts(ctx, t, account, all)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(problems, func(e schemaform.Errors) bool { return len(e) > 0 }) {
		return problems, ErrFields
	}
	b := batch{s: s, t: t, account: account}
	for _, d := range all {
		if d.Type == "" {
			err = b.settings(ctx, d)
		} else {
			err = b.document(ctx, d)
		}
		if err != nil {
			return nil, err
		}
	}
	more, err := beside(b.over)
	if err != nil {
		return nil, err
	}
	return problems, b.write(ctx, append(b.ops, more...))
}

// batch gathers writes.
type batch struct {
	s       *Service
	t       tenant.Tenant
	account string
	ops     []store.Op
	over    []Overwritten
	told    []announced
}

// announced is a plugin of which Jira has to be told.
type announced struct {
	entry         entry
	before, after tenant.Module
}

func (b *batch) document(ctx context.Context, d Draft) error {
	of := tenant.ConfigType{Plugin: d.Plugin, Type: d.Type}
	_, c, err := b.s.configType(ctx, b.t.ID, d.Plugin, d.Type)
	if err != nil {
		return err
	}
	doc, err := b.s.Documents.Get(ctx, b.t.ID, of, d.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if doc.Rev != d.Rev {
		return errStale()
	}
	over := Overwritten{Draft: d}
	if doc.Rev > 0 && doc.Deleted.IsZero() {
		over.Before, over.People = doc.Values, doc.People
	}
	over.Restored = !doc.Deleted.IsZero()
	doc.ID, doc.By, doc.Deleted = d.ID, b.account, time.Time{}
	if d.Values == nil {
		doc.Deleted = b.s.Now().UTC()
	} else {
		doc.Values = d.Values
	}
	doc.People = c.people(doc.Values)
	op, doc, err := b.s.Documents.Op(b.t.ID, of, doc)
	if err != nil {
		return err
	}
	over.Rev = doc.Rev
	b.ops, b.over = append(b.ops, op), append(b.over, over)
	return nil
}

func (b *batch) settings(ctx context.Context, d Draft) error {
	e, before, err := b.s.choice(ctx, b.t.ID, d.Plugin)
	if err != nil {
		return err
	}
	if before.Rev != d.Rev {
		return errStale()
	}
	after := before
	after.Settings, after.People = d.Values, e.form.Accounts(e.form.Values(d.Values))
	after.By, after.Changed = b.account, b.s.Now().UTC()
	op, written, err := b.s.Catalog.choices.Op(b.t.ID, after)
	if err != nil {
		return err
	}
	b.ops = append(b.ops, op)
	b.over = append(b.over, Overwritten{Draft: d, Rev: written.Rev, Before: before.Settings, People: before.People})
	b.told = append(b.told, announced{e, before, after})
	return nil
}

// write tells Jira of settings and writes everything, in the order of [Service.change] and for its reasons.
func (b *batch) write(ctx context.Context, ops []store.Op) error {
	if b.s.Write == nil {
		return &sdk.Error{Code: sdk.Unimplemented, Source: sdk.FromHost, Message: "This host writes one document at a time."}
	}
	for i, a := range b.told {
		if err := b.s.announce(ctx, b.t, a.entry, a.after); err != nil {
			b.restore(ctx, b.told[:i])
			return err
		}
	}
	_, err := b.s.Write(ctx, ops...)
	if err == nil {
		return nil
	}
	b.restore(ctx, b.told)
	if errors.Is(err, store.ErrConflict) {
		return errStale()
	}
	return fmt.Errorf("write configuration documents: %w", err)
}

func (b *batch) restore(ctx context.Context, told []announced) {
	for _, a := range told {
		b.s.restore(ctx, b.t, a.entry, a.before)
	}
}
