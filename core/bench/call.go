package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	extism "github.com/extism/go-sdk"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/bench/echo"
	"github.com/pergola-platform/pergola/core/bench/grpcchild"
	"github.com/pergola-platform/pergola/core/bench/rounds"
	"github.com/pergola-platform/pergola/core/bench/work"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/fuel"
)

// The cases of measureCalls.
const (
	caseBare     = "bare wazero, one instance, no limit"
	caseFuel     = "bare wazero, one instance, fuel counter"
	caseIsolated = "engine: pristine memory, fuel, pool"
	caseStopped  = "bare wazero, one instance, WithCloseOnContextDone"
	caseFresh    = "bare wazero, new instance and _initialize"
	caseKnqyf263 = "knqyf263/go-plugin, one instance, no limit"
	caseExtism   = "Extism with a timeout"
	caseNative   = "the handler itself, native"
	caseGRPC     = "hashicorp/go-plugin over gRPC"
)

// measureCalls compares ways to call a handler that does next to nothing with 1 KB each way, one caller.
func measureCalls(ctx context.Context, l *lab) error {
	in := make([]byte, 1024)
	for i := range in {
		in[i] = byte(i)
	}
	cases := []rounds.Case{{Name: caseNative, Run: func(n int) error {
		for range n {
			work.XOR(in)
		}
		return nil
	}}}

	code, err := l.guest("xor")
	if err != nil {
		return err
	}
	b, err := openBare(ctx, code, wazero.NewRuntimeConfig())
	if err != nil {
		return err
	}
	defer b.close()
	metered, _, err := fuel.Rewrite(code, fuel.Config{})
	if err != nil {
		return err
	}
	counted, err := openBare(ctx, metered, wazero.NewRuntimeConfig())
	if err != nil {
		return err
	}
	defer counted.close()
	stopped, err := openBare(ctx, code, wazero.NewRuntimeConfig().WithCloseOnContextDone(true))
	if err != nil {
		return err
	}
	defer stopped.close()
	i, err := openIsolated(ctx, code, driver.Limits{})
	if err != nil {
		return err
	}
	defer i.close()
	cases = append(cases, b.kept(caseBare, in), counted.kept(caseFuel, in), stopped.withDeadline(caseStopped, in), i.calls(caseIsolated, in), b.fresh(caseFresh, in))
	if err := answers(caseBare, in, func() ([]byte, error) { return b.Call(ctx, in) }); err != nil {
		return err
	}
	if err := answers(caseIsolated, in, func() ([]byte, error) {
		r, err := i.Call(ctx, driver.Call{Message: in})
		return r.Message, err
	}); err != nil {
		return err
	}

	for _, open := range []func(context.Context, *lab) (*peer, error){openKnqyf263, openExtism, openGRPC} {
		p, err := open(ctx, l)
		if err != nil {
			return err
		}
		defer p.close()
		if err := answers(p.name, in, func() ([]byte, error) { return p.call(in) }); err != nil {
			return err
		}
		cases = append(cases, rounds.Case{Name: p.name, Run: func(n int) error {
			for range n {
				if _, err := p.call(in); err != nil {
					return err
				}
			}
			return nil
		}})
	}

	r, err := l.measure(cases)
	if err != nil {
		return err
	}
	l.table("one call, 1 KB each way, one caller, Go guests", caseBare, r)
	l.figure("isolated_call_vs_bare_go", r.Ratio(caseIsolated, caseBare).Median)
	l.figure("fuel_vs_close_on_done_1kb", r.Ratio(caseStopped, caseFuel).Median)
	l.figure("fresh_state_vs_initialize", r.Ratio(caseFresh, caseIsolated).Median)
	l.figure("extism_vs_isolated", r.Ratio(caseExtism, caseIsolated).Median)
	l.figure("goplugin_grpc_vs_isolated", r.Ratio(caseGRPC, caseIsolated).Median)
	l.figure("knqyf263_vs_isolated", r.Ratio(caseKnqyf263, caseIsolated).Median)
	return nil
}

// answers checks that a way to call the handler gets its answer.
func answers(name string, in []byte, call func() ([]byte, error)) error {
	got, err := call()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !bytes.Equal(got, work.XOR(in)) {
		return fmt.Errorf("%s: its answer of %d bytes is not the handler's", name, len(got))
	}
	return nil
}

// peer is somebody else's way to call the handler.
type peer struct {
	name  string
	call  func([]byte) ([]byte, error)
	close func()
}

func openKnqyf263(ctx context.Context, l *lab) (*peer, error) {
	p, err := echo.NewTransformerPlugin(ctx)
	if err != nil {
		return nil, err
	}
	guest, err := p.Load(ctx, filepath.Join(l.guests, "knqyf263.wasm"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", caseKnqyf263, err)
	}
	return &peer{
		name: caseKnqyf263,
		call: func(in []byte) ([]byte, error) {
			out, err := guest.Transform(ctx, &echo.Message{Body: in})
			if err != nil {
				return nil, err
			}
			return out.Body, nil
		},
		close: func() { _ = guest.Close(ctx) }, // it returns nil
	}, nil
}

func openExtism(ctx context.Context, l *lab) (*peer, error) {
	code, err := l.guest("extism")
	if err != nil {
		return nil, err
	}
	p, err := extism.NewPlugin(ctx, extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: code}}, Timeout: 10_000},
		extism.PluginConfig{EnableWasi: true}, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", caseExtism, err)
	}
	return &peer{
		name: caseExtism,
		call: func(in []byte) ([]byte, error) {
			status, out, err := p.CallWithContext(ctx, "transform", in)
			if err == nil && status != 0 {
				err = fmt.Errorf("status %d", status)
			}
			return out, err
		},
		close: func() { _ = p.Close(ctx) }, // the process ends
	}, nil
}

func openGRPC(ctx context.Context, l *lab) (*peer, error) {
	c := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  grpcchild.Handshake,
		Plugins:          plugin.PluginSet{grpcchild.Name: grpcchild.Plugin{}},
		Cmd:              exec.CommandContext(ctx, filepath.Join(l.guests, "goplugin")),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	client, err := dispense(c)
	if err != nil {
		c.Kill()
		return nil, fmt.Errorf("%s: %w", caseGRPC, err)
	}
	return &peer{
		name:  caseGRPC,
		call:  func(in []byte) ([]byte, error) { return client.Transform(ctx, in) },
		close: c.Kill,
	}, nil
}

func dispense(c *plugin.Client) (*grpcchild.Client, error) {
	p, err := c.Client()
	if err != nil {
		return nil, err
	}
	raw, err := p.Dispense(grpcchild.Name)
	if err != nil {
		return nil, err
	}
	client, ok := raw.(*grpcchild.Client)
	if !ok {
		return nil, errors.New("the process offers something else")
	}
	return client, nil
}
