package world_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// noText are the places in a state's JSON that hold what no person wrote, or what only the site itself shows: "*" stands for
// the keys of a map.
var noText = []string{
	"user.*.account", "user.*.login", "user.*.groups", "user.*.timeZone", "user.*.role", "user.*.changed", "group.*.name", "group.*.id",
	"site.*.id", "site.*.global.*", "site.*.installKey.id", "site.*.installKey.pem", "site.*.sessionKey", "counter.*.kind",
	"category.*.id", "issueType.*.id", "issueType.*.glyph", "status.*.id", "status.*.category", "priority.*.id", "priority.*.color",
	"resolution.*.id", "linkType.*.id", "role.*.id", "role.*.default.kind", "role.*.default.value",
	"project.*.id", "project.*.lead", "project.*.category", "project.*.types", "project.*.permissions", "project.*.workflow",
	"permissionScheme.*.id", "permissionScheme.*.grants.id", "permissionScheme.*.grants.permission", "permissionScheme.*.grants.holder.kind",
	"permissionScheme.*.grants.holder.value", "workflow.*.id", "workflow.*.statuses", "workflow.*.transitions.id", "workflow.*.transitions.to",
	"field.*.id", "field.*.kind", "field.*.options.id", "version.*.id", "version.*.project", "component.*.id", "component.*.project",
	"issue.*.id", "issue.*.project", "issue.*.type", "issue.*.status", "issue.*.reporter", "issue.*.creator", "issue.*.assignee", "issue.*.priority",
	"issue.*.created", "issue.*.updated", "issue.*.statusSince", "issue.*.links.id", "issue.*.links.type", "issue.*.links.other",
	"issue.*.custom." + string(world.Location), "issue.*.custom." + string(world.Warranty), "issue.*.custom." + string(world.Owner),
}

// noTextAnywhere are the ends of such places below an issue.
var noTextAnywhere = []string{
	".type", ".comments.id", ".comments.author", ".comments.editor", ".comments.created", ".comments.updated", ".worklogs.id", ".worklogs.author",
	".worklogs.editor", ".worklogs.created", ".worklogs.updated", ".worklogs.started", ".attachments.id", ".attachments.author", ".attachments.created",
}

// talked gives the first issue a text of each sort that the seeded site has none of.
func talked(tx *world.Tx) error {
	i := tx.FindIssue("OPS-1")
	_, err := tx.AddLink("10000", i.ID, tx.FindIssue("OPS-2").ID)
	return errors.Join(err,
		tx.Put(&world.Version{Project: i.Project, Name: "1.0"}), tx.Put(&world.Component{Project: i.Project, Name: "Screens"}),
		tx.AddComment(i.ID, &world.Comment{Author: world.Mia, Body: world.TextDocument("a word")}),
		tx.AddWorklog(i.ID, &world.Worklog{Author: world.Mia, Comment: world.TextDocument("a word"), Started: now, Seconds: 60}),
		tx.AddAttachment(i.ID, &world.Attachment{Author: world.Mia, Name: "a.txt", Type: "text/plain"}, []byte("a word")),
	)
}

// TestRewriteTextsLeavesNoTextOut fails when the site learns to hold a text that RewriteTexts does not know.
func TestRewriteTextsLeavesNoTextOut(t *testing.T) {
	s := open(t, t.TempDir())
	change(t, s, talked)
	ids := map[string]bool{}
	for n := range s.State().Index().All().All() {
		i := s.State().IssueAt(n)
		ids[string(i.ID)+i.Key[strings.Index(i.Key, "-")+1:]] = true
	}
	places := map[string]int{}
	change(t, s, func(tx *world.Tx) error {
		tx.RewriteTexts(func(place string, _ world.Room) string {
			places[place]++
			return "~" + place
		})
		return nil
	})
	st := s.State()
	for place, n := range places {
		if n > 1 {
			t.Errorf("%d places are called %q", n, place)
		}
	}
	for n := range st.Index().All().All() {
		i, id := st.IssueAt(n), st.IssueAt(n).ID
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
		if !strings.HasPrefix(text, "~") && !slices.Contains(noText, path) && !isNoText(path) && !reported[path] {
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
			if path == "site.*.global" || !strings.Contains(path, ".") && path != "" {
				key = "*"
			}
			walkTexts(strings.TrimPrefix(path+"."+key, "."), each, found)
		}
	}
}

func isNoText(path string) bool {
	return strings.HasPrefix(path, "issue.") && slices.ContainsFunc(noTextAnywhere, func(end string) bool { return strings.HasSuffix(path, end) })
}
