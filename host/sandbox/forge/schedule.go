package forge

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// firstRun is how long after an installation schedules begin.
const firstRun = 5 * time.Minute

// schedule looks every second for triggers that are due, until ctx ends.
func (s *Forge) schedule(ctx context.Context) {
	s.running.Go(func() {
		t := time.NewTicker(tickInterval)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				s.Tick()
			case <-ctx.Done():
				return
			}
		}
	})
}

// Tick runs the scheduled triggers that are due by the site's clock. Runs that were missed are one run, as in Jira.
func (s *Forge) Tick() {
	s.tickMu.Lock()
	defer s.tickMu.Unlock()
	now := s.Clock().UTC()
	s.enabled(s.Store.State(), func(app *world.App, m *Manifest) {
		next := map[string]time.Time{}
		var due []*Module
		for _, each := range m.of(scheduledTrigger) {
			at, known := app.Forge.Triggered[each.Key]
			if !known {
				at = now.Add(firstRun)
			}
			if !now.Before(at) {
				due = append(due, each)
				every := intervals[each.Interval]
				at = at.Add(now.Sub(at).Truncate(every) + every)
			}
			next[each.Key] = at
		}
		if len(next) == 0 && len(app.Forge.Triggered) == 0 || maps.EqualFunc(next, app.Forge.Triggered, time.Time.Equal) {
			return
		}
		err := s.Store.Change(func(tx *world.Tx) error {
			now := world.Edit(tx.App(app.Key))
			if now == nil || now.Forge == nil || now.Forge.Installation != app.Forge.Installation {
				due = nil // it went meanwhile
				return nil
			}
			now.Forge.Triggered = next
			return tx.Put(now)
		})
		if err != nil {
			s.Logger.Error("schedule", "app", app.Key, "error", err)
			return
		}
		for _, each := range due {
			s.run(app.Key, m, each)
		}
	})
}

// run calls a scheduled trigger.
func (s *Forge) run(key world.AppKey, m *Manifest, each *Module) {
	if each.Endpoint == "" {
		return
	}
	st := s.Store.State()
	raw, err := json.Marshal(object{"context": object{"cloudId": CloudID(st), "moduleKey": each.Key}, "contextToken": uuidOf("context", each.Key)})
	if err != nil {
		s.Logger.Error("encode a scheduled trigger", "error", err)
		return
	}
	s.deliver(key, m, each, "scheduled:"+each.Interval, raw)
}

// triggerAPI runs a scheduled trigger by hand, whatever its time.
func (s *Forge) triggerAPI(w http.ResponseWriter, r *http.Request) {
	app := s.Store.State().App(world.AppKey(r.PathValue("appKey")))
	if app == nil || app.Forge == nil || app.State != world.AppEnabled {
		rest.WriteJSON(w, http.StatusNotFound, object{"message": "There is no such Forge app, or it is disabled."})
		return
	}
	m, err := manifest(app)
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	each := m.module(r.PathValue("trigger"))
	if each == nil || each.Kind != scheduledTrigger {
		rest.WriteJSON(w, http.StatusNotFound, object{"message": "The app has no scheduledTrigger " + r.PathValue("trigger") + "."})
		return
	}
	s.run(app.Key, m, each)
	rest.WriteJSON(w, http.StatusAccepted, nil)
}
