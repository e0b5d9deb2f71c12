package ui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Admin is the admin page: the feature modules of the installation, to switch on and off and to set.
type Admin struct {
	Plugins []AdminPlugin
	// Notice stands above the list, for what concerns all of it.
	Notice *view.Notice
	// StoredURL leads to the page that says what is stored about the site, in the place of the whole window: inside Jira it is
	// the address that Jira gives that page. "" shows no link.
	StoredURL string
	// SyncURL leads to the page of synchronizations in the same way, APIURL to that of API tokens, AuditURL to that of changes, ConfigURL to that of configuration.
	SyncURL, APIURL, AuditURL, ConfigURL string
	// Bare offers templates: nothing that they set up is there yet.
	Bare bool
}

// AdminPlugin is one feature module as the admin sees it.
type AdminPlugin struct {
	Manifest *manifest.Manifest
	Enabled  bool
	Health   Health
	// Missing are the permissions of the manifest that the tenant has not granted.
	Missing []string
	// Grant offers to grant all that is missing.
	Grant bool
	// Retry offers to have a plugin that is paused tried again at once.
	Retry bool
	// Trial says in a sentence that a newer version is being tried; "" shows nothing.
	Trial string
	// Runs say in a sentence each how the plugin's code is kept in bounds. Caution says, where it is not as well as could
	// be, what that means; it is shown without being asked for.
	Runs    []string
	Caution string
	// Limits are what one call may use.
	Limits []Limit
	// Settings, where it is not nil, is shown inside the card at once. Leave it nil to have the page ask for it.
	Settings *SettingsForm
	// Flag is shown once, such as "QR codes is switched on".
	Flag *view.Flag
}

// Limit is one of the things that a call may use so much of, with the unit in the words.
type Limit struct {
	Name  string // such as "Memory"
	Asked string // "" where the plugin asks for nothing
	Gets  string
	Less  bool // it gets less than it asks for
}

// Health says whether a plugin works.
type Health struct {
	Tone  view.Tone // Success, Warning or Danger
	Label string    // one or two words, such as "Working"; "" shows nothing
	// Reason says in plain words what is wrong and what to do; it is shown above everything else of the card.
	Reason string
}

// Admin draws the admin page.
func (r *Renderer) Admin(w io.Writer, s Shell, a Admin) error {
	s = s.defaults()
	s.Kind = KindAdmin
	if s.API == "" {
		s.API = "/api/admin"
	}
	body := struct {
		Cards     []card
		Notice    *view.Notice
		StoredURL string
		SyncURL   string
		APIURL    string
		AuditURL  string
		ConfigURL string
		Bare      bool
		Filter    bool
	}{Notice: a.Notice, StoredURL: a.StoredURL, SyncURL: a.SyncURL, APIURL: a.APIURL, AuditURL: a.AuditURL, ConfigURL: a.ConfigURL, Bare: a.Bare && a.ConfigURL != "", Filter: len(a.Plugins) > filterAbove}
	for _, p := range a.Plugins {
		c, err := newCard(p)
		if err != nil {
			return err
		}
		body.Cards = append(body.Cards, c)
	}
	return r.render(w, "admin-document", document{Shell: s, Heading: s.Title, Body: body})
}

// AdminPlugin draws one card, as the answer to switching it.
func (r *Renderer) AdminPlugin(w io.Writer, s Shell, p AdminPlugin) error {
	c, err := newCard(p)
	if err != nil {
		return err
	}
	return r.render(w, "card", c)
}

// card is the model of the template.
type card struct {
	ID, SettingsID string
	Name, Version  string
	Publisher      link
	Description    string
	Runtime        string
	License        string
	Enabled        bool
	Health         Health
	EnabledCall    string
	SettingsCall   string // "" without settings
	RetryCall      string // "" where there is nothing to try again
	SwitchBody     string // of a call that switches it
	GrantBody      string // of a call that grants what is missing; "" where that is not offered
	Trial, Caution string
	Runs           []string
	Limits         []Limit
	Places         []string
	Permissions    []permission
	Events, Jobs   []heard
	Functions      []heard
	Records        []record
	Links          []link
	Settings       *settings
	Configs        []configLink
	Flag           *view.Flag
}

type (
	link       struct{ Text, Href string }
	permission struct {
		Title, Reason, Detail string
		Missing               bool
	}
	heard      struct{ Title, Reason, Detail string }
	configLink struct{ Title, Panel, Call string }
	record     struct {
		Purpose, Type string
		Fields        []recordField
	}
	recordField struct{ Name, Kind string }
)

