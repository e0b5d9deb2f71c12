package services

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// Jobs begins and steers runs of a plugin's own jobs, and decides who may; runs.Service does.
type Jobs interface {
	Start(ctx context.Context, b *capability.Binding, n *job.New) (*job.Run, error)
	List(ctx context.Context, b *capability.Binding, q *job.Query) (*job.Runs, error)
	Steer(ctx context.Context, b *capability.Binding, o *job.Order) (*job.Run, error)
}

// jobService hands what plugins ask of their jobs to what runs them.
type jobService struct {
	jobs func() Jobs // nil, or nil of it: there are none
}

func (s *jobService) start(ctx context.Context, b *capability.Binding, n *job.New) (*job.Run, error) {
	return withJobs(s, func(j Jobs) (*job.Run, error) { return j.Start(ctx, b, n) })
}

func (s *jobService) list(ctx context.Context, b *capability.Binding, q *job.Query) (*job.Runs, error) {
	return withJobs(s, func(j Jobs) (*job.Runs, error) { return j.List(ctx, b, q) })
}

func (s *jobService) steer(ctx context.Context, b *capability.Binding, o *job.Order) (*job.Run, error) {
	return withJobs(s, func(j Jobs) (*job.Run, error) { return j.Steer(ctx, b, o) })
}

func withJobs[Out any](s *jobService, do func(Jobs) (*Out, error)) (*Out, error) {
	if s.jobs != nil {
		if j := s.jobs(); j != nil {
			return do(j)
		}
	}
	return nil, hostError(sdk.Unimplemented, "this host runs no jobs of plugins")
}
