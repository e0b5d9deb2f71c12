package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// reservedLinks are the first parts of addresses that the host itself serves.
var reservedLinks = []string{"api", "connect", "static", "healthz", "readyz", "metrics"}

// rules reports what a schema cannot say. m has passed the schema; doc is the same file as plain values.
func (r *report) rules(m *Manifest, doc map[string]any) {
	r.own = m
	settings := r.settings(doc["settings"], "$.settings")
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if settings[name].Contexts != "" {
			r.add("$.settings", fmt.Sprintf("%q has x-contexts, which is for configuration documents", name), "leave it out, or move the list into one of configs")
		}
	}
	r.permissions(m)
	r.provides(m, doc)
	r.requires(m)
	r.events(m, doc)
	r.jobs(m)
	r.functions(m)
	r.routes(m, doc)
	r.properties(m)
	r.configs(m, doc)
	r.records(m)
	r.logs(m)
	r.modules(m, settings)
}

func (r *report) permissions(m *Manifest) {
	seen := map[string]int{}
	for i, p := range m.Permissions {
		r.unique(seen, p.Name, fmt.Sprintf("$.permissions[%d].name", i), i)
	}
	switch {
	case len(m.Records) > 0 && !m.Asks(Store):
		r.add("$.records", "records are declared, but the permission to store them is not asked for",
			`add {"name": "store", "reason": "…"} to permissions`)
	case len(m.Records) == 0 && m.Asks(Store):
		i := seen[Store]
		r.add(fmt.Sprintf("$.permissions[%d]", i), "the permission store is asked for, but no records are declared",
			"declare in records what is stored, or leave the permission out")
	}
}

func (r *report) provides(m *Manifest, doc map[string]any) {
	names := map[string]map[string]int{SyncV1: {}, ServiceV1: {}}
	services := map[string]int{}
	for i, p := range m.Provides {
		path := fmt.Sprintf("$.provides[%d]", i)
		r.unique(names[p.Capability], p.Name, path+".name", i)
		if p.Capability == ServiceV1 {
			r.service(services, p, path, i)
		} else if p.Service != "" {
			r.add(path+".service", "only a service/v1 has one", "leave it out")
		}
		var connection map[string]setting
		if p.Connection != nil {
			all, _ := doc["provides"].([]any)
			here, _ := all[i].(map[string]any)
			connection = r.settings(here["connection"], path+".connection")
			r.plain(connection, path+".connection")
		}
		secrets := map[string]int{}
		for j, s := range p.Secrets {
			at := fmt.Sprintf("%s.secrets[%d].name", path, j)
			r.unique(secrets, s.Name, at, j)
			if _, taken := connection[s.Name]; taken {
				r.add(at, fmt.Sprintf("%q is a setting of the connection too", s.Name), "choose another one, or leave one of the two out")
			}
		}
	}
}

// service checks a service that the plugin provides.
func (r *report) service(seen map[string]int, p Provided, path string, i int) {
	if p.Service == "" {
		r.add(path+".service", "other plugins find a service by a name with a version, and it has none", "add one, such as acme.stock/v1")
	} else {
		r.unique(seen, p.Service, path+".service", i)
	}
	if p.Connection != nil {
		r.add(path+".connection", "a service has no connections", "leave it out")
	}
	if len(p.Secrets) > 0 {
		r.add(path+".secrets", "a service has no connections, and so no secrets of one", "leave them out")
	}
}

func (r *report) requires(m *Manifest) {
	seen := map[string]int{}
	for i, q := range m.Requires {
		at := fmt.Sprintf("$.requires[%d].service", i)
		r.unique(seen, q.Service, at, i)
		if _, own := m.Service(q.Service); own {
			r.add(at, "the plugin provides it itself", "call your own code, and leave it out")
		}
	}
}

func (r *report) modules(m *Manifest, settings map[string]setting) {
	keys := map[string]int{}
	linked, placed := -1, -1
	for i, mod := range m.Modules {
		path := "$.modules[" + strconv.Itoa(i) + "]"
		r.unique(keys, mod.Key, path+".key", i)
		if mod.Hidden && mod.Type != GeneralPage {
			r.add(path+".hidden", "only a generalPage has a place in a menu", "leave it out")
		}
		if mod.Link != "" {
			switch {
			case mod.Type != GeneralPage:
				r.add(path+".link", "a short link can only lead to a generalPage", "leave it out, or put it on one")
			case slices.Contains(reservedLinks, mod.Link):
				r.add(path+".link", fmt.Sprintf("the host itself serves /%s", mod.Link), "choose another one, such as q")
			case linked >= 0:
				r.add(path+".link", fmt.Sprintf("modules[%d] has a link already, and a plugin has one at most", linked), "leave one of the two out")
			}
			if linked < 0 && mod.Type == GeneralPage {
				linked = i
			}
		}
		if mod.Contexts == (Contexts{}) {
			continue
		}
		if mod.Type != IssuePanel {
			r.add(path+".contexts", "a "+mod.Type+" belongs to no project and no issue type", "leave it out, or put it on an issuePanel")
			continue
		}
		r.context(settings, path+".contexts.projects", mod.Contexts.Projects, "project")
		r.context(settings, path+".contexts.issueTypes", mod.Contexts.IssueTypes, "issueType")
		if placed >= 0 && m.Modules[placed].Contexts != mod.Contexts {
			r.add(path+".contexts", fmt.Sprintf("modules[%d] names other settings, and all modules of a plugin show in the same places", placed), "name the same ones")
		}
		if placed < 0 {
			placed = i
		}
	}
}

// context checks that a setting which decides where a module shows exists and holds ids of that thing.
func (r *report) context(settings map[string]setting, path, name, of string) {
	if name == "" {
		return
	}
	write := fmt.Sprintf(`declare it in settings.properties as {"type": "array", "items": {"type": "string"}, "x-jira": %q}`, of)
	s, ok := settings[name]
	switch {
	case !ok:
		r.add(path, fmt.Sprintf("there is no setting %q", name), write)
	case s.Type != "array" || s.Jira != of:
		r.add(path, fmt.Sprintf("the setting %q is no list of %s ids", name, of), write)
	}
}

// unique reports a name that an earlier member of the list has already.
func (r *report) unique(seen map[string]int, name, path string, i int) {
	if first, ok := seen[name]; ok {
		r.add(path, fmt.Sprintf("%q is taken by member %d", name, first), "choose another one, or leave one of the two out")
		return
	}
	seen[name] = i
}
