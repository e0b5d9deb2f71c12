package configset

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// Done is an import that was carried out.
type Done struct {
	Plan   Plan
	Import string // its id, "" where there was nothing to do
}

// refusedError says that an import was not carried out, with the plan that says why.
func refusedError(n int) error {
	what := "One document is refused"
	if n != 1 {
		what = fmt.Sprintf("%d documents are refused", n)
	}
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "file", Message: what + ", so nothing was done. Look at why, and choose something else or leave them out."}
}

// Import carries an import out: all of it or nothing. With a seal, only what the plan of that seal said. Where a document is refused the plan
// of Done says why, beside the error.
func (s *Service) Import(ctx context.Context, t tenant.Tenant, account string, in Import, sealed string) (Done, error) {
	p, err := s.Plan(ctx, t, account, in)
	if err != nil {
		return Done{}, err
	}
	if sealed != "" && sealed != p.Seal {
		return Done{Plan: p}, &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: "What would be done has changed meanwhile. Nothing was done. Look at it again."}
	}
	if n := p.Count(Refused); n > 0 {
		return Done{Plan: p}, refusedError(n)
	}
	all := p.drafts()
	if len(all) == 0 {
		return Done{Plan: p}, nil
	}
	r := Record{By: account, At: s.now().UTC().Round(0), Origin: origin(in.File), Created: p.Count(Created), Changed: len(all) - p.Count(Created)}
	if r.ID, err = s.newID(); err != nil {
		return Done{}, err
	}
	problems, err := s.features.WriteDrafts(ctx, t, account, all, func(over []feature.Overwritten) ([]store.Op, error) { return s.remember(t, r, over) })
	if errors.Is(err, feature.ErrFields) {
		return Done{Plan: p}, meanwhile(problems)
	}
	return Done{Plan: p, Import: r.ID}, err
}

// meanwhile says what a guard refuses that did not do so when the plan was made.
func meanwhile(problems []schemaform.Errors) error {
	for _, errs := range problems {
		if len(errs) > 0 {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "Nothing was done. " + errs[0].Message}
		}
	}
	return feature.ErrFields
}

// origin says where an import came from, without naming a site.
func origin(f *File) string {
	if name, ok := strings.CutPrefix(f.From, templatePrefix); ok && templates[name] {
		return name
	}
	return fromFile
}

// remember writes down what an import wrote.
func (s *Service) remember(t tenant.Tenant, r Record, over []feature.Overwritten) ([]store.Op, error) {
	op, err := r.op(t.ID)
	ops := []store.Op{op}
	for i, o := range over {
		c := change{Import: r.ID, Plugin: o.Plugin, Type: o.Type, Document: o.ID, Rev: o.Rev, Place: i, Before: o.Before, People: o.People, At: r.At}
		id, failed := s.newID()
		c.ID = id
		op, broken := c.op(t.ID)
		ops, err = append(ops, op), errors.Join(err, failed, broken)
	}
	return ops, err
}
