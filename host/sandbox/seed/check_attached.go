package seed

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// attached checks comments, work, files and history.
func (c *issueCheck) attached(i *Issue) {
	for n := range i.Comments {
		c.user(place(".comments", n)+".author", &i.Comments[n].Author)
		if i.Comments[n].Body.IsZero() {
			c.report(place(".comments", n)+".body", "is empty", "write something, or leave the comment out")
		}
		c.visibility(place(".comments", n)+".visibleTo", i.Comments[n].VisibleTo)
	}
	for n := range i.Worklogs {
		c.user(place(".worklogs", n)+".author", &i.Worklogs[n].Author)
		if i.Worklogs[n].Seconds < 1 {
			c.report(place(".worklogs", n)+".seconds", "is not a time that was spent", "write the seconds, 3600 for an hour")
		}
		c.visibility(place(".worklogs", n)+".visibleTo", i.Worklogs[n].VisibleTo)
	}
	for n := range i.Attachments {
		a, at := &i.Attachments[n], place(".attachments", n)
		c.user(at+".author", &a.Author)
		if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00\r\n") {
			c.report(at+".name", fmt.Sprintf("%.40q is not a file's name", a.Name), "write one without folders")
		}
		if len(a.Content) > MaxAttachment {
			c.report(at+".content", fmt.Sprintf("has %d bytes", len(a.Content)), fmt.Sprintf("write at most %d", MaxAttachment))
		}
	}
	for n := range i.History {
		c.user(place(".history", n)+".author", &i.History[n].Author)
	}
}

func (c *issueCheck) links(i *Issue) {
	for n, l := range i.Links {
		at := place(".links", n)
		if c.phrases.by[l.Phrase] == nil {
			c.report(at+".link", fmt.Sprintf("there is no link %q", l.Phrase), suggest(l.Phrase, c.phrases.names))
		}
		switch project, _, ok := splitKey(l.To); {
		case !ok:
			c.report(at+".to", fmt.Sprintf("%q is not a key", l.To), "write the key of an issue, such as OPS-12")
		case c.projects.by[project] == nil:
			c.report(at+".to", fmt.Sprintf("there is no project %q", project), suggest(project, c.projects.names))
		case slices.Contains(i.Links[:n], l):
			c.report(at, "stands here a second time", "leave one of the two out")
		case l.To == i.Key:
			c.report(at+".to", "is the issue itself", "leave the link out")
		}
	}
}

// remote checks the links out of the site.
func (c *issueCheck) remote(i *Issue) {
	for n, l := range i.RemoteLinks {
		at := place(".remoteLinks", n)
		if !address(l.URL) {
			c.report(at+".url", fmt.Sprintf("%.60q is not an address", l.URL), "write one with its scheme, such as https://vendor.example")
		}
		if strings.TrimSpace(l.Title) == "" {
			c.report(at+".title", "is empty", "write what people shall read")
		}
		if l.GlobalID != "" && slices.ContainsFunc(i.RemoteLinks[:n], func(o RemoteLink) bool { return o.GlobalID == l.GlobalID }) {
			c.report(at+".globalId", fmt.Sprintf("%.60q stands here a second time", l.GlobalID), "give each link its own, or leave it out")
		}
	}
}

// visibility checks who alone sees a comment or worklog.
func (c *issueCheck) visibility(at, who string) {
	switch kind, name, _ := strings.Cut(who, ":"); {
	case who == "":
	case kind == "group" && c.groups.by[name] == nil:
		c.report(at, fmt.Sprintf("there is no group %q", name), suggest(name, c.groups.names))
	case kind == "role" && c.roles.by[name] == nil:
		c.report(at, fmt.Sprintf("there is no role %q", name), suggest(name, c.roles.names))
	case kind != "group" && kind != "role":
		c.report(at, fmt.Sprintf("%q is neither a group nor a role", who), `write "group:NAME" or "role:NAME"`)
	}
}

// address says whether a text is an address with a scheme and a host.
func address(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != ""
}
