package canary

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// packing is a packed format that can be told by how it begins.
type packing struct {
	name  string
	magic string
	open  func(u *unpacker, c content, offset int64) (io.Reader, error)
}

var packings = []packing{
	{"gzip", "\x1f\x8b\x08", (*unpacker).gzip},
	{"zip", "PK\x03\x04", (*unpacker).zip},
	{"zstd", "\x28\xb5\x2f\xfd", (*unpacker).zstd},
	{"s2", "\xff\x06\x00\x00S2sTwO", (*unpacker).s2},
	{"snappy", "\xff\x06\x00\x00sNaPpY", (*unpacker).s2},
	// The second byte is zlib's level; the first one says a window of 32 KiB, as everybody has.
	{"zlib", "\x78\x01", (*unpacker).zlib},
	{"zlib", "\x78\x5e", (*unpacker).zlib},
	{"zlib", "\x78\x9c", (*unpacker).zlib},
	{"zlib", "\x78\xda", (*unpacker).zlib},
}

// unpacker keeps decoders between attempts: most attempts are at bytes that only look like the beginning of something.
type unpacker struct {
	in      *bufio.Reader
	inflate io.ReadCloser
	gunzip  *gzip.Reader
	unzstd  *zstd.Decoder
	uns2    *s2.Reader
}

func (u *unpacker) from(c content, offset int64) *bufio.Reader {
	r := io.NewSectionReader(c, offset, c.Len()-offset)
	if u.in == nil {
		u.in = bufio.NewReader(r)
	} else {
		u.in.Reset(r)
	}
	return u.in
}

func (u *unpacker) deflate(c content, offset int64) (io.Reader, error) {
	if u.inflate == nil {
		u.inflate = flate.NewReader(u.from(c, offset))
		return u.inflate, nil
	}
	return u.inflate, u.inflate.(flate.Resetter).Reset(u.from(c, offset), nil)
}

// zlib leaves out the checksum at the end: a damaged piece is searched as far as it goes.
func (u *unpacker) zlib(c content, offset int64) (io.Reader, error) { return u.deflate(c, offset+2) }

func (u *unpacker) gzip(c content, offset int64) (io.Reader, error) {
	if u.gunzip == nil {
		u.gunzip = new(gzip.Reader)
	}
	err := u.gunzip.Reset(u.from(c, offset))
	if err == nil {
		u.gunzip.Multistream(false) // each member begins with its own sign
	}
	return u.gunzip, err
}

// errNothing says that there is nothing to unpack.
var errNothing = errors.New("nothing packed")

// zip goes by the headers in front of the members, which are there even if the directory at the end is not yet.
func (u *unpacker) zip(c content, offset int64) (io.Reader, error) {
	const size, deflated = 30, 8
	var head [size]byte
	if _, err := c.ReadAt(head[:], offset); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint16(head[8:]) != deflated { // stored members are seen as they are
		return nil, errNothing
	}
	names := int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
	if offset+size+names >= c.Len() {
		return nil, errNothing
	}
	return u.deflate(c, offset+size+names)
}

func (u *unpacker) zstd(c content, offset int64) (io.Reader, error) {
	if u.unzstd != nil {
		return u.unzstd, u.unzstd.Reset(u.from(c, offset))
	}
	d, err := zstd.NewReader(u.from(c, offset), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err == nil {
		u.unzstd = d
	}
	return d, err
}

func (u *unpacker) s2(c content, offset int64) (io.Reader, error) {
	if u.uns2 == nil {
		u.uns2 = s2.NewReader(u.from(c, offset))
	} else {
		u.uns2.Reset(u.from(c, offset))
	}
	return u.uns2, nil
}

// unpack searches in everything that begins in b, which is c from an offset on, and looks packed.
func (x *Search) unpack(c content, b []byte, from int64, here func(int) bool, at place) {
	for _, p := range packings {
		for i := 0; ; i++ {
			n := bytes.Index(b[i:], []byte(p.magic))
			if n < 0 {
				break
			}
			i += n
			if !here(i) {
				continue
			}
			if r, err := p.open(&x.unpacker, c, from+int64(i)); err == nil {
				x.drain(r, at.inside(p.name, from+int64(i)))
			}
		}
	}
}

// drain searches what r gives, as far as it goes: what only looked packed ends in an error soon, and of what is damaged the
// beginning can be read.
func (x *Search) drain(r io.Reader, at place) {
	out := &x.unpacked[at.depth]
	out.Reset()
	n, _ := io.Copy(out, io.LimitReader(r, maxUnpacked+1))
	if n > maxUnpacked {
		x.problem(at, fmt.Errorf("at byte %d: unpacks to more than %d bytes", at.offset, maxUnpacked))
		out.Truncate(maxUnpacked)
	}
	if n >= markerLength {
		x.inner(out.Bytes(), at)
	}
}

// whole tries on all of c the formats that have no sign.
func (x *Search) whole(c content, at place) {
	if c.Len() < markerLength {
		return
	}
	if r, err := x.unpacker.deflate(c, 0); err == nil {
		x.drain(r, at.inside("deflate", 0))
	}
	const mostBlock, mostRatio = 64 << 20, 100
	if c.Len() > mostBlock {
		return
	}
	var head [binary.MaxVarintLen64]byte
	n, _ := c.ReadAt(head[:], 0)
	size, err := s2.DecodedLen(head[:n])
	if err != nil || size < markerLength || size > mostBlock || int64(size) > mostRatio*c.Len() || int64(size)*2 < c.Len() {
		return
	}
	raw := make([]byte, c.Len())
	if n, _ := c.ReadAt(raw, 0); n < len(raw) {
		return
	}
	if out, err := s2.Decode(nil, raw); err == nil {
		x.inner(out, at.inside("s2 block", 0))
	}
}
