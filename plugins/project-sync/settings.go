package main

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// selection is which projects a connection covers.
type selection struct {
	categories []string // ids; empty for all projects, with or without a category
	types      []string // empty for all
	text       string   // in the key or the name
	archived   bool
	except     []string // ids
}

// parse reads a connection. The project in which issues are made of the rows is never one of them.
func parse(c *sync.Config) selection {
	v := &c.Settings
	return selection{
		categories: clean(v.List("categories")), types: clean(v.List("types")), text: strings.TrimSpace(v.String("text")),
		archived: v.Bool("archived"), except: clean(slices.Concat(v.List("except"), []string{c.Target})),
	}
}

// isID says whether s is the id of a project or category: a number in decimal.
func isID(s string) bool {
	return s != "" && len(s) <= 19 && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// clean takes out spaces, what is empty, and repetitions.
func clean(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// query is the part of the selection that Jira looks at. It takes one category alone; of several, covers keeps the projects.
func (s selection) query() jira.ProjectQuery {
	q := jira.ProjectQuery{Types: s.types, Text: s.text, Archived: s.archived}
	if len(s.categories) == 1 {
		q.Category = s.categories[0]
	}
	return q
}

// covers says whether a project that the query found is in the selection.
func (s selection) covers(p *jira.Project) bool {
	return (len(s.categories) == 0 || slices.Contains(s.categories, p.CategoryID)) && (len(s.types) == 0 || slices.Contains(s.types, p.Type)) &&
		(s.archived || !p.Archived) && !slices.Contains(s.except, p.ID)
}
