// Package settings reads what the tenant's admin chose for this plugin. The form and the rules come from "settings" in
// plugin.json; what arrives here has passed them, with defaults filled in. Needs no permission.
package settings

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_settings_msgp.go

// OpLoad is the host call: nothing → Values.
const OpLoad = "settings.load"

// Values are the settings by their JSON Schema path: a property of a nested object is "outer.inner".
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
