package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/pergola-platform/pergola/sdk/process/frame"
)

// process is a child that serves calls, with the connection to it.
type process struct {
	client  *goplugin.Client
	conn    *grpc.ClientConn
	child   *child
	group   *cgroup
	out     *output
	dir     string
	started time.Time

	stopping  atomic.Bool   // somebody asked it to end
	stop      chan struct{} // closed by end: it is asked to
	stopOnce  sync.Once
	gone      chan struct{} // closed when nothing of it is left
	exhausted bool          // it ran out of memory; valid once gone is closed
	heard     atomic.Int64  // when it last answered, in Unix nanoseconds
	number    atomic.Uint64 // of the last call

	saying sync.Mutex
	tell   grpc.ClientStream // what the host says during calls

	mu      sync.Mutex
	calls   int
	retired string // why nobody enters any more
}

// What a process has beside the memory that its calls may use. A Go program maps some 80 MB before it does anything, most of
// which it never touches, and how much depends on its version; so the limit on what is mapped is wide at the start and
// tightened once the process serves. The cgroup counts what is touched.
const (
	startup = 160 << 20 // bytes that may be mapped by a program that starts
	slack   = 8 << 20   // bytes that the runtime maps later on
	base    = 32 << 20  // bytes that the runtime, gRPC and TLS touch
)

// silent is go-plugin's logger: it would log what plugins write.
func silent() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard})
}

// launch starts a process and waits until it serves.
func (d *Driver) launch(program *executable, memory uint64) (_ *process, err error) {
	p := &process{
		out:     &output{log: d.config.Output, now: d.config.Now},
		started: d.config.Now(), stop: make(chan struct{}), gone: make(chan struct{}),
	}
	if p.dir, err = os.MkdirTemp("", "pergola-plugin-"); err != nil { // mode 0700
		return nil, fmt.Errorf("make its directory: %w", err)
	}
	if d.cgroups != nil {
		p.group, err = d.cgroups.open(bounds{memory: memory + base, cpus: d.config.CPUs, processes: d.config.Processes})
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(p.dir))
		}
	}
	s := &starter{
		keeper: d.keeper, fences: d.allowed(), drained: make(chan struct{}),
		spec: spec{program: program, group: p.group, limits: rlimits{memory: memory + startup, files: uint64(d.config.Files)}},
	}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  frame.Handshake,
		Plugins:          goplugin.PluginSet{frame.Plugin: nil}, // the calls go over the connection itself
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     d.config.StartTimeout,
		Logger:           silent(),
		Stderr:           p.out,
		SyncStdout:       p.out,
		SyncStderr:       p.out,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: p.dir},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			// Go's runtime collects more eagerly near this, instead of asking the system for what it does not get.
			s.spec.env = append(cmd.Env, "GOMEMLIMIT="+strconv.FormatUint(memory, 10))
			s.spec.dir = dir
			return s, nil
		},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithStaticStreamWindowSize(frame.Window), grpc.WithStaticConnWindowSize(4 * frame.Window),
			grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithIdleTimeout(0),
		},
	})
	protocol, err := p.client.Client()
	if s.child == nil {
		if p.group != nil {
			p.group.close()
		}
		return nil, errors.Join(err, os.RemoveAll(p.dir))
	}
	p.child = s.child
	if grpcClient, is := protocol.(*goplugin.GRPCClient); is && err == nil {
		p.conn = grpcClient.Conn
	}
	d.processes.Add(1)
	d.starts.Add(1)
	d.settle(s.child.fence)
	go func() {
		p.watch(s.drained)
		d.processes.Add(-1)
	}()
	if err == nil && p.conn == nil {
		err = errors.New("it speaks no gRPC")
	}
	if err == nil {
		err = p.ping(d.config.StartTimeout)
	}
	if err == nil {
		// It ends with the connection.
		p.tell, err = p.conn.NewStream(context.Background(), &frame.Tell, frame.MethodTell, options...)
	}
	if err == nil {
		err = p.child.tighten(memory + slack)
	}
	if err != nil {
		return nil, p.diagnose(err)
	}
	// There is one connection, and it stands. Without its name the socket is reached by nobody else, nothing is left of it
	// when the host is killed, and the plugin's working directory takes no files.
	_ = os.RemoveAll(p.dir)
	return p, nil
}

// diagnose ends a process that did not start well, and says what its author can do about it. What it wrote is not quoted: a
// process that is started again may have seen content.
func (p *process) diagnose(err error) error {
	var ended bool
	select {
	case <-p.child.exited:
		ended = true
	case <-time.After(100 * time.Millisecond): // the pipe breaks before the process has ended
	}
	p.end()
	<-p.gone
	switch {
	case p.exhausted:
		return errors.New("it needs more memory to start than it may have; raise its limit")
	case ended:
		return fmt.Errorf("it ended before it served a call (%s); main has to call process.Serve", p.child.end())
	}
	return fmt.Errorf("it does not serve calls (%T); main has to call process.Serve of this version", err)
}

// watch waits for the process's end, or for the wish that it end, and clears up after it.
func (p *process) watch(drained <-chan struct{}) {
	defer close(p.gone)
	select {
	case <-p.child.exited:
	case <-p.stop:
	}
	// It gets a moment to end by itself. go-plugin would wait for one that does not listen.
	patience := time.AfterFunc(time.Second, p.child.kill)
	defer patience.Stop()
	p.client.Kill()
	p.child.kill()
	<-p.child.exited
	<-drained
	p.exhausted = p.out.outOfMemory()
	if p.group != nil {
		p.exhausted = p.exhausted || p.group.outOfMemory()
		p.group.close()
	}
	_ = os.RemoveAll(p.dir)
}

// end asks the process to end, and sees to it that it does. It waits for nothing.
func (p *process) end() {
	p.stopping.Store(true)
	p.stopOnce.Do(func() { close(p.stop) })
}

// enter lets a call in, or says that it cannot.
func (p *process) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.child.exited:
		return false
	default:
	}
	if p.retired != "" {
		return false
	}
	p.calls++
	return true
}

// leave lets a call out. The last one out of a retired process ends it.
func (p *process) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls--
	if p.retired != "" && p.calls == 0 {
		p.child.kill()
	}
}

// retire lets nobody in any more and ends the process when those inside have left, after drain at the latest. It returns
// false where that had been done.
func (p *process) retire(reason string, drain time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired != "" {
		return false
	}
	p.retired = reason
	if p.calls == 0 {
		p.child.kill()
		return true
	}
	timer := time.AfterFunc(drain, p.child.kill)
	go func() {
		<-p.gone
		timer.Stop()
	}()
	return true
}

// why says in a clause why the process ended, or is about to.
func (p *process) why() string {
	p.mu.Lock()
	retired := p.retired
	p.mu.Unlock()
	switch {
	case retired != "":
		return retired
	case p.exhausted:
		return "it used up its memory"
	}
	return "it ended by itself (" + p.child.end() + ")"
}

// say tells the plugin something about a call that runs.
func (p *process) say(f *frame.Frame) error {
	p.saying.Lock()
	defer p.saying.Unlock()
	return p.tell.SendMsg(f)
}

// busy says whether calls are inside beside the caller's own.
func (p *process) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls > 1
}

// ping asks whether the process is well.
func (p *process) ping(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	if err != nil {
		return err
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("it says that it is %s", answer.GetStatus())
	}
	p.heard.Store(time.Now().UnixNano())
	return nil
}
