package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostExported is how many links a file holds: so many issues are read while the admin waits, and nothing is kept of them. A relation with more
// is saved in several files.
const mostExported = 2000

// mostFiles bounds the files that are offered of a relation.
const mostFiles = 200

// separators are what can stand between the columns.
var separators = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t'}

// parts offers the files of a relation, or of all.
func (p *plugin) parts(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := ownSides(ctx)
	if err != nil {
		return nil, err
	}
	id := field(r, "relation")
	out := &view.Page{Title: "Link transfer", Blocks: []view.Block{view.H("Export")}}
	for _, s := range sides {
		if s.End.End != relations.First || id != "" && id != s.Relation {
			continue
		}
		blocks, err := partsOf(ctx, s, map[string]string{"relation": s.Relation, "by": field(r, "by"), "separator": field(r, "separator")})
		if err != nil {
			return nil, err
		}
		out.Blocks = append(out.Blocks, view.Block{Heading: &view.Heading{Level: 3, Text: s.Name}})
		out.Blocks = append(out.Blocks, blocks...)
	}
	out.Blocks = append(out.Blocks, view.Muted("The files are made when you save them, of what you may see in Jira then. How many links were left out stands in their last line."), back())
	return out, nil
}

// partsOf offers the files of a relation.
func partsOf(ctx context.Context, s relations.Side, params map[string]string) ([]view.Block, error) {
	q := relations.PairsQuestion{Relation: s.Relation}
	var buttons []view.Button
	for n := 0; ; {
		page, err := relations.Pairs(ctx, q)
		if err != nil {
			return nil, err
		}
		if page == nil {
			return nil, absent()
		}
		if n%mostExported == 0 && len(page.Pairs) > 0 && len(buttons) < mostFiles {
			with := map[string]string{"part": strconv.Itoa(len(buttons) + 1)}
			for name, value := range params {
				with[name] = value
			}
			if q.After != nil {
				with["after"] = store.JoinID(q.After.First, q.After.Second)
			}
			buttons = append(buttons, view.Button{Label: fmt.Sprintf("Save links from %d", n+1), File: "links", Params: with})
		}
		n += len(page.Pairs)
		if !page.More || len(page.Pairs) == 0 {
			if n == 0 {
				return []view.Block{view.Muted("There are no links.")}, nil
			}
			return []view.Block{view.Muted(plural(n, "link") + "."), view.Actions(buttons...)}, nil
		}
		q.After = &page.Pairs[len(page.Pairs)-1]
	}
}

// export is a file with links of a relation, as the admin sees their issues.
func (p *plugin) export(ctx context.Context, r *sdk.Request) (*sdk.Attachment, error) {
	sides, err := ownSides(ctx)
	if err != nil {
		return nil, err
	}
	side := sideOf(sides, r.Params["relation"])
	if side == nil {
		return nil, invalid("The relation is gone. Choose another one.")
	}
	pairs, err := exported(ctx, side.Relation, r.Params["after"])
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(ctx, pairs)
	if err != nil {
		return nil, err
	}
	lines, hidden := [][]string{{"relation", "first", "second"}}, 0
	for _, pair := range pairs {
		a, b := keys[pair.First], keys[pair.Second]
		if a == "" || b == "" {
			hidden++
			continue
		}
		if r.Params["by"] == "ids" {
			a, b = pair.First, pair.Second
		}
		lines = append(lines, []string{side.Name, a, b})
	}
	note := ""
	if hidden > 0 {
		note = plural(hidden, "link") + " left out: an issue is gone, or you may not see it."
	}
	separator, ok := separators[r.Params["separator"]]
	if !ok {
		separator = ','
	}
	part, _ := strconv.Atoi(r.Params["part"])
	return &sdk.Attachment{Name: fmt.Sprintf("links-%d.csv", max(part, 1)), ContentType: "text/csv", Body: formatTable(separator, lines, note)}, nil
}

// exported are the links of one file.
func exported(ctx context.Context, relation, after string) ([]relations.Pair, error) {
	q := relations.PairsQuestion{Relation: relation}
	if first, second, ok := strings.Cut(after, "."); ok {
		q.After = &relations.Pair{Relation: relation, First: first, Second: second}
	}
	var out []relations.Pair
	for len(out) < mostExported {
		q.Limit = min(mostExported-len(out), relations.MostListed)
		page, err := relations.Pairs(ctx, q)
		if err != nil {
			return nil, err
		}
		if page == nil {
			return nil, absent()
		}
		out = append(out, page.Pairs...)
		if !page.More || len(page.Pairs) == 0 {
			break
		}
		q.After = &page.Pairs[len(page.Pairs)-1]
	}
	return out, nil
}

// keysOf are the keys of the issues of links that the user may see.
func keysOf(ctx context.Context, pairs []relations.Pair) (map[string]string, error) {
	var ids []string
	for _, pair := range pairs {
		ids = append(ids, pair.First, pair.Second)
	}
	out := map[string]string{}
	for some := range slices.Chunk(unique(ids), jira.MaxIssues) {
		found, err := jira.Issues(ctx, some, "summary")
		if err != nil {
			return nil, err
		}
		for _, i := range found.Issues {
			out[i.ID] = i.Key
		}
	}
	return out, nil
}
