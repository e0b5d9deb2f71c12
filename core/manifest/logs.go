package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxLogName is the length of the longest log code and of the longest name of an attribute.
const maxLogName = 64

// logAttr is the name of an attribute in the meaning of a code: {labels}. Codes are made of the same words.
var logAttr = regexp.MustCompile(`\{[a-z][a-z0-9]*([._][a-z0-9]+)*\}`)

// Log returns what a log code means, and whether the plugin declares it.
func (m *Manifest) Log(code string) (meaning string, ok bool) {
	meaning, ok = m.Logs[code]
	return meaning, ok
}

// LogAttr says whether entries of that code can have an attribute of that name: its meaning names it in braces.
func (m *Manifest) LogAttr(code, name string) bool {
	return !strings.ContainsAny(name, "{}") && strings.Contains(m.Logs[code], "{"+name+"}")
}

func (r *report) logs(m *Manifest) {
	for _, code := range slices.Sorted(maps.Keys(m.Logs)) {
		path := member("$.logs", code)
		if len(code) > maxLogName {
			r.add(path, "the code has "+count(len(code), "character"), fmt.Sprintf("write at most %d", maxLogName))
		}
		for _, name := range logAttr.FindAllString(m.Logs[code], -1) {
			if name = strings.Trim(name, "{}"); len(name) > maxLogName {
				r.add(path, "the name of an attribute has "+count(len(name), "character"), fmt.Sprintf("write at most %d", maxLogName))
			}
		}
		if strings.ContainsAny(logAttr.ReplaceAllString(m.Logs[code], ""), "{}") {
			r.add(path, "it has a brace that belongs to no attribute", "write an attribute's name in lower-case words joined by dots or underscores, such as {labels}")
		}
	}
}
