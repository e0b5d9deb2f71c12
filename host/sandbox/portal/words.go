package portal

import (
	"encoding/json"
	"hash/fnv"
	"html/template"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// functions are what the templates call.
var functions = template.FuncMap{
	"initials": initials,
	"shade":    shade,
	"iso":      func(t time.Time) string { return t.Format(time.RFC3339) },
	"moment":   func(u *world.User, t time.Time) string { return t.In(zoneOf(u)).Format("2 Jan 2006, 15:04") },
	"date":     func(u *world.User, t time.Time) string { return t.In(zoneOf(u)).Format("2 Jan 2006") },
	"lozenge":  func(category string) string { return "lozenge lozenge-" + category },
	"json": func(v any) (string, error) {
		raw, err := json.Marshal(v)
		return string(raw), err
	},
}

// zoneOf is somebody's time zone.
func zoneOf(u *world.User) *time.Location {
	if zone, err := time.LoadLocation(u.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

// initials are the first letters of the first and last word of a name.
func initials(name string) string {
	parts := strings.Fields(name)
	if len(parts) == 0 {
		return "?"
	}
	out := []rune(parts[0])[:1]
	if len(parts) > 1 {
		out = append(out, []rune(parts[len(parts)-1])[0])
	}
	return strings.ToUpper(string(out))
}

// shade picks one of six colours, always the same for the same text.
func shade(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // a hash takes everything
	return h.Sum32() % 6
}
