package fuel

import (
	"fmt"
	"unicode/utf8"
)

// reader reads the binary format, from pos to the end of b, which is a prefix of the module; so pos is an offset in the
// module. After an error every method returns zeros, so callers check err where they would loop or index.
type reader struct {
	b   []byte
	pos int
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.pos = len(r.b)
}

func (r *reader) malformed(format string, args ...any) {
	r.fail(fmt.Errorf("the module is damaged at offset %#x: %s", r.pos, fmt.Sprintf(format, args...)))
}

// unsupported says that what begins at an offset cannot be metered.
func (r *reader) unsupported(at int, format string, args ...any) {
	r.fail(&UnsupportedError{What: fmt.Sprintf(format, args...), Offset: at})
}

func (r *reader) byte() byte {
	if r.pos >= len(r.b) {
		r.malformed("unexpected end")
		return 0
	}
	r.pos++
	return r.b[r.pos-1]
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)-r.pos) {
		r.malformed("%d bytes announced, %d there", n, len(r.b)-r.pos)
		return nil
	}
	r.pos += int(n)
	return r.b[r.pos-int(n) : r.pos]
}

// part returns a reader of the next n bytes and skips them.
func (r *reader) part(n uint32) *reader {
	start := r.pos
	r.bytes(n)
	return &reader{b: r.b[:r.pos], pos: min(start, r.pos), err: r.err}
}

// u32 reads an unsigned number in LEB128, which takes five bytes at most, none of its bits beyond the 32nd set.
func (r *reader) u32() uint32 {
	var v uint32
	for shift := uint(0); shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b&0x80 == 0 {
			return v
		}
	}
	r.malformed("number out of range")
	return 0
}

// signed reads a signed number in LEB128 of the given bits. In its last possible byte all the bits beyond have to equal the sign.
func (r *reader) signed(bits uint) int64 {
	var v int64
	for shift := uint(0); shift < bits; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b&0x80 != 0 {
			continue
		}
		used := shift + 7
		if used > bits {
			beyond := int8(b<<1) >> 1 >> (bits - shift - 1) // the sign bit and what is above it
			if beyond != 0 && beyond != -1 {
				break
			}
		}
		if used < 64 && b&0x40 != 0 {
			v |= -1 << used
		}
		return v
	}
	r.malformed("number out of range")
	return 0
}

// count reads the length of a vector. Every element takes a byte at least, which bounds what a lie can cost.
func (r *reader) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.b)-r.pos) {
		r.malformed("%d elements announced, %d bytes there", n, len(r.b)-r.pos)
		return 0
	}
	return n
}

// each calls f for every element of a vector, as long as there is no error.
func (r *reader) each(f func(i uint32)) {
	n := r.count()
	for i := uint32(0); i < n && r.err == nil; i++ {
		f(i)
	}
}

func (r *reader) name() string {
	b := r.bytes(r.u32())
	if !utf8.Valid(b) {
		r.malformed("a name is not UTF-8")
		return ""
	}
	return string(b)
}

// valueType reads the type of a value. Proposals beyond WebAssembly 2.0 have more.
func (r *reader) valueType() byte {
	at, t := r.pos, r.byte()
	if !isValueType(t) {
		r.unsupported(at, "value type %#x", t)
	}
	return t
}

func isValueType(t byte) bool { return t >= typeV128 && t <= typeI32 || isReference(t) }

func isReference(t byte) bool { return t == typeFunc || t == typeExtern }

func (r *reader) referenceType() byte {
	at, t := r.pos, r.byte()
	if !isReference(t) {
		r.unsupported(at, "table or reference of type %#x", t)
	}
	return t
}

func (r *reader) limits() {
	at, flags := r.pos, r.byte()
	switch {
	case flags > 7:
		r.malformed("limits of form %#x", flags)
	case flags&4 != 0:
		r.unsupported(at, "a 64-bit memory or table")
	case flags&2 != 0:
		r.unsupported(at, "a memory or table shared by threads")
	}
	r.u32()
	if flags&1 != 0 {
		r.u32()
	}
}

// The value types.
const (
	typeI32    = 0x7f
	typeI64    = 0x7e
	typeV128   = 0x7b
	typeFunc   = 0x70
	typeExtern = 0x6f
)

func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendI64(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

func appendName(b []byte, s string) []byte {
	return append(appendU32(b, uint32(len(s))), s...)
}
