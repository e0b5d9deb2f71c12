package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing"
	"github.com/pergola-platform/pergola/host/tenant"
)

// asker is who asks for something about synchronizations: an admin of the tenant's site, or the operator, who has no account.
type asker struct {
	tenant  tenant.Tenant
	account string
}

// syncHandler answers an asker.
type syncHandler func(ctx context.Context, c *fiber.Ctx, by asker) error

// syncRoutes are the routes of synchronizations, below whatever opens them.
func (s *Server) syncRoutes(add func(method, path string, h syncHandler)) {
	get := func(path string, h syncHandler) { add(http.MethodGet, path, h) }
	post := func(path string, h syncHandler) { add(http.MethodPost, path, h) }
	put := func(path string, h syncHandler) { add(http.MethodPut, path, h) }
	del := func(path string, h syncHandler) { add(http.MethodDelete, path, h) }

	s.pageRoutes(get)
	get("/synchronizers", s.listSynchronizers)

	get("/connections", s.listConnections)
	post("/connections", s.noted(audit.ConnectionSaved, s.saveConnection))
	post("/connections/test", s.testDraft)
	get("/connections/:id", s.getConnection)
	put("/connections/:id", s.noted(audit.ConnectionSaved, s.saveConnection))
	del("/connections/:id", s.noted(audit.ConnectionDeleted, s.deleteConnection))
	post("/connections/:id/test", s.testConnection)
	get("/connections/:id/streams", s.listStreams)

	get("/syncs", s.listSyncs)
	post("/syncs", s.noted(audit.SyncSaved, s.saveSync))
	post("/syncs/check", s.checkSync)
	post("/syncs/preview", s.previewSync)
	post("/syncs/times", s.scheduleTimes)
	get("/syncs/:id", s.getSync)
	put("/syncs/:id", s.noted(audit.SyncSaved, s.saveSync))
	del("/syncs/:id", s.noted(audit.SyncDeleted, s.deleteSync))
	put("/syncs/:id/schedule", s.noted(audit.SyncScheduled, s.setSchedule))
	del("/syncs/:id/schedule", s.noted(audit.SyncUnscheduled, s.deleteSchedule))
	post("/syncs/:id/plan", s.planSync)
	get("/syncs/:id/runs", s.listRuns)
	post("/syncs/:id/runs", s.noted(audit.SyncStarted, s.startRun))

	get("/runs/:id", s.getRun)
	get("/runs/:id/rows", s.listRows)
	post("/runs/:id/pause", s.steer((*syncing.Service).Pause))
	post("/runs/:id/resume", s.steer((*syncing.Service).Resume))
	post("/runs/:id/cancel", s.steer((*syncing.Service).Cancel))
	post("/runs/:id/retry", s.steer((*syncing.Service).Retry))

	get("/export", s.exportSyncs)
	post("/import", s.noted(audit.SyncsImported, s.importSyncs))
}

// ofAdmin opens a route of synchronizations to admins of the tenant's site.
func (s *Server) ofAdmin(h syncHandler) fiber.Handler {
	return s.working(func(ctx context.Context, c *fiber.Ctx) error {
		t, account, err := s.admin(ctx, c)
		if err != nil {
			return err
		}
		return h(ctx, c, asker{t, account})
	})
}

// read decodes the body of a request.
func read[T any](c *fiber.Ctx) (out T, err error) {
	if len(c.Body()) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(c.Body(), &out); err != nil {
		return out, invalid("The request is no JSON of the form that is wanted: " + jsonProblem(err) + ".")
	}
	return out, nil
}

// jsonProblem says what is wrong with JSON without quoting it.
func jsonProblem(err error) string {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return typ.Field + " is a " + typ.Value + ", want " + typ.Type.String()
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return "it breaks off or is misspelt at byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return "it cannot be read"
}

func (s *Server) listSynchronizers(ctx context.Context, c *fiber.Ctx, by asker) error {
	all, err := s.Syncs.Synchronizers(ctx, by.tenant)
	if err != nil {
		return err
	}
	out := make([]synchronizerShape, len(all))
	for i, known := range all {
		out[i] = shapeOfSynchronizer(known)
	}
	return c.JSON(out)
}

