package wasm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// shape is what a module's header, types, imports, memories and exports say. It is read before anything is compiled, so
// that a module that can never run is refused within microseconds and with words for its author.
type shape struct {
	imports  []imported
	exports  map[string]exported
	memories []limits
	starts   bool // it has a start function
}

type imported struct {
	module, name string
	kind         externKind
	sig          string // of a function, such as "(i32, i32) i64"
}

type exported struct {
	kind externKind
	sig  string
}

// limits are in pages of 64 KiB.
type limits struct {
	min, max        uint64
	bounded, shared bool
}

type externKind byte

// The kinds of imports and exports, as they stand in the binary format.
const (
	kindFunc externKind = iota
	kindTable
	kindMemory
	kindGlobal
	kindTag
)

func (k externKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", byte(k))
}

var kindNames = [...]string{"function", "table", "memory", "global", "tag"}

// errComponent stands for the other binary format that shares the magic number.
var errComponent = errors.New("this is a WebAssembly component, and Pergola runs core modules: build for WASI preview 1 " +
	"(Go: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared; Rust: --target wasm32-wasip1) and leave out the step that makes a component")

// The sections of a module, see https://www.w3.org/TR/wasm-core-2/#sections.
const (
	sectionCustom   = 0
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionTable    = 4
	sectionMemory   = 5
	sectionGlobal   = 6
	sectionExport   = 7
	sectionStart    = 8
	sectionElement  = 9
	sectionCode     = 10
	sectionData     = 11
	sectionTag      = 13
)

// maxEntries bounds the entries of each section, and the constants below what an entry may ask for. The compiler
// allocates what a module announces before it looks whether it is there, so that without these bounds a module of twenty
// bytes could ask the host for a hundred gigabytes. They are those of browsers, see
// https://webassembly.github.io/spec/js-api/#limits, except for maxTable.
var maxEntries = map[byte]uint32{
	sectionType: 1_000_000, sectionImport: 100_000, sectionFunction: 1_000_000, sectionTable: 16, sectionMemory: 1,
	sectionGlobal: 1_000_000, sectionExport: 100_000, sectionElement: 100_000, sectionCode: 1_000_000,
	sectionData: 100_000, sectionTag: 1_000_000,
}

const (
	maxParams = 1_000
	maxLocals = 50_000
	maxTable  = 1 << 20 // elements of a table at the start
)

// inspect reads the shape of a module and checks that no part of it announces more than it holds. Whether the rest is
// valid is for the compiler to say. It returns errors for any input that is not a module, and never panics.
func inspect(code []byte) (*shape, error) {
	if len(code) < 8 || !bytes.Equal(code[:4], []byte("\x00asm")) {
		return nil, fmt.Errorf("this is not a WebAssembly module: it is %d bytes long and begins with %q", len(code), code[:min(len(code), 4)])
	}
	// The last two of the eight bytes are the layer: 0 for core modules, 1 for components.
	if code[6] == 1 && code[7] == 0 {
		return nil, errComponent
	}
	if version := binary.LittleEndian.Uint32(code[4:]); version != 1 {
		return nil, fmt.Errorf("version %d of the WebAssembly binary format is not known; version 1 is", version)
	}
	s := &shape{exports: map[string]exported{}}
	var types []string
	var functions []string // signatures, imported ones first
	r := &reader{rest: code[8:]}
	for len(r.rest) > 0 && r.err == nil {
		id := r.byte()
		body := &reader{rest: r.bytes(r.u32())}
		if r.err != nil {
			break
		}
		if most, known := maxEntries[id]; known {
			peek := *body
			if n := peek.count(); n > most {
				body.fail("%d entries, at most %d are allowed", n, most)
			}
		}
		switch id {
		case sectionType:
			types = body.types()
		case sectionImport:
			for range body.count() {
				im := body.importEntry(types)
				s.imports = append(s.imports, im)
				if im.kind == kindFunc {
					functions = append(functions, im.sig)
				}
			}
		case sectionFunction:
			for range body.count() {
				functions = append(functions, body.typeUse(types))
			}
		case sectionTable:
			for range body.count() {
				body.tableEntry()
			}
		case sectionMemory:
			for range body.count() {
				s.memories = append(s.memories, body.limits())
			}
		case sectionStart:
			s.starts = true
		case sectionElement:
			for range body.count() {
				body.elementEntry()
			}
		case sectionCode:
			for range body.count() {
				body.codeEntry()
			}
		case sectionData:
			for range body.count() {
				body.dataEntry()
			}
		case sectionExport:
			for range body.count() {
				name, e := body.exportEntry(functions)
				s.exports[name] = e
			}
		}
		if body.err != nil {
			return nil, fmt.Errorf("section %d of the module cannot be read: %w", id, body.err)
		}
	}
	if r.err != nil {
		return nil, fmt.Errorf("the module is cut off or damaged: %w", r.err)
	}
	return s, nil
}

