//go:build linux && race

package process_test

// detector is on: it reserves terabytes of address space, which a plugin may not.
func init() { detector = true }
