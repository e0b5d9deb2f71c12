//go:build !wasip1

package frame

import (
	"errors"
	"fmt"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pergola-platform/pergola/sdk/wire"
)

// The names of the service.
const (
	Service    = "pergola.process.v1.Plugin"
	MethodCall = "/" + Service + "/Call"
	MethodTell = "/" + Service + "/Tell"
	// Plugin is the name under which go-plugin knows the service.
	Plugin = "plugin"
)

// MaxSize is the largest frame in bytes: a message and what is around it.
const MaxSize = wire.MaxMessage + overhead

const overhead = 64

// Window is how many bytes either side sends of one call before the other has read them. That it is fixed spares each call the
// pings by which gRPC would find out the best; between two processes of one machine there is nothing to find out.
const Window = 1 << 20

// Handshake is how a plugin recognises its host, so that it says what it is when somebody just starts it.
var Handshake = goplugin.HandshakeConfig{ProtocolVersion: wire.ABI, MagicCookieKey: "PERGOLA_PLUGIN", MagicCookieValue: "process.v1"}

// The methods. That the host's half of a call ends with its one frame makes a call as cheap as one of gRPC's unary calls.
var (
	Call = grpc.StreamDesc{StreamName: "Call", ServerStreams: true}
	Tell = grpc.StreamDesc{StreamName: "Tell", ClientStreams: true}
)

// Frame is the one message. The zero HostCall is the call itself.
type Frame struct {
	Call     uint64
	HostCall uint32
	Message  []byte
	Timeout  time.Duration
}

// The numbers of the fields.
const (
	fieldCall     protowire.Number = 1
	fieldHostCall protowire.Number = 2
	fieldMessage  protowire.Number = 3
	fieldTimeout  protowire.Number = 4
)

// Append appends the encoding of f to b.
func (f *Frame) Append(b []byte) []byte {
	if f.Call != 0 {
		b = protowire.AppendTag(b, fieldCall, protowire.VarintType)
		b = protowire.AppendVarint(b, f.Call)
	}
	if f.HostCall != 0 {
		b = protowire.AppendTag(b, fieldHostCall, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(f.HostCall))
	}
	if f.Timeout > 0 {
		b = protowire.AppendTag(b, fieldTimeout, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(f.Timeout.Microseconds()))
	}
	if len(f.Message) > 0 {
		b = protowire.AppendTag(b, fieldMessage, protowire.BytesType)
		b = protowire.AppendBytes(b, f.Message)
	}
	return b
}

// Parse decodes raw. The message of f is a part of raw afterwards.
func (f *Frame) Parse(raw []byte) error {
	*f = Frame{}
	for len(raw) > 0 {
		field, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return fmt.Errorf("frame: %w", protowire.ParseError(n))
		}
		raw = raw[n:]
		switch {
		case field == fieldMessage && kind == protowire.BytesType:
			f.Message, n = protowire.ConsumeBytes(raw)
		case field == fieldCall && kind == protowire.VarintType:
			f.Call, n = protowire.ConsumeVarint(raw)
		case field == fieldHostCall && kind == protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(raw)
			f.HostCall = uint32(v)
			if uint64(f.HostCall) != v {
				return errors.New("frame: the number of the host call has more than 32 bits")
			}
		case field == fieldTimeout && kind == protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(raw)
			f.Timeout = time.Duration(min(v, maxTimeout)) * time.Microsecond
		default:
			n = protowire.ConsumeFieldValue(field, kind, raw)
		}
		if n < 0 {
			return fmt.Errorf("frame: field %d: %w", field, protowire.ParseError(n))
		}
		raw = raw[n:]
	}
	return nil
}

// maxTimeout keeps microseconds within a time.Duration: a day is longer than any call.
const maxTimeout = uint64(24 * time.Hour / time.Microsecond)

// Codec encodes a [*Frame] by hand, and whatever go-plugin itself says as gRPC would: its health checks and the rest go over
// the same connection. The zero value works.
type Codec struct{}

var (
	_        encoding.CodecV2 = Codec{}
	standard                  = encoding.GetCodecV2(proto.Name)
)

// Name implements encoding.CodecV2.
func (Codec) Name() string { return proto.Name }

// Marshal implements encoding.CodecV2. The message is copied: gRPC may write it when the call is over already.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ours := v.(*Frame)
	if !ours {
		return standard.Marshal(v)
	}
	pool := mem.DefaultBufferPool()
	b := pool.Get(len(f.Message) + overhead)
	*b = f.Append((*b)[:0])
	return mem.BufferSlice{mem.NewBuffer(b, pool)}, nil
}

// Unmarshal implements encoding.CodecV2. What a frame holds afterwards is its own.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ours := v.(*Frame)
	if !ours {
		return standard.Unmarshal(data, v)
	}
	return f.Parse(data.Materialize())
}
