package web

import (
	"context"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/runs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// What the block view.Runs on a plugin's page for admins asks for: how the plugin's runs stand.

const runsAPI = "/api/plugin/:plugin/:module/runs"

func (s *Server) runRoutes() {
	s.app.Get(runsAPI, s.working(s.pluginRuns))
	s.app.Get(runsAPI+"/:id", s.working(s.pluginRun))
	s.app.Post(runsAPI+"/:id/:do", s.working(s.orderRun))
}

// overseer lets a Jira admin on an adminPage of the plugin through.
func (s *Server) overseer(ctx context.Context, c *fiber.Ctx) (tenant.Tenant, capability.PluginID, error) {
	plugin := capability.PluginID(c.Params("plugin"))
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return t, plugin, err
	}
	if s.Runs == nil {
		return t, plugin, &sdk.Error{Code: sdk.Unimplemented, Source: sdk.FromHost, Message: "This server runs no jobs of plugins."}
	}
	return t, plugin, s.Features.Overseer(ctx, t, plugin, c.Params("module"))
}

// runsShown is how many runs the block shows.
const runsShown = 5

// pluginRuns answers with the latest runs of a job, and with the words for what they count.
func (s *Server) pluginRuns(ctx context.Context, c *fiber.Ctx) error {
	t, plugin, err := s.overseer(ctx, c)
	if err != nil {
		return err
	}
	declared, err := s.Features.Job(ctx, t, plugin, c.Query("job"))
	if err != nil {
		return err
	}
	all, err := s.Runs.Runs(ctx, t.ID, plugin, declared.Name, jobs.RunID(c.Query("after")), runsShown)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"title": declared.Title, "counts": declared.Counts, "runs": s.Runs.Show(ctx, t, all...), "words": runs.AllWords()})
}

// pluginRun answers with a run: at once, or, where ?rev= names the revision that the asker knows, as soon as there is a later one.
func (s *Server) pluginRun(ctx context.Context, c *fiber.Ctx) error {
	t, plugin, err := s.overseer(ctx, c)
	if err != nil {
		return err
	}
	id := jobs.RunID(c.Params("id"))
	if known := int64(c.QueryInt("rev")); known > 0 {
		watch := func(ctx context.Context) (<-chan jobs.Progress, error) { return s.Runs.Watch(ctx, t.ID, plugin, id) }
		if err := s.await(ctx, watch, known); err != nil {
			return err
		}
	}
	run, err := s.Runs.Run(ctx, t.ID, plugin, id)
	if err != nil {
		return err
	}
	return c.JSON(s.Runs.Show(ctx, t, run)[0])
}

// orderRun does something to a run and answers with it.
func (s *Server) orderRun(ctx context.Context, c *fiber.Ctx) error {
	t, plugin, err := s.overseer(ctx, c)
	if err != nil {
		return err
	}
	run, err := s.Runs.Order(ctx, t.ID, plugin, jobs.RunID(c.Params("id")), c.Params("do"))
	if err != nil {
		return err
	}
	return c.Status(http.StatusOK).JSON(s.Runs.Show(ctx, t, run)[0])
}

// await waits until a run has a later revision than the one that is known, is over, or patience ends.
func (s *Server) await(ctx context.Context, watch func(context.Context) (<-chan jobs.Progress, error), known int64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(s.waiting, cancel)() // a host that ends answers with what it knows
	news, err := watch(ctx)
	if err != nil {
		return err
	}
	for p := range news {
		if p.Rev > known {
			return nil
		}
	}
	return nil
}
