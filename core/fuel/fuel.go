package fuel

import (
	"errors"
	"fmt"
)

// Version is that of what Rewrite makes: whoever keeps its results must make them anew when it changes.
const Version = 2

const (
	// ExportFuel is the name under which the fuel left, a mutable i64 global, is exported.
	ExportFuel = "pergola_fuel"
	// GlobalPrefix and an index, in decimal, are the name under which each other mutable global is exported.
	GlobalPrefix = "pergola_global_"
)

// Config configures Rewrite. The zero value works.
type Config struct {
	// Initial is the fuel of a new instance, in units. It matters to a module with a start function, which runs before a host can set
	// the global. With 0 the first payment calls tick.
	Initial int64
}

// Info says what Rewrite did and found.
type Info struct {
	BytesIn, BytesOut int

	Functions int // functions with code, without those that Rewrite added
	Charges   int // places where the module pays for the instructions that follow
	Bulk      int // instructions that pay by size

	// Globals are the mutable globals of the module, in the order of their index.
	Globals []Global

	// WritesTables says that the code has instructions that change a table, and DropsSegments that it has some which drop a segment.
	// Neither change is undone by restoring memory and globals.
	WritesTables, DropsSegments bool
}

// Global is a mutable global of the module that Rewrite exported.
type Global struct {
	Index uint32
	Name  string // of the export
	// Type is the value type as in the binary format, such as 0x7f for i32 or 0x7b for v128. References cannot be carried from one
	// instance to another.
	Type byte
}

// ErrUnsupported marks errors about modules that may well be valid, but hold something that this package cannot meter.
var ErrUnsupported = errors.New("cannot be metered")

// UnsupportedError says what this package cannot meter. It is an ErrUnsupported.
type UnsupportedError struct {
	What   string // such as "instruction 0x12 (tail call)"
	Offset int    // in bytes, from the start of the module
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s at offset %#x cannot be metered; without a fuel counter the module can only run with a deadline check at every loop, which is several times slower",
		e.What, e.Offset)
}

// Is reports whether target is ErrUnsupported.
func (*UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

// Rewrite returns a copy of a module with a fuel counter in its code; the package comment says how that behaves. It does not keep or
// change its argument. Equal arguments give equal results.
//
// A module that holds what cannot be metered gives an ErrUnsupported; other errors mean that the module is damaged, or takes one of the
// names that Rewrite exports. It never panics, and takes time and memory in proportion to the size of the module.
func Rewrite(wasm []byte, c Config) ([]byte, Info, error) {
	return rewrite(wasm, c, maxRegion)
}

// rewrite lets a payment cover so many instructions at most.
func rewrite(wasm []byte, c Config, region int64) ([]byte, Info, error) {
	w := &rewriter{config: c, region: region, in: wasm, info: Info{BytesIn: len(wasm)}}
	if err := w.split(); err != nil {
		return nil, Info{}, fmt.Errorf("add a fuel counter: %w", err)
	}
	for _, step := range []func(r *reader){
		w.types, w.imports, w.functions, w.tables, w.memories, w.globals, w.exports, w.start, w.elements, w.dataCount, w.code, w.data,
	} {
		s := w.next()
		if step(s); s.err == nil && s.pos != len(s.b) {
			s.malformed("%d bytes too many at the end of the section", len(s.b)-s.pos)
		}
		if s.err != nil {
			return nil, Info{}, fmt.Errorf("add a fuel counter: %w", s.err)
		}
	}
	w.info.BytesOut = len(w.out)
	return w.out, w.info, nil
}
