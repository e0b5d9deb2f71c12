package sdktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
)

type field struct {
	Kind    string   `json:"kind"`
	Indexed bool     `json:"indexed"`
	Values  []string `json:"values"`
	Config  string   `json:"config"`
}

type record struct {
	Type string `json:"type"`
	ID   struct {
		Kind   string   `json:"kind"`
		Fields []string `json:"fields"`
	} `json:"id"`
	Fields map[string]field `json:"fields"`
}

type provided struct {
	Capability string `json:"capability"`
	Name       string `json:"name"`
}

// manifest is what a host for tests needs of plugin.json. Whether the file is right is for pergola's own check to say.
type manifest struct {
	ID          string `json:"id"`
	Version     string `json:"version"`
	Permissions []struct {
		Name string `json:"name"`
	} `json:"permissions"`
	Settings schema            `json:"settings"`
	Configs  []configType      `json:"configs"`
	Records  []record          `json:"records"`
	Logs     map[string]string `json:"logs"`
	Provides []provided        `json:"provides"`
	Requires []struct {
		Service string `json:"service"`
	} `json:"requires"`
	Events []struct {
		Event   string `json:"event"`
		Handler string `json:"handler"`
	} `json:"events"`
	Jobs      []jobType      `json:"jobs"`
	Functions []functionType `json:"jqlFunctions"`
	Routes    []struct {
		Method  string `json:"method"`
		Path    string `json:"path"`
		Handler string `json:"handler"`
	} `json:"routes"`
	Modules []struct {
		Type string `json:"type"`
		Key  string `json:"key"`
		View string `json:"view"`
		Link string `json:"link"`
	} `json:"modules"`
}

type schema struct {
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Default    json.RawMessage   `json:"default"`
	Jira       any               `json:"x-jira"`
}

