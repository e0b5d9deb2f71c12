package main

import (
	"context"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const pickerType = "picker" // of configs

func endOf(v *settings.Values) relations.End {
	return relations.End{Relation: v.String("relation"), End: v.String("end")}
}

// look answers advanced links: how the choices of a side look. Of two documents that were written for one end at once, the first one counts.
func look(ctx context.Context, _ *service.Request, q *relations.LookQuestion) (*relations.Look, error) {
	all, err := config.List(ctx, pickerType)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if v := &all[i].Values; endOf(v) == q.End {
			return lookOf(v), nil
		}
	}
	return &relations.Look{}, nil
}

func lookOf(v *settings.Values) *relations.Look {
	return &relations.Look{
		Governed: true, Fields: v.List("fields"), Search: v.List("search"), Order: v.String("order"), Descending: v.Bool("descending"),
		HideIcon: !v.Bool("icon"), HideStatus: !v.Bool("status"), HideRecent: !v.Bool("recent"),
	}
}
