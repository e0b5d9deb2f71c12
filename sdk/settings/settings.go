// Package settings reads what the tenant's admin chose for this plugin. The form and the rules come from "settings" in
// plugin.json; what arrives here has passed them, with defaults filled in. Needs no permission.
package settings

import (
	"context"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_settings_msgp.go

// OpLoad is the host call: nothing → Values.
const OpLoad = "settings.load"

// Values are the settings by their JSON Schema path: a property of a nested object is "outer.inner", that of the first row of a list of
// groups is "list.0.inner". The number of a list's rows is the number of the list's own path.
//
// Since: v0.1
type Values struct {
	Strings  map[string]string   `msg:"strings,omitempty,limit=16384"`
	Numbers  map[string]float64  `msg:"numbers,omitempty,limit=16384"` // numbers and integers
	Switches map[string]bool     `msg:"switches,omitempty,limit=16384"`
	Lists    map[string][]string `msg:"lists,omitempty,limit=16384"` // arrays of strings
}

// String returns the string setting of that name, "" where there is none.
//
// Since: v0.1
func (v *Values) String(name string) string { return v.Strings[name] }

// Int returns the numeric setting of that name without its fraction, 0 where there is none.
//
// Since: v0.1
func (v *Values) Int(name string) int { return int(v.Numbers[name]) }

// Float returns the numeric setting of that name, 0 where there is none.
//
// Since: v0.1
func (v *Values) Float(name string) float64 { return v.Numbers[name] }

// Bool returns the boolean setting of that name, false where there is none.
//
// Since: v0.1
func (v *Values) Bool(name string) bool { return v.Switches[name] }

// List returns the list setting of that name, nil where there is none.
//
// Since: v0.1
func (v *Values) List(name string) []string { return v.Lists[name] }

// Groups returns the rows of a list of groups in the order in which the admin put them, each with the settings of one row by their own
// names: "project" for "contexts.0.project". It is nil where there are none.
//
// Since: v0.5
func (v *Values) Groups(name string) []*Values {
	n := v.Int(name)
	if n <= 0 {
		return nil
	}
	out := make([]*Values, min(n, maxRows))
	for i := range out {
		out[i] = &Values{Strings: map[string]string{}, Numbers: map[string]float64{}, Switches: map[string]bool{}, Lists: map[string][]string{}}
	}
	into(out, name, v.Strings, func(g *Values) map[string]string { return g.Strings })
	into(out, name, v.Numbers, func(g *Values) map[string]float64 { return g.Numbers })
	into(out, name, v.Switches, func(g *Values) map[string]bool { return g.Switches })
	into(out, name, v.Lists, func(g *Values) map[string][]string { return g.Lists })
	return out
}

// maxRows is how many rows plugin.json lets a list have.
const maxRows = 200

// into puts what belongs to a row of a list into that row.
func into[T any](rows []*Values, name string, from map[string]T, of func(*Values) map[string]T) {
	for path, value := range from {
		rest, found := strings.CutPrefix(path, name+".")
		if !found {
			continue
		}
		at, inner, found := strings.Cut(rest, ".")
		i, err := strconv.Atoi(at)
		if found && err == nil && i >= 0 && i < len(rows) {
			of(rows[i])[inner] = value
		}
	}
}

// Load returns the settings of this call's tenant.
//
// Since: v0.1
func Load(ctx context.Context) (*Values, error) {
	var out Values
	if err := hostcall.Exchange(ctx, OpLoad, nil, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
