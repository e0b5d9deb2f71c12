package wire

import "github.com/pergola-platform/pergola/sdk"

// Bounds of one message beside its length. A decoder makes room for what a header announces, and a Go value can be
// hundreds of times as large as its shortest encoding: without them 4 MiB of empty maps would take a gigabyte to decode.
const (
	// MaxValues is the largest number of values in a message: numbers, strings, maps, lists, and the names in maps.
	MaxValues = 1 << 17
	// MaxDepth is how deep values may lie in each other.
	MaxDepth = 32
)

// Check says whether raw is exactly one well-formed MessagePack value within the bounds of a message. It reads each
// byte at most once and allocates nothing but the error. Decoding a [Call] or a [Result] includes it.
func Check(raw []byte) error {
	if len(raw) > MaxMessage {
		return sdk.Errorf(sdk.Invalid, "the message is %d bytes long, at most %d are allowed; send less at a time", len(raw), MaxMessage)
	}
	c := checker{raw: raw}
	if err := c.value(1); err != nil {
		return err
	}
	if c.at != len(raw) {
		return sdk.Errorf(sdk.Invalid, "malformed message: %d bytes behind its end", len(raw)-c.at)
	}
	return nil
}

type checker struct {
	raw    []byte
	at     int
	values int
}

// value walks over one value: https://github.com/msgpack/msgpack/blob/master/spec.md
func (c *checker) value(depth int) error {
	if depth > MaxDepth {
		return sdk.Errorf(sdk.Invalid, "the message lies more than %d levels deep; send it flatter", MaxDepth)
	}
	if c.values++; c.values > MaxValues {
		return sdk.Errorf(sdk.Invalid, "the message holds more than %d values; send less at a time", MaxValues)
	}
	if c.at >= len(c.raw) {
		return errCut
	}
	b := c.raw[c.at]
	c.at++
	switch {
	case b <= 0x7f, b >= 0xe0, b == 0xc0, b == 0xc2, b == 0xc3: // small numbers, nil, false, true
		return nil
	case b <= 0x8f:
		return c.members(2*uint64(b&0x0f), depth)
	case b <= 0x9f:
		return c.members(uint64(b&0x0f), depth)
	case b <= 0xbf:
		return c.skip(uint64(b & 0x1f))
	}
	switch b {
	case 0xcc, 0xd0: // numbers of 8, 16, 32 and 64 bits
		return c.skip(1)
	case 0xcd, 0xd1:
		return c.skip(2)
	case 0xce, 0xd2, 0xca:
		return c.skip(4)
	case 0xcf, 0xd3, 0xcb:
		return c.skip(8)
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8: // extensions of 1, 2, 4, 8 and 16 bytes, behind a byte for their type
		return c.skip(1 + 1<<(b-0xd4))
	case 0xc4, 0xd9: // bytes and strings, behind their length
		return c.skip(c.length(1))
	case 0xc5, 0xda:
		return c.skip(c.length(2))
	case 0xc6, 0xdb:
		return c.skip(c.length(4))
	case 0xc7: // extensions of any length
		return c.skip(c.length(1) + 1)
	case 0xc8:
		return c.skip(c.length(2) + 1)
	case 0xc9:
		return c.skip(c.length(4) + 1)
	case 0xdc: // lists
		return c.members(c.length(2), depth)
	case 0xdd:
		return c.members(c.length(4), depth)
	case 0xde: // maps
		return c.members(2*c.length(2), depth)
	case 0xdf:
		return c.members(2*c.length(4), depth)
	default: // 0xc1, which is never used
		return sdk.Errorf(sdk.Invalid, "malformed message: byte %#x at %d", b, c.at-1)
	}
}

// length reads a length of that many bytes. Where the message ends too early, the length is one that cannot be there.
func (c *checker) length(width int) uint64 {
	if len(c.raw)-c.at < width {
		return MaxMessage + 1
	}
	var n uint64
	for _, b := range c.raw[c.at : c.at+width] {
		n = n<<8 | uint64(b)
	}
	c.at += width
	return n
}

func (c *checker) skip(n uint64) error {
	if n > uint64(len(c.raw)-c.at) {
		return errCut
	}
	c.at += int(n)
	return nil
}

func (c *checker) members(n uint64, depth int) error {
	if n > uint64(len(c.raw)-c.at) { // each takes a byte at least
		return errCut
	}
	for range n {
		if err := c.value(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

var errCut = sdk.Errorf(sdk.Invalid, "malformed message: it ends too early")
