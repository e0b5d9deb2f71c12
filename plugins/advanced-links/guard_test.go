package main

import (
	"strings"
	"testing"
)

func TestGuardRefusesWhatNoFormCan(t *testing.T) {
	s := newSite(t)
	base := `{"name": "n", "outward": "a", "inward": "b", `
	for _, tt := range []struct{ values, want string }{
		{base + `"storage": "jira"}`, "Choose the type"},
		{base + `"first": {"show": false}, "second": {"show": false}}`, "one end at least"},
	} {
		if _, err := s.Configure("relation", tt.values); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.values, err)
		}
	}
	id := s.relate()
	native := base + `"storage": "jira", "linkType": "10000"}`
	s.at("10001").link("10101")
	if err := s.Reconfigure("relation", id, native); err == nil || !strings.Contains(err.Error(), "There are links already") {
		t.Errorf("a change of the storage under links: %v", err)
	}
	other := s.relate()
	if err := s.Reconfigure("relation", other, native); err != nil {
		t.Errorf("a change of the storage without links: %v", err)
	}
}