// UseManifest makes the host one that knows this plugin.json: it grants the permissions that are asked for, fills in the
// settings' defaults, and stores and logs what is declared. The error says where code and manifest disagree.
//
// Since: v0.1
func (h *Host) UseManifest(plugin []byte) error {
	var m manifest
	if err := json.Unmarshal(plugin, &m); err != nil {
		return err
	}
	var wrong []error
	if m.ID != h.plugin.ID {
		wrong = append(wrong, fmt.Errorf("the id is %q, in the code %q", m.ID, h.plugin.ID))
	}
	if m.Version != h.plugin.Version {
		wrong = append(wrong, fmt.Errorf("the version is %q, in the code %q", m.Version, h.plugin.Version))
	}
	for _, module := range m.Modules {
		if h.plugin.Views[module.View] == nil {
			wrong = append(wrong, fmt.Errorf("the module %q names the view %q, which is not in the code", module.Key, module.View))
		}
		if module.Link != "" {
			h.Context.LinkURL = "https://pergola.example/" + module.Link + "/abcd2345."
		}
	}
	wrong = append(wrong, h.provides(m.Provides)...)
	for _, c := range m.Configs {
		if c.Guard != "" && h.plugin.Guards[c.Guard] == nil {
			wrong = append(wrong, fmt.Errorf("the config %q names the guard %q, which is not in the code", c.Type, c.Guard))
		}
	}
	for _, e := range m.Events {
		if h.plugin.Events[e.Handler] == nil {
			wrong = append(wrong, fmt.Errorf("the event %q names the handler %q, which is not in the code", e.Event, e.Handler))
		}
	}
	for _, j := range m.Jobs {
		if h.plugin.Jobs[j.Handler] == nil {
			wrong = append(wrong, fmt.Errorf("the job %q names the handler %q, which is not in the code", j.Name, j.Handler))
		}
	}
	for _, f := range m.Functions {
		if h.plugin.Functions[f.Handler] == nil {
			wrong = append(wrong, fmt.Errorf("the function %q names the handler %q, which is not in the code", f.Name, f.Handler))
		}
	}
	for _, r := range m.Routes {
		if h.plugin.Routes[r.Handler] == nil {
			wrong = append(wrong, fmt.Errorf("the route %s %s names the handler %q, which is not in the code", r.Method, r.Path, r.Handler))
		}
	}
	for _, r := range m.Records {
		if err := r.identified(); err != nil {
			wrong = append(wrong, err)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	h.Grants = map[string]bool{}
	for _, p := range m.Permissions {
		h.Grants[p.Name] = true
	}
	for _, r := range m.Requires {
		h.Grants[usePrefix+r.Service] = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.declared = map[string]*record{}
	for i := range m.Records {
		h.declared[m.Records[i].Type] = &m.Records[i]
	}
	h.logs = m.Logs
	h.listens = map[string]string{}
	for _, e := range m.Events {
		h.listens[e.Event] = e.Handler
	}
	h.functions = m.Functions
	h.jobs, h.admins = map[string]*jobType{}, map[string]bool{}
	for i := range m.Jobs {
		h.jobs[m.Jobs[i].Name] = &m.Jobs[i]
	}
	for _, module := range m.Modules {
		h.admins[module.Key] = module.Type == "adminPage"
	}
	h.configs = map[string]*configType{}
	for i := range m.Configs {
		h.configs[m.Configs[i].Type] = &m.Configs[i]
	}
	h.Settings = *noValues()
	return defaults(m.Settings, "", &h.Settings)
}

// identified says what is missing in the declaration of a record type's ids.
func (d *record) identified() error {
	if len(d.ID.Fields) == 0 && !slices.Contains(store.IDKinds(), d.ID.Kind) {
		return fmt.Errorf(`the records %q do not say what their ids are; add "id": {"kind": …} with one of %s, or "id": {"fields": […]}`, d.Type, strings.Join(store.IDKinds(), ", "))
	}
	for _, name := range d.ID.Fields {
		if !slices.Contains(store.PartKinds(), d.Fields[name].Kind) {
			return fmt.Errorf("the ids of the records %q are made of the field %q, which has to be declared with one of the kinds %s", d.Type, name, strings.Join(store.PartKinds(), ", "))
		}
	}
	return nil
}

// provides says where code and manifest disagree about what the plugin offers.
func (h *Host) provides(all []provided) (wrong []error) {
	code := map[string][]string{
		"sync/v1": slices.Sorted(maps.Keys(h.plugin.Synchronizers)), "service/v1": slices.Sorted(maps.Keys(h.plugin.Services)),
	}
	for _, p := range all {
		if !slices.Contains(code[p.Capability], p.Name) {
			wrong = append(wrong, fmt.Errorf("%q of provides (%s) is not in the code", p.Name, p.Capability))
		}
	}
	for capability, names := range code {
		for _, name := range names {
			if !slices.Contains(all, provided{capability, name}) {
				wrong = append(wrong, fmt.Errorf("%q of the code (%s) is not in provides", name, capability))
			}
		}
	}
	return wrong
}

func defaults(s schema, prefix string, out *settings.Values) error {
	for name, p := range s.Properties {
		if p.Properties != nil {
			if err := defaults(p, prefix+name+".", out); err != nil {
				return err
			}
			continue
		}
		if p.Default == nil {
			continue
		}
		var value any
		if err := json.Unmarshal(p.Default, &value); err != nil {
			return err
		}
		set(out, prefix+name, value)
	}
	return nil
}

func noValues() *settings.Values {
	return &settings.Values{
		Strings: map[string]string{}, Numbers: map[string]float64{}, Switches: map[string]bool{}, Lists: map[string][]string{},
	}
}

// setRows puts a list of groups under its path, with the defaults of a row. It says whether value is one.
func setRows(s *schema, out *settings.Values, path string, value any) (bool, error) {
	list, _ := value.([]any)
	if s == nil || s.Properties == nil || list == nil {
		return false, nil
	}
	for i, item := range list {
		row, ok := item.(map[string]any)
		if !ok {
			return false, fmt.Errorf("row %d of %s is no object", i, path)
		}
		at := fmt.Sprintf("%s.%d.", path, i)
		if err := defaults(*s, at, out); err != nil {
			return false, err
		}
		for name, v := range row {
			set(out, at+name, v)
		}
	}
	out.Numbers[path] = float64(len(list))
	return true, nil
}

// give puts what an admin wrote over the defaults.
func give(s schema, prefix string, given map[string]any, out *settings.Values) error {
	for name, v := range given {
		inner := s.Properties[name]
		if rows, err := setRows(inner.Items, out, prefix+name, v); rows || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if group, ok := v.(map[string]any); ok {
			if err := give(inner, prefix+name+".", group, out); err != nil {
				return err
			}
			continue
		}
		set(out, prefix+name, v)
	}
	return nil
}

// set puts a value of JSON under its path.
func set(out *settings.Values, path string, value any) {
	switch v := value.(type) {
	case string:
		out.Strings[path] = v
	case float64:
		out.Numbers[path] = v
	case bool:
		out.Switches[path] = v
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			list = append(list, fmt.Sprint(item))
		}
		out.Lists[path] = list
	}
}
