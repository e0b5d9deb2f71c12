package configset

import "testing"

func TestIdsInTexts(t *testing.T) {
	field := func(id string) string {
		return map[string]string{"customfield_10010": "customfield_20020", "customfield_1": "summary"}[id]
	}
	document := func(id string) string {
		if id == "uses" {
			return "NEW"
		}
		return id
	}
	for in, want := range map[string]string{
		"cf[10010] = 1 and cf[ 10010 ] = 2 and customfield_10010 = 3": "cf[20020] = 1 and cf[20020] = 2 and customfield_20020 = 3",
		"id in {{link.uses.first}} and id in ({{ path.uses }})":       "id in {{link.NEW.first}} and id in ({{ path.NEW }})",
		"a person uses a laptop, {{issue.key}}":                       "a person uses a laptop, {{issue.key}}",
		"x = {{issue.customfield_10010}}":                             "x = {{issue.customfield_20020}}",
		"cf[1] = 1":                                                   "summary = 1",
		"{{uses}} {{link.uses.first}":                                 "{{NEW}} {{link.uses.first}",
		"mycustomfield_10010x":                                        "mycustomfield_10010x",
	} {
		if got := inText(in, field, document); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
