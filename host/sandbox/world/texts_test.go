package world_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// noText are the places in a state's JSON that hold what no person wrote, or what only the site itself shows: "*" stands for
// the keys of a map.
var noText = []string{
	"users.account", "users.login", "users.groups", "users.timeZone", "users.role", "users.changed", "global.*",
	"categories.id", "issueTypes.id", "issueTypes.glyph", "statuses.id", "statuses.category",
	"projects.id", "projects.lead", "projects.category", "projects.types", "projects.grants.*",
	"fields.id", "fields.kind", "fields.options.id",
	"issues.*.id", "issues.*.project", "issues.*.type", "issues.*.status", "issues.*.reporter", "issues.*.assignee", "issues.*.created", "issues.*.updated",
	"issues.*.description.type", "issues.*.description.content.type", "issues.*.description.content.content.type",
	"issues.*.custom." + string(world.Location), "issues.*.custom." + string(world.Warranty), "issues.*.custom." + string(world.Owner),
	"installKey.id", "installKey.pem", "sessionKey",
}

// TestRewriteTextsLeavesNoTextOut fails when the site learns to hold a text that RewriteTexts does not know.
func TestRewriteTextsLeavesNoTextOut(t *testing.T) {
	st := open(t, t.TempDir()).State()
	ids := map[string]bool{}
	for id, i := range st.Issues {
		ids[string(id)+i.Key[strings.Index(i.Key, "-")+1:]] = true
	}
	places := map[string]int{}
	st.RewriteTexts(func(place string, _ world.Room) string {
		places[place]++
		return "~" + place
	})
	for place, n := range places {
		if n > 1 {
			t.Errorf("%d places are called %q", n, place)
		}
	}
	for id, i := range st.Issues {
		if !ids[string(id)+i.Key[strings.Index(i.Key, "-")+1:]] || st.FindIssue(i.Key) != nil && st.FindIssue(i.Key).ID != id {
			t.Errorf("issue %s is %s now", id, i.Key)
		}
	}
	var all any
	if err := json.Unmarshal([]byte(asJSON(t, st)), &all); err != nil {
		t.Fatal(err)
	}
	reported := map[string]bool{}
	walkTexts("", all, func(path, text string) {
		if !strings.HasPrefix(text, "~") && !slices.Contains(noText, path) && !reported[path] {
			reported[path] = true
			t.Errorf("%s holds %q still: rewrite it in RewriteTexts, or name it in noText if nobody writes there", path, text)
		}
	})
}

// walkTexts calls found for every string below v.
func walkTexts(path string, v any, found func(path, text string)) {
	switch v := v.(type) {
	case string:
		found(path, v)
	case []any:
		for _, each := range v {
			walkTexts(path, each, found)
		}
	case map[string]any:
		for key, each := range v {
			if path == "issues" || path == "global" || path == "projects.grants" {
				key = "*"
			}
			walkTexts(strings.TrimPrefix(path+"."+key, "."), each, found)
		}
	}
}
