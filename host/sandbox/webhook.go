package sandbox

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// openControl makes what limits, faults and webhooks need.
func (s *Site) openControl(cfg Config) error {
	settings := s.documentedLimits()
	if cfg.Limits != nil {
		settings = *cfg.Limits
	}
	var err error
	if s.limits, err = limit.New(settings, s.now); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	s.faults = fault.New(fault.Config{Seed: cfg.Seed, Clock: s.now})
	s.sender, err = push.New(push.Config{
		Sign: s.signWebhook, Hooks: s.allHooks, Plan: s.faults.Deliver, Backoff: cfg.Backoff, Clock: s.now, Logger: s.log,
	})
	return err
}

// documentedLimits are Atlassian's numbers for a site with these people.
func (s *Site) documentedLimits() limit.Settings {
	d := limit.Documented()
	for u := range s.store.State().Users.All() {
		if !u.App && !u.Closed {
			d.Users++
		}
	}
	return d
}

// Emit tells the apps that want to know of an event. Filters are asked of the site as it is now.
func (s *Site) Emit(e push.Event) { s.emit(s.store.State(), e) }

// emit asks filters of a state of the site: for a deleted issue that is the one before.
func (s *Site) emit(st *world.State, e push.Event) {
	s.sender.Emit(e, func(filter string) bool { return s.holds(st, filter, world.IssueID(e.IssueID)) })
}

// holds says whether an issue fits a webhook's filter. Filters see all issues: who may read what is the app's business.
func (s *Site) holds(st *world.State, filter string, id world.IssueID) bool {
	q, err := syntax.Parse(filter)
	if err != nil || st.Issue(id) == nil {
		return false
	}
	a := askAs(st, "", true, s.now())
	query, messages := a.analyzer.Analyze(q, analysis.Strict)
	return len(messages.Errors) == 0 && a.within(index.Of(id.Number()), query).Has(id.Number())
}

// allHooks lists what the enabled apps want to hear of.
func (s *Site) allHooks() (hooks []push.Hook) {
	for _, app := range s.store.State().InstalledApps() {
		if app.State != world.AppEnabled {
			continue
		}
		d, err := parseDescriptor(app.Descriptor)
		if err != nil {
			s.log.Error("read a descriptor for its webhooks", "app", app.Key, "error", err)
			continue
		}
		hooks = append(append(hooks, d.hooks...), s.hooks.Hooks(string(app.Key), s.now())...)
	}
	return hooks
}

// signWebhook signs a request to an app with the secret that it has now: it may be another than at the event.
func (s *Site) signWebhook(key, method, address string) (string, error) {
	app := s.store.State().App(world.AppKey(key))
	if app == nil || app.State != world.AppEnabled {
		return "", fmt.Errorf("the app %s is not enabled any more", key)
	}
	d, err := parseDescriptor(app.Descriptor)
	if err != nil {
		return "", fmt.Errorf("read the descriptor of %s: %w", key, err)
	}
	if !strings.EqualFold(d.Authentication.Type, "jwt") {
		return "", nil
	}
	c := s.claims(app, "", tokenLifetime)
	c.QSH = auth.QSH(method, address, pathOf(d.BaseURL))
	token, err := auth.SignHS256(c, app.SharedSecret)
	if err != nil {
		return "", fmt.Errorf("sign for %s: %w", key, err)
	}
	return "JWT " + token, nil
}

// emitAPI sends an event by hand. Its body has what the site knows of the issue and of who sends it.
func (s *Site) emitAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Event    string   `json:"event"`
		Issue    string   `json:"issue"`
		Fields   []string `json:"fields"`
		Property string   `json:"property"`
	}
	if err := decodeControl(w, r, &in); err != nil || in.Event == "" {
		writeJSON(w, http.StatusBadRequest, object{"message": `Want a JSON body such as {"event": "jira:issue_updated", "issue": "OPS-1", "fields": ["summary"]}.`})
		return
	}
	st := s.store.State()
	e := push.Event{Name: in.Event, Time: s.now(), Fields: in.Fields, Property: in.Property, Body: object{"user": s.userOrNil(st, world.Mia)}}
	if in.Issue != "" {
		i := st.FindIssue(in.Issue)
		if i == nil {
			writeJSON(w, http.StatusNotFound, object{"message": "There is no such issue."})
			return
		}
		e.IssueID = string(i.ID)
		e.Body["issue"] = s.issueJSON(st, i, selectFields(st, []string{"*all"}))
	}
	if in.Property != "" {
		e.Body["property"] = object{"key": in.Property}
	}
	if len(in.Fields) > 0 {
		items := []object{}
		for _, f := range in.Fields {
			items = append(items, object{"field": f, "fieldId": f})
		}
		e.Body["changelog"] = object{"id": fmt.Sprint(e.Time.UnixMilli()), "items": items}
	}
	s.emit(st, e)
	writeJSON(w, http.StatusAccepted, nil)
}
