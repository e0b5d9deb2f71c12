package core

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Work has the version that is held do one step of a job: the handler that s names. It runs under b and the limits of the class step;
// s.Context is replaced by that of b. Errors are a *sdk.Error, as those of [Engine.View].
func (h *Hold) Work(ctx context.Context, b capability.Binding, s job.Step) (*job.Result, error) {
	b = h.bind(b)
	s.Context, b.Synchronizer, b.Depth = b.Context, "", 0
	var out job.Result
	if err := h.engine.ask(ctx, h.loaded, b, driver.Step, wire.OpJob, &s, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
