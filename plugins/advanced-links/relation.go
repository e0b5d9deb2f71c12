package main

import (
	"context"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/view"
)

const relationType = "relation" // of configs and of the records' field

// The two ends of a relation, as plugin.json has them.
const (
	first  = "first"  // the outward issue of a link
	second = "second" // the inward one
)

// place is what a relation says of one of its ends.
type place struct {
	label    string // what stands in an issue at this end
	show     bool
	contexts contract.Contexts // of the issues that can be at this end
	most     int               // links of an issue at this end; 0 means any number
	// portal is what customers do with it on requests at this end.
	portal string
}

// relation is what an admin wrote.
type relation struct {
	id       string
	name     string
	color    view.Color
	native   bool   // its links are Jira's own
	linkType string // of Jira's, where native
	// searchable has the links indexed for JQL; see index.go.
	searchable bool
	ends       map[string]place
}

func newRelation(id string, v *settings.Values) relation {
	r := relation{
		id: id, name: v.String("name"), color: view.Color(v.String("color")), native: v.String("storage") == "jira", linkType: v.String("linkType"), searchable: v.Bool("searchable"), ends: map[string]place{},
	}
	for end, label := range map[string]string{first: v.String("outward"), second: v.String("inward")} {
		r.ends[end] = place{
			label: label, show: v.Bool(end + ".show"), contexts: contract.ContextsIn(v, end+".contexts"), most: v.Int(end + ".most"), portal: v.String(end + ".portal"),
		}
	}
	return r
}

// side is a relation as it is seen from an issue at one of its ends.
type side struct {
	relation
	end string // at which the issue is
}

func (s side) here() place  { return s.ends[s.end] }
func (s side) there() place { return s.ends[s.other()] }

func (s side) other() string {
	if s.end == first {
		return second
	}
	return first
}

// key of the side among the params of a page.
func (s side) key() string { return s.id + "-" + s.end }

// slot names the side among the sections of a page and the fields of a form, which take no upper-case letters.
func (s side) slot() string { return contract.SectionName("side", s.key()) }

// fields of a link are named by what an issue is in it.
func (s side) field() string {
	if s.end == first {
		return "outward"
	}
	return "inward"
}

func (s side) otherField() string { return side{s.relation, s.other()}.field() }

func relations(ctx context.Context) ([]relation, error) {
	all, err := config.List(ctx, relationType)
	if err != nil {
		return nil, err
	}
	out := make([]relation, len(all))
	for i := range all {
		out[i] = newRelation(all[i].ID, &all[i].Values)
	}
	return out, nil
}

// sidesOf returns the sides that show in an issue, in the order in which the admin made the relations.
func sidesOf(all []relation, i *jira.Issue) []side {
	var out []side
	for _, r := range all {
		for _, end := range []string{first, second} {
			if p := r.ends[end]; p.show && p.contexts.Hold(i) {
				out = append(out, side{r, end})
			}
		}
	}
	return out
}

// portalSidesOf returns the sides that an admin opened to the customers of a request.
func portalSidesOf(all []relation, request *jira.Issue) []side {
	var out []side
	for _, r := range all {
		for _, end := range []string{first, second} {
			if p := r.ends[end]; !r.native && (p.portal == portalShows || p.portal == portalLinks) && p.contexts.Hold(request) {
				out = append(out, side{r, end})
			}
		}
	}
	return out
}

// pick finds the side that a page names, among those that show in the issue.
func pick(sides []side, key string) (side, error) {
	for _, s := range sides {
		if s.key() == key {
			return s, nil
		}
	}
	return side{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "This relation does not show here any more. Reload the page."}
}
