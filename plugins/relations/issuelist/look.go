package issuelist

import (
	"slices"

	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// ReadLook reads the settings of a configuration document that say how issues are shown: style, columns, sums, sort, with the
// field and descending of each row, and pageSize.
func ReadLook(v *settings.Values) Look {
	l := Look{Style: v.String("style"), Columns: v.List("columns"), Sums: v.List("sums"), PageSize: v.Int("pageSize")}
	for _, row := range v.Groups("sort") {
		if field := row.String("field"); field != "" {
			l.Sort = append(l.Sort, Order{Field: field, Descending: row.Bool("descending")})
		}
	}
	return l
}

// Problems says what is wrong with a look that an admin wrote, beside its settings. A field that the admin does not see is left alone.
func (l Look) Problems(known []jira.Field) []config.Problem {
	for _, id := range l.Sums {
		at := slices.IndexFunc(known, func(f jira.Field) bool { return f.ID == id })
		if at >= 0 && known[at].Type != "number" {
			return []config.Problem{{Setting: "sums", Message: known[at].Name + " does not hold numbers, so it cannot be summed. Take it out."}}
		}
	}
	return nil
}
