package wasm

import (
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/snapshot"
)

// IdleMemory returns the linear memory of an idle instance of m.
func IdleMemory(m driver.Module) []byte { return m.(*module).idle[0].mapped.memory.Bytes() }

// Image returns the memory in which each call of m begins.
func Image(m driver.Module) *snapshot.Image { return m.(*module).code.image }

// Imports returns the imports that inspect finds in a module, as "kind module.name signature".
func Imports(code []byte) ([]string, error) {
	s, err := inspect(code)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, im := range s.imports {
		out = append(out, im.kind.String()+" "+im.module+"."+im.name+" "+im.sig)
	}
	return out, nil
}

// WithoutCustomSections is withoutCustomSections.
var WithoutCustomSections = withoutCustomSections

// Lane says how many calls hold a place among those that compute for long, and how many places there are.
func Lane(d *Driver) (held, places int) { return len(d.lane.places), cap(d.lane.places) }

// WarmInstances is how many idle instances keep their pages.
var WarmInstances = warmInstances

// Sweep is what comes every minute, and IdleSweeps how many of them an instance idles through.
func Sweep(d *Driver) { d.sweep() }

// IdleSweeps is idleSweeps.
const IdleSweeps = idleSweeps