func newCard(p AdminPlugin) (card, error) {
	m := p.Manifest
	if m == nil {
		return card{}, fmt.Errorf("draw a plugin's card: there is no manifest")
	}
	c := card{
		ID: cardID("plugin", m.ID), SettingsID: cardID("settings", m.ID),
		Name: cmp.Or(m.Name, string(m.ID)), Version: m.Version, Description: m.Description, License: m.License,
		Publisher: newLink(m.Publisher.Name, m.Publisher.URL),
		Runtime:   runtimeWords(m.Runtime.Kind),
		Enabled:   p.Enabled, Flag: p.Flag,
		Health:      Health{Tone: tone(p.Health.Tone), Label: p.Health.Label, Reason: p.Health.Reason},
		EnabledCall: callOf(m.ID, "enabled"),
		SwitchBody:  switchBody(!p.Enabled, m.Version),
		Trial:       p.Trial, Caution: p.Caution, Runs: p.Runs, Limits: p.Limits,
	}
	if p.Grant {
		c.GrantBody = switchBody(true, m.Version)
	}
	if p.Retry {
		c.RetryCall = callOf(m.ID, "retry")
	}
	if m.Settings != nil {
		c.SettingsCall = callOf(m.ID, "settings")
	}
	for _, t := range m.Configs {
		c.Configs = append(c.Configs, configLink{Title: t.Plural, Panel: configPanelID(m.ID, t.Type), Call: callOf(m.ID, "configs/"+t.Type)})
	}
	for _, mod := range m.Modules {
		if !mod.Hidden {
			c.Places = append(c.Places, placeWords(mod))
		}
	}
	for _, p := range m.Provides {
		if p.Capability == manifest.ServiceV1 {
			c.Places = append(c.Places, "Behind other features, which ask it for “"+p.Title+"”")
		}
	}
	for _, wish := range m.Wishes() {
		known := manifest.Known(wish.Name)
		c.Permissions = append(c.Permissions, permission{Title: known.Title, Detail: known.Detail, Reason: wish.Reason, Missing: slices.Contains(p.Missing, wish.Name)})
	}
	for _, e := range m.Events {
		c.Events = append(c.Events, heard{Title: EventWords(e.Event), Reason: e.Reason, Detail: onlyWords(m, e)})
	}
	for _, j := range m.Jobs {
		c.Jobs = append(c.Jobs, heard{Title: j.Title, Reason: j.Reason})
	}
	for _, f := range m.Functions {
		c.Functions = append(c.Functions, heard{Title: functionWords(f), Reason: f.Reason})
	}
	for _, rec := range m.Records {
		out := record{Type: rec.Type, Purpose: rec.Purpose}
		for _, name := range slices.Sorted(maps.Keys(rec.Fields)) {
			out.Fields = append(out.Fields, recordField{Name: name, Kind: kindWords(rec.Fields[name].Kind)})
		}
		c.Records = append(c.Records, out)
	}
	for _, l := range []link{newLink("Documentation", m.Links.Docs), newLink("Support", m.Links.Support), newLink("Privacy", m.Links.Privacy)} {
		if l.Href != "" {
			c.Links = append(c.Links, l)
		}
	}
	if p.Settings != nil && p.Settings.Form != nil {
		s := newSettings(*p.Settings)
		c.Settings = &s
	}
	return c, nil
}

// switchBody is the body of a call that switches a plugin. Switching it on is a consent, so it says to which version.
func switchBody(on bool, version string) string {
	body := map[string]any{"enabled": on}
	if on && version != "" {
		body["version"] = version
	}
	out, err := json.Marshal(body)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(out)
}

func newLink(text, href string) link {
	ok, err := address(href)
	if err != nil {
		return link{Text: text}
	}
	return link{Text: cmp.Or(text, href), Href: ok}
}

func runtimeWords(kind string) string {
	switch kind {
	case "wasm":
		return "Runs in a WebAssembly sandbox"
	case "process":
		return "Runs as a process of its own"
	}
	return ""
}

func placeWords(m manifest.Module) string {
	switch m.Type {
	case "issuePanel":
		return "Issue panel “" + m.Name + "”"
	case "generalPage":
		return "Page “" + m.Name + "” in the Apps menu"
	case "portalPanel":
		return "Panel “" + m.Name + "” on requests of the customer portal"
	case "adminPage":
		return "Page “" + m.Name + "” for Jira admins, under Apps"
	}
	return m.Name
}

// functionWords is a function as users write it, such as issue in linkedAssets(relation, issues[, end]).
func functionWords(f manifest.Function) string {
	var b strings.Builder
	b.WriteString("issue in " + f.Name + "(")
	for i, a := range f.Arguments {
		switch {
		case a.Required && i > 0:
			b.WriteString(", " + a.Name)
		case a.Required:
			b.WriteString(a.Name)
		case i > 0:
			b.WriteString("[, " + a.Name + "]")
		default:
			b.WriteString("[" + a.Name + "]")
		}
	}
	return b.String() + ")"
}

// EventWords say what a plugin is told of, the kind itself where it is not known.
func EventWords(kind string) string {
	switch kind {
	case event.IssueCreated:
		return "An issue was created"
	case event.IssueUpdated:
		return "An issue was changed"
	case event.IssueDeleted:
		return "An issue was deleted"
	case event.LinkCreated:
		return "Issues were linked"
	case event.LinkDeleted:
		return "A link between issues was removed"
	}
	return kind
}

// kinds say what the fields of stored records hold.
var kinds = map[string]string{
	manifest.KindIssue:        "the id of an issue",
	manifest.KindProject:      "the id of a project",
	manifest.KindIssueType:    "the id of an issue type",
	manifest.KindField:        "the id of a field",
	manifest.KindFieldContext: "the id of a field's context",
	manifest.KindFilter:       "the id of a filter",
	manifest.KindRequestType:  "the id of a request type",
	manifest.KindPortal:       "the id of a service desk",
	manifest.KindCategory:     "the id of a project category",
	manifest.KindLinkType:     "the id of a type of link",
	manifest.KindLink:         "the id of a link between issues",
	manifest.KindIssueStatus:  "the id of a status in Jira",
	manifest.KindAccount:      "the account id of a user",
	manifest.KindTime:         "a point in time",
	manifest.KindCount:        "a number that counts",
	manifest.KindStatus:       "a status word",
	manifest.KindToken:        "a random code made here",
	manifest.KindSwitch:       "a yes or no",
	manifest.KindConfig:       "the id of something that an admin wrote",
}

func kindWords(kind string) string {
	return cmp.Or(kinds[kind], strings.ReplaceAll(kind, ".", " "))
}
