package main

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// column is a column with what it holds of a project.
type column struct {
	sync.Column
	details bool // takes ProjectQuery.Details
	of      func(p *jira.Project) sync.Value
}

// text is a column of a text that can be missing where nullable says so.
func text(name string, nullable, details bool, of func(p *jira.Project) string) column {
	return column{
		Column:  sync.Column{Name: name, Type: sync.StringType, Nullable: nullable, Filterable: true},
		details: details,
		of: func(p *jira.Project) sync.Value {
			s := of(p)
			if s == "" && nullable {
				return sync.Value{}
			}
			return sync.String(s)
		},
	}
}

func truth(name string, of func(p *jira.Project) bool) column {
	return column{
		Column: sync.Column{Name: name, Type: sync.BooleanType, Filterable: true},
		of:     func(p *jira.Project) sync.Value { return sync.Bool(of(p)) },
	}
}

var columns = []column{
	text("id", false, false, func(p *jira.Project) string { return p.ID }),
	text("key", false, false, func(p *jira.Project) string { return p.Key }),
	text("name", false, false, func(p *jira.Project) string { return p.Name }),
	text("description", true, true, func(p *jira.Project) string { return p.Description }),
	text("url", true, true, func(p *jira.Project) string { return p.URL }),
	text("lead", true, true, func(p *jira.Project) string { return p.LeadID }),
	text("lead_name", true, true, func(p *jira.Project) string { return p.LeadName }),
	text("lead_email", true, true, func(p *jira.Project) string { return p.LeadEmail }),
	text("category_id", true, false, func(p *jira.Project) string { return p.CategoryID }),
	text("category", true, false, func(p *jira.Project) string { return p.CategoryName }),
	text("type", true, false, func(p *jira.Project) string { return p.Type }),
	text("style", true, false, func(p *jira.Project) string { return p.Style }),
	truth("archived", func(p *jira.Project) bool { return p.Archived }),
	truth("private", func(p *jira.Project) bool { return p.Private }),
	truth("simplified", func(p *jira.Project) bool { return p.Simplified }),
	{
		Column:  sync.Column{Name: "issues", Type: sync.IntegerType, Nullable: true, Filterable: true},
		details: true,
		of: func(p *jira.Project) sync.Value {
			if !p.Insight {
				return sync.Value{}
			}
			return sync.Int(p.Issues)
		},
	},
	{
		Column:  sync.Column{Name: "last_issue_update", Type: sync.TimeType, Nullable: true, Filterable: true},
		details: true,
		of: func(p *jira.Project) sync.Value {
			if p.LastUpdate == "" {
				return sync.Value{}
			}
			at, err := time.Parse(time.RFC3339Nano, p.LastUpdate)
			if err != nil {
				return sync.Untold("Jira tells the time in a form that is not known")
			}
			return sync.Time(at)
		},
	},
}

const projects = "projects"

func discover(context.Context, *sync.Discover) (*sync.Catalog, error) {
	stream := sync.Stream{Name: projects, Title: "Projects", Key: []string{"id"}}
	for _, c := range columns {
		stream.Columns = append(stream.Columns, c.Column)
	}
	return &sync.Catalog{Streams: []sync.Stream{stream}}, nil
}

// find returns the column of that name.
func find(name string) (*column, error) {
	for i := range columns {
		if columns[i].Name == name {
			return &columns[i], nil
		}
	}
	return nil, sync.NoColumn(name)
}
