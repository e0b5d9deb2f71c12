package forge

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/surface"
)

// Keys inside the manifest.
const (
	remoteKey   = "host"
	resourceKey = "ui"
	resourceDir = "static/ui"
	iconFile    = "icon.svg"
	nodeRuntime = "nodejs22.x" // a manifest must name one, though no function runs there
)

type file struct {
	App         app         `yaml:"app"`
	Permissions permissions `yaml:"permissions"`
	Remotes     []remote    `yaml:"remotes"`
	Resources   []resource  `yaml:"resources"`
	Modules     modules     `yaml:"modules"`
}

type app struct {
	ID      string       `yaml:"id"`
	Runtime runtime      `yaml:"runtime"`
	Connect *connectHalf `yaml:"connect,omitempty"`
}

type runtime struct {
	Name string `yaml:"name"`
}

type connectHalf struct {
	Key    string `yaml:"key"`
	Remote string `yaml:"remote"`
}

type permissions struct {
	Scopes scopes `yaml:"scopes"`
}

// scopes are written as a list, or as a map where one of them may be used in the name of people who are not there.
type scopes []scope

type scope struct {
	name   string
	acting bool
}

// MarshalYAML implements yaml.Marshaler.
func (s scopes) MarshalYAML() (any, error) {
	if !slices.ContainsFunc(s, func(s scope) bool { return s.acting }) {
		names := make([]string, len(s))
		for i, scope := range s {
			names[i] = scope.name
		}
		return names, nil
	}
	out := map[string]scopeOptions{}
	for _, scope := range s {
		out[scope.name] = scopeOptions{scope.acting}
	}
	return out, nil
}

type scopeOptions struct {
	AllowImpersonation bool `yaml:"allowImpersonation,omitempty"`
}

type remote struct {
	Key        string   `yaml:"key"`
	BaseURL    string   `yaml:"baseUrl"`
	Operations []string `yaml:"operations"`
	Storage    storage  `yaml:"storage"`
}

type storage struct {
	// InScopeEUD says that accounts of people are kept: ids, and nothing else of them.
	InScopeEUD bool `yaml:"inScopeEUD"`
}

type resource struct {
	Key  string `yaml:"key"`
	Path string `yaml:"path"`
}

type modules struct {
	Panels       []module       `yaml:"jira:issuePanel,omitempty"`
	Pages        []module       `yaml:"jira:globalPage,omitempty"`
	Admin        []module       `yaml:"jira:adminPage"`
	Project      []module       `yaml:"jira:projectSettingsPage"`
	Portal       []module       `yaml:"jiraServiceManagement:portalRequestDetailPanel,omitempty"`
	Properties   []property     `yaml:"jira:entityProperty,omitempty"`
	Functions    []function     `yaml:"jira:jqlFunction,omitempty"`
	Triggers     []trigger      `yaml:"trigger"`
	Schedules    []schedule     `yaml:"scheduledTrigger"`
	PreUninstall []preUninstall `yaml:"preUninstall"`
	Endpoints    []endpoint     `yaml:"endpoint"`
}

type module struct {
	Key        string      `yaml:"key"`
	Title      string      `yaml:"title"`
	Icon       string      `yaml:"icon,omitempty"`
	Resource   string      `yaml:"resource"`
	Resolver   resolver    `yaml:"resolver"`
	Layout     string      `yaml:"layout,omitempty"`
	Pages      []subpage   `yaml:"pages,omitempty"`
	Conditions *conditions `yaml:"displayConditions,omitempty"`
	// Unlicensed are the kinds of people without a licence who may use the module.
	Unlicensed []string `yaml:"unlicensedAccess,omitempty"`
}

type resolver struct {
	Endpoint string `yaml:"endpoint"`
}

type subpage struct {
	Title      string      `yaml:"title"`
	Route      string      `yaml:"route"`
	Conditions *conditions `yaml:"displayConditions,omitempty"`
}

type conditions struct {
	EqualTo *equalTo `yaml:"entityPropertyEqualTo"`
}

type equalTo struct {
	Entity      string `yaml:"entity"`
	PropertyKey string `yaml:"propertyKey"`
	ObjectName  string `yaml:"objectName"`
	Value       string `yaml:"value"`
}

type property struct {
	Key         string  `yaml:"key"`
	EntityType  string  `yaml:"entityType"`
	PropertyKey string  `yaml:"propertyKey"`
	Values      []value `yaml:"values"`
}

type value struct {
	Path  string `yaml:"path"`
	Type  string `yaml:"type"`
	Alias string `yaml:"searchAlias,omitempty"`
}

type trigger struct {
	Key      string   `yaml:"key"`
	Events   []string `yaml:"events"`
	Endpoint string   `yaml:"endpoint"`
}

type schedule struct {
	Key      string `yaml:"key"`
	Interval string `yaml:"interval"`
	Endpoint string `yaml:"endpoint"`
}

type preUninstall struct {
	Key      string `yaml:"key"`
	Endpoint string `yaml:"endpoint"`
}

type endpoint struct {
	Key    string `yaml:"key"`
	Remote string `yaml:"remote"`
	Route  *route `yaml:"route,omitempty"`
	Auth   tokens `yaml:"auth"`
}

type route struct {
	Path string `yaml:"path"`
}

type tokens struct {
	System enabled  `yaml:"appSystemToken"`
	User   *enabled `yaml:"appUserToken,omitempty"`
}

type enabled struct {
	Enabled bool `yaml:"enabled"`
}

