package ui

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/view"
)

var (
	issueID  = regexp.MustCompile(`^[0-9]{1,19}$`)
	issueKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,30}-[0-9]{1,12}$`)
)

func (b *builder) issue(id string) *issueLink {
	l := &issueLink{ID: id, Key: b.keys[id]}
	if b.shell.SiteURL == "" {
		return l
	}
	site, err := address(b.shell.SiteURL)
	switch {
	case err != nil:
	case l.Key != "":
		l.Href = strings.TrimSuffix(site, "/") + "/browse/" + l.Key
	default:
		l.Href = strings.TrimSuffix(site, "/") + "/issues/?jql=id%3D" + id
	}
	return l
}

// issueKeys returns the known keys of the issues that a page links to: those that the caller looked up, else what the page
// itself writes on a link, for "OPS-7" linked to issue 10001 says enough.
func issueKeys(s Shell, p *view.Page) map[string]string {
	out := map[string]string{}
	walkSpans(p, func(sp view.Span) {
		if sp.IssueID != "" && issueKey.MatchString(sp.Text) {
			out[sp.IssueID] = sp.Text
		}
	})
	for id, key := range s.IssueKeys {
		if issueKey.MatchString(key) {
			out[id] = key
		}
	}
	return out
}

// IssueIDs returns the ids of the issues that a page links to or opens and does not name itself, sorted and each once. Who
// looks up their keys and sets Shell.IssueKeys makes their links lead straight to the issue.
func IssueIDs(p *view.Page) []string {
	if p == nil {
		return nil
	}
	named := issueKeys(Shell{}, p)
	var out []string
	add := func(id string) {
		if issueID.MatchString(id) && named[id] == "" && !slices.Contains(out, id) && len(out) < 100 {
			out = append(out, id)
		}
	}
	add(p.OpenIssue)
	walkSpans(p, func(sp view.Span) { add(sp.IssueID) })
	slices.Sort(out)
	return out
}

func walkSpans(p *view.Page, visit func(view.Span)) { walkBlocks(p.Blocks, 0, visit) }

func walkBlocks(blocks []view.Block, depth int, visit func(view.Span)) {
	all := func(spans []view.Span) {
		for _, s := range spans {
			visit(s)
		}
	}
	for _, bl := range blocks {
		if bl.Text != nil {
			all(bl.Text.Spans)
		}
		if bl.Table != nil {
			for _, rows := range [][]view.Row{bl.Table.Rows, bl.Table.Foot} {
				for _, r := range rows {
					for _, c := range r.Cells {
						all(c.Spans)
					}
				}
			}
		}
		if bl.List != nil {
			for _, i := range bl.List.Items {
				all(i.Spans)
				all(i.Detail)
				all(i.Aside)
			}
		}
		if bl.Graph != nil {
			for _, n := range bl.Graph.Nodes {
				word, _, _ := strings.Cut(n.Label, " ")
				visit(view.Span{Text: word, IssueID: n.IssueID})
			}
		}
		if bl.Section != nil && depth < view.MaxNesting {
			walkBlocks(bl.Section.Blocks, depth+1, visit)
		}
	}
}

const (
	maxNamed = 100 // accounts of a page
	// What stands for accounts of which there is no name. A plugin says so itself of one that Jira does not tell of just now.
	formerAccount  = "somebody whose account is closed"
	unknownAccount = "another user"
)

var accountID = regexp.MustCompile(`^[0-9A-Za-z:_-]{1,128}$`)

// Accounts returns the ids of the accounts that a page names, sorted and each once, up to 100. Who looks up their names and sets Shell.Names makes the page say them.
func Accounts(p *view.Page) []string {
	if p == nil {
		return nil
	}
	var out []string
	walkSpans(p, func(s view.Span) {
		if accountID.MatchString(s.Account) && !slices.Contains(out, s.Account) && len(out) < maxNamed {
			out = append(out, s.Account)
		}
	})
	slices.Sort(out)
	return out
}

// named puts the name of a span's account in the place of its text, as far as it is known.
func (b *builder) named(s view.Span) view.Span {
	if s.Account == "" {
		return s
	}
	name, known := b.shell.Names[s.Account]
	switch {
	case name != "":
		s.Text = name
	case known:
		s.Text, s.Href = formerAccount, ""
	case s.Text == "":
		s.Text = unknownAccount
	}
	return s
}
