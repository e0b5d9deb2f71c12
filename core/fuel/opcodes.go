package fuel

// The instructions that are named here, see https://www.w3.org/TR/wasm-core-2/#instructions⑤.
const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opCall         = 0x10
	opCallIndirect = 0x11
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI64LtS       = 0x53
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32Mul       = 0x6c
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64Mul       = 0x7e
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	prefixGC       = 0xfb
	prefixMore     = 0xfc
	prefixVector   = 0xfd
	prefixAtomic   = 0xfe
	opV128Const    = 0x0c // after prefixVector

	blockVoid = 0x40
)

// proposal names what instructions beyond WebAssembly 2.0 belong to.
func proposal(op byte) string {
	switch {
	case op >= 0x06 && op <= 0x0a, op == 0x18, op == 0x19, op == 0x1f:
		return " (exception handling)"
	case op == 0x12, op == 0x13:
		return " (tail call)"
	case op == 0x14, op == 0x15, op >= 0xd3 && op <= 0xd6:
		return " (typed function references)"
	case op == prefixGC:
		return " (garbage collection)"
	case op == prefixAtomic:
		return " (threads)"
	}
	return ""
}

// immediates reads what follows an instruction that is neither a block, nor a branch, nor names a function. If the
// instruction takes as long as the number on top of the stack says, it returns the helper that pays for it.
func (b *body) immediates(op byte) (helper uint32, sized bool) {
	r, at := b.r, b.r.pos-1
	switch {
	case op <= 0x01, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1: // none
	case op == opCallIndirect:
		b.w.typeIndex(r)
		r.u32() // table
	case op == opSelectTyped:
		r.each(func(uint32) { r.valueType() })
	case op >= opLocalGet && op <= opLocalTee:
		r.u32()
	case op == opGlobalGet, op == opGlobalSet:
		b.w.global(r)
	case op == opTableGet:
		r.u32()
	case op == opTableSet:
		b.w.info.WritesTables = true
		r.u32()
	case op >= 0x28 && op <= 0x3e: // loads and stores
		b.memoryArgument()
	case op == opMemorySize:
		b.memory()
	case op == opMemoryGrow:
		b.memory()
		return helperPages, true
	case op == opI32Const:
		r.signed(32)
	case op == opI64Const:
		r.signed(64)
	case op == opF32Const:
		r.bytes(4)
	case op == opF64Const:
		r.bytes(8)
	case op == opRefNull:
		r.referenceType()
	case op == prefixMore:
		return b.more(at)
	case op == prefixVector:
		b.vector(at)
	default:
		r.unsupported(at, "instruction %#x%s", op, proposal(op))
	}
	return 0, false
}

// memoryArgument reads alignment and offset. With several memories the alignment has a bit that says that an index follows.
func (b *body) memoryArgument() {
	at, align := b.r.pos, b.r.u32()
	switch {
	case align >= 64 && align < 128:
		b.r.unsupported(at, "a second memory")
	case align >= 128:
		b.r.malformed("alignment 2^%d", align)
	}
	b.r.u32()
}

// memory reads the index of a memory.
func (b *body) memory() {
	if at, i := b.r.pos, b.r.byte(); i != 0 {
		b.r.unsupported(at, "a second memory")
	}
}

// more reads the rest of the instructions that begin with prefixMore: conversions, and whatever works on many bytes or elements.
func (b *body) more(at int) (helper uint32, sized bool) {
	r, w := b.r, b.w
	switch sub := r.u32(); sub {
	case 0, 1, 2, 3, 4, 5, 6, 7: // conversions that saturate
	case 8: // memory.init
		r.u32()
		b.memory()
		return helperBytes, true
	case 9, 13: // data.drop, elem.drop
		w.info.DropsSegments = true
		r.u32()
	case 10: // memory.copy
		b.memory()
		b.memory()
		return helperBytes, true
	case 11: // memory.fill
		b.memory()
		return helperBytes, true
	case 12, 14: // table.init, table.copy
		w.info.WritesTables = true
		r.u32()
		r.u32()
		return helperElements, true
	case 15, 17: // table.grow, table.fill
		w.info.WritesTables = true
		r.u32()
		return helperElements, true
	case 16: // table.size
		r.u32()
	default:
		r.unsupported(at, "instruction 0xfc %#x", sub)
	}
	return 0, false
}

// vector reads the rest of the instructions that begin with prefixVector.
func (b *body) vector(at int) {
	r := b.r
	switch sub := r.u32(); {
	case sub <= 11, sub == 92, sub == 93: // loads and stores
		b.memoryArgument()
	case sub == opV128Const, sub == 13: // v128.const, i8x16.shuffle
		r.bytes(16)
	case sub >= 21 && sub <= 34: // lanes
		r.byte()
	case sub >= 84 && sub <= 91: // loads and stores of a lane
		b.memoryArgument()
		r.byte()
	case sub > 255:
		r.unsupported(at, "instruction 0xfd %#x (relaxed SIMD)", sub)
	case unassigned[sub]:
		r.unsupported(at, "instruction 0xfd %#x", sub)
	}
}

// unassigned are the gaps among the vector instructions.
var unassigned = [256]bool{
	0x9a: true, 0xa2: true, 0xa5: true, 0xa6: true, 0xaf: true, 0xb0: true, 0xb2: true, 0xb3: true, 0xb4: true, 0xbb: true,
	0xc2: true, 0xc5: true, 0xc6: true, 0xcf: true, 0xd0: true, 0xd2: true, 0xd3: true, 0xd4: true, 0xe2: true, 0xee: true,
}
