package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/view"
)

// mostSummary is how many characters Jira takes as a summary.
const mostSummary = 255

// preset is a project and a type of which the user may create issues, named.
type preset struct{ project, issueType, label string }

// value names the preset in the form.
func (p preset) value() string { return p.project + "-" + p.issueType }

// creation is the form for a new issue: what the user entered, and what is wrong with it.
type creation struct {
	side            string // key
	preset, summary string
	wrongPreset     string
	wrongSummary    string
	problem         string
}

// opened is a form that nobody has filled in.
func opened(side string) *creation {
	if side == "" {
		return nil
	}
	return &creation{side: side}
}

// presetsOf returns what the user can create to be linked. What the user may not create, or not link there, is left out.
func presetsOf(ctx context.Context, at contract.Where) ([]preset, error) {
	list, err := contract.Presets(ctx, contract.PresetsQuestion{Where: at})
	if err != nil || len(list.Presets) == 0 {
		return nil, err
	}
	var projects []string
	for _, p := range list.Presets {
		if !slices.Contains(projects, p.ProjectID) {
			projects = append(projects, p.ProjectID)
		}
	}
	projects = projects[:min(len(projects), jira.MaxProjects)]
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.CreateIssues, jira.LinkIssues}, ProjectIDs: projects})
	if err != nil {
		return nil, err
	}
	var out []preset
	for _, id := range projects {
		if !rights.InProject(jira.CreateIssues, id) || !rights.InProject(jira.LinkIssues, id) {
			continue
		}
		some, err := presetsIn(ctx, id, list.Presets, len(projects) > 1)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// presetsIn names the presets of a project by their types, and where there are several projects, by theirs.
func presetsIn(ctx context.Context, project string, all []contract.Preset, several bool) ([]preset, error) {
	types, err := jira.IssueTypes(ctx, project)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	prefix := ""
	if several {
		if prefix, err = projectName(ctx, project); err != nil {
			return nil, err
		}
		prefix += ": "
	}
	var out []preset
	for _, p := range all {
		at := slices.IndexFunc(types, func(t jira.IssueType) bool { return t.ID == p.IssueTypeID })
		if p.ProjectID == project && at >= 0 {
			out = append(out, preset{project, p.IssueTypeID, prefix + types[at].Name})
		}
	}
	return out, nil
}

// projectName is the key of a project, as its issues have it; Jira tells a plugin no names of projects.
func projectName(ctx context.Context, id string) (string, error) {
	found, err := jira.Find(ctx, jira.Search{JQL: jql.OrderBy(jql.Field("project").Eq(id), jql.Field("updated").Desc()), Fields: []string{"summary"}, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(found.Issues) == 0 {
		return "Project " + id, nil
	}
	key, _, _ := strings.Cut(found.Issues[0].Key, "-")
	return key, nil
}

// creating is the form for a new issue.
func (p part) creating(c *creation) []view.Block {
	cancel := view.Actions(view.Button{Label: "Cancel", View: "panel", Params: map[string]string{"add": p.key()}})
	if len(p.presets) == 0 {
		return []view.Block{view.Muted(cmp.Or(p.noNew, "There is nothing that you can create here. Link an issue that is there.")), cancel}
	}
	var fields []view.Field
	help := "Type of the new issue: " + p.presets[0].label + "."
	if len(p.presets) > 1 {
		help = ""
		f := view.Field{Name: "preset", Label: "What", Kind: view.SelectField, Value: c.preset, Required: true, Error: c.wrongPreset}
		for _, one := range p.presets {
			f.Options = append(f.Options, view.Option{Value: one.value(), Label: one.label})
		}
		fields = append(fields, f)
	}
	fields = append(fields, view.Field{Name: "summary", Label: "Summary", Kind: view.TextField, Value: c.summary, Help: help, Required: true, Error: c.wrongSummary})
	return []view.Block{{Form: &view.Form{Action: "create", Submit: "Create and link", State: []byte(p.key()), Fields: fields, Error: c.problem}}, cancel}
}

// create makes an issue and links it. What keeps the link from being made is looked for before the issue is made, so that none is left
// behind without one.
func (p *plugin) create(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	s, err := pick(sides, string(r.State))
	if err != nil {
		return nil, err
	}
	c := &creation{side: s.key(), preset: one(r.Form["preset"]), summary: strings.TrimSpace(one(r.Form["summary"]))}
	what, err := p.creatable(ctx, r, s, c)
	if err != nil {
		return nil, err
	}
	var joins []join
	if what != nil {
		if joins, c.problem, err = joinsOf(ctx, s.where(r.Context.IssueID, nil), what); err != nil {
			return nil, err
		}
	}
	if what == nil || c.problem != "" {
		return p.draw(ctx, r, shown{creates: c})
	}
	made, err := jira.Create(ctx, jira.New{ProjectID: what.project, IssueTypeID: what.issueType, Summary: c.summary})
	if err != nil {
		return p.notCreated(ctx, r, c, err)
	}
	joins = append(joins, join{s, r.Context.IssueID})
	for _, j := range joins {
		if _, err := p.link(ctx, j.side, j.issue, []string{made.ID}, r.Context.Account); err != nil {
			// The issue is there: the form would make another one.
			return p.draw(ctx, r, shown{flag: &view.Flag{Tone: view.Danger, Title: made.Key + " is created, and not linked", Body: messageOf(err)}})
		}
	}
	log.Write(ctx, log.Info, "links.added", log.Count("links", len(joins)))
	return p.changed(ctx, r, &view.Flag{Tone: view.Success, Title: made.Key + " is created and linked"})
}

// creatable returns the preset that the user chose, or nil with what is wrong in the form.
func (p *plugin) creatable(ctx context.Context, r *sdk.Request, s side, c *creation) (*preset, error) {
	switch {
	case c.summary == "":
		c.wrongSummary = "Write what the issue is about."
	case utf8.RuneCountInString(c.summary) > mostSummary || strings.ContainsAny(c.summary, "\r\n"):
		c.wrongSummary = "A summary is one line of 255 characters at most."
	}
	may, err := mayLink(ctx, r.Context)
	if err != nil {
		return nil, err
	}
	if !may {
		c.problem = "You may not link this issue. Ask an admin of the project for the permission Link issues."
	}
	if err := s.hasRoom(ctx, r.Context.IssueID); err != nil {
		if sdk.CodeOf(err) != sdk.Invalid {
			return nil, err
		}
		c.problem = messageOf(err)
	}
	shut, err := closedTo(ctx, r.Context.IssueID, s)
	if err != nil {
		return nil, err
	}
	if shut[0].creating {
		c.problem = closedWords
	}
	presets, err := presetsOf(ctx, s.where(r.Context.IssueID, nil))
	if err != nil {
		return nil, err
	}
	if c.preset == "" && len(presets) == 1 {
		c.preset = presets[0].value()
	}
	at := slices.IndexFunc(presets, func(p preset) bool { return p.value() == c.preset })
	if at < 0 {
		c.wrongPreset = "Choose what to create."
	}
	if c.wrongPreset+c.wrongSummary+c.problem != "" {
		return nil, nil
	}
	return &presets[at], nil
}

// notCreated shows why Jira did not make the issue, beside what was typed.
func (p *plugin) notCreated(ctx context.Context, r *sdk.Request, c *creation, err error) (*view.Page, error) {
	switch sdk.CodeOf(err) {
	case sdk.Invalid, sdk.PermissionDenied, sdk.NotFound:
		c.problem = messageOf(err)
	case sdk.Unavailable, sdk.Deadline:
		c.problem = "Jira did not answer in time. Look whether the issue is there before you try again."
	default:
		return nil, err
	}
	if e := (*sdk.Error)(nil); errors.As(err, &e) && e.Field == "summary" {
		c.wrongSummary, c.problem = c.problem, ""
	}
	return p.draw(ctx, r, shown{creates: c})
}

// one is the value of a field that has one.
func one(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
