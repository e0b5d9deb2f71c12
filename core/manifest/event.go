package manifest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/sdk/event"
)

// Event is something in Jira that the plugin listens to, with the reason that the admin reads.
type Event struct {
	Event   string `json:"event"`   // one of event.Kinds of sdk/event
	Handler string `json:"handler"` // in the code: a key of sdk.Plugin.Events
	Reason  string `json:"reason"`
	// Only says which of these events the plugin is told of; the zero value means all.
	Only Only `json:"only,omitzero"`
}

// Only restricts what a plugin is told of to some issues and changes. A list that is empty restricts nothing; of several lists an event has to
// pass each. What stands in a list is one of three: settings.NAME, what an admin chose in that setting; configs.TYPE.NAME, what admins chose
// there in any document of the type; and in Fields the id of a field that every site has, or [JiraFields] or [CustomFields].
type Only struct {
	// Projects and IssueTypes are those of the issue, also those in which it was before the change. Where an admin leaves such a setting empty, it
	// means all; documents that are not there mean none.
	Projects   []string `json:"projects,omitempty"`
	IssueTypes []string `json:"issueTypes,omitempty"`
	// Fields are those that changed. Of an issue that is created all of them count as changed. Settings that are empty mean none.
	Fields []string `json:"fields,omitempty"`
}

// Words for many fields in [Only].
const (
	JiraFields   = "kind.jira"   // all fields that Jira has itself
	CustomFields = "kind.custom" // all fields that were made on a site
)

// IsZero says whether nothing is restricted.
func (o Only) IsZero() bool { return len(o.Projects)+len(o.IssueTypes)+len(o.Fields) == 0 }

// Chosen reads what leads from [Only] to what admins chose: a setting by its path, of a type of configuration document, or of the plugin's
// settings where config is "". False for everything else.
func Chosen(text string) (config, path string, ok bool) {
	if path, ok = strings.CutPrefix(text, "settings."); ok {
		return "", path, true
	}
	rest, ok := strings.CutPrefix(text, "configs.")
	if !ok {
		return "", "", false
	}
	config, path, _ = strings.Cut(rest, ".")
	return config, path, true
}

// IsCustomField says whether an id is that of a field that was made on a site.
func IsCustomField(id string) bool { return strings.HasPrefix(id, "customfield_") }

func (r *report) events(m *Manifest, doc map[string]any) {
	seen := map[string]int{}
	for i, e := range m.Events {
		path := fmt.Sprintf("$.events[%d]", i)
		r.unique(seen, e.Event, path+".event", i)
		if e.Only.IsZero() {
			continue
		}
		if strings.HasPrefix(e.Event, "issuelink.") {
			r.add(path+".only", "Jira tells of a link by the ids of the link and its two issues alone", "leave it out")
			continue
		}
		if len(e.Only.Fields) > 0 && e.Event == event.IssueDeleted {
			r.add(path+".only.fields", "of an issue that is deleted no field changes", "leave it out, or restrict issue.updated")
		}
		r.chosen(m, doc, path+".only.projects", e.Only.Projects, "project")
		r.chosen(m, doc, path+".only.issueTypes", e.Only.IssueTypes, "issueType")
		r.chosen(m, doc, path+".only.fields", e.Only.Fields, "field")
	}
}

// chosen checks that the settings which a list of [Only] names exist and hold ids of that thing.
func (r *report) chosen(m *Manifest, doc map[string]any, path string, list []string, of string) {
	for i, text := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		typ, name, ok := Chosen(text)
		if !ok {
			if IsCustomField(text) {
				r.add(at, "every Jira site has custom fields of its own", `name a setting in which an admin chooses one, such as "settings.field", or write "`+CustomFields+`"`)
			}
			continue
		}
		schema, where := doc["settings"], "settings.properties"
		if typ != "" {
			n := -1
			for j, c := range m.Configs {
				if c.Type == typ {
					n = j
				}
			}
			if n < 0 {
				r.add(at, fmt.Sprintf("the plugin has no document %q", typ), "declare it in configs, or name one that is there")
				continue
			}
			all, _ := doc["configs"].([]any)
			here, _ := all[n].(map[string]any)
			schema, where = here["schema"], fmt.Sprintf("configs[%d].schema.properties", n)
		}
		s, ok := settingAt(schema, name)
		switch {
		case !ok:
			r.add(at, fmt.Sprintf("there is no setting %q", name), fmt.Sprintf(`declare it in %s with "x-jira": %q, or name one that is there`, where, of))
		case s.Jira != of:
			r.add(at, fmt.Sprintf("the setting %q holds no ids of a %s", name, of), fmt.Sprintf(`write "x-jira": %q there, or name another one`, of))
		}
	}
}

// settingAt finds a setting by its path, which leads through groups and lists of groups.
func settingAt(schema any, path string) (setting, bool) {
	raw, err := json.Marshal(schema)
	if err != nil {
		return setting{}, false
	}
	var s setting
	if schema == nil || json.Unmarshal(raw, &s) != nil {
		return setting{}, false // what is wrong with it is reported where it stands
	}
	for name := range strings.SplitSeq(path, ".") {
		if s.rows() {
			s = *s.Items
		}
		inner, ok := s.Properties[name]
		if !ok {
			return setting{}, false
		}
		s = inner
	}
	return s, true
}
