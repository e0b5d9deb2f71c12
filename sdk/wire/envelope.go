package wire

import (
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
)

// The two types of the envelope have their methods written by hand: decoding one is where a message enters, so that is
// where it is checked as a whole, its body included.

// Call is a question.
type Call struct {
	Op   string
	Body msgp.Raw
}

// MarshalMsg appends the encoding of c to b. A body that is empty goes as nil.
func (c *Call) MarshalMsg(b []byte) ([]byte, error) {
	b = msgp.Require(b, c.Msgsize())
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "op")
	b = msgp.AppendString(b, c.Op)
	b = msgp.AppendString(b, "body")
	return c.Body.MarshalMsg(b)
}

// UnmarshalMsg decodes all of raw, which must pass [Check]. Nothing of c refers to raw afterwards.
func (c *Call) UnmarshalMsg(raw []byte) ([]byte, error) {
	*c = Call{}
	return decode(raw, func(name string, raw []byte) (_ []byte, err error) {
		switch name {
		case "op":
			c.Op, raw, err = msgp.ReadStringBytes(raw)
			return raw, err
		case "body":
			return c.Body.UnmarshalMsg(raw)
		default:
			return msgp.Skip(raw)
		}
	})
}

// Msgsize returns an upper bound of the encoding's length.
func (c *Call) Msgsize() int { return 16 + msgp.StringPrefixSize + len(c.Op) + c.Body.Msgsize() }

// Result is an answer: an error or a body.
type Result struct {
	Error *sdk.Error
	Body  msgp.Raw
}

// MarshalMsg appends the encoding of r to b. A body that is empty goes as nil.
func (r *Result) MarshalMsg(b []byte) (_ []byte, err error) {
	b = msgp.Require(b, r.Msgsize())
	if r.Error == nil {
		b = msgp.AppendMapHeader(b, 1)
	} else {
		b = msgp.AppendMapHeader(b, 2)
		b = msgp.AppendString(b, "error")
		if b, err = r.Error.MarshalMsg(b); err != nil {
			return b, err
		}
	}
	b = msgp.AppendString(b, "body")
	return r.Body.MarshalMsg(b)
}

// UnmarshalMsg decodes all of raw, which must pass [Check]. Nothing of r refers to raw afterwards.
func (r *Result) UnmarshalMsg(raw []byte) ([]byte, error) {
	*r = Result{}
	return decode(raw, func(name string, raw []byte) ([]byte, error) {
		switch name {
		case "error":
			if msgp.IsNil(raw) {
				return msgp.ReadNilBytes(raw)
			}
			r.Error = new(sdk.Error)
			return r.Error.UnmarshalMsg(raw)
		case "body":
			return r.Body.UnmarshalMsg(raw)
		default:
			return msgp.Skip(raw)
		}
	})
}

// Msgsize returns an upper bound of the encoding's length.
func (r *Result) Msgsize() int {
	n := 16 + r.Body.Msgsize()
	if r.Error != nil {
		n += r.Error.Msgsize()
	}
	return n
}

// decode checks raw and hands each member of the map in it to member, which returns what is behind it.
func decode(raw []byte, member func(name string, raw []byte) ([]byte, error)) ([]byte, error) {
	if err := Check(raw); err != nil {
		return raw, err
	}
	n, raw, err := msgp.ReadMapHeaderBytes(raw)
	if err != nil {
		return raw, err
	}
	for range n {
		var name []byte
		if name, raw, err = msgp.ReadMapKeyZC(raw); err != nil {
			return raw, err
		}
		if raw, err = member(string(name), raw); err != nil {
			return raw, msgp.WrapError(err, string(name))
		}
	}
	return raw, nil
}
