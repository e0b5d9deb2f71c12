package company

import (
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// attach adds a file to an issue, as somebody did at that time.
func attach(i *seed.Issue, name, mediaType, author string, at time.Time, content []byte) {
	i.Attachments = append(i.Attachments, seed.Attachment{Name: name, Type: mediaType, Author: author, Created: at, Content: content})
}

// invoice is what a vendor sends for an order.
func invoice(number, vendor, goods string, amount int, at time.Time) []byte {
	return fmt.Appendf(nil, "INVOICE %s\nDate    %s\nFrom    %s\nTo      Pergola Instruments, Berlin\n\n%-40s %10d.00\nVAT 19 %%%42d.%02d\n%s\nPayable within 30 days.\n",
		number, at.Format("2006-01-02"), vendor, goods, amount, amount*19/100, amount*19%100, "----------------------------------------------------")
}

// plan draws a room from above, with as many seats as it has.
func plan(name string, seats int) []byte {
	out := fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80"><title>%s</title><rect x="4" y="4" width="112" height="72" fill="none" stroke="#172b4d"/><rect x="30" y="28" width="60" height="24" fill="#dfe1e6"/>`, name)
	for n := range seats {
		out = fmt.Appendf(out, `<circle cx="%d" cy="%d" r="4" fill="#0052cc"/>`, 34+n/2*10, 22+n%2*36)
	}
	return append(out, "</svg>"...)
}

// photo is a PNG of eight by eight points, light or dark by chance. It is written by hand, without compression: encoders differ
// from release to release.
func (m *maker) photo() []byte {
	const side = 8
	base := m.n(1 << 16)
	var raw []byte
	for y := range side {
		raw = append(raw, 0) // no filter
		for x := range side {
			raw = append(raw, byte(base>>8+x*9), byte(base+y*9), byte(120+x*y)) // #nosec G115 -- colours may wrap
		}
	}
	out := []byte("\x89PNG\r\n\x1a\n")
	out = chunk(out, "IHDR", []byte{0, 0, 0, side, 0, 0, 0, side, 8, 2, 0, 0, 0})
	data := []byte{0x78, 0x01, 0x01}                                 // zlib, then the last block, stored
	data = binary.LittleEndian.AppendUint16(data, uint16(len(raw)))  // #nosec G115 -- 200 bytes
	data = binary.LittleEndian.AppendUint16(data, ^uint16(len(raw))) // #nosec G115 -- likewise
	data = binary.BigEndian.AppendUint32(append(data, raw...), adler32.Checksum(raw))
	return chunk(chunk(out, "IDAT", data), "IEND", nil)
}

// chunk adds a part of a PNG.
func chunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data))) // #nosec G115 -- a few hundred bytes
	start := len(out)
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
}
