package relations_test

import (
	"regexp"
	"testing"

	"github.com/pergola-platform/pergola/plugins/relations"
)

func TestKeysAreToldFromWords(t *testing.T) {
	for text, want := range map[string]bool{
		"OPS-7": true, "A1_B-12": true, "ops-7": false, "OPS": false, "OPS-": false, "-7": false, "1OPS-7": false, "OPS-7a": false, "OPS 7": false, "": false,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNO-1": false,
	} {
		if got := relations.IsKey(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

func TestSectionsAreNamedAfterWhatTheyAreAbout(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"4Nk7tQxYzAbCdEfGh2-first", "4Nk7tQxYzAbCdEfGh2-second", "4nk7tqxyzabcdefgh2-first", ""} {
		name := relations.SectionName("side", id)
		if !regexp.MustCompile(`^side-[a-z0-9]+$`).MatchString(name) || seen[name] != "" || name != relations.SectionName("side", id) {
			t.Errorf("%q is named %q, as is %q", id, name, seen[name])
		}
		seen[name] = id
	}
}
