package bundle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// block is the unit of a tar: headers are one block, contents are filled up with zeros.
const block = 512

var zeros [2 * block]byte

// Fields of a ustar header (POSIX.1-1988), by their first byte and the one behind.
const (
	atName, atMode       = 0, 100
	atSize, atTime       = 124, 136
	atSum, atType        = 148, 156
	atMagic, atOwner     = 257, 265
	atPrefix, atPrefixTo = 345, 500
)

// header returns the one header that a file of this name and size has. It is written by hand, not by archive/tar: what
// that writes for the same header is no promise of Go's.
func header(path string, size int) [block]byte {
	var h [block]byte
	copy(h[atName:], path)
	copy(h[atMode:], "0000644\x000000000\x000000000\x00") // mode, user, group
	copy(h[atSize:], fmt.Sprintf("%011o\x00", size))
	copy(h[atTime:], "00000000000\x00")
	h[atType] = '0'
	copy(h[atMagic:], "ustar\x0000")
	copy(h[329:], "0000000\x000000000\x00") // device
	copy(h[atSum:], fmt.Sprintf("%06o\x00 ", checksum(&h)))
	return h
}

// checksum sums a header's bytes, those of the checksum itself taken as blanks.
func checksum(h *[block]byte) int {
	sum := 0
	for i, c := range h {
		if atSum <= i && i < atType {
			c = ' '
		}
		sum += int(c)
	}
	return sum
}

// file is one file as it stands in an archive.
type file struct {
	path string
	data []byte // a part of the archive
}

// malformed is something wrong with the form of an archive.
type malformed struct{ file, problem, next string }

const packAnew = "pack it with pergola plugin pack"

// files takes an archive apart. It copies nothing, so what it costs is bounded by the archive's own length.
func files(archive []byte) ([]file, *malformed) {
	if len(archive) > MaxArchive {
		return nil, &malformed{"", fmt.Sprintf("is %d bytes long, more than the %d of a bundle", len(archive), MaxArchive), "leave out what the plugin does not need"}
	}
	if form := compression(archive); form != "" {
		return nil, &malformed{"", "is compressed or an archive of another kind (" + form + "); a bundle is a plain tar", packAnew}
	}
	var out []file
	seen := names{}
	for rest := archive; ; {
		if len(rest) < 2*block {
			return nil, &malformed{"", "is cut off: the two empty blocks at the end are missing", "fetch or copy it once more"}
		}
		h := (*[block]byte)(rest)
		if *h == [block]byte{} {
			return out, end(rest)
		}
		path, size, wrong := readHeader(h)
		if wrong != nil {
			return nil, wrong
		}
		if len(out) > MaxFiles { // the index is one more
			return nil, &malformed{"", fmt.Sprintf("holds more than %d files", MaxFiles), "leave out what the plugin does not need"}
		}
		if problem := seen.add(path); problem != "" {
			return nil, &malformed{path, problem, packAnew}
		}
		if n := len(out); n > 1 && out[n-1].path > path {
			return nil, &malformed{path, "stands behind " + out[n-1].path + "; files are sorted by name", packAnew}
		}
		rest = rest[block:]
		filled := (size + block - 1) / block * block
		if filled > len(rest) {
			return nil, &malformed{path, fmt.Sprintf("is cut off: it should be %d bytes long, and the archive ends after %d", size, min(size, len(rest))), "fetch or copy it once more"}
		}
		if !bytes.Equal(rest[size:filled], zeros[:filled-size]) {
			return nil, &malformed{path, "is followed by bytes that belong to nothing", packAnew}
		}
		out = append(out, file{path, rest[:size:size]})
		rest = rest[filled:]
	}
}

// end checks what follows the last file.
func end(rest []byte) *malformed {
	if !bytes.Equal(rest[:2*block], zeros[:]) {
		return &malformed{"", "goes on behind an empty block", packAnew}
	}
	if n := len(rest) - 2*block; n > 0 {
		return &malformed{"", fmt.Sprintf("has %d bytes behind its end", n), packAnew}
	}
	return nil
}

// kinds are the types of tar entries that are no files.
var kinds = map[byte]string{
	'1': "a hard link", '2': "a symbolic link", '3': "a device", '4': "a device", '5': "a folder", '6': "a pipe",
	'x': "an extended header", 'g': "an extended header", 'L': "an extended header", 'K': "an extended header", 'S': "a sparse file",
}

// readHeader reads the name and the size, with an explanation of its own for whatever is dangerous. In the end the header must be
// the very one that header makes, so that nothing hides in the fields that are not read.
func readHeader(h *[block]byte) (path string, size int, wrong *malformed) {
	if string(h[atMagic:atMagic+5]) != "ustar" {
		return "", 0, &malformed{"", "is no bundle: it does not have the form of a tar", packAnew}
	}
	name, _, _ := bytes.Cut(h[atName:atMode], []byte{0})
	path = string(name)
	if prefix, _, _ := bytes.Cut(h[atPrefix:atPrefixTo], []byte{0}); len(prefix) > 0 {
		path = string(prefix) + "/" + path
	}
	shown := strconv.QuoteToASCII(path) // nobody's terminal is to be written to by an archive
	if shown == `"`+path+`"` {
		shown = path
	}
	if kind, ok := kinds[h[atType]]; ok {
		return "", 0, &malformed{shown, "is " + kind + "; a bundle holds plain files only", packAnew}
	}
	if problem := checkPath(path); problem != "" {
		return "", 0, &malformed{shown, problem, packAnew}
	}
	n, err := strconv.ParseUint(string(h[atSize:atTime-1]), 8, 63)
	if err != nil {
		return "", 0, &malformed{shown, "has a size that is no octal number", packAnew}
	}
	limit := uint64(MaxFile)
	switch path {
	case indexName:
		limit = MaxIndex
	case ManifestName:
		limit = MaxManifest
	}
	if n > limit {
		return "", 0, &malformed{shown, fmt.Sprintf("is %d bytes long, more than the %d it may have", n, limit), "leave out what the plugin does not need"}
	}
	size = int(n)
	if *h != header(path, size) {
		return "", 0, &malformed{shown, "has a header with another mode, time, owner, type or checksum than a bundle's", packAnew}
	}
	return path, size, nil
}

// compression names the form of what is often mistaken for a tar.
func compression(data []byte) string {
	if len(data) < 8 {
		return ""
	}
	switch magic := binary.BigEndian.Uint32(data); {
	case magic>>16 == 0x1f8b:
		return "gzip"
	case magic == 0x504b0304 || magic == 0x504b0506:
		return "zip"
	case magic == 0x28b52ffd:
		return "zstd"
	case magic == 0xfd377a58:
		return "xz"
	case magic>>8 == 0x425a68:
		return "bzip2"
	case magic == 0x0061736d:
		return "a Wasm module"
	}
	return ""
}
