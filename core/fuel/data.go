package fuel

import (
	"math"
	"slices"
)

const (
	// maxGap is how many zeroes may be put between two data segments to make them one. Go's linker begins a new segment where more than
	// eight bytes are zero; with 64, some ten are left of tens of thousands.
	maxGap = 64
	// maxRuns is how many segments that stand apart are remembered. A module with more is left as it is from there on.
	maxRuns = 1024
)

// data rewrites what memory begins with. Segments that follow each other become one: each takes an instance of its own in
// a runtime, and the time to evaluate where it goes.
func (w *rewriter) data(r *reader) {
	d := dataWriter{zeroes: 2 * len(w.in)}
	// What counts segments, or names them, wants them as they are. And imported memory may hold something where we see zeroes.
	d.joins = !w.present[slices.Index(order[:], sectionDataCount)] && !w.memoryImported
	r.entries(func(uint32) {
		form := r.u32()
		start := r.pos
		switch form {
		case 0:
			at, constant := constantOffset(r)
			if !constant {
				r.pos = start
				d.other(form, w.expression(r, nil), r.bytes(r.u32()))
				return
			}
			d.active(at, r.bytes(r.u32()))
		case 1:
			d.other(form, nil, r.bytes(r.u32()))
		case 2:
			if at, memory := r.pos, r.u32(); memory != 0 {
				r.unsupported(at, "a second memory")
			}
			d.other(form, w.expression(r, []byte{0}), r.bytes(r.u32()))
		default:
			r.malformed("data segment of form %d", form)
		}
	})
	d.flush()
	w.vector(d.count, d.out)
}

// constantOffset reads an expression that is i32.const and nothing more. Where it is another one, r is anywhere.
func constantOffset(r *reader) (at uint32, constant bool) {
	peek := *r
	if peek.byte() != opI32Const {
		return 0, false
	}
	v := peek.signed(32)
	if peek.byte() != opEnd || peek.err != nil {
		return 0, false
	}
	*r = peek
	return uint32(int32(v)), true
}

// dataWriter writes data segments and joins those that lie close to each other.
type dataWriter struct {
	out    []byte
	count  uint32
	joins  bool
	zeroes int // that may still be added

	run     []byte // what the current segment holds so far
	at, end uint64 // where it lies
	begun   bool
	before  []extent // where those before it lie, sorted
}

// extent is some bytes of memory.
type extent struct{ from, to uint64 }

// active adds a segment that is written to memory at the start.
func (d *dataWriter) active(at uint32, content []byte) {
	from := uint64(at)
	to := from + uint64(len(content))
	if d.begun && d.joins && d.follows(from) && to <= math.MaxUint32 {
		gap := from - d.end
		d.zeroes -= int(gap)
		d.run = append(append(d.run, make([]byte, gap)...), content...)
		d.end = to
		return
	}
	d.flush()
	d.run, d.at, d.end, d.begun = append(d.run[:0], content...), from, to, true
}

// follows says whether what lies between the current segment and an address is short, and zero: nothing was written there.
func (d *dataWriter) follows(from uint64) bool {
	if from < d.end || from-d.end > min(maxGap, uint64(d.zeroes)) {
		return false
	}
	i, _ := slices.BinarySearchFunc(d.before, d.end, func(e extent, end uint64) int {
		if e.to <= end {
			return -1
		}
		return 1
	})
	return from == d.end || i == len(d.before) || d.before[i].from >= from
}

// flush writes the current segment.
func (d *dataWriter) flush() {
	if !d.begun {
		return
	}
	d.out = append(appendI64(append(appendU32(d.out, 0), opI32Const), int64(int32(uint32(d.at)))), opEnd)
	d.out = append(appendU32(d.out, uint32(len(d.run))), d.run...)
	d.count++
	d.begun = false
	d.remember(extent{d.at, d.end})
}

// remember keeps where a segment lies, in order and without overlaps.
func (d *dataWriter) remember(e extent) {
	if !d.joins || e.from == e.to {
		return
	}
	i, _ := slices.BinarySearchFunc(d.before, e.from, func(o extent, from uint64) int {
		if o.to < from {
			return -1
		}
		return 1
	})
	j := i
	for ; j < len(d.before) && d.before[j].from <= e.to; j++ {
		e.from, e.to = min(e.from, d.before[j].from), max(e.to, d.before[j].to)
	}
	d.before = slices.Replace(d.before, i, j, e)
	d.joins = len(d.before) <= maxRuns
}

// other adds a segment as it is. It may go anywhere, so nothing is known of what lies between those that follow.
func (d *dataWriter) other(form uint32, head, content []byte) {
	d.flush()
	d.out = append(appendU32(d.out, form), head...)
	d.out = append(appendU32(d.out, uint32(len(content))), content...)
	d.count++
	d.joins = false
}
