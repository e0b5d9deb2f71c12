package sync

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// A value stands on the wire as what MessagePack has for it: nil, a boolean, an integer, a string, bytes, a list. Decimals,
// dates and times are texts, so each is an extension of a type of its own around its text.
const (
	decimalExt = 16
	dateExt    = 17
	timeExt    = 18
)

var extOf = [listKind + 1]byte{decimalKind: decimalExt, dateKind: dateExt, timeKind: timeExt}

// Check says what keeps v from being sent, nil where nothing does.
//
// Since: v0.3
func (v Value) Check() error {
	switch v.kind {
	case untoldKind:
		return errors.New(v.s)
	case decimalKind:
		return checkDecimal(v.s)
	case dateKind:
		if _, err := time.Parse(dateForm, v.s); err != nil {
			return errors.New("the date lies outside of the years 0000 to 9999")
		}
	case timeKind:
		if _, err := time.Parse(time.RFC3339Nano, v.s); err != nil {
			return errors.New("the time lies outside of the years 0000 to 9999")
		}
	case stringKind, bytesKind:
		if len(v.s) > MaxCell {
			return fmt.Errorf("the value is %d bytes long, at most %d are allowed", len(v.s), MaxCell)
		}
	case listKind:
		size := 0
		for i := range v.list {
			if v.list[i].kind == listKind {
				return errors.New("a list holds a list")
			}
			if err := v.list[i].Check(); err != nil {
				return err
			}
			size += v.list[i].Msgsize()
		}
		if size > MaxCell {
			return fmt.Errorf("the list is %d bytes long, at most %d are allowed", size, MaxCell)
		}
	}
	return nil
}

// checkDecimal wants -?digits(.digits)?, without zeros in front.
func checkDecimal(s string) error {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	switch {
	case len(s) > MaxDigits:
		return fmt.Errorf("the number has %d digits, at most %d are allowed", len(s), MaxDigits)
	case !digits(whole) || point && !digits(fraction):
		return errors.New("this is no decimal number: write digits, with a point where they have a fraction")
	case len(whole) > 1 && whole[0] == '0':
		return errors.New("the decimal number has zeros in front")
	}
	return nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// MarshalMsg appends the encoding of v to b. What [Value.Check] finds is an error.
func (v Value) MarshalMsg(b []byte) ([]byte, error) {
	if err := v.Check(); err != nil {
		return b, err
	}
	return v.append(b), nil
}

func (v Value) append(b []byte) []byte {
	switch v.kind {
	case stringKind:
		if !utf8.ValidString(v.s) {
			return msgp.AppendString(b, strings.ToValidUTF8(v.s, "\ufffd"))
		}
		return msgp.AppendString(b, v.s)
	case integerKind:
		return msgp.AppendInt64(b, v.n)
	case booleanKind:
		return msgp.AppendBool(b, v.n != 0)
	case bytesKind:
		b = msgp.AppendBytesHeader(b, uint32(len(v.s)))
		return append(b, v.s...)
	case decimalKind, dateKind, timeKind:
		return appendExt(b, extOf[v.kind], v.s)
	case listKind:
		b = msgp.AppendArrayHeader(b, uint32(len(v.list)))
		for i := range v.list {
			b = v.list[i].append(b)
		}
		return b
	}
	return msgp.AppendNil(b)
}

func appendExt(b []byte, typ byte, text string) []byte {
	if len(text) <= math.MaxUint8 {
		b = append(b, 0xc7, byte(len(text)), typ)
	} else { // a decimal has MaxDigits at most
		b = append(b, 0xc8, byte(len(text)>>8), byte(len(text)), typ)
	}
	return append(b, text...)
}

// Msgsize returns an upper bound of the encoding's length.
func (v Value) Msgsize() int {
	n := msgp.Int64Size
	switch v.kind {
	case stringKind: // a byte that is no UTF-8 becomes three
		n = msgp.StringPrefixSize + len(v.s)
		if !utf8.ValidString(v.s) {
			n += 2 * len(v.s)
		}
	case bytesKind, decimalKind, dateKind, timeKind:
		n = msgp.BytesPrefixSize + 1 + len(v.s)
	case listKind:
		n = msgp.ArrayHeaderSize
		for i := range v.list {
			n += v.list[i].Msgsize()
		}
	}
	return n
}

// values is how many of the values that a message may hold v takes.
func (v Value) values() int { return 1 + len(v.list) }

// UnmarshalMsg decodes one value and returns what is behind it. Nothing of v refers to raw afterwards.
func (v *Value) UnmarshalMsg(raw []byte) ([]byte, error) {
	rest, err := v.decode(raw)
	if err == nil {
		err = v.Check()
	}
	return rest, err
}

func (v *Value) decode(raw []byte) (rest []byte, err error) {
	*v = Value{}
	switch typ := msgp.NextType(raw); typ {
	case msgp.NilType:
		return msgp.ReadNilBytes(raw)
	case msgp.StrType:
		v.kind = stringKind
		v.s, rest, err = msgp.ReadStringBytes(raw)
	case msgp.IntType, msgp.UintType:
		v.kind = integerKind
		v.n, rest, err = msgp.ReadInt64Bytes(raw)
	case msgp.BoolType:
		var b bool
		b, rest, err = msgp.ReadBoolBytes(raw)
		*v = Bool(b)
	case msgp.BinType:
		var b []byte
		b, rest, err = msgp.ReadBytesZC(raw)
		*v = Bytes(b)
	case msgp.ArrayType:
		return v.decodeList(raw)
	case msgp.InvalidType:
		return raw, msgp.ErrShortBytes
	default:
		return v.decodeExt(raw)
	}
	return rest, err
}

func (v *Value) decodeList(raw []byte) ([]byte, error) {
	n, rest, err := msgp.ReadArrayHeaderBytes(raw)
	if err != nil {
		return raw, err
	}
	if int(n) > len(rest) { // each takes a byte at least
		return raw, msgp.ErrShortBytes
	}
	v.kind, v.list = listKind, make([]Value, n)
	for i := range v.list {
		if msgp.NextType(rest) == msgp.ArrayType {
			return raw, errors.New("a list holds a list")
		}
		if rest, err = v.list[i].decode(rest); err != nil {
			return raw, err
		}
	}
	return rest, nil
}

// decodeExt decodes what is no plain value of MessagePack: https://github.com/msgpack/msgpack/blob/master/spec.md#ext-format-family
func (v *Value) decodeExt(raw []byte) ([]byte, error) {
	head, n := 0, 0
	switch lead := raw[0]; {
	case lead >= 0xd4 && lead <= 0xd8:
		head, n = 2, 1<<(lead-0xd4)
	case lead == 0xc7 && len(raw) > 2:
		head, n = 3, int(raw[1])
	case lead == 0xc8 && len(raw) > 3:
		head, n = 4, int(binary.BigEndian.Uint16(raw[1:]))
	default:
		return raw, fmt.Errorf("a value begins with the byte %#x: it can be nil, a boolean, an integer, a string, bytes, a list, or an extension of the types %d to %d",
			lead, decimalExt, timeExt)
	}
	if len(raw) < head+n {
		return raw, msgp.ErrShortBytes
	}
	switch raw[head-1] {
	case decimalExt:
		v.kind = decimalKind
	case dateExt:
		v.kind = dateKind
	case timeExt:
		v.kind = timeKind
	default:
		return raw, fmt.Errorf("a value is an extension of the type %d, which is not known", raw[head-1])
	}
	v.s = string(raw[head : head+n])
	return raw[head+n:], nil
}
