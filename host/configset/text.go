package configset

import (
	"regexp"
	"strings"
)

var (
	variable    = regexp.MustCompile(`\{\{[^{}\n]{1,200}\}\}`)
	customField = regexp.MustCompile(`\bcustomfield_[0-9]{1,18}\b|\bcf\[\s*[0-9]{1,18}\s*\]`)
)

// inText returns a text, such as a query, with other ids in it: of fields, as customfield_10010 and cf[10010], and of documents in
// variables, as {{link.ID.first}}. visit gets the id of a field by its long name.
func inText(text string, field, document func(id string) string) string {
	text = variable.ReplaceAllStringFunc(text, func(v string) string {
		parts := strings.Split(v[2:len(v)-2], ".")
		for i, p := range parts {
			if bare := strings.TrimSpace(p); bare != "" {
				parts[i] = strings.Replace(p, bare, document(bare), 1)
			}
		}
		return "{{" + strings.Join(parts, ".") + "}}"
	})
	return customField.ReplaceAllStringFunc(text, func(v string) string {
		if strings.HasPrefix(v, "customfield_") {
			return field(v)
		}
		digits := strings.TrimSpace(v[len("cf[") : len(v)-1])
		long := "customfield_" + digits
		to := field(long)
		if number, ok := strings.CutPrefix(to, "customfield_"); ok {
			return "cf[" + number + "]"
		}
		return to
	})
}

// words are the words of a text, for looking for names in it.
func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n()=,!<>\"'", r) }) {
		out[w] = true
	}
	return out
}
