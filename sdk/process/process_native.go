//go:build !wasip1

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/process/frame"
)

// maxStack ends an endless recursion long before it has used up the memory that other calls need.
const maxStack = 64 << 20

// Serve serves p to the host that started this program, until the host ends it. In a Wasm build it does nothing: there
// serve.Plugin registers the plugin, and main never runs.
//
// Since: v0.1
func Serve(p *sdk.Plugin) {
	if p == nil {
		fmt.Fprintln(os.Stderr, "process.Serve was called without a plugin")
		os.Exit(2)
	}
	debug.SetMaxStack(maxStack)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: frame.Handshake,
		Plugins:         goplugin.PluginSet{frame.Plugin: service{plugin: p}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options,
				grpc.ForceServerCodecV2(frame.Codec{}),
				grpc.MaxRecvMsgSize(frame.MaxSize), grpc.MaxSendMsgSize(frame.MaxSize),
				grpc.StaticStreamWindowSize(frame.Window), grpc.StaticConnWindowSize(4*frame.Window),
			)...)
		},
	})
}

// service is the plugin as go-plugin wants it.
type service struct {
	goplugin.NetRPCUnsupportedPlugin
	plugin *sdk.Plugin
}

var _ goplugin.GRPCPlugin = service{}

// GRPCServer implements goplugin.GRPCPlugin.
func (s service) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	all := &calls{running: map[uint64]*call{}}
	asked, told := frame.Call, frame.Tell
	asked.Handler = func(_ any, stream grpc.ServerStream) error { return all.serve(s.plugin, stream) }
	told.Handler = func(_ any, stream grpc.ServerStream) error { return all.listen(stream) }
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: frame.Service, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{asked, told},
	}, s)
	return nil
}

// GRPCClient implements goplugin.GRPCPlugin. The host has a client of its own.
func (service) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("process: this is the side of the plugin")
}
