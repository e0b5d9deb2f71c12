package fuel

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/sdk/wire"
)

// order are the sections of a module in the order in which they have to stand, see
// https://www.w3.org/TR/wasm-core-2/#modules⑨.
var order = [...]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, sectionDataCount, sectionCode, sectionData}

const (
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
	sectionTag       = 13
)

// maxBytes is the largest module. The result is less than eight times as long, so that every length in it has 32 bits.
const maxBytes = 256 << 20

// The kinds of imports and exports.
const (
	kindFunc = iota
	kindTable
	kindMemory
	kindGlobal
	kindTag
)

// rewriter writes a module section by section. What it adds to an index space stands at the end, so that nothing else moves,
// with one exception: an import of tick moves the functions that have code by one.
type rewriter struct {
	config Config
	region int64 // the most instructions that one payment covers
	in     []byte
	out    []byte
	info   Info

	sections [len(order)]*reader // in the order of order; an empty one where the module has none
	present  [len(order)]bool
	at       int // in sections, of the next

	typesIn       uint32 // in the module as it came, as are the following
	functionTypes []string
	imported      uint32 // functions
	functionsIn   uint32
	globalsIn     uint32
	globalTypes   []globalType

	memoryImported bool

	ticks     map[uint32]bool // the module's own imports of tick, by index
	tick      uint32          // index of the import that payments call
	tickAdded bool
	helpers   uint32 // index of the first function that we add
	fuel      uint32 // index of the fuel left
}

type globalType struct {
	value   byte
	mutable bool
}

// split finds the sections.
func (w *rewriter) split() error {
	r := &reader{b: w.in}
	if len(w.in) < 8 || string(w.in[:4]) != "\x00asm" {
		r.malformed("it does not begin as a WebAssembly module")
		return r.err
	}
	if len(w.in) > maxBytes {
		r.malformed("it is %d bytes long, at most %d are allowed", len(w.in), maxBytes)
		return r.err
	}
	if v := binary.LittleEndian.Uint32(w.in[4:]); v != 1 {
		r.unsupported(4, "version %#x of the binary format", v)
		return r.err
	}
	r.pos = 8
	for i := range w.sections {
		w.sections[i] = &reader{}
	}
	last := -1
	for r.pos < len(r.b) {
		start := r.pos
		id := r.byte()
		s := r.part(r.u32())
		if r.err != nil {
			return r.err
		}
		if id == 0 {
			if s.name(); s.err != nil {
				return s.err
			}
			continue
		}
		place := slices.Index(order[:], id)
		switch {
		case id == sectionTag:
			r.unsupported(start, "section 13 (exception handling)")
			return r.err
		case place < 0:
			r.unsupported(start, "section %d", id)
			return r.err
		case place <= last:
			r.malformed("section %d stands twice or in the wrong place", id)
			return r.err
		}
		w.sections[place], w.present[place], last = s, true, place
	}
	w.out = append(make([]byte, 0, len(w.in)+len(w.in)/4+256), w.in[:8]...)
	return nil
}

// next returns the next section.
func (w *rewriter) next() *reader {
	w.at++
	return w.sections[w.at-1]
}

// vector writes the section that next returned, as a vector.
func (w *rewriter) vector(count uint32, entries []byte) {
	if count == 0 && !w.present[w.at-1] {
		return
	}
	w.section(append(appendU32(nil, count), entries...))
}

func (w *rewriter) section(body []byte) {
	w.out = append(appendU32(append(w.out, order[w.at-1]), uint32(len(body))), body...)
}

// entries reads a vector with each, which may be without one, and returns its length and what follows it as it stands.
func (r *reader) entries(f func(i uint32)) (count uint32, raw []byte) {
	if len(r.b) == 0 { // no section
		return 0, nil
	}
	peek := *r
	count = peek.u32()
	start := peek.pos
	r.each(f)
	if r.err != nil {
		return 0, nil
	}
	return count, slices.Clip(r.b[start:r.pos]) // appending copies
}

func (w *rewriter) types(r *reader) {
	n, raw := r.entries(func(uint32) {
		if at, form := r.pos, r.byte(); form != 0x60 {
			r.unsupported(at, "type of form %#x (garbage collection)", form)
		}
		var sig []byte
		r.each(func(uint32) { sig = append(sig, r.valueType()) })
		sig = append(sig, 0)
		r.each(func(uint32) { sig = append(sig, r.valueType()) })
		w.functionTypes = append(w.functionTypes, string(sig))
	})
	w.typesIn = n
	w.vector(n+addedTypes, append(raw, helperTypes...))
}

