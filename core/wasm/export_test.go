package wasm

import "github.com/pergola-platform/pergola/core/driver"

// MemoryOfIdle returns the bytes of linear memory of an idle instance of m.
func MemoryOfIdle(m driver.Module) uint32 { return m.(*module).idle[0].guest.Memory().Size() }

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
