package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
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
	counted   bool          // the module has heard of the end; guarded by module.mu

	saying sync.Mutex
	tell   grpc.ClientStream // what the host says during calls

	memory  *memory
	greedy  atomic.Bool // it was ended because it used more memory than it may
	sampler *time.Timer

	mu       sync.Mutex
	calls    int
	sampling bool   // sampler runs
	retired  string // why nobody enters any more
}

// sample is how often a process is looked at while calls run.
const sample = 50 * time.Millisecond

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
	if p.dir, err = socketDir(); err != nil {
		return nil, err
	}
	if d.cgroups != nil {
		p.group, err = d.cgroups.open(bounds{memory: memory + base, cpus: d.config.CPUs, processes: d.config.Processes})
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(p.dir))
		}
	}
	s := &starter{
		keeper: d.keeper, fences: d.allowed(), drained: make(chan struct{}),
		spec: spec{program: program, group: p.group, limits: rlimits{space: memory + startup, files: uint64(d.config.Files)}},
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
			s.spec.env = append(slices.Clone(cmd.Env), "GOMEMLIMIT="+strconv.FormatUint(memory, 10))
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
		p.memory, err = measure(p.child.process.Pid, program.size, memory)
	}
	go func() {
		defer close(p.gone)
		p.watch(s.drained)
		d.processes.Add(-1)
	}()
	if err != nil {
		return nil, p.diagnose(err)
	}
	p.mu.Lock()
	p.sampler, p.sampling = time.AfterFunc(sample, p.tick), true
	p.mu.Unlock()
	// There is one connection, and it stands. Without its name the socket is reached by nobody else, nothing is left of it
	// when the host is killed, and the plugin's working directory takes no files.
	_ = os.RemoveAll(p.dir)
	return p, nil
}

// socketDir makes a private directory for a process's socket, with a path that leaves room for what go-plugin appends: the
// kernel takes no more than 107 bytes.
func socketDir() (string, error) {
	const most, appended = 107, len("/plugin-dir1234567890/plugin1234567890")
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "pergola-") // mode 0700
		if err != nil {
			return "", fmt.Errorf("make its directory: %w", err)
		}
		if len(dir)+appended <= most {
			return dir, nil
		}
		if err := os.Remove(dir); err != nil {
			return "", fmt.Errorf("make its directory: %w", err)
		}
	}
	return "", fmt.Errorf("the path of %s is too long for a socket; set TMPDIR to a shorter one", os.TempDir())
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
	p.exhausted = p.out.outOfMemory() || p.greedy.Load()
	if p.group != nil {
		p.exhausted = p.exhausted || p.group.outOfMemory()
		p.group.close()
	}
	_ = os.RemoveAll(p.dir)
	if p.memory != nil {
		_ = p.memory.close()
	}
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
	if p.retired != "" || p.greedy.Load() {
		return false
	}
	p.calls++
	if !p.sampling {
		p.sampling = true
		p.sampler.Reset(sample)
	}
	return true
}

// overdraw ends the process because it used more memory than it may. It does not wait for the other calls: they would only use
// more.
func (p *process) overdraw() {
	p.greedy.Store(true)
	p.child.kill()
}

// tick looks at the process as long as calls run.
func (p *process) tick() {
	if p.memory.over() {
		p.overdraw()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sampling = p.calls > 0; p.sampling {
		p.sampler.Reset(sample)
	}
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

// exitPatience is how long a process whose connection broke may take to end.
const exitPatience = 3 * time.Second

// await waits until a process is gone whose connection broke. It returns false, after it called otherwise, where that does not
// come true.
func (p *process) await(otherwise func()) bool {
	timer := time.NewTimer(exitPatience)
	defer timer.Stop()
	select {
	case <-p.gone:
		return true
	case <-timer.C:
		otherwise()
		return false
	}
}

// givenUp says whether the process was retired.
func (p *process) givenUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.retired != ""
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
