package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/audit"
	"github.com/pergola-platform/pergola/host/events"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/runs"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// Events that no feature could be told of: a view of the page Changes, and commands of the operator's.

// deadPage is how many a page lists.
const deadPage = 50

// deadOrder is what can be done to one of them, or to all.
type deadOrder struct {
	do       func(ctx context.Context, t capability.TenantID, id jobs.RunID) (int, error) // "" means all; it says to how many
	one, all audit.Action
	done     string // what is true of them then
	then     string // what may follow
}

func (s *Server) deadOrders() map[string]deadOrder {
	return map[string]deadOrder{
		"replay":  {s.Events.Replay, audit.EventReplayed, audit.EventsReplayed, "told again", "What fails once more comes back to this list."},
		"discard": {s.Events.Discard, audit.EventDiscarded, audit.EventsDiscarded, "discarded", ""},
	}
}

func (s *Server) deadRoutes() {
	if s.Events == nil {
		return
	}
	s.app.Post(auditAPI+"/view/undelivered", s.working(s.listDead))
	for name, o := range s.deadOrders() {
		s.app.Post(auditAPI+"/action/"+name, s.working(func(ctx context.Context, c *fiber.Ctx) error { return s.deadAction(ctx, c, o) }))
	}
}

func (s *Server) deadOperatorRoutes(add func(method, path string, h syncHandler)) {
	if s.Events == nil {
		return
	}
	add(http.MethodGet, "/events/dead", s.deadOfOperator)
	for name, o := range s.deadOrders() {
		add(http.MethodPost, "/events/"+name, func(ctx context.Context, c *fiber.Ctx, by asker) error {
			var in struct {
				Run string `json:"run"` // "" for all
			}
			if len(c.Body()) > 0 && json.Unmarshal(c.Body(), &in) != nil {
				return invalid(`Send {"run": "ID"}, or {} for all.`)
			}
			n, err := s.order(ctx, by, o, jobs.RunID(in.Run))
			if err != nil {
				return err
			}
			return c.JSON(fiber.Map{"events": n})
		})
	}
}

// order carries an order out, and notes it where it did something.
func (s *Server) order(ctx context.Context, by asker, o deadOrder, id jobs.RunID) (int, error) {
	n, err := o.do(ctx, by.tenant.ID, id)
	if n > 0 {
		e := audit.Entry{Action: o.all}
		if id != "" {
			e = audit.Entry{Action: o.one, Object: string(id)}
		}
		s.note(ctx, by.tenant, by.account, e)
	}
	return n, err
}

func (s *Server) listDead(ctx context.Context, c *fiber.Ctx) error {
	t, _, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	return s.sendDead(ctx, c, t, jobs.RunID(body.Params["after"]), nil)
}

// deadAction does something to the event that the page names, or to all where it says so: an action without either is a mistake.
func (s *Server) deadAction(ctx context.Context, c *fiber.Ctx, o deadOrder) error {
	t, account, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	body, err := callBody(c.Body())
	if err != nil {
		return err
	}
	id := jobs.RunID(body.Params["run"])
	if id == "" && body.Params["all"] == "" {
		return invalid("The page does not say which event. Reload it.")
	}
	n, err := s.order(ctx, asker{t, account}, o, id)
	if err != nil {
		return err
	}
	title := strconv.Itoa(n) + " events are " + o.done
	if n == 1 {
		title = "The event is " + o.done
	}
	return s.sendDead(ctx, c, t, "", &view.Flag{Tone: view.Success, Title: title, Body: o.then})
}

func (s *Server) sendDead(ctx context.Context, c *fiber.Ctx, t tenant.Tenant, after jobs.RunID, flag *view.Flag) error {
	page, err := s.drawDead(ctx, t, after)
	if err != nil {
		return err
	}
	page.Flag = flag
	var out bytes.Buffer
	if err := s.UI.Fragment(&out, s.adminShell(t, page.Title, auditAPI), page); err != nil {
		return err
	}
	return sendPage(c, out.Bytes())
}

