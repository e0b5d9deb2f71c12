package wasm

// HostFunctions returns what guests may import: module, name and type.
func HostFunctions() [][3]string {
	var out [][3]string
	for module, functions := range hostFunctions {
		for name, f := range functions {
			out = append(out, [3]string{module, name, f.sig})
		}
	}
	return out
}