// reader reads the binary format. After an error every method returns zeros, so callers check err once, at the end.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.rest = nil
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail("unexpected end")
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.rest)) {
		r.fail("unexpected end: %d bytes announced, %d there", n, len(r.rest))
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// leb reads an unsigned LEB128 number of at most the given bits.
func (r *reader) leb(bits uint) uint64 {
	var v uint64
	for shift := uint(0); shift < bits; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			if shift+7 > bits && b>>(bits-shift) != 0 {
				r.fail("number out of range")
				return 0
			}
			return v
		}
	}
	r.fail("number out of range")
	return 0
}

func (r *reader) u32() uint32 { return uint32(r.leb(32)) }

// count reads the length of a vector. Every element takes a byte at least, which bounds what a lie can cost.
func (r *reader) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.rest)) {
		r.fail("%d elements announced, %d bytes there", n, len(r.rest))
		return 0
	}
	return n
}

func (r *reader) name() string {
	b := r.bytes(r.u32())
	if !utf8.Valid(b) {
		r.fail("a name is not UTF-8")
		return ""
	}
	return string(b)
}

func (r *reader) types() []string {
	var out []string
	for range r.count() {
		if form := r.byte(); r.err == nil && form != 0x60 {
			r.fail("type form %#x is not supported; build without the GC proposal", form)
		}
		params, results := r.valueTypes(), r.valueTypes()
		out = append(out, signature(params, results))
	}
	return out
}

func (r *reader) valueTypes() []string {
	var out []string
	n := r.count()
	if n > maxParams {
		r.fail("%d parameters or results, at most %d are allowed", n, maxParams)
		return nil
	}
	for range n {
		out = append(out, r.valueType())
	}
	return out
}

func (r *reader) valueType() string {
	switch b := r.byte(); b {
	case 0x7f:
		return "i32"
	case 0x7e:
		return "i64"
	case 0x7d:
		return "f32"
	case 0x7c:
		return "f64"
	case 0x7b:
		return "v128"
	case 0x70:
		return "funcref"
	case 0x6f:
		return "externref"
	default:
		return fmt.Sprintf("type %#x", b)
	}
}

// signature writes a function type as "(i32, i32) i64".
func signature(params, results []string) string {
	s := "(" + strings.Join(params, ", ") + ")"
	if len(results) > 0 {
		s += " " + strings.Join(results, ", ")
	}
	return s
}

func (r *reader) typeUse(types []string) string {
	i := r.u32()
	if r.err == nil && uint64(i) >= uint64(len(types)) {
		r.fail("type %d of %d", i, len(types))
	}
	if r.err != nil {
		return ""
	}
	return types[i]
}

func (r *reader) limits() limits {
	flags := r.byte()
	bits := uint(32)
	if flags&4 != 0 { // 64-bit memory
		bits = 64
	}
	l := limits{min: r.leb(bits), bounded: flags&1 != 0, shared: flags&2 != 0}
	if l.bounded {
		l.max = r.leb(bits)
	}
	return l
}