// head is a comment at the top of the manifest.
const head = `# Written by "pergola forge export" from the plugins of a host. Export again instead of changing this by hand: only app.id is kept.
`

// Manifest returns manifest.yml of the app for a table: the same bytes for the same table. It refuses what Forge would refuse.
func Manifest(c Config, t surface.Table) ([]byte, error) {
	if err := c.Check(t); err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	f := file{
		App:         app{ID: c.AppID, Runtime: runtime{nodeRuntime}},
		Permissions: permissions{asked(t)},
		Remotes: []remote{{
			Key: remoteKey, BaseURL: strings.TrimSuffix(c.BaseURL, "/"), Operations: []string{"compute", "storage"}, Storage: storage{InScopeEUD: true},
		}},
		Resources: []resource{{resourceKey, resourceDir}},
		Modules: modules{
			Admin: []module{container(AdminKey, c.AppName, t.Of(surface.Admin))},
			Triggers: []trigger{{
				Key: "lifecycle", Events: []string{"avi:forge:installed:app", "avi:forge:upgraded:app"}, Endpoint: "installed",
			}},
			Schedules:    []schedule{{Key: "hourly", Interval: "hour", Endpoint: "refresh"}},
			PreUninstall: []preUninstall{{Key: "farewell", Endpoint: "uninstalled"}},
			Endpoints:    endpoints(t),
		},
	}
	if f.App.ID == "" {
		f.App.ID = Unregistered
	}
	if c.ConnectKey != "" {
		f.App.Connect = &connectHalf{Key: c.ConnectKey, Remote: remoteKey}
	}
	for _, p := range t.Of(surface.Panel) {
		f.Modules.Panels = append(f.Modules.Panels, module{
			Key: p.Key, Title: p.Name, Icon: "resource:" + resourceKey + ";" + iconFile, Resource: resourceKey, Resolver: resolver{"ui"}, Conditions: switchedOn(p),
		})
	}
	for _, p := range t.Of(surface.Settings) {
		f.Modules.Project = append(f.Modules.Project, module{
			Key: p.Key, Title: p.Name, Icon: "resource:" + resourceKey + ";" + iconFile, Resource: resourceKey, Resolver: resolver{"ui"}, Layout: "basic",
		})
	}
	for _, p := range t.Of(surface.Portal) {
		f.Modules.Portal = append(f.Modules.Portal, module{
			Key: p.Key, Title: p.Name, Resource: resourceKey, Resolver: resolver{"ui"}, Conditions: switchedOn(p), Unlicensed: []string{"customer", "unlicensed"},
		})
	}
	if pages := t.Of(surface.Page); len(pages) > 0 {
		f.Modules.Pages = []module{container(PagesKey, c.AppName, pages)}
	}
	for _, p := range t.Properties {
		f.Modules.Properties = append(f.Modules.Properties, indexed(p))
	}
	for _, one := range t.Functions {
		f.answer(one)
	}
	if len(t.Events) > 0 {
		events := trigger{Key: "events", Endpoint: "event"}
		for _, name := range t.Events {
			theirs, ok := told[name]
			if !ok {
				return nil, fmt.Errorf("forge app: nobody has said what Forge calls the event %s", name)
			}
			events.Events = append(events.Events, theirs)
		}
		f.Modules.Triggers = append(f.Modules.Triggers, events)
	}
	var out bytes.Buffer
	out.WriteString(head)
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("forge app: %w", err)
	}
	return out.Bytes(), nil
}

// container is the one module of its kind that an app may have, with the places as pages below it. What is hidden has an address there
// all the same.
func container(key, title string, places []surface.Place) module {
	m := module{Key: key, Title: title, Icon: "resource:" + resourceKey + ";" + iconFile, Resource: resourceKey, Resolver: resolver{"ui"}, Layout: "basic"}
	for _, p := range places {
		if !p.Hidden {
			m.Pages = append(m.Pages, subpage{Title: p.Name, Route: p.Key, Conditions: switchedOn(p)})
		}
	}
	return m
}

// switchedOn holds where the plugin of a place is enabled at all: the host keeps an app property for each, as for Connect. Which projects
// and issue types an admin chose no condition of Forge can ask; there the host answers that the panel does not show.
func switchedOn(p surface.Place) *conditions {
	if p.Plugin == "" {
		return nil
	}
	return &conditions{&equalTo{Entity: "app", PropertyKey: manifest.PropertyKey(p.Plugin), ObjectName: "enabled", Value: "true"}}
}

func indexed(p surface.Property) property {
	out := property{Key: p.Key, EntityType: "issue", PropertyKey: p.Property}
	for _, v := range p.Values {
		out.Values = append(out.Values, value(v))
	}
	return out
}

// endpoints are where invocations go. Each carries the app's own token, since any may be the first one after a token has ended. Those behind which a
// person is carry this person's as well where the app writes in the name of people.
func endpoints(t surface.Table) []endpoint {
	out := []endpoint{{Key: "ui", Remote: remoteKey, Auth: tokens{System: enabled{true}}}}
	if slices.Contains(t.Rights, surface.ActAs) {
		out[0].Auth.User = &enabled{true}
	}
	for _, each := range []struct{ key, path string }{
		{"event", PathEvent}, {"refresh", PathRefresh}, {"installed", PathInstalled}, {"uninstalled", PathUninstalled},
	} {
		out = append(out, endpoint{Key: each.key, Remote: remoteKey, Route: &route{each.path}, Auth: tokens{System: enabled{true}}})
	}
	return out
}
