package fuel

// maxRegion bounds the instructions that one payment covers; RATIONALE.md has the figures behind it.
const maxRegion = 1024

// localsPerUnit is how many locals a function may have for each unit that it pays on entry besides its instructions.
const localsPerUnit = 16

// code rewrites the functions of a module.
func (w *rewriter) code(r *reader) {
	n := uint32(w.info.Functions)
	var count uint32
	if w.present[w.at-1] {
		count = r.count()
	}
	if r.err == nil && count != n {
		r.malformed("%d functions announced, code of %d there", n, count)
	}
	helpers := w.addedFunctions()
	out := appendU32(make([]byte, 0, len(r.b)-r.pos+(len(r.b)-r.pos)/4+128), n+uint32(len(helpers)))
	f := &body{w: w}
	for range n {
		one := r.part(r.u32())
		if r.err != nil {
			return
		}
		f.rewrite(one)
		if one.err != nil {
			r.fail(one.err)
			return
		}
		out = append(appendU32(out, uint32(len(f.out))), f.out...)
	}
	for _, h := range helpers {
		out = appendU32(out, uint32(len(h.body)+2))
		out = append(append(append(out, 0), h.body...), opEnd)
	}
	if r.err == nil {
		w.section(out)
	}
}

// body rewrites one function after the other.
//
// It cuts the code, in the order in which it stands, into regions, and puts a payment for a region's instructions at its
// beginning. A region begins with the function, with a loop's body, behind a loop, and after so many instructions. That alone would
// let a branch jump over a payment into the middle of a region. So wherever a forward branch ends that began in
// another region, a new region begins. Whoever runs an instruction has thus always paid for it, and each time.
type body struct {
	w      *rewriter
	r      *reader
	out    []byte
	frames []frame

	region []byte // instructions of the current region, in their new form
	number int    // of the current region
	cost   int64  // of the current region
	extra  int64  // besides cost, paid on entry
	always bool   // pay for the region even if it is empty
}

// frame is a block, loop, if or else that has not ended, or the function.
type frame struct {
	op byte
	// from is the region of the first branch to the frame's end; -1 if there is none.
	from int
	// skip is, of an if, the region in which it stands: without its condition it branches to its else or end.
	skip int
}

func (b *body) rewrite(r *reader) {
	b.r, b.out, b.region, b.frames = r, b.out[:0], b.region[:0], append(b.frames[:0], frame{op: opBlock, from: -1})
	b.number, b.cost, b.extra, b.always = 0, 0, b.locals(), true
	for r.err == nil && len(b.frames) > 0 {
		if b.cost >= b.w.region {
			b.begin(false)
		}
		b.instruction()
	}
	if r.err == nil && r.pos != len(r.b) {
		r.malformed("%d bytes behind the end of a function", len(r.b)-r.pos)
	}
	b.begin(false)
}

// locals copies the declarations of locals, and returns what it costs to set so many to zero.
func (b *body) locals() int64 {
	start := b.r.pos
	var n uint64
	b.r.each(func(uint32) {
		n += uint64(b.r.u32())
		b.r.valueType()
	})
	if n > 1<<32-1 {
		b.r.malformed("a function with %d locals", n)
	}
	b.out = append(b.out, b.r.b[min(start, b.r.pos):b.r.pos]...)
	return int64(n / localsPerUnit)
}

// begin writes the current region and begins another.
func (b *body) begin(always bool) {
	if b.cost > 0 || b.always {
		b.out = b.w.charge(b.out, max(b.cost+b.extra, 1))
		b.w.info.Charges++
	}
	b.out = append(b.out, b.region...)
	b.region, b.cost, b.extra, b.always = b.region[:0], 0, 0, always
	b.number++
}

// keep copies what has been read since start.
func (b *body) keep(start int) { b.region = append(b.region, b.r.b[start:b.r.pos]...) }

// instruction copies one instruction. Every one costs a unit except end, which only closes what has been paid.
func (b *body) instruction() {
	r, start := b.r, b.r.pos
	op := r.byte()
	if op != opEnd {
		b.cost++
	}
	switch op {
	case opBlock, opLoop, opIf:
		b.blockType()
		b.keep(start)
		b.frames = append(b.frames, frame{op: op, from: -1, skip: b.number})
		if op == opLoop {
			b.begin(true)
		}
	case opElse:
		b.keep(start)
		b.alternative()
	case opEnd:
		b.keep(start)
		b.end()
	case opBr, opBrIf:
		b.branch()
		b.keep(start)
	case opBrTable:
		r.each(func(uint32) { b.branch() })
		b.branch() // the default
		b.keep(start)
	case opCall, opRefFunc:
		b.region = appendU32(append(b.region, op), b.w.function(r))
	default:
		if h, sized := b.immediates(op); sized {
			b.w.info.Bulk++
			b.region = appendU32(append(b.region, opCall), b.w.helpers+h)
		}
		b.keep(start)
	}
}

// branch reads the target of a branch. One to a loop goes back to a payment.
func (b *body) branch() {
	depth := b.r.u32()
	if uint64(depth) >= uint64(len(b.frames)) {
		b.r.malformed("branch out of %d of %d blocks", depth, len(b.frames))
		return
	}
	f := &b.frames[len(b.frames)-1-int(depth)]
	if f.op != opLoop && f.from < 0 {
		f.from = b.number
	}
}

func (b *body) alternative() {
	f := &b.frames[len(b.frames)-1]
	if f.op != opIf {
		b.r.malformed("else without if")
		return
	}
	f.op = opElse
	if f.from < 0 {
		f.from = b.number // the first arm goes from here to the end
	}
	if f.skip != b.number {
		b.begin(false)
	}
}

func (b *body) end() {
	f := b.frames[len(b.frames)-1]
	b.frames = b.frames[:len(b.frames)-1]
	if f.op == opIf { // the condition is the first branch to its end
		f.from = f.skip
	}
	if f.op == opLoop || f.from >= 0 && f.from != b.number {
		b.begin(false)
	}
}

// blockType reads the type of a block: none, that of one result, or an index of a function type, a signed number of 33 bits.
func (b *body) blockType() {
	r, at := b.r, b.r.pos
	if r.pos < len(r.b) && r.b[r.pos]&0xc0 == 0x40 { // a negative number of one byte
		if t := r.byte(); t != blockVoid && !isValueType(t) {
			r.unsupported(at, "block of type %#x", t)
		}
		return
	}
	if i := r.signed(33); r.err == nil && (i < 0 || i >= int64(b.w.typesIn)) {
		r.pos = at
		r.malformed("block of type %d of %d", i, b.w.typesIn)
	}
}
