package condition_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/condition"
)

// place is Jonas, who may edit, on an issue of type 10001 in project 10000.
func place() condition.Place {
	properties := map[string]string{
		"addon/module.qr":  `{"enabled":true,"everywhere":false,"projects":["10000","10002"],"issueTypes":["10001"],"level":3,"nested":{"on":"yes","a.b":7}}`,
		"addon/plain":      `"10000"`,
		"addon/number":     `10000`,
		"addon/list":       `["one","two",3,true]`,
		"addon/null":       `null`,
		"project/asset":    `{"kind":"it"}`,
		"issue/state":      `{"printed":false}`,
		"issue/unreadable": `{`,
	}
	variables := map[string]string{"issue.id": "10100", "issue.key": "OPS-1", "project.id": "10000", "issuetype.id": "10001"}
	return condition.Place{
		LoggedIn: true,
		Property: func(entity, key string) (json.RawMessage, bool) {
			v, ok := properties[entity+"/"+key]
			return json.RawMessage(v), ok
		},
		Variable: func(name string) (string, bool) { v, ok := variables[name]; return v, ok },
		Global:   func(p string) bool { return p == "USER_PICKER" },
		Project:  func(p string) bool { return p == "EDIT_ISSUES" || p == "BROWSE_PROJECTS" },
		Issue:    func(p string) bool { return p == "EDIT_ISSUES" || p == "CREATE_ATTACHMENTS" },
		Is:       func(fact string) bool { return fact == "is_sub_task" },

		ProjectType: "business",
	}
}

