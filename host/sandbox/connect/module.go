package connect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// ModulePlace is where pages show modules of a kind: those of a location, where the kind has locations.
type ModulePlace struct {
	Kind     string
	Location string // the beginning of it
	Right    bool   // in the right column of an issue
}

// IssuePlaces are the places of frames on an issue, from the top of the main column on.
var IssuePlaces = []ModulePlace{
	{Kind: IssueContent},
	{Kind: WebPanel, Location: "atl.jira.view.issue.left.context"},
	{Kind: IssueContext, Right: true},
	{Kind: IssueGlance, Right: true},
	{Kind: WebPanel, Location: "atl.jira.view.issue.right.context", Right: true},
}

// IssueActions are the locations of web items that stand in the menu of an issue's actions.
var IssueActions = []string{"operations-top-level", "operations-work", "operations-attachments", "operations-voteswatchers", "operations-subtasks", "operations-operations", "operations-delete", "jira.issue.tools"}

// Shown lists what the enabled apps show in the place, as [Shown] does.
func (at ModulePlace) Shown(st *world.State, p Surrounding, do func(*world.App, *Descriptor, *Module) error) error {
	return Shown(st, at.Kind, p, func(app *world.App, d *Descriptor, m *Module) error {
		if !strings.HasPrefix(m.Location, at.Location) {
			return nil
		}
		return do(app, d, m)
	})
}

// Title is what the page writes above or on a module.
func (m *Module) Title() string {
	if m.Content.Label.Value != "" {
		return m.Content.Label.Value
	}
	return m.Name.Value
}

// Where says in words where the site shows modules of the kind.
func (m *Module) Where() string {
	words := map[string]string{
		IssueContent: "on issues", IssueContext: "in the right column of issues", IssueGlance: "in the right column of issues",
		GeneralPage: "in the menu Apps", AdminPage: "in the admin area", ProjectPage: "in the sidebar of projects",
		ProjectAdminTab: "in the settings of projects", WebPanel: "at " + m.Location, WebItem: "at " + m.Location,
		ConfigurePage: "under Manage apps", PostInstallPage: "under Manage apps", dialogModule: "where the app opens it",
	}
	if m.Location == "none" {
		return "nowhere; by its address only"
	}
	return words[m.Kind]
}

// Address is where a web item leads: a path or address, with the variables of the surrounding filled in. One of the app's own
// address is shown in a frame, by the item's page.
func (m *Module) Address(app *world.App, p Surrounding) string {
	if m.Kind == WebItem && (m.Context == "product" || strings.Contains(m.URL, "://")) {
		return p.expand(m.URL)
	}
	q := url.Values{}
	if p.Issue != nil {
		q.Set("issue.key", p.Issue.Key)
	}
	if p.Project != nil {
		q.Set("project.key", p.Project.Key)
	}
	path := ModulePath(app, m)
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// Opens says how a web item opens: "page", "dialog" or "inlinedialog".
func (m *Module) Opens() string {
	if t := strings.ToLower(m.Target.Type); t != "" {
		return t
	}
	return "page"
}

// singles are the kinds of which a descriptor has one, not a list.
var singles = []string{ConfigurePage, PostInstallPage}

// modulesOf reads the modules of a kind: a list, or one object where the kind wants that.
func modulesOf(kind string, raw json.RawMessage) (list []*Module, err error) {
	if slices.Contains(singles, kind) && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	err = json.Unmarshal(raw, &list)
	return list, err
}

// checkPlace looks at what only some kinds have, and finds the address of the others.
func (m *Module) checkPlace() error {
	switch m.Kind {
	case IssueContent, IssueContext, IssueGlance:
		if m.Target.Type != "" && m.Target.Type != "web_panel" {
			return fmt.Errorf("target.type %q: want web_panel", m.Target.Type)
		}
		m.URL = m.Target.URL
	case WebPanel, WebItem:
		if m.Location == "" {
			return errors.New("location is missing")
		}
	}
	if m.Kind == WebItem {
		switch m.Context {
		case "", "addon", "page":
			if !strings.HasPrefix(m.URL, "/") && !strings.HasPrefix(m.URL, "https://") && !strings.HasPrefix(m.URL, "http://") {
				return fmt.Errorf("url %q: want a path relative to baseUrl, starting with a slash, or a whole address", m.URL)
			}
		case "product":
			if !strings.HasPrefix(m.URL, "/") {
				return fmt.Errorf("url %q: want a path of the site, starting with a slash", m.URL)
			}
		default:
			return fmt.Errorf("context %q: want addon, page or product", m.Context)
		}
	}
	return nil
}
