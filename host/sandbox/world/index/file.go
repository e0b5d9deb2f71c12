package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/tidwall/btree"
)

// Encoder writes numbers, texts and sets. Its first error stops it.
type Encoder struct {
	w       *bufio.Writer
	err     error
	scratch [binary.MaxVarintLen64]byte
}

// NewEncoder returns an encoder that writes to w; who made w flushes it.
func NewEncoder(w *bufio.Writer) *Encoder { return &Encoder{w: w} }

// Err is the first error.
func (e *Encoder) Err() error { return e.err }

func (e *Encoder) bytes(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

// Uint writes a number that is mostly small.
func (e *Encoder) Uint(v uint64) { e.bytes(e.scratch[:binary.PutUvarint(e.scratch[:], v)]) }

// Int writes a number of either sign that is mostly small.
func (e *Encoder) Int(v int64) { e.bytes(e.scratch[:binary.PutVarint(e.scratch[:], v)]) }

// Text writes a text.
func (e *Encoder) Text(s string) {
	e.Uint(uint64(len(s)))
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

// Set writes a set.
func (e *Encoder) Set(s Set) {
	if list, ok := s.short(); ok {
		e.Uint(uint64(len(list)))
		last := uint32(0)
		for _, n := range list {
			e.Uint(uint64(n - last))
			last = n
		}
		return
	}
	e.Uint(uint64(maxFew + len(s.more.blocks)))
	for _, b := range s.more.blocks {
		e.Uint(uint64(b.high))
		e.Uint(uint64(b.count))
		if b.bits != nil {
			var raw [blockWords * 8]byte
			for i, w := range b.bits {
				binary.LittleEndian.PutUint64(raw[8*i:], w)
			}
			e.Uint(1)
			e.bytes(raw[:])
			continue
		}
		e.Uint(0)
		last := uint16(0)
		for _, low := range b.list {
			e.Uint(uint64(low - last))
			last = low
		}
	}
}

var errDamaged = errors.New("the index file is damaged")

// Decoder reads what an [Encoder] wrote. After its first error it returns zero values.
type Decoder struct {
	data []byte
	err  error
}

// NewDecoder returns a decoder of data.
func NewDecoder(data []byte) *Decoder { return &Decoder{data: data} }

// Err is the first error.
func (d *Decoder) Err() error { return d.err }

func (d *Decoder) bytes(n uint64) []byte {
	if d.err != nil || n > uint64(len(d.data)) {
		d.err = errDamaged
		return nil
	}
	b := d.data[:n]
	d.data = d.data[n:]
	return b
}

// Uint reads what [Encoder.Uint] wrote.
func (d *Decoder) Uint() uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 || d.err != nil {
		d.err = errDamaged
		return 0
	}
	d.data = d.data[n:]
	return v
}

// Int reads what [Encoder.Int] wrote.
func (d *Decoder) Int() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 || d.err != nil {
		d.err = errDamaged
		return 0
	}
	d.data = d.data[n:]
	return v
}

// Len reads a count of things of which each takes a byte at least.
func (d *Decoder) Len() int {
	n := d.Uint()
	if n > uint64(len(d.data)) {
		d.err = errDamaged
		return 0
	}
	return int(n)
}

// Text reads what [Encoder.Text] wrote.
func (d *Decoder) Text() string { return string(d.bytes(d.Uint())) }

// Set reads what [Encoder.Set] wrote.
func (d *Decoder) Set() Set {
	count := d.Len()
	if count <= maxFew {
		if count == 1 {
			return Set{one: uint32(d.Uint()) + 1}
		}
		list := make([]uint32, count)
		last := uint32(0)
		for i := range list {
			last += uint32(d.Uint())
			list[i] = last
		}
		return fromSorted(list)
	}
	blocks := make([]slot, count-maxFew)
	for i := range blocks {
		b := &block{}
		blocks[i] = slot{uint32(d.Uint()), b}
		b.count = int(d.Uint())
		if d.Uint() == 1 {
			b.bits = &[blockWords]uint64{}
			raw := d.bytes(blockWords * 8)
			for n := range len(raw) / 8 {
				b.bits[n] = binary.LittleEndian.Uint64(raw[8*n:])
			}
			continue
		}
		if b.count > len(d.data) {
			d.err = errDamaged
			return Set{}
		}
		b.list = make([]uint16, b.count)
		last := uint16(0)
		for n := range b.list {
			last += uint16(d.Uint())
			b.list[n] = last
		}
	}
	return ofBlocks(blocks)
}

// Encode writes the whole index.
func (x *Index) Encode(e *Encoder) {
	e.Set(x.all)
	for _, m := range []map[string]*Values{x.terms, x.words} {
		e.Uint(uint64(len(m)))
		for name, v := range m {
			e.Text(name)
			e.Set(v.present)
			e.Uint(uint64(v.tree.Len()))
			// Neighbours in the order of bytes begin alike.
			last := ""
			v.tree.Scan(func(value string, s Set) bool {
				same := 0
				for same < len(last) && same < len(value) && last[same] == value[same] {
					same++
				}
				e.Uint(uint64(same))
				e.Text(value[same:])
				e.Set(s)
				last = value
				return e.err == nil
			})
		}
	}
	e.Uint(uint64(len(x.columns)))
	for name, c := range x.columns {
		e.Text(name)
		e.Set(c.has)
		last := int64(0)
		for n := range c.Ascending() {
			v := c.values.At(n)
			e.Uint(uint64(n))
			e.Uint(uint64(v - last)) // wraps around where the distance is larger than an int64
			last = v
		}
	}
}

// Decode reads an index that Encode wrote.
func Decode(d *Decoder) *Index {
	x := New()
	x.all = d.Set()
	for _, m := range []map[string]*Values{x.terms, x.words} {
		for range d.Len() {
			name := d.Text()
			v := &Values{present: d.Set(), tree: &btree.Map[string, Set]{}}
			last := ""
			for range d.Len() {
				same := d.Uint()
				rest := d.bytes(d.Uint())
				if same > uint64(len(last)) || d.err != nil {
					d.err = errDamaged
					return x
				}
				var b strings.Builder
				b.Grow(int(same) + len(rest))
				b.WriteString(last[:same])
				b.Write(rest)
				last = b.String()
				v.tree.Load(last, d.Set())
			}
			m[name] = v
		}
	}
	o := &Owner{}
	for range d.Len() {
		name := d.Text()
		c := &Column{owner: o, has: d.Set()}
		last := int64(0)
		left := c.has.Len()
		if left > len(d.data) {
			d.err = errDamaged
		}
		for left > 0 && d.err == nil {
			r := &run{owner: o, list: make([]uint32, min(left, maxRun))}
			for i := range r.list {
				n := uint32(d.Uint())
				last += int64(d.Uint())
				if n > 1<<28 {
					d.err = errDamaged
					return x
				}
				r.list[i] = n
				c.values.Put(o, n, last)
			}
			c.runs = append(c.runs, r)
			left -= len(r.list)
		}
		x.columns[name] = c
	}
	return x
}
