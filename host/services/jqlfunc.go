package services

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

// Functions is what plugins ask about their functions in JQL; functions.Service answers it.
type Functions interface {
	Issues(ctx context.Context, b *capability.Binding, q *jqlfunc.Keys) (*jqlfunc.Found, error)
	Stale(ctx context.Context, b *capability.Binding, q *jqlfunc.Functions) error
}

// functionService hands what plugins ask about their functions to what knows them.
type functionService struct {
	functions func() Functions // nil, or nil of it: there are none
}

func (s *functionService) known() (Functions, error) {
	if s.functions != nil {
		if f := s.functions(); f != nil {
			return f, nil
		}
	}
	return nil, hostError(sdk.Unimplemented, "this host answers no functions in JQL")
}

func (s *functionService) issues(ctx context.Context, b *capability.Binding, q *jqlfunc.Keys) (*jqlfunc.Found, error) {
	f, err := s.known()
	if err != nil {
		return nil, err
	}
	return f.Issues(ctx, b, q)
}

func (s *functionService) stale(ctx context.Context, b *capability.Binding, q *jqlfunc.Functions) (*nothing, error) {
	f, err := s.known()
	if err != nil {
		return nil, err
	}
	return &nothing{}, f.Stale(ctx, b, q)
}
