package forge

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Manifest is what the site needs of an app's manifest.yml:
// https://developer.atlassian.com/platform/forge/manifest-reference/.
type Manifest struct {
	App struct {
		ID      string `yaml:"id"`
		Name    string `yaml:"name"`
		Connect struct {
			Key            string `yaml:"key"`
			Remote         string `yaml:"remote"`
			Authentication string `yaml:"authentication"`
		} `yaml:"connect"`
	} `yaml:"app"`
	Remotes        []*Remote                   `yaml:"remotes"`
	Resources      []*Resource                 `yaml:"resources"`
	Permissions    permissions                 `yaml:"permissions"`
	Kinds          map[string]yaml.Node        `yaml:"modules"`
	ConnectModules map[string][]map[string]any `yaml:"connectModules"`

	Endpoints []*Endpoint `yaml:"-"`
	Modules   []*Module   `yaml:"-"` // places on pages, triggers, fields
	Unshown   []string    `yaml:"-"` // kinds that Forge has and the site does nothing with
}

// Remote is a server of the app's own.
type Remote struct {
	Key  string  `yaml:"key"`
	Base baseURL `yaml:"baseUrl"`
	Auth auth    `yaml:"auth"`
}

// auth says which tokens a remote or an endpoint is given.
type auth struct {
	System struct {
		Enabled bool `yaml:"enabled"`
	} `yaml:"appSystemToken"`
	User struct {
		Enabled bool `yaml:"enabled"`
	} `yaml:"appUserToken"`
}

// Resource is a directory of files of the app's pages.
type Resource struct {
	Key    string `yaml:"key"`
	Path   string `yaml:"path"`
	Tunnel struct {
		Port int `yaml:"port"`
	} `yaml:"tunnel"`
}

// Endpoint is an address at a remote.
type Endpoint struct {
	Key    string `yaml:"key"`
	Remote string `yaml:"remote"`
	Route  struct {
		Path string `yaml:"path"`
	} `yaml:"route"`
	Auth auth `yaml:"auth"`
}

// Module is a module of the app.
type Module struct {
	Kind     string `yaml:"-"`
	Key      string `yaml:"key"`
	Title    text   `yaml:"title"`
	Name     text   `yaml:"name"`
	Resource string `yaml:"resource"`
	Resolver struct {
		Endpoint string `yaml:"endpoint"`
		Function string `yaml:"function"`
	} `yaml:"resolver"`
	Endpoint string   `yaml:"endpoint"`
	Function string   `yaml:"function"`
	Events   []string `yaml:"events"`
	Interval string   `yaml:"interval"`
	Filter   *struct {
		IgnoreSelf bool   `yaml:"ignoreSelf"`
		Expression string `yaml:"expression"`
		OnError    string `yaml:"onError"`
	} `yaml:"filter"`
	Type        string `yaml:"type"`
	Collection  string `yaml:"collection"`
	Description text   `yaml:"description"`
	ReadOnly    bool   `yaml:"readOnly"`
	// Arguments, Operators and Types are those of a function in JQL.
	Arguments []struct {
		Name     string `yaml:"name"`
		Required bool   `yaml:"required"`
	} `yaml:"arguments"`
	Operators []string `yaml:"operators"`
	Types     []string `yaml:"types"`

	filter *expression
}

// Label is how a page names the module.
func (m *Module) Label() string {
	for _, t := range []string{string(m.Title), string(m.Name)} {
		if t != "" {
			return t
		}
	}
	return m.Key
}

// text is written as it is, or as {i18n: key}, which stands for itself here.
type text string

func (t *text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		var m map[string]string
		if err := n.Decode(&m); err != nil {
			return err
		}
		*t = text(m["i18n"])
		return nil
	}
	return n.Decode((*string)(t))
}

// permissions are what an app asks for.
type permissions struct {
	Scopes scopes
	// Acting are those of the scopes that can be used in the name of people who are not there.
	Acting []string
}

