//go:build linux

package process_test

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/process"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// raw is the same plugin in the plainest way that go-plugin offers: a unary call of bytes, encoded by protobuf, no host calls.
type raw struct {
	goplugin.NetRPCUnsupportedPlugin
}

var rawHandshake = goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "PERGOLA_RAW", MagicCookieValue: "1"}

const rawMethod = "/raw.Plugin/Call"

func (raw) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	p := fixture.New()
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "raw.Plugin", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Call",
		Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.BytesValue)
			if err := decode(in); err != nil {
				return nil, err
			}
			return wrapperspb.Bytes(serve.Dispatch(ctx, p, in.GetValue())), nil
		},
	}}}, struct{}{})
	return nil
}

func (raw) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// serveRaw is the main of the plain plugin.
func serveRaw() {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: rawHandshake, Plugins: goplugin.PluginSet{"raw": raw{}}, GRPCServer: goplugin.DefaultGRPCServer,
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
	})
}

// openRaw starts the plain plugin, in this test's own program.
func openRaw(b *testing.B, mtls bool) func(message []byte) error {
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: rawHandshake, Plugins: goplugin.PluginSet{"raw": raw{}}, Cmd: exec.Command(program(b)),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC}, AutoMTLS: mtls,
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
	})
	b.Cleanup(client.Kill)
	protocol, err := client.Client()
	if err != nil {
		b.Fatal(err)
	}
	conn, err := protocol.Dispense("raw")
	if err != nil {
		b.Fatal(err)
	}
	return func(message []byte) error {
		out := new(wrapperspb.BytesValue)
		err := conn.(*grpc.ClientConn).Invoke(context.Background(), rawMethod, wrapperspb.Bytes(message), out)
		if err == nil && !bytes.Contains(out.GetValue(), []byte("xxx")) {
			b.Error("the plain plugin does not answer")
		}
		return err
	}
}

// BenchmarkAgainstRaw measures a call through the driver against a call of go-plugin alone, both with mutual TLS, in turns. The figure
// process_call_vs_raw_goplugin is the median of the ratios of each round.
func BenchmarkAgainstRaw(b *testing.B) {
	message := echo(b)
	code := self(b)
	d := open(b, process.Config{Allow: []string{digest(code)}})
	defer func() { _ = d.Close(context.Background()) }()
	m, err := d.Load(context.Background(), code, driver.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	ours := func(message []byte) error {
		_, err := m.Call(context.Background(), driver.Call{Message: message, Tenant: "tenant"})
		return err
	}
	plain, open := openRaw(b, true), openRaw(b, false)
	const each = 20 // calls in a turn: short, so that both meet the same neighbours on the machine
	round := func(call func([]byte) error) time.Duration {
		at := time.Now()
		for range each {
			if err := call(message); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(at) / each
	}
	for range 5 {
		round(ours)
		round(plain)
		round(open)
	}
	var ratios, openRatios, times []float64
	for b.Loop() {
		o, p, u := round(ours), round(plain), round(open)
		ratios = append(ratios, float64(o)/float64(p))
		openRatios = append(openRatios, float64(o)/float64(u))
		times = append(times, float64(o)/float64(time.Microsecond))
	}
	b.ReportMetric(median(ratios), "process_call_vs_raw_goplugin")
	b.ReportMetric(median(openRatios), "vs_raw_without_tls")
	b.ReportMetric(median(times), "µs/call")
}

func echo(t testing.TB) []byte {
	return drivertest.Message(t, wire.OpView, &sdk.Request{Name: fixture.Echo, Params: map[string]string{"text": strings.Repeat("x", 1000)}})
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func BenchmarkCall(b *testing.B) { drivertest.Benchmark(b, subject(b)) }