func (s *Server) listConnections(ctx context.Context, c *fiber.Ctx, by asker) error {
	all, err := s.Syncs.Connections(ctx, by.tenant)
	if err != nil {
		return err
	}
	return c.JSON(all)
}

func (s *Server) getConnection(ctx context.Context, c *fiber.Ctx, by asker) error {
	one, err := s.Syncs.Connection(ctx, by.tenant, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(one)
}

func (s *Server) saveConnection(ctx context.Context, c *fiber.Ctx, by asker) error {
	draft, err := s.connectionDraft(ctx, c, by)
	if err != nil {
		return err
	}
	one, err := s.Syncs.SaveConnection(ctx, by.tenant, by.account, c.Params("id"), draft)
	if err != nil {
		return err
	}
	about(c, one.ID)
	return c.JSON(one)
}

func (s *Server) deleteConnection(ctx context.Context, c *fiber.Ctx, by asker) error {
	if err := s.Syncs.DeleteConnection(ctx, by.tenant, c.Params("id")); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

// testDraft tests a connection that is not kept, or not as it is kept: ?id= says which one it changes.
func (s *Server) testDraft(ctx context.Context, c *fiber.Ctx, by asker) error {
	draft, err := s.connectionDraft(ctx, c, by)
	if err != nil {
		return err
	}
	health, err := s.Syncs.TestConnection(ctx, by.tenant, c.Query("id"), &draft)
	if err != nil {
		return err
	}
	return c.JSON(shapeOfHealth(health))
}

func (s *Server) testConnection(ctx context.Context, c *fiber.Ctx, by asker) error {
	health, err := s.Syncs.TestConnection(ctx, by.tenant, c.Params("id"), nil)
	if err != nil {
		return err
	}
	return c.JSON(shapeOfHealth(health))
}

func (s *Server) listStreams(ctx context.Context, c *fiber.Ctx, by asker) error {
	cursor, err := openCursor(c.Query("after"))
	if err != nil {
		return err
	}
	catalog, err := s.Syncs.Streams(ctx, by.tenant, c.Params("id"), c.Query("stream"), cursor)
	if err != nil {
		return err
	}
	return c.JSON(shapeOfCatalog(catalog))
}

func (s *Server) listSyncs(ctx context.Context, c *fiber.Ctx, by asker) error {
	all, err := s.Syncs.Synchronizations(ctx, by.tenant)
	if err != nil {
		return err
	}
	return c.JSON(all)
}

func (s *Server) getSync(ctx context.Context, c *fiber.Ctx, by asker) error {
	one, err := s.Syncs.Synchronization(ctx, by.tenant, c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(one)
}

func (s *Server) saveSync(ctx context.Context, c *fiber.Ctx, by asker) error {
	draft, err := read[syncing.SyncDraft](c)
	if err != nil {
		return err
	}
	one, err := s.Syncs.SaveSync(ctx, by.tenant, by.account, c.Params("id"), draft)
	if err != nil {
		return err
	}
	about(c, one.ID)
	return c.JSON(one)
}

func (s *Server) deleteSync(ctx context.Context, c *fiber.Ctx, by asker) error {
	if err := s.Syncs.DeleteSync(ctx, by.tenant, c.Params("id")); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

// checkSync answers with the problems of a mapping, an empty list where it fits.
func (s *Server) checkSync(ctx context.Context, c *fiber.Ctx, by asker) error {
	draft, err := read[syncing.SyncDraft](c)
	if err != nil {
		return err
	}
	err = s.Syncs.Check(ctx, by.tenant, draft)
	var problems mapping.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	return c.JSON(fiber.Map{"problems": shapeOfProblems(problems)})
}

// previewRows is how many rows a preview has.
const previewRows = 10

func (s *Server) previewSync(ctx context.Context, c *fiber.Ctx, by asker) error {
	draft, err := read[syncing.SyncDraft](c)
	if err != nil {
		return err
	}
	p, err := s.Syncs.Preview(ctx, by.tenant, draft, previewRows)
	if err != nil {
		return err
	}
	return c.JSON(shapeOfPreview(p))
}

// scheduleTimes answers with the next times of a schedule that is not kept yet.
func (s *Server) scheduleTimes(_ context.Context, c *fiber.Ctx, by asker) error {
	schedule, err := read[syncing.Schedule](c)
	if err != nil {
		return err
	}
	const shown = 5
	times, err := s.Syncs.NextTimes(by.tenant, c.Query("id", "draft"), schedule, shown)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"times": times})
}

func (s *Server) setSchedule(ctx context.Context, c *fiber.Ctx, by asker) error {
	schedule, err := read[syncing.Schedule](c)
	if err != nil {
		return err
	}
	kept, err := s.Syncs.SetSchedule(ctx, by.tenant, by.account, c.Params("id"), &schedule)
	if err != nil {
		return err
	}
	return c.JSON(kept)
}

func (s *Server) deleteSchedule(ctx context.Context, c *fiber.Ctx, by asker) error {
	if _, err := s.Syncs.SetSchedule(ctx, by.tenant, by.account, c.Params("id"), nil); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

func (s *Server) planSync(ctx context.Context, c *fiber.Ctx, by asker) error {
	body, err := read[struct {
		Next string `json:"next"`
	}](c)
	if err != nil {
		return err
	}
	plan, err := s.Syncs.Plan(ctx, by.tenant, c.Params("id"), body.Next)
	if err != nil {
		return err
	}
	return c.JSON(plan)
}

func (s *Server) startRun(ctx context.Context, c *fiber.Ctx, by asker) error {
	body, err := read[struct {
		Approved bool `json:"approved"`
	}](c)
	if err != nil {
		return err
	}
	id, err := s.Syncs.Start(ctx, by.tenant, by.account, c.Params("id"), body.Approved)
	if err != nil {
		return err
	}
	run, err := s.Syncs.Run(ctx, by.tenant, id)
	if err != nil {
		return err
	}
	return c.Status(http.StatusAccepted).JSON(run)
}

func (s *Server) listRuns(ctx context.Context, c *fiber.Ctx, by asker) error {
	runs, err := s.Syncs.Runs(ctx, by.tenant, c.Params("id"), jobs.RunID(c.Query("after")), c.QueryInt("limit"))
	if err != nil {
		return err
	}
	return c.JSON(runs)
}

// patience is how long a request waits for news of a run.
const patience = 20 * time.Second

// getRun answers with a run: at once, or, where ?rev= names the revision that the asker knows, as soon as there is a later one.
func (s *Server) getRun(ctx context.Context, c *fiber.Ctx, by asker) error {
	id := jobs.RunID(c.Params("id"))
	if known := int64(c.QueryInt("rev")); known > 0 {
		watch := func(ctx context.Context) (<-chan jobs.Progress, error) { return s.Syncs.Watch(ctx, by.tenant, id) }
		if err := s.await(ctx, watch, known); err != nil {
			return err
		}
	}
	run, err := s.Syncs.Run(ctx, by.tenant, id)
	if err != nil {
		return err
	}
	return c.JSON(run)
}

func (s *Server) listRows(ctx context.Context, c *fiber.Ctx, by asker) error {
	rows, next, err := s.Syncs.Rows(ctx, by.tenant, jobs.RunID(c.Params("id")), c.Query("after"))
	if err != nil {
		return err
	}
	return c.JSON(shapeOfRows(rows, next))
}

// steer makes a handler of what can be done to a run; it answers with the run.
func (s *Server) steer(do func(*syncing.Service, context.Context, tenant.Tenant, jobs.RunID) error) syncHandler {
	return func(ctx context.Context, c *fiber.Ctx, by asker) error {
		id := jobs.RunID(c.Params("id"))
		if err := do(s.Syncs, ctx, by.tenant, id); err != nil {
			return err
		}
		run, err := s.Syncs.Run(ctx, by.tenant, id)
		if err != nil {
			return err
		}
		return c.JSON(run)
	}
}
