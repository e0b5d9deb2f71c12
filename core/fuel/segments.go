package fuel

func (w *rewriter) start(r *reader) {
	if w.present[w.at-1] {
		w.section(appendU32(nil, w.function(r)))
	}
}

// elements rewrites what tables begin with. The lowest three bits of a segment's first number say which of eight forms it has.
func (w *rewriter) elements(r *reader) {
	var out []byte
	n, _ := r.entries(func(uint32) {
		form := r.u32()
		if form > 7 {
			r.malformed("element segment of form %d", form)
			return
		}
		out = appendU32(out, form)
		active, explicit, expressions := form&1 == 0, form&2 != 0, form&4 != 0
		if active {
			if explicit {
				out = appendU32(out, r.u32()) // table
			}
			out = w.expression(r, out)
		}
		if !active || explicit {
			if expressions {
				out = append(out, r.referenceType())
			} else if kind := r.byte(); kind != 0 {
				r.malformed("element segment of kind %d", kind)
			} else {
				out = append(out, kind)
			}
		}
		count := *r
		out = appendU32(out, count.u32())
		r.each(func(uint32) {
			if expressions {
				out = w.expression(r, out)
			} else {
				out = appendU32(out, w.function(r))
			}
		})
	})
	w.vector(n, out)
}

func (w *rewriter) dataCount(r *reader) {
	if w.present[w.at-1] {
		w.section(appendU32(nil, r.u32()))
	}
}

// expression copies a constant expression. Whether its instructions are constant, and its types right, is for a validator to say.
func (w *rewriter) expression(r *reader, out []byte) []byte {
	for r.err == nil {
		start := r.pos
		switch op := r.byte(); op {
		case opEnd:
			return append(out, op)
		case opRefFunc:
			out = appendU32(append(out, op), w.function(r))
			continue
		case opGlobalGet:
			w.global(r)
		case opI32Const:
			r.signed(32)
		case opI64Const:
			r.signed(64)
		case opF32Const:
			r.bytes(4)
		case opF64Const:
			r.bytes(8)
		case opRefNull:
			r.referenceType()
		case opI32Add, opI32Sub, opI32Mul, opI64Add, opI64Sub, opI64Mul:
		case prefixVector:
			if sub := r.u32(); sub != opV128Const {
				r.unsupported(start, "instruction 0xfd %#x in a constant expression", sub)
			}
			r.bytes(16)
		default:
			r.unsupported(start, "instruction %#x in a constant expression", op)
		}
		out = append(out, r.b[start:r.pos]...)
	}
	return out
}
