package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_project_msgp.go

// Host call operations of synchronizers.
const (
	OpProjects   = "jira.projects"   // ProjectQuery → ProjectPage
	OpCategories = "jira.categories" // nothing → CategoryList
)

// Bounds of a [ProjectQuery].
const (
	MaxProjects   = 100 // of a page
	MaxProjectIDs = 50
)

// ProjectQuery asks for a page of the site's projects in the order of their keys. Projects in the trash are never found.
//
// Since: v0.3
type ProjectQuery struct {
	IDs      []string `msg:"ids,omitempty,limit=16384"`   // only these, at most [MaxProjectIDs]; empty for any
	Category string   `msg:"category,omitempty"`          // id of the one category to which they belong; empty for any or none
	Types    []string `msg:"types,omitempty,limit=16384"` // such as software, business or service_desk; empty for any
	Text     string   `msg:"text,omitempty"`              // that stands in the key or the name, in whatever case
	Archived bool     `msg:"archived,omitempty"`          // finds archived projects too
	// Details fills in the fields of [Project] that say so.
	Details bool `msg:"details,omitempty"`
	// First is how many projects come before the page. Jira pages by position: where projects come, go or change their keys
	// between two pages, one can be left out or come twice.
	First int `msg:"first,omitempty"`
	Limit int `msg:"limit,omitempty"` // projects of the page, 1 to [MaxProjects]; 0 means 50
}

// Project is a project of the site.
//
// Since: v0.3
type Project struct {
	ID           string `msg:"id"`                      // numeric, in decimal; never changes
	Key          string `msg:"key"`                     // such as OPS; an admin can change it
	Name         string `msg:"name"`                    // what people read
	Type         string `msg:"type"`                    // such as software, business or service_desk
	Style        string `msg:"style,omitempty"`         // classic or next-gen
	CategoryID   string `msg:"category_id,omitempty"`   // numeric, in decimal; empty without a category
	CategoryName string `msg:"category_name,omitempty"` // empty without a category
	Archived     bool   `msg:"archived,omitempty"`
	Private      bool   `msg:"private,omitempty"`    // only its members can see it
	Simplified   bool   `msg:"simplified,omitempty"` // managed by its team
	// With ProjectQuery.Details:
	Description string `msg:"description,omitempty"`
	URL         string `msg:"url,omitempty"`        // that the project's admins wrote; not the project's address in Jira
	LeadID      string `msg:"lead_id,omitempty"`    // an account
	LeadName    string `msg:"lead_name,omitempty"`  //
	LeadEmail   string `msg:"lead_email,omitempty"` // empty where its owner hides it, which is the rule
	// Insight says that Issues and LastUpdate are known. Jira calls them experimental.
	Insight    bool   `msg:"insight,omitempty"`
	Issues     int64  `msg:"issues,omitempty"`
	LastUpdate string `msg:"last_update,omitempty"` // of any issue, in RFC 3339; empty where there is none
}

// ProjectPage is a page of projects.
//
// Since: v0.3
type ProjectPage struct {
	Projects []Project `msg:"projects,limit=16384"`
	Total    int       `msg:"total"` // that the query finds
}

// Projects lists projects as the app itself sees them. It works in a synchronizer alone, where nobody looks at the answer but the host,
// and needs the permission "jira:projects" in plugin.json. Errors: permission_denied anywhere else.
//
// Since: v0.3
func Projects(ctx context.Context, q ProjectQuery) (*ProjectPage, error) {
	var out ProjectPage
	if err := hostcall.Exchange(ctx, OpProjects, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// Category groups projects.
//
// Since: v0.3
type Category struct {
	ID   string `msg:"id"` // numeric, in decimal; never changes
	Name string `msg:"name"`
}

// CategoryList is all categories of a site.
//
// Since: v0.3
type CategoryList struct {
	Categories []Category `msg:"categories,limit=16384"`
}

// Categories lists the categories of projects, under the conditions of [Projects].
//
// Since: v0.3
func Categories(ctx context.Context) ([]Category, error) {
	var out CategoryList
	if err := hostcall.Exchange(ctx, OpCategories, nil, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.Categories, nil
}
