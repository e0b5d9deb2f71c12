// Package ui draws the host's pages: the blocks that plugins return, the admin page, settings forms, problems. Everything is
// html/template on Atlassian's design tokens, so that a page looks like the Jira around it, in light and dark.
//
// It knows no routes, no tokens and no plugins: whoever answers a request hands it what to draw. What a plugin returned is
// foreign: its size is bounded, its links and drawings are checked, and no text of it is ever markup.
//
// A full page is a frame, drawn by [Renderer.Page] and its like, around one element with an id. A fragment is that element
// alone: static/app.js puts it in the place of the element of the same id. No page holds an inline script or style, so the
// strictest Content-Security-Policy fits.
//
// Start with [New].
package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"sync"

	"github.com/pergola-platform/pergola/sdk/view"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Config is what a Renderer needs. The zero value works.
type Config struct {
	// StaticPath is the path under which Static's files are served; "" means "/static/".
	StaticPath string
}

// Renderer draws pages. It is safe for concurrent use. Make it with New.
type Renderer struct {
	templates *template.Template
	static    map[string]asset
	buffers   sync.Pool
}

// New returns a Renderer.
func New(c Config) (*Renderer, error) {
	if c.StaticPath == "" {
		c.StaticPath = "/static/"
	}
	r := &Renderer{}
	r.buffers.New = func() any { return new(bytes.Buffer) }
	var err error
	if r.static, err = loadStatic(); err != nil {
		return nil, err
	}
	funcs := template.FuncMap{
		"static": func(name string) (string, error) {
			a, ok := r.static[name]
			if !ok {
				return "", fmt.Errorf("no static file %s", name)
			}
			return c.StaticPath + name + "?v=" + a.version, nil
		},
	}
	r.templates, err = template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	return r, nil
}

// The kinds of page. Anything else counts as KindPage.
const (
	KindPanel = "panel" // beside an issue: narrow, its title is drawn by Jira
	KindPage  = "page"  // a place of its own in Jira
	KindAdmin = "admin" // the admin's page
)

// Shell is the frame of a page.
type Shell struct {
	// Title is what the browser's tab and a screen reader say where the content has no title of its own.
	Title string
	Kind  string
	// BridgeURL is the address of Atlassian's all.js; "" makes a page that stands alone.
	BridgeURL string
	// API is the path under which the calls of static/app.js lie, such as "/api/plugin/pergola.qrcode/panel".
	API string
	// Lang is the language of the words on the page, a BCP 47 tag; "" means "en".
	Lang string
	// SiteURL is the address of the Jira site without a trailing slash. Without it, links to issues work through the
	// bridge only.
	SiteURL string
	// IssueKeys are the keys of issues that the content links to, by id; see IssueIDs. A link without a known key leads to
	// a search for its id.
	IssueKeys map[string]string
	// Names are those of accounts that the content names, by id; see Accounts. "" is that of an account that is there no more. Where a name is not
	// known, the content says itself what to write.
	Names map[string]string
	// Runs says that API answers for the runs of the plugin's jobs, so that the block of runs can be shown.
	Runs bool

	scripts, styles []string // files beside those of every page
}

// Scripts are the scripts of this page alone.
func (s Shell) Scripts() []string { return s.scripts }

// Styles are the style sheets of this page alone.
func (s Shell) Styles() []string { return s.styles }

// Standalone says whether the page is no part of Jira.
func (s Shell) Standalone() bool { return s.BridgeURL == "" }

func (s Shell) defaults() Shell {
	if s.Kind != KindPanel && s.Kind != KindAdmin {
		s.Kind = KindPage
	}
	if s.Lang == "" {
		s.Lang = "en"
	}
	if s.Title == "" {
		s.Title = "Pergola"
	}
	s.API = strings.TrimSuffix(s.API, "/")
	return s
}

// document is what every full page is drawn from.
type document struct {
	Shell Shell
	// Heading is the page's own h1: drawn on a page, for screen readers only in a panel.
	Heading string
	Body    any
}

// Page draws a plugin's page with its frame.
func (r *Renderer) Page(w io.Writer, s Shell, p *view.Page) error {
	s = s.defaults()
	if p == nil {
		p = &view.Page{}
	}
	body := newPage(s, p)
	if body.Title != "" {
		s.Title = body.Title
	}
	return r.render(w, "page-document", document{Shell: s, Heading: s.Title, Body: body})
}

// Fragment draws the blocks of a plugin's page alone, as the answer to a call of static/app.js.
func (r *Renderer) Fragment(w io.Writer, s Shell, p *view.Page) error {
	if p == nil {
		p = &view.Page{}
	}
	return r.render(w, "page", newPage(s.defaults(), p))
}

// Home is the page at the host's own address.
type Home struct {
	AppName string
	// DescriptorURL is the address of atlassian-connect.json.
	DescriptorURL string
}

// Home draws the page at the host's own address: what this is, and how a Jira site installs it.
func (r *Renderer) Home(w io.Writer, s Shell, h Home) error {
	s = s.defaults()
	s.Title = h.AppName
	if h.AppName == "" {
		s.Title, h.AppName = "Pergola", "Pergola"
	}
	return r.render(w, "home-document", document{Shell: s, Heading: s.Title, Body: h})
}

// Problem is what a user reads when a page cannot be shown.
type Problem struct {
	// Status is the HTTP status with which the page is sent; sending it is for the caller. It decides what the page
	// proposes to do.
	Status int
	// Title and Detail replace the words that go with Status.
	Title  string
	Detail string
	// RequestID is what the operator finds in the log.
	RequestID string
}

// Problem draws a page that says what went wrong and what to do.
func (r *Renderer) Problem(w io.Writer, s Shell, p Problem) error {
	s = s.defaults()
	words := wordsFor(p.Status)
	if p.Title == "" {
		p.Title = words.title
	}
	if p.Detail == "" {
		p.Detail = words.detail
	}
	s.Title = p.Title
	return r.render(w, "problem-document", document{Shell: s, Heading: p.Title, Body: struct {
		Problem
		Todo   string
		Reload bool
	}{p, words.todo, words.reload}})
}

// maxPooled keeps one huge page from holding its buffer for ever.
const maxPooled = 1 << 20

// render draws into memory first, so that an error never leaves half a page.
func (r *Renderer) render(w io.Writer, name string, data any) error {
	b, _ := r.buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() <= maxPooled {
			r.buffers.Put(b)
		}
	}()
	if err := r.templates.ExecuteTemplate(b, name, data); err != nil {
		return fmt.Errorf("draw %s: %w", name, err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// errAddress is the one reason that a link is drawn as plain text.
var errAddress = errors.New("not an address that a page may link to")

// address checks a link of foreign origin. Only http: and https: with a host pass; user names in front of the host, which
// make one site look like another, do not.
func address(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return "", errAddress
	}
	return u.String(), nil
}