func (r *reader) importEntry(types []string) imported {
	im := imported{module: r.name(), name: r.name(), kind: externKind(r.byte())}
	switch im.kind {
	case kindFunc:
		im.sig = r.typeUse(types)
	case kindTable:
		r.valueType()
		r.limits()
	case kindMemory:
		r.limits()
	case kindGlobal:
		r.valueType()
		r.byte()
	case kindTag:
		r.byte()
		r.u32()
	default:
		r.fail("import of %s", im.kind)
	}
	return im
}

func (r *reader) exportEntry(functions []string) (string, exported) {
	name, e := r.name(), exported{kind: externKind(r.byte())}
	i := r.u32()
	if e.kind == kindFunc && r.err == nil {
		if uint64(i) >= uint64(len(functions)) {
			r.fail("export of function %d of %d", i, len(functions))
		} else {
			e.sig = functions[i]
		}
	}
	return name, e
}

func (r *reader) tableEntry() {
	r.valueType()
	if l := r.limits(); l.min > maxTable {
		r.fail("a table of %d elements, at most %d are allowed", l.min, maxTable)
	}
}

// elementEntry reads an element segment; the lowest three bits of its first number say which of eight forms it has.
func (r *reader) elementEntry() {
	form := r.u32()
	if form > 7 {
		r.fail("element segment of form %d", form)
		return
	}
	active, explicit, expressions := form&1 == 0, form&2 != 0, form&4 != 0
	if active {
		if explicit {
			r.u32() // table
		}
		r.expression()
	}
	if !active || explicit {
		r.byte() // kind or type
	}
	for range r.count() {
		if expressions {
			r.expression()
		} else {
			r.u32()
		}
	}
}

// codeEntry reads the locals of a function and skips its instructions.
func (r *reader) codeEntry() {
	body := &reader{rest: r.bytes(r.u32())}
	var locals uint64
	for range body.count() {
		locals += uint64(body.u32())
		body.byte() // type
	}
	if body.err != nil {
		r.fail("a function: %w", body.err)
	} else if locals > maxLocals {
		r.fail("a function has %d locals, at most %d are allowed", locals, maxLocals)
	}
}

func (r *reader) dataEntry() {
	switch form := r.u32(); form {
	case 0:
		r.expression()
	case 1:
	case 2:
		r.u32() // memory
		r.expression()
	default:
		r.fail("data segment of form %d", form)
	}
	r.bytes(r.u32())
}

// expression reads a constant expression.
func (r *reader) expression() {
	for r.err == nil {
		switch op := r.byte(); op {
		case 0x0b: // end
			return
		case 0x41, 0x42: // i32.const, i64.const
			for r.byte()&0x80 != 0 {
			}
		case 0x43: // f32.const
			r.bytes(4)
		case 0x44: // f64.const
			r.bytes(8)
		case 0x23, 0xd2: // global.get, ref.func
			r.u32()
		case 0xd0: // ref.null
			r.byte()
		case 0xfd: // v128.const
			r.u32()
			r.bytes(16)
		case 0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e: // add, sub, mul
		default:
			r.fail("instruction %#x in a constant expression", op)
		}
	}
}

// withoutCustomSections returns a module that inspect has read, without what is not code: names of functions and
// whatever else tools leave behind. Nothing of it is needed to run, and it need not be well formed.
func withoutCustomSections(code []byte) []byte {
	out := append(make([]byte, 0, len(code)), code[:8]...)
	for r := (&reader{rest: code[8:]}); len(r.rest) > 0; {
		section := r.rest
		id := r.byte()
		r.bytes(r.u32())
		if id != sectionCustom {
			out = append(out, section[:len(section)-len(r.rest)]...)
		}
	}
	return out
}
