// Goplugin is the guest xor as a process of hashicorp/go-plugin.
package main

import (
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/pergola-platform/pergola/core/bench/grpcchild"
	"github.com/pergola-platform/pergola/core/bench/work"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: grpcchild.Handshake,
		Plugins:         plugin.PluginSet{grpcchild.Name: grpcchild.Plugin{Transform: work.XOR}},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}