func TestConditionHolds(t *testing.T) {
	addon := func(test, params string) string {
		return `[{"condition":"addon_property_` + test + `","params":{"propertyKey":"module.qr",` + params + `}}]`
	}
	tests := []struct {
		name, in string
		want     bool
	}{
		{"none", ``, true},
		{"null", `null`, true},
		{"empty list", `[]`, true},
		{"logged in", `[{"condition":"user_is_logged_in"}]`, true},
		{"inverted", `[{"condition":"user_is_logged_in","invert":true}]`, false},
		{"inverted by a string", `[{"condition":"user_is_logged_in","invert":"true"}]`, false},
		{"admin", `[{"condition":"user_is_admin"}]`, false},
		{"all must hold", `[{"condition":"user_is_logged_in"},{"condition":"user_is_admin"}]`, false},
		{"global permission", `[{"condition":"has_global_permission","params":{"permission":"user_picker"}}]`, true},
		{"project permission", `[{"condition":"has_project_permission","params":{"permission":"EDIT_ISSUES"}}]`, true},
		{"old name of a permission", `[{"condition":"has_issue_permission","params":{"permission":"edit_issue"}}]`, true},
		{"editable", `[{"condition":"is_issue_editable"}]`, true},
		{"permission on the issue", `[{"condition":"has_issue_permission","params":{"permission":"DELETE_ISSUES"}}]`, false},
		{"file", `[{"condition":"can_attach_file_to_issue"}]`, true},
		{"fact", `[{"condition":"is_sub_task"}]`, true},
		{"fact that is not so", `[{"condition":"is_watching_issue"}]`, false},
		{"inverted fact", `[{"condition":"is_watching_issue","invert":true}]`, true},
		{"setting", `[{"condition":"voting_enabled"}]`, true},
		{"type of the project", `[{"condition":"project_type","params":{"projectTypeKey":"business"}}]`, true},
		{"other type of the project", `[{"condition":"project_type","params":{"projectTypeKey":"software"}}]`, false},
		{"application", `[{"condition":"can_use_application","params":{"applicationKey":"jira-core"}}]`, true},
		{"missing permission", `[{"condition":"has_project_permission","params":{"permission":"DELETE_ISSUES"}}]`, false},

		{"property exists", `[{"condition":"addon_property_exists","params":{"propertyKey":"module.qr"}}]`, true},
		{"property does not exist", `[{"condition":"addon_property_exists","params":{"propertyKey":"nope"}}]`, false},
		{"object exists", addon("exists", `"objectName":"nested.on"`), true},
		{"object does not exist", addon("exists", `"objectName":"nested.off"`), false},
		{"object below a scalar", addon("exists", `"objectName":"enabled.x"`), false},
		{"true equals a string", addon("equal_to", `"objectName":"enabled","value":"true"`), true},
		{"true equals true", addon("equal_to", `"objectName":"enabled","value":true`), true},
		{"false differs", addon("equal_to", `"objectName":"everywhere","value":"true"`), false},
		{"number equals a string", addon("equal_to", `"objectName":"level","value":"3"`), true},
		{"key with a dot", addon("equal_to", `"objectName":"nested.a.b","value":"7"`), true},
		{"string equals", addon("equal_to", `"objectName":"nested.on","value":"yes"`), true},
		{"list equals", addon("equal_to", `"objectName":"issueTypes","value":"[\"10001\"]"`), true},
		{"contains any", addon("contains_any", `"objectName":"projects","value":"[\"1\",\"10002\"]"`), true},
		{"contains any of none", addon("contains_any", `"objectName":"projects","value":"[\"1\"]"`), false},
		{"contains any, one value", addon("contains_any", `"objectName":"projects","value":"10002"`), true},
		{"contains all", addon("contains_all", `"objectName":"projects","value":"[\"10000\",\"10002\"]"`), true},
		{"contains not all", addon("contains_all", `"objectName":"projects","value":"[\"10000\",\"1\"]"`), false},
		{"contains the project", addon("contains_context", `"objectName":"projects","contextParameter":"project.id"`), true},
		{"contains the issue type", addon("contains_context", `"objectName":"issueTypes","contextParameter":"issuetype.id"`), true},
		{"does not contain the issue", addon("contains_context", `"objectName":"projects","contextParameter":"issue.id"`), false},
		{"parameter that is not here", addon("contains_context", `"objectName":"projects","contextParameter":"content.id"`), false},
		{"scalar contains itself", `[{"condition":"addon_property_contains_context","params":{"propertyKey":"plain","contextParameter":"project.id"}}]`, true},
		{"equal to context", `[{"condition":"addon_property_equal_to_context","params":{"propertyKey":"number","contextParameter":"project.id"}}]`, true},
		{"object is not equal to context", addon("equal_to_context", `"contextParameter":"project.id"`), false},
		{"null has no objects", `[{"condition":"addon_property_exists","params":{"propertyKey":"null","objectName":"x"}}]`, false},

		{"project property", `[{"condition":"entity_property_equal_to","params":{"entity":"project","propertyKey":"asset","objectName":"kind","value":"it"}}]`, true},
		{"issue property", `[{"condition":"entity_property_equal_to","params":{"entity":"issue","propertyKey":"state","objectName":"printed","value":"false"}}]`, true},
		{"unreadable property", `[{"condition":"entity_property_exists","params":{"entity":"issue","propertyKey":"unreadable"}}]`, false},
		{"inverted property", `[{"condition":"entity_property_exists","invert":true,"params":{"entity":"issue","propertyKey":"nope"}}]`, true},

		{"or", `[{"or":[{"condition":"user_is_admin"},{"condition":"user_is_logged_in"}]}]`, true},
		{"or of nothing true", `[{"or":[{"condition":"user_is_admin"},{"condition":"user_is_sysadmin"}]}]`, false},
		{"and", `[{"and":[{"condition":"user_is_admin"},{"condition":"user_is_logged_in"}]}]`, false},
		{"inverted and", `[{"and":[{"condition":"user_is_admin"}],"invert":true}]`, true},
		{"inverted or", `[{"or":[{"condition":"user_is_logged_in"}],"invert":true}]`, false},
		{"enabled and (everywhere or here)", `[{"condition":"addon_property_equal_to","params":{"propertyKey":"module.qr","objectName":"enabled","value":"true"}},
			{"or":[{"condition":"addon_property_equal_to","params":{"propertyKey":"module.qr","objectName":"everywhere","value":"true"}},
			{"condition":"addon_property_contains_context","params":{"propertyKey":"module.qr","objectName":"projects","contextParameter":"project.id"}}]}]`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := condition.Parse(json.RawMessage(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Holds(place()); got != tt.want {
				t.Errorf("holds: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestConditionIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"and":[`, 30) + `{"condition":"user_is_admin"}` + strings.Repeat(`]}`, 30)
	tests := []struct{ name, in, want string }{
		{"no list", `{"condition":"user_is_admin"}`, "want a list"},
		{"unknown", `[{"condition":"moon_is_full"}]`, `"moon_is_full" is not known`},
		{"unknown property test", `[{"condition":"addon_property_smells","params":{"propertyKey":"p"}}]`, "is not known"},
		{"nothing", `[{}]`, "exactly one"},
		{"both", `[{"condition":"user_is_admin","or":[]}]`, "exactly one"},
		{"no property key", `[{"condition":"addon_property_exists"}]`, `"propertyKey"`},
		{"no entity", `[{"condition":"entity_property_exists","params":{"propertyKey":"p"}}]`, `"entity"`},
		{"no value", `[{"condition":"addon_property_equal_to","params":{"propertyKey":"p"}}]`, `"value"`},
		{"no context parameter", `[{"condition":"addon_property_contains_context","params":{"propertyKey":"p"}}]`, `"contextParameter"`},
		{"wrong one inside", `[{"or":[{"and":[{"condition":"x"}]}]}]`, `"x"`},
		{"too deep", `[` + deep + `]`, "too deeply"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := condition.Parse(json.RawMessage(tt.in)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`[{"or":[{"condition":"user_is_admin"},{"condition":"addon_property_equal_to","params":{"propertyKey":"module.qr","value":"1"}}]}]`)
	f.Add(`[null,{"and":null}]`)
	f.Fuzz(func(t *testing.T, in string) {
		c, err := condition.Parse(json.RawMessage(in))
		if err != nil {
			return
		}
		inverse, err := condition.Parse(json.RawMessage(`[{"and":` + in + `,"invert":true}]`))
		if err == nil && inverse.Holds(place()) == c.Holds(place()) {
			t.Errorf("%s and its inverse both say %v", in, c.Holds(place()))
		}
	})
}
