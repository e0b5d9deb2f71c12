// Package forge is the app as Atlassian Forge knows it: [Manifest] writes manifest.yml from the table of host/surface, as host/connect
// writes the Connect descriptor from it, and [Export] makes the whole folder that an operator deploys.
//
// Nothing of Pergola runs at Atlassian. The folder holds a page of static files, which asks this host for what it shows, and a manifest
// that leads invocations, events and schedules here (Forge Remote):
// https://developer.atlassian.com/platform/forge/remote/essentials/.
package forge

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"

	"github.com/pergola-platform/pergola/host/surface"
	"github.com/pergola-platform/pergola/sdk/event"
)

// The host's routes that the manifest names, relative to the base URL.
const (
	PathPage        = "/forge/page"        // what a frame of the app shows
	PathAPI         = "/forge/api"         // before the calls of pages
	PathEvent       = "/forge/event"       // what happens in Jira
	PathRefresh     = "/forge/refresh"     // each hour, with a fresh token
	PathInstalled   = "/forge/installed"   // the app was installed or upgraded
	PathUninstalled = "/forge/uninstalled" // the app is about to go
)

// The keys of modules that are the app's own and not a plugin's.
const (
	PagesKey = "pages"          // the one page in the menu of apps, with all plugins' pages below it
	AdminKey = surface.AdminKey // the one page in the settings, with all pages for admins below it
)

// Unregistered stands in for the id of an app that was not registered yet.
const Unregistered = "ari:cloud:ecosystem::app/00000000-0000-0000-0000-000000000000"

// Config is how the app presents itself. AppName and BaseURL are required.
type Config struct {
	// AppID is what `forge register` has written into app.id; "" means Unregistered.
	AppID   string
	AppName string
	BaseURL string // https, since Atlassian calls nothing else
	// Loopback lets BaseURL be plain http on this machine, for the sandbox.
	Loopback bool
	// ConnectKey is the key of the Connect app whose installations this one takes over; "" for none. Once an app with a key is deployed to
	// production, the key stays for ever.
	ConnectKey string
}

var (
	appIDForm = regexp.MustCompile(`^ari:cloud:ecosystem::app/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	keyForm   = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)
)

// ValidAppID says whether an id is that of a Forge app.
func ValidAppID(id string) bool { return appIDForm.MatchString(id) }

const (
	maxName    = 255 // of a module's title, by the schema of the manifest
	maxIndexed = 100 // values inside properties, of an app
)

// Check applies what Forge refuses, and what it would only find out when it calls us. Manifest and Export do so themselves.
func (c Config) Check(t surface.Table) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.AppName == "" {
		bad("the app has no name")
	}
	if c.AppID != "" && !ValidAppID(c.AppID) {
		bad("app id %q: use what forge register has written into manifest.yml, ari:cloud:ecosystem::app/ and a UUID", c.AppID)
	}
	if c.ConnectKey != "" && !keyForm.MatchString(c.ConnectKey) {
		bad("connect key %q: use 1 to 64 letters, digits, dots, dashes and underscores", c.ConnectKey)
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Scheme != "https" && (u.Scheme != "http" || !c.Loopback || !loopback(u.Hostname())) || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		bad("base URL %q: Atlassian calls addresses of https only; set base_url to the one under which the host is reached", c.BaseURL)
	}
	indexed := 0
	for _, p := range t.Properties {
		indexed += len(p.Values)
	}
	if indexed > maxIndexed {
		bad("plugins have %d values of properties indexed, and Jira indexes %d of a Forge app; take one of the plugins out", indexed, maxIndexed)
	}
	seen := map[string]bool{}
	for _, p := range t.Places {
		if p.Name == "" || len(p.Name) > maxName {
			bad("module %s: the name is empty or longer than %d characters", p.Key, maxName)
		}
		if seen[p.Key] {
			bad("two modules have the key %q", p.Key)
		}
		seen[p.Key] = true
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// scopes are Forge's names of the rights, from the operations that host/jira calls: Atlassian's OpenAPI document says for each which one
// it takes. Forge has no scope for removing alone. Writing in the name of people takes their token, and what is written with it.
var ofRight = map[surface.Right][]string{
	surface.Read:       {"read:jira-work", "read:jira-user"},
	surface.Requests:   {"read:servicedesk-request"},
	surface.Write:      {"write:jira-work"},
	surface.Delete:     {"write:jira-work"},
	surface.ActAs:      {"read:app-user-token", acting},
	surface.Administer: {"manage:jira-configuration"},
}

// always are the scopes without which the host knows nothing of a site: the token of the app, and the app properties by which a site
// learns what is switched on.
var always = []string{"read:app-data:jira", "write:app-data:jira", "read:app-system-token"}

// acting is the scope that is used in the name of people, also of those who are not there.
const acting = "write:jira-work"

// asked are the scopes with what is said of them.
func asked(t surface.Table) (out scopes) {
	for _, name := range Scopes(t) {
		out = append(out, scope{name, name == acting && slices.Contains(t.Rights, surface.ActAs)})
	}
	return out
}

// Scopes are the scopes that the app of a table asks for, sorted.
func Scopes(t surface.Table) []string {
	out := slices.Clone(always)
	for _, r := range t.Rights {
		out = append(out, ofRight[r]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// told are Forge's names of what plugins and synchronizations hear of:
// https://developer.atlassian.com/platform/forge/events-reference/jira/.
var told = map[string]string{
	event.IssueCreated: "avi:jira:created:issue",
	event.IssueUpdated: "avi:jira:updated:issue",
	event.IssueDeleted: "avi:jira:deleted:issue",
	event.LinkCreated:  "avi:jira:created:issuelink",
	event.LinkDeleted:  "avi:jira:deleted:issuelink",

	"project_created":           "avi:jira:created:project",
	"project_updated":           "avi:jira:updated:project",
	"project_deleted":           "avi:jira:deleted:project",
	"project_soft_deleted":      "avi:jira:softdeleted:project",
	"project_restored_deleted":  "avi:jira:restored:project",
	"project_archived":          "avi:jira:archived:project",
	"project_restored_archived": "avi:jira:unarchived:project",
}

// EventName is our own name of an event of Forge; ok is false for one that nobody here hears of.
func EventName(of string) (name string, ok bool) {
	for name, theirs := range told {
		if theirs == of {
			return name, true
		}
	}
	return "", false
}