func (s *Server) drawDead(ctx context.Context, t tenant.Tenant, after jobs.RunID) (*view.Page, error) {
	all, err := s.Events.Dead(ctx, t.ID, after, deadPage+1)
	if err != nil {
		return nil, err
	}
	features, err := s.Features.List(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	page := &view.Page{Title: "Undelivered events", Blocks: []view.Block{
		view.H("Undelivered events"),
		view.P("These things happened in Jira, and the feature that wanted to hear of them could not be told. Until it is told again, it may show what is out of date. What would fail each time is tried once; everything else for about an hour."),
		view.Actions(view.Button{Label: "Back to changes", View: "list"}),
	}}
	if len(all) == 0 {
		page.Blocks = append(page.Blocks, view.Block{Empty: &view.Empty{Title: "There is none", Body: "If a feature cannot be told of something that happens in Jira, it is listed here."}})
		return page, nil
	}
	more := len(all) > deadPage
	all = all[:min(len(all), deadPage)]
	about := map[jobs.RunID]string{}
	for _, r := range all {
		if about[r.ID], err = s.Events.About(ctx, t.ID, r.ID); err != nil {
			return nil, err
		}
	}
	page.Blocks = append(page.Blocks, deadTable(all, about, features))
	everything := map[string]string{"all": "true"}
	below := []view.Button{
		{Label: "Tell all again", Action: "replay", Params: everything, Primary: true},
		{Label: "Discard all", Action: "discard", Params: everything, Confirm: "Features will not hear of any of these events, also of those on further pages."},
	}
	if after != "" {
		below = append(below, view.Button{Label: "Latest", View: "undelivered"})
	}
	if more {
		below = append(below, view.Button{Label: "Earlier", View: "undelivered", Params: map[string]string{"after": string(all[len(all)-1].ID)}})
	}
	page.Blocks = append(page.Blocks, view.Actions(below...))
	return page, nil
}

// deadTable lists events with the ids of the issues that they are about.
func deadTable(all []jobs.Run, about map[jobs.RunID]string, features []feature.Feature) view.Block {
	names := map[capability.PluginID]string{}
	for _, f := range features {
		names[f.Manifest.ID] = f.Manifest.Name
	}
	table := &view.Table{Caption: "Undelivered events", Columns: []view.Column{
		{Title: "When (UTC)"}, {Title: "Feature"}, {Title: "Event"}, {Title: "Issue id"}, {Title: "Tries"}, {Title: "Why"}, {Title: "Id"}, {Title: ""},
	}}
	for _, r := range all {
		of := names[r.Plugin]
		if of == "" {
			of = string(r.Plugin)
		}
		this := map[string]string{"run": string(r.ID)}
		table.Rows = append(table.Rows, view.Row{Cells: []view.Cell{
			view.T(r.Created.UTC().Format("2006-01-02 15:04:05")), view.T(of), view.T(ui.EventWords(events.Of(r))), view.T(about[r.ID]), view.T(strconv.Itoa(r.Attempt)), whyDead(r.Code),
			{Spans: []view.Span{{Text: string(r.ID), Code: true}}},
			{Buttons: []view.Button{
				{Label: "Tell again", Action: "replay", Params: this},
				{Label: "Discard", Action: "discard", Params: this, Confirm: fmt.Sprintf("%s will not hear of this event.", of)},
			}},
		}})
	}
	return view.Block{Table: table}
}

// deadWords say what a code means of an event, where that is something else than of a run that somebody began.
var deadWords = map[sdk.Code]string{
	sdk.Invalid:          "The feature refused it.",
	sdk.NotFound:         "Something that it is about is gone.",
	sdk.PermissionDenied: "Jira or the app does not allow what the feature does then.",
	sdk.Unimplemented:    "This version of the feature does not know such events.",
	sdk.Deadline:         "The feature took too long.",
	sdk.Unavailable:      "Jira, or the feature, did not answer.",
	sdk.Internal:         "The feature failed.",
}

// whyDead says what a code means, and the code itself, which a plugin's publisher knows.
func whyDead(code sdk.Code) view.Cell {
	return view.Cell{Spans: []view.Span{{Text: cmp.Or(deadWords[code], runs.AllWords()[code].Means) + " "}, {Text: string(code), Code: true}}}
}

// deadShape is what the operator reads of an event that was given up. Fields are added, never changed.
type deadShape struct {
	Run    jobs.RunID          `json:"run"`
	Plugin capability.PluginID `json:"plugin"`
	Event  string              `json:"event"`
	Issue  string              `json:"issue,omitempty"` // id
	Heard  time.Time           `json:"heard"`
	Ended  time.Time           `json:"ended"`
	Tries  int                 `json:"tries"`
	Code   sdk.Code            `json:"code"`
	Source sdk.Source          `json:"source"`
}

// deadOfOperator answers with a page of them, the newest first, and with the id after which the next begins.
func (s *Server) deadOfOperator(ctx context.Context, c *fiber.Ctx, by asker) error {
	all, err := s.Events.Dead(ctx, by.tenant.ID, jobs.RunID(strings.Clone(c.Query("after"))), deadPage)
	if err != nil {
		return err
	}
	out := []deadShape{}
	for _, r := range all {
		about, err := s.Events.About(ctx, by.tenant.ID, r.ID)
		if err != nil {
			return err
		}
		out = append(out, deadShape{r.ID, r.Plugin, events.Of(r), about, r.Created, r.Ended, r.Attempt, r.Code, r.Source})
	}
	next := ""
	if len(all) == deadPage {
		next = string(all[len(all)-1].ID)
	}
	return c.JSON(fiber.Map{"dead": out, "next": next})
}