func (p *permissions) UnmarshalYAML(n *yaml.Node) error {
	var in struct {
		Scopes yaml.Node `yaml:"scopes"`
	}
	if err := n.Decode(&in); err != nil || in.Scopes.IsZero() {
		return err
	}
	if err := in.Scopes.Decode(&p.Scopes); err != nil || in.Scopes.Kind != yaml.MappingNode {
		return err
	}
	var options map[string]struct {
		AllowImpersonation bool `yaml:"allowImpersonation"`
	}
	if err := in.Scopes.Decode(&options); err != nil {
		return err
	}
	for _, scope := range p.Scopes {
		if options[scope].AllowImpersonation {
			p.Acting = append(p.Acting, scope)
		}
	}
	return nil
}

// scopes are a list, or a map from scopes to what is said of them.
type scopes []string

func (s *scopes) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		var m map[string]any
		if err := n.Decode(&m); err != nil {
			return err
		}
		*s = slices.Sorted(maps.Keys(m))
		return nil
	}
	return n.Decode((*[]string)(s))
}

// baseURL is an address, or one for each region, of which the default counts here.
type baseURL string

func (b *baseURL) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		var m map[string]string
		if err := n.Decode(&m); err != nil {
			return err
		}
		*b = baseURL(strings.TrimSuffix(m["default"], "/"))
		return nil
	}
	var s string
	err := n.Decode(&s)
	*b = baseURL(strings.TrimSuffix(s, "/"))
	return err
}

// The kinds of modules that the site does something with.
const (
	IssuePanel   = "jira:issuePanel"
	IssueContext = "jira:issueContext"
	GlobalPage   = "jira:globalPage"
	AdminPage    = "jira:adminPage"
	ProjectPage  = "jira:projectPage"
	// ProjectSettings is a page among the settings of a project.
	ProjectSettings = "jira:projectSettingsPage"
	PortalPanel     = "jiraServiceManagement:portalRequestDetailPanel"

	customField      = "jira:customField"
	jqlFunction      = "jira:jqlFunction"
	triggerModule    = "trigger"
	scheduledTrigger = "scheduledTrigger"
	preUninstall     = "preUninstall"
	endpointModule   = "endpoint"
)

