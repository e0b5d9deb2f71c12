package portal

import (
	"encoding/json"
	"html/template"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/avatar"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// functions are what the templates call.
var functions = template.FuncMap{
	"initials":     avatar.Initials,
	"shade":        avatar.Shade,
	"iso":          func(t time.Time) string { return t.Format(time.RFC3339) },
	"moment":       func(u *world.User, t time.Time) string { return t.In(zoneOf(u)).Format("2 Jan 2006, 15:04") },
	"date":         func(u *world.User, t time.Time) string { return t.In(zoneOf(u)).Format("2 Jan 2006") },
	"forgeSandbox": func() string { return forge.FrameSandbox },
	"forgeScript":  func() string { return forge.PageScriptPath },
	"lozenge":      func(category string) string { return "lozenge lozenge-" + category },
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
