package main

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/issuelist"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const viewType = "view" // of configs

// asGraph is the one style that is not a list's.
const asGraph = "graph"

// look is what an admin wrote of one end of a relation.
type look struct {
	relations.End
	issuelist.Look
	collapsed                          bool
	position                           int
	allowAdd, allowRemove, allowCreate bool
	field, as                          string // of new issues, and the account that reads it; empty for none
}

func newLook(v *settings.Values) look {
	return look{
		End:       relations.End{Relation: v.String("relation"), End: v.String("end")},
		Look:      issuelist.ReadLook(v),
		collapsed: v.Bool("collapsed"), position: v.Int("position"),
		allowAdd: v.Bool("allowAdd"), allowRemove: v.Bool("allowRemove"), allowCreate: v.Bool("allowCreate"),
		field: v.String("field"), as: v.String("fieldAs"),
	}
}

// looks returns what the admin wrote of each end.
func looks(ctx context.Context) (map[relations.End]look, error) {
	all, err := config.List(ctx, viewType)
	if err != nil {
		return nil, err
	}
	out := map[relations.End]look{}
	for i := range all {
		l := newLook(&all[i].Values)
		if _, there := out[l.End]; !there {
			out[l.End] = l // the first one counts, should two have been written at once
		}
	}
	return out, nil
}

// guard refuses a second view of the same end, and sums of what is no number.
func guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	l := newLook(c.After)
	all, err := config.List(ctx, viewType)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID != c.ID && newLook(&all[i].Values).End == l.End {
			return config.No("end", "“"+all[i].String("name")+"” is the view of this end already. Change that one, or choose the other end."), nil
		}
	}
	fields, err := jira.Fields(ctx)
	if err != nil {
		return nil, err
	}
	if l.field != "" && l.as == "" {
		return config.No("fieldAs", "Choose the account by whose rights the field is read: nobody looks on when an issue is created."), nil
	}
	if at := slices.IndexFunc(fields, func(f jira.Field) bool { return f.ID == l.field }); at >= 0 && fields[at].Type != "string" && fields[at].Items != "string" {
		return config.No("field", fields[at].Name+" holds neither text nor labels, so it cannot name issues. Choose another field."), nil
	}
	return &config.Verdict{Problems: l.Problems(fields)}, nil
}
