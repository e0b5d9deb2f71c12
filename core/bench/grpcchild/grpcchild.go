// Package grpcchild is the contract of a process that hashicorp/go-plugin starts: one method over gRPC that carries bytes each
// way, as google.protobuf.BytesValue. Start with [Plugin], which is both ends of it.
package grpcchild

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Name is the plugin's name among those of the process.
const Name = "transformer"

// Handshake tells a process that was started as a plugin from one that somebody has typed.
var Handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "PERGOLA_BENCH", MagicCookieValue: "transformer"}

const method = "/bench.Transformer/Transform"

// Plugin is the contract for go-plugin.
type Plugin struct {
	plugin.NetRPCUnsupportedPlugin
	// Transform answers a message; only the process sets it.
	Transform func([]byte) []byte
}

var _ plugin.GRPCPlugin = Plugin{}

// GRPCServer implements plugin.GRPCPlugin.
func (p Plugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Transformer",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Transform", Handler: p.handle}},
	}, p)
	return nil
}

//nolint:revive // the order is gRPC's
func (p Plugin) handle(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wrapperspb.BytesValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	return wrapperspb.Bytes(p.Transform(in.Value)), nil
}

// GRPCClient implements plugin.GRPCPlugin; what it returns is a *Client.
func (Plugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return &Client{c}, nil
}

// Client calls the process.
type Client struct{ conn *grpc.ClientConn }

// Transform sends a message and returns the answer.
func (c *Client) Transform(ctx context.Context, message []byte) ([]byte, error) {
	var out wrapperspb.BytesValue
	if err := c.conn.Invoke(ctx, method, wrapperspb.Bytes(message), &out); err != nil {
		return nil, err
	}
	return out.Value, nil
}
