package events

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

var (
	number = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	field  = regexp.MustCompile(`^[A-Za-z0-9_]{1,40}$`)
)

// FuzzWebhook takes a webhook of whatever bytes there are: what is kept of it until it was told are ids, and nothing that somebody wrote.
func FuzzWebhook(f *testing.F) {
	for _, body := range []string{
		`{"user":{"accountId":"5b10"},"issue":{"id":"10001","key":"OPS-1","fields":{"summary":"Payroll","project":{"id":"10000"},"issuetype":{"id":1}}},"changelog":{"items":[{"fieldId":"summary","fromString":"Payroll"}]}}`,
		`{"issueLink":{"id":7,"sourceIssueId":1,"destinationIssueId":2,"issueLinkType":{"id":3,"name":"Blocks"}}}`,
		`{"issue":{"id":"Payroll"}}`, `{"issue":{"id":"-1"}}`, `{"issue":{"id":"+7"}}`, `{"issue":{"id":1e3}}`, `{"issue":{"id":{"a":1}}}`, `{"issue":{"id":"\"7\""}}`, `{"issue":[]}`,
		`{"issue":{"id":1},"changelog":{"items":[{"fieldId":"the summary"},{"fieldId":""},{"fieldId":"a"},{"fieldId":"a"}]}}`, `{}`, `null`, `[]`, `x`,
	} {
		f.Add(uint8(0), []byte(body))
		f.Add(uint8(3), []byte(body))
	}
	kinds := event.Kinds()
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		kind := kinds[int(which)%len(kinds)]
		read, err := normalize(kind, "1", body)
		if err != nil {
			if sdk.CodeOf(err) != sdk.Invalid {
				t.Errorf("%v", err)
			}
			return
		}
		h := read.happening
		kept, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]any
		if err := json.Unmarshal(kept, &said); err != nil {
			t.Fatal(err)
		}
		for name, value := range said {
			switch value := value.(type) {
			case float64:
			case string:
				if !(name == "kind" && value == kind) && !number.MatchString(value) {
					t.Errorf("%s is %q", name, value)
				}
			case []any:
				for _, changed := range value {
					if s, ok := changed.(string); !ok || !field.MatchString(s) {
						t.Errorf("%s has %q", name, changed)
					}
				}
			default:
				t.Errorf("%s is %v", name, value)
			}
		}
		if h.about() == "" || len(h.Changed) > event.MaxChanged || !slices.Contains(kinds, h.event().Kind) {
			t.Errorf("%s", kept)
		}
	})
}