func (w *rewriter) imports(r *reader) {
	n, raw := r.entries(func(uint32) {
		at := r.pos
		module, name, kind := r.name(), r.name(), r.byte()
		switch kind {
		case kindFunc:
			t := w.typeIndex(r)
			if r.err == nil && module == wire.Module && name == wire.ImportTick {
				if w.functionTypes[t] != tickSignature {
					r.pos = at
					r.malformed("it imports %s.%s with another type than (i64) i64", module, name)
				}
				if len(w.ticks) == 0 {
					w.tick, w.ticks = w.imported, map[uint32]bool{}
				}
				w.ticks[w.imported] = true
			}
			w.imported++
		case kindTable:
			r.referenceType()
			r.limits()
		case kindMemory:
			r.limits()
			w.memoryImported = true
		case kindGlobal:
			w.globalType(r)
		case kindTag:
			r.unsupported(at, "import of a tag (exception handling)")
		default:
			r.malformed("import of kind %d", kind)
		}
	})
	if len(w.ticks) == 0 {
		w.tick, w.tickAdded = w.imported, true
		raw = append(appendName(appendName(raw, wire.Module), wire.ImportTick), kindFunc)
		raw = appendU32(raw, w.typesIn+typeTick)
		n++
	}
	w.vector(n, raw)
}

func (w *rewriter) typeIndex(r *reader) uint32 {
	i := r.u32()
	if i >= w.typesIn {
		r.malformed("type %d of %d", i, w.typesIn)
	}
	return i
}

func (w *rewriter) globalType(r *reader) {
	g := globalType{value: r.valueType()}
	switch m := r.byte(); m {
	case 0:
	case 1:
		g.mutable = true
	default:
		r.malformed("global of mutability %d", m)
	}
	w.globalTypes = append(w.globalTypes, g)
}

func (w *rewriter) functions(r *reader) {
	n, raw := r.entries(func(uint32) { w.typeIndex(r) })
	if r.err != nil {
		return
	}
	w.info.Functions = int(n)
	w.functionsIn = w.imported + n
	w.helpers = w.functionsIn
	if w.tickAdded {
		w.helpers++
	}
	for _, h := range w.addedFunctions() {
		raw = appendU32(raw, w.typesIn+h.typ)
		n++
	}
	w.vector(n, raw)
}

// function says where a function of the module stands now.
func (w *rewriter) function(r *reader) uint32 {
	i := r.u32()
	switch {
	case i >= w.functionsIn:
		r.malformed("function %d of %d", i, w.functionsIn)
	case i >= w.imported && w.tickAdded:
		return i + 1
	case w.ticks[i]:
		return w.helpers + helperIdentity
	}
	return i
}

func (w *rewriter) tables(r *reader) {
	n, raw := r.entries(func(uint32) {
		r.referenceType() // 0x40 would begin a table with an initial value
		r.limits()
	})
	w.vector(n, raw)
}

func (w *rewriter) memories(r *reader) {
	n, raw := r.entries(func(i uint32) {
		if i > 0 {
			r.unsupported(r.pos, "a second memory")
		}
		r.limits()
	})
	w.vector(n, raw)
}

func (w *rewriter) globals(r *reader) {
	var out []byte
	n, _ := r.entries(func(uint32) {
		start := r.pos
		w.globalsIn = uint32(len(w.globalTypes)) // an initial value sees those before it
		w.globalType(r)
		out = append(out, r.b[start:r.pos]...)
		out = w.expression(r, out)
	})
	w.globalsIn = uint32(len(w.globalTypes))
	w.fuel = w.globalsIn
	out = appendI64(append(out, typeI64, 1, opI64Const), w.config.Initial)
	w.vector(n+1, append(out, opEnd))
}

func (w *rewriter) exports(r *reader) {
	mine := map[string]bool{ExportFuel: true}
	for i, g := range w.globalTypes {
		if g.mutable {
			name := GlobalPrefix + strconv.Itoa(i)
			mine[name] = true
			w.info.Globals = append(w.info.Globals, Global{Index: uint32(i), Name: name, Type: g.value})
		}
	}
	var out []byte
	n, _ := r.entries(func(uint32) {
		at := r.pos
		name, kind := r.name(), r.byte()
		var index uint32
		switch kind {
		case kindFunc:
			index = w.function(r)
		case kindTable, kindMemory:
			index = r.u32()
		case kindGlobal:
			index = w.global(r)
		case kindTag:
			r.unsupported(at, "export of a tag (exception handling)")
		default:
			r.malformed("export of kind %d", kind)
		}
		if mine[name] {
			r.pos = at
			r.malformed("it exports %q, which is a name of the host's", name)
		}
		out = appendU32(append(appendName(out, name), kind), index)
	})
	for _, g := range w.info.Globals {
		out = appendU32(append(appendName(out, g.Name), kindGlobal), g.Index)
	}
	out = appendU32(append(appendName(out, ExportFuel), kindGlobal), w.fuel)
	w.vector(n+uint32(len(w.info.Globals))+1, out)
}

// global reads the index of a global that the module may use.
func (w *rewriter) global(r *reader) uint32 {
	i := r.u32()
	if i >= w.globalsIn {
		r.malformed("global %d of %d", i, w.globalsIn)
	}
	return i
}
