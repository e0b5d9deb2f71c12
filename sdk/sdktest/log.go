package sdktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/store"
)

func (h *Host) log(e *log.Entry) (msgp.Marshaler, error) {
	ok := slices.Contains([]string{log.Debug, log.Info, log.Warn, log.Error}, e.Level) && isCode(e.Code)
	for _, a := range e.Attrs {
		ok = ok && isCode(a.Name) && (a.ID == "") == (a.Kind == "")
		if kind := map[string]string{"issue": store.KindIssue, "project": store.KindProject, "issue_type": store.KindIssueType, "field": store.KindField, "account": store.KindAccount}[a.Kind]; a.Kind != "" {
			ok = ok && store.Validate(kind, a.ID) == nil
		}
	}
	if ok && h.declared != nil {
		if missing := undeclaredLog(h.logs, e); missing != "" {
			ok = false
			if h.t != nil {
				h.t.Errorf("plugin.json does not declare what is logged: %s", missing)
			}
		}
	}
	if !ok {
		h.dropped = append(h.dropped, *e)
		return nil, nil
	}
	h.entries = append(h.entries, *e)
	return nil, nil
}

// undeclaredLog says what to add to plugin.json for a host to take the entry, "" where nothing is missing.
func undeclaredLog(logs map[string]string, e *log.Entry) string {
	meaning, ok := logs[e.Code]
	if !ok {
		return fmt.Sprintf(`add %q: "what it means" to logs, with each attribute's name in braces`, e.Code)
	}
	for _, a := range e.Attrs {
		if !strings.Contains(meaning, "{"+a.Name+"}") {
			return fmt.Sprintf("write {%s} into what %q means in logs", a.Name, e.Code)
		}
	}
	return ""
}

// isCode says whether s is made of lower-case words joined by dots or underscores.
func isCode(s string) bool {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '.' || r == '_' }) {
		if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return s != "" && len(s) <= 64 && strings.Trim(s, "._") == s
}
