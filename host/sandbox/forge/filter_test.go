package forge_test

import (
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/forge"
)

var event = map[string]any{
	"issue":     map[string]any{"key": "OPS-1", "fields": map[string]any{"labels": []any{"a", "b"}, "project": map[string]any{"key": "OPS"}, "points": 3.0, "done": false}},
	"changelog": map[string]any{"items": []any{map[string]any{"field": "summary"}}},
}

func TestFilters(t *testing.T) {
	for text, want := range map[string]bool{
		`event.issue.key == 'OPS-1'`:                                     true,
		`event.issue.key != "OPS-1"`:                                     false,
		`event.issue["key"] === 'OPS-1'`:                                 true,
		`event.issue.fields.points > 2 && event.issue.fields.points < 3`: false,
		`event.issue.fields.points >= 3`:                                 true,
		`event.issue.fields.labels.includes('b')`:                        true,
		`['X', 'OPS'].includes(event.issue.fields.project.key)`:          true,
		`event.issue.key.includes('OPS')`:                                true,
		`event.comment?.author?.accountId == null`:                       true,
		`event.issue.fields.resolution == null || event.nothing.at.all`:  true,
		`!event.issue.fields.done && (false || true)`:                    true,
		`event.changelog.items[0].field == 'summary'`:                    true,
		`event.changelog.items.length == 1`:                              true,
	} {
		if got, err := forge.Holds(text, event); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		``, `event.`, `event.issue.key ==`, `issue.key`, `event.issue.map(x => x)`, `event.a.b.c == 1`, `event.issue.key`, `event.issue.key > 1`,
		`'text`, `(event.a`, `[1,`, `event.issue.key == 'a' extra`, `!event.issue.key`, `1.2.3 == 1`, `#`,
	} {
		if got, err := forge.Holds(text, event); err == nil {
			t.Errorf("%s: %v without an error", text, got)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{`event.issue?.key == 'OPS-1' && !(event.n > 1.5)`, `["a",null].includes(event["x"])`, `event.a.length <= 2 || true`} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) { _, _ = forge.Holds(text, event) })
}

func FuzzManifest(f *testing.F) {
	f.Add("app: {id: ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a}\nremotes: [{key: r, baseUrl: {default: 'https://a.example'}}]")
	f.Add("modules:\n  trigger:\n    - {key: t, endpoint: e, events: [avi:x], filter: {expression: 'event.a == 1'}}\n  endpoint: [{key: e, remote: r}]")
	f.Add("permissions: {scopes: {read:jira-work: {allowImpersonation: true}}}\nmodules: {jira:globalPage: [null]}")
	f.Add("a: &a [*a]\nmodules: ${X}")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = forge.Parse([]byte(text), map[string]string{"X": "{}"}) })
}
