//go:build !wasip1

package process

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/process/frame"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// calls are the calls that run.
type calls struct {
	mu      sync.Mutex
	running map[uint64]*call
	// The ends of calls that are not known: over, or not begun, since two streams may overtake each other.
	early [64]uint64
	next  int
}

// serve serves one stream, which is one call.
func (all *calls) serve(p *sdk.Plugin, stream grpc.ServerStream) error {
	var first frame.Frame
	if err := stream.RecvMsg(&first); err != nil {
		return err
	}
	// Not the stream's context: the host says by Tell when a call has to end, and abandons a stream only with its process.
	ctx, cancel := context.WithTimeout(context.Background(), first.Timeout)
	defer cancel()
	c := &call{stream: stream, cancel: cancel, ended: ctx.Done()}
	all.begin(first.Call, c)
	defer all.end(first.Call)
	result := dispatch(hostcall.With(ctx, c), p, first.Message)
	return c.send(&frame.Frame{Message: result})
}

func (all *calls) begin(number uint64, c *call) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.running[number] = c
	if slices.Contains(all.early[:], number) {
		c.cancel()
	}
}

func (all *calls) end(number uint64) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.running, number)
}

// listen hands out what the host has to tell.
func (all *calls) listen(stream grpc.ServerStream) error {
	for {
		var f frame.Frame
		if err := stream.RecvMsg(&f); err != nil {
			return err
		}
		all.mu.Lock()
		c := all.running[f.Call]
		if c == nil && f.HostCall == 0 {
			all.early[all.next] = f.Call
			all.next = (all.next + 1) % len(all.early)
		}
		all.mu.Unlock()
		switch {
		case c == nil:
		case f.HostCall == 0:
			c.cancel()
		default:
			c.answered(f)
		}
	}
}

// dispatch runs the handler. A panic ends the handler, and not the process in which other tenants' calls run.
func dispatch(ctx context.Context, p *sdk.Plugin, message []byte) (result []byte) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", v, debug.Stack())
			result = refuse(sdk.Internal, sdk.FromPlugin, "the plugin has a defect: it panicked. Its publisher can help")
		}
	}()
	return serve.Dispatch(ctx, p, message)
}

// call is a call that runs, and the host of its host calls. It is safe for concurrent use: handlers may start goroutines.
type call struct {
	stream grpc.ServerStream
	cancel func()
	ended  <-chan struct{}

	sending sync.Mutex

	mu      sync.Mutex
	last    uint32
	waiting map[uint32]chan []byte
}

// HostCall implements hostcall.Host.
func (c *call) HostCall(ctx context.Context, message []byte) []byte {
	if len(message) > wire.MaxMessage {
		return refuse(sdk.Invalid, sdk.FromHost, fmt.Sprintf("the host call is %d bytes long, at most %d are allowed; send less at a time", len(message), wire.MaxMessage))
	}
	reply := make(chan []byte, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	if c.waiting == nil {
		c.waiting = map[uint32]chan []byte{}
	}
	c.waiting[id] = reply
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, id)
	}()
	if err := c.send(&frame.Frame{HostCall: id, Message: message}); err != nil {
		return refuse(sdk.Canceled, sdk.FromHost, "the call has ended")
	}
	select {
	case result := <-reply:
		return result
	case <-ctx.Done():
	case <-c.ended:
	}
	return refuse(sdk.Canceled, sdk.FromHost, "the call ended before the host had answered")
}

func (c *call) send(f *frame.Frame) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	return c.stream.SendMsg(f)
}

// answered hands out the host's answer to a host call.
func (c *call) answered(f frame.Frame) {
	c.mu.Lock()
	reply := c.waiting[f.HostCall]
	delete(c.waiting, f.HostCall)
	c.mu.Unlock()
	if reply != nil {
		reply <- f.Message
	}
}

func refuse(code sdk.Code, source sdk.Source, message string) []byte {
	result := wire.Result{Error: &sdk.Error{Code: code, Source: source, Message: message}}
	raw, err := result.MarshalMsg(nil)
	if err != nil {
		panic(err) // strings always encode
	}
	return raw
}
