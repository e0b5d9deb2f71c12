package process

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// starter is how go-plugin starts a child: by the keeper, inside of a fence. go-plugin itself would start it on any thread, with
// the host's standard input.
type starter struct {
	keeper *keeper
	fences []fence
	spec   spec

	child          *child
	stdout, stderr *os.File // the host's ends
	drained        chan struct{}
	once           sync.Once
}

var _ runner.Runner = (*starter)(nil)

// drain is how long the output of a child is waited for that has ended: a process that it started could hold the pipe.
const drain = time.Second

// Start implements runner.Runner.
func (s *starter) Start(context.Context) (err error) {
	var ours [2]*os.File
	var theirs [2]*os.File
	for i := range ours {
		if ours[i], theirs[i], err = os.Pipe(); err != nil {
			return errors.Join(err, closeAll(ours[:]), closeAll(theirs[:]))
		}
	}
	s.stdout, s.stderr = ours[0], ours[1]
	s.spec.stdout, s.spec.stderr = theirs[0], theirs[1]
	s.child, err = s.keeper.start(s.spec, s.fences)
	if err := closeAll(theirs[:]); err != nil {
		return err
	}
	if err != nil {
		return errors.Join(err, closeAll(ours[:]))
	}
	go func() {
		<-s.child.exited
		until := time.Now().Add(drain)
		_, _ = s.stdout.SetReadDeadline(until), s.stderr.SetReadDeadline(until)
		<-s.drained
		_ = closeAll(ours[:])
	}()
	return nil
}

func closeAll(files []*os.File) error {
	var errs []error
	for _, f := range files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Wait implements runner.AttachedRunner. go-plugin calls it when it has read all output.
func (s *starter) Wait(context.Context) error {
	s.once.Do(func() { close(s.drained) })
	<-s.child.exited
	return nil
}

// Kill implements runner.AttachedRunner.
func (s *starter) Kill(context.Context) error {
	s.child.kill()
	return nil
}

// ID implements runner.AttachedRunner.
func (s *starter) ID() string {
	if s.child == nil {
		return ""
	}
	return strconv.Itoa(s.child.process.Pid)
}

// Name implements runner.Runner.
func (s *starter) Name() string { return "plugin" }

// Diagnose implements runner.Runner.
func (s *starter) Diagnose(context.Context) string { return "" }

// Stdout implements runner.Runner.
func (s *starter) Stdout() io.ReadCloser { return s.stdout }

// Stderr implements runner.Runner.
func (s *starter) Stderr() io.ReadCloser { return s.stderr }

// PluginToHost implements runner.AddrTranslator.
func (s *starter) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin implements runner.AddrTranslator.
func (s *starter) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