var (
	pageKinds   = []string{IssuePanel, IssueContext, GlobalPage, AdminPage, ProjectPage, ProjectSettings, PortalPanel}
	servedKinds = append([]string{customField, jqlFunction, triggerModule, scheduledTrigger, preUninstall}, pageKinds...)
	// plainKinds are the modules of Forge whose names have no product before them.
	plainKinds = []string{"function", "webtrigger", "consumer", "action", "sql", "service"}

	intervals = map[string]time.Duration{"fiveMinute": 5 * time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}
	appIDForm = regexp.MustCompile(`^ari:cloud:ecosystem::app/[0-9a-fA-F-]{36}$`)
	keyForm   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,100}$`)
	fieldType = []string{"string", "number", "user", "group", "date", "datetime", "object"}
)

const maxRemoteKey = 23

// tokenScopes are the scopes that are for tokens themselves: without another one, tokens are of no use and are not given.
var tokenScopes = []string{"read:app-system-token", "read:app-user-token"}

var variableForm = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// Parse reads a manifest and refuses what Forge would refuse. The error lists everything that is wrong. variables are put in
// where the manifest has ${NAME}.
func Parse(raw []byte, variables map[string]string) (*Manifest, error) {
	var missing []string
	filled := variableForm.ReplaceAllStringFunc(string(raw), func(v string) string {
		value, ok := variables[v[2:len(v)-1]]
		if !ok && !slices.Contains(missing, v) {
			missing = append(missing, v)
		}
		return value
	})
	if missing != nil {
		return nil, fmt.Errorf("the manifest has %s: give values for them in variables", strings.Join(missing, ", "))
	}
	m := &Manifest{}
	if err := yaml.Unmarshal([]byte(filled), m); err != nil {
		return nil, fmt.Errorf("the manifest is not YAML of the right form: %w", err)
	}
	m.Remotes, m.Resources = slices.DeleteFunc(m.Remotes, isNil), slices.DeleteFunc(m.Resources, isNil)
	return m, errors.Join(slices.Concat(m.checkApp(), m.readModules(), m.checkReferences())...)
}

// isNil finds items of lists that are empty, which say nothing.
func isNil[T any](v *T) bool { return v == nil }

func (m *Manifest) checkApp() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !appIDForm.MatchString(m.App.ID) {
		bad("app.id %q: want ari:cloud:ecosystem::app/ and a UUID", m.App.ID)
	}
	seen := map[string]bool{}
	for n, r := range m.Remotes {
		switch u, err := url.Parse(string(r.Base)); {
		case r.Key == "" || len(r.Key) > maxRemoteKey:
			bad("remotes[%d].key %q: want 1 to %d characters", n, r.Key, maxRemoteKey)
		case seen[r.Key]:
			bad("remotes[%d].key %q is used twice", n, r.Key)
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			bad("remotes[%d].baseUrl %q: want an http or https address", n, r.Base)
		}
		seen[r.Key] = true
	}
	if c := m.App.Connect; c.Key != "" && m.Remote(c.Remote) == nil {
		bad("app.connect.remote %q: there is no such remote", c.Remote)
	}
	if len(m.ConnectModules) > 0 && m.App.Connect.Key == "" {
		bad("connectModules need app.connect.key")
	}
	return errs
}

// readModules takes the modules apart by kind.
func (m *Manifest) readModules() (errs []error) {
	if m.Kinds != nil && len(m.Kinds) == 0 {
		return []error{errors.New("modules: want at least 1 module, or leave it out")}
	}
	seen := map[string]bool{}
	for _, kind := range slices.Sorted(maps.Keys(m.Kinds)) {
		node := m.Kinds[kind]
		switch {
		case kind == endpointModule:
			if err := node.Decode(&m.Endpoints); err != nil {
				errs = append(errs, fmt.Errorf("modules.%s: %w", kind, err))
			}
			m.Endpoints = slices.DeleteFunc(m.Endpoints, isNil)
		case slices.Contains(servedKinds, kind):
			var list []*Module
			if err := node.Decode(&list); err != nil {
				errs = append(errs, fmt.Errorf("modules.%s: %w", kind, err))
			}
			for n, each := range slices.DeleteFunc(list, isNil) {
				each.Kind = kind
				if seen[each.Key] {
					errs = append(errs, fmt.Errorf("modules.%s[%d]: key %q is used twice", kind, n, each.Key))
				}
				seen[each.Key] = true
				m.Modules = append(m.Modules, each)
			}
		case strings.Contains(kind, ":") || slices.Contains(plainKinds, kind):
			m.Unshown = append(m.Unshown, kind)
		default:
			errs = append(errs, fmt.Errorf("module type %q is not known", kind))
		}
	}
	return errs
}

// checkReferences looks at what modules say, and at what they name.
func (m *Manifest) checkReferences() (errs []error) {
	for _, e := range m.Endpoints {
		if !keyForm.MatchString(e.Key) || m.Remote(e.Remote) == nil {
			errs = append(errs, fmt.Errorf("endpoint %q: there is no remote %q", e.Key, e.Remote))
		}
		if e.Route.Path != "" && !strings.HasPrefix(e.Route.Path, "/") {
			errs = append(errs, fmt.Errorf("endpoint %q: route.path %q does not begin with a slash", e.Key, e.Route.Path))
		}
	}
	for _, each := range m.Modules {
		if err := m.checkModule(each); err != nil {
			errs = append(errs, fmt.Errorf("%s %q: %w", each.Kind, each.Key, err))
		}
	}
	return errs
}

func (m *Manifest) checkModule(each *Module) error {
	if !keyForm.MatchString(each.Key) {
		return errors.New("key: want letters, digits, dashes and underscores")
	}
	for _, name := range []string{each.Endpoint, each.Resolver.Endpoint} {
		if name != "" && m.endpoint(name) == nil {
			return fmt.Errorf("there is no endpoint %q", name)
		}
	}
	switch {
	case slices.Contains(pageKinds, each.Kind):
		if m.resource(each.Resource) == nil {
			return fmt.Errorf("there is no resource %q", each.Resource)
		}
	case each.Kind == triggerModule:
		return m.checkTrigger(each)
	case each.Kind == scheduledTrigger:
		if intervals[each.Interval] == 0 {
			return fmt.Errorf("interval %q: want fiveMinute, hour, day or week", each.Interval)
		}
		fallthrough
	case each.Kind == preUninstall:
		if each.Endpoint == "" && each.Function == "" {
			return errors.New("endpoint is missing")
		}
	case each.Kind == jqlFunction:
		return each.checkFunction()
	case each.Kind == customField:
		if !slices.Contains(fieldType, each.Type) {
			return fmt.Errorf("type %q: want %s", each.Type, strings.Join(fieldType, ", "))
		}
		if each.Name == "" {
			return errors.New("name is missing")
		}
	}
	return nil
}

func (m *Manifest) checkTrigger(each *Module) (err error) {
	if each.Endpoint == "" && each.Function == "" {
		return errors.New("endpoint is missing")
	}
	if len(each.Events) == 0 {
		return errors.New("events are missing")
	}
	for _, e := range each.Events {
		if !strings.HasPrefix(e, "avi:") {
			return fmt.Errorf("event %q: want a name such as avi:jira:created:issue", e)
		}
		if strings.HasPrefix(e, "avi:jira:") && !m.reads() {
			return fmt.Errorf("event %s needs a scope that reads it, such as read:jira-work", e)
		}
	}
	if f := each.Filter; f != nil {
		if f.Expression == "" {
			if !f.IgnoreSelf {
				return errors.New("filter: want ignoreSelf or expression")
			}
			return nil
		}
		if !slices.Contains([]string{"", "IGNORE_AND_LOG", "IGNORE", "RECEIVE_AND_LOG", "RECEIVE"}, f.OnError) {
			return fmt.Errorf("filter.onError %q is not known", f.OnError)
		}
		each.filter, err = parseExpression(f.Expression)
	}
	return err
}

// reads says whether the app may read anything of Jira.
func (m *Manifest) reads() bool {
	return slices.ContainsFunc(m.Permissions.Scopes, func(s string) bool {
		return s == "read:jira-work" || s == "manage:jira-configuration" || strings.HasPrefix(s, "read:") && strings.HasSuffix(s, ":jira")
	})
}

// Remote returns the remote with that key, nil where there is none; so do the next three.
func (m *Manifest) Remote(key string) *Remote {
	return first(m.Remotes, func(r *Remote) bool { return r.Key == key })
}

func (m *Manifest) endpoint(key string) *Endpoint {
	return first(m.Endpoints, func(e *Endpoint) bool { return e.Key == key })
}

func (m *Manifest) resource(key string) *Resource {
	return first(m.Resources, func(r *Resource) bool { return r.Key == key })
}

func (m *Manifest) module(key string) *Module {
	return first(m.Modules, func(each *Module) bool { return each.Key == key })
}

func first[T any](list []*T, ok func(*T) bool) *T {
	if n := slices.IndexFunc(list, ok); n >= 0 {
		return list[n]
	}
	return nil
}

// of lists the modules of a kind.
func (m *Manifest) of(kind string) (out []*Module) {
	for _, each := range m.Modules {
		if each.Kind == kind {
			out = append(out, each)
		}
	}
	return out
}

// connectScopes are Connect's names of scopes such as "read:connect-jira".
func (m *Manifest) connectScopes() []string {
	out := []string{}
	for _, s := range m.Permissions.Scopes {
		if name, ok := strings.CutSuffix(s, ":connect-jira"); ok {
			out = append(out, strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
		}
	}
	return out
}

// descriptor is the app's Connect half as a descriptor; that of an app without one has no modules. elsewhere is an address for
// an app that has no server.
func (m *Manifest) descriptor(key, name, elsewhere string) ([]byte, error) {
	d := object{"key": key, "name": name, "baseUrl": elsewhere, "authentication": object{"type": "none"}, "scopes": m.connectScopes()}
	if m.App.Connect.Key != "" {
		d["baseUrl"] = string(m.Remote(m.App.Connect.Remote).Base)
	}
	modules := object{}
	for kind, list := range m.ConnectModules {
		name, ok := strings.CutPrefix(kind, "jira:")
		switch {
		case !ok || len(list) == 0: // of Confluence
		case name == "lifecycle":
			d["lifecycle"] = object{"installed": list[0]["installed"], "uninstalled": list[0]["uninstalled"]}
			if list[0]["installed"] != nil && !strings.EqualFold(m.App.Connect.Authentication, "none") {
				d["authentication"] = object{"type": "jwt"}
			}
		case name == "cloudAppMigration":
			d["cloudAppMigration"] = list[0]
		default:
			modules[name] = list
		}
	}
	d["modules"] = modules
	return json.Marshal(d)
}
