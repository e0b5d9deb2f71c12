package manifest

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
)

// Module returns the module of that key.
func (m *Manifest) Module(key string) (Module, bool) {
	return pick(m.Modules, func(o Module) bool { return o.Key == key })
}

// Linked returns the module to which short links lead, if there is one.
func (m *Manifest) Linked() (Module, bool) {
	return pick(m.Modules, func(o Module) bool { return o.Link != "" })
}

// Record returns the record type of that name.
func (m *Manifest) Record(typ string) (Record, bool) {
	return pick(m.Records, func(o Record) bool { return o.Type == typ })
}

// Config returns the type of configuration document of that name.
func (m *Manifest) Config(typ string) (Config, bool) {
	return pick(m.Configs, func(o Config) bool { return o.Type == typ })
}

// Synchronizer returns the synchronizer of that name which the plugin provides.
func (m *Manifest) Synchronizer(name string) (Provided, bool) {
	return pick(m.Provides, func(p Provided) bool { return p.Capability == SyncV1 && p.Name == name })
}

// Service returns the service of that name which the plugin provides.
func (m *Manifest) Service(service string) (Provided, bool) {
	return pick(m.Provides, func(p Provided) bool { return p.Capability == ServiceV1 && p.Service == service })
}

// Listener is what the plugin has told of a kind of event, if it listens to it.
func (m *Manifest) Listener(kind string) (Event, bool) {
	return pick(m.Events, func(e Event) bool { return e.Event == kind })
}

// Job returns the job of that name.
func (m *Manifest) Job(name string) (Job, bool) {
	return pick(m.Jobs, func(j Job) bool { return j.Name == name })
}

// Function returns the function in JQL of that key.
func (m *Manifest) Function(key string) (Function, bool) {
	return pick(m.Functions, func(f Function) bool { return f.Key == key })
}

// Asks says whether the plugin asks for that permission.
func (m *Manifest) Asks(permission string) bool { return slices.Contains(m.Grants(), permission) }

// Grants are the names of all that an admin grants to the plugin, as Wishes has them.
func (m *Manifest) Grants() []string {
	var out []string
	for _, p := range m.Wishes() {
		out = append(out, p.Name)
	}
	return out
}

// Wishes is all that the plugin asks an admin to grant: its permissions, and the use of services under the names that UseOf makes.
func (m *Manifest) Wishes() []Permission {
	out := slices.Clone(m.Permissions)
	for _, r := range m.Requires {
		out = append(out, Permission{UseOf(r.Service), r.Reason})
	}
	return out
}

// usePrefix begins the names of grants of services, and of no permission.
const usePrefix = "service:"

// UseOf is the name of the grant that lets a plugin use a service.
func UseOf(service string) string { return usePrefix + service }

func pick[T any](all []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	var zero T
	return zero, false
}

// ConnectModuleKey returns the key under which Jira knows a module of a plugin, such as pergola-qrcode--panel. Two
// modules never share one: an id holds no dash, and a module's key no two of them in a row. Jira takes letters, digits and
// dashes only, and uses two underscores itself.
func ConnectModuleKey(plugin capability.PluginID, module string) string {
	return dashed(plugin) + "--" + module
}

// PropertyKey returns the key of the Connect app property that says where a plugin is switched on, such as
// module.pergola-qrcode. The conditions of its modules read it.
func PropertyKey(plugin capability.PluginID) string { return "module." + dashed(plugin) }

func dashed(plugin capability.PluginID) string { return strings.ReplaceAll(string(plugin), ".", "-") }
