package migration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	maxRecent   = 100
	defaultPage = 100
	maxPage     = 1200
	maxLog      = 65536
)

func ok(body any) (rest.Answer, error) { return rest.Answer{Status: http.StatusOK, Body: body}, nil }

// changeApp changes the calling app.
func (s *Migrations) changeApp(c *rest.Call, change func(*world.App)) error {
	return s.Store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		app := world.Edit(tx.App(c.Who.App.Key))
		if app == nil {
			return rest.Fail(http.StatusUnauthorized, "The app is not installed.")
		}
		change(app)
		return tx.Put(app)
	})
}

func appOnly(c *rest.Call) error {
	if !c.AsApp() {
		return rest.Fail(http.StatusUnauthorized, "Only apps can use the app migration platform.")
	}
	return nil
}

func endpoints(list []string) object {
	if list == nil {
		list = []string{}
	}
	return object{"endpoints": list}
}

func (s *Migrations) getWebhook(c *rest.Call) (rest.Answer, error) {
	if err := appOnly(c); err != nil {
		return rest.Answer{}, err
	}
	return ok(endpoints(c.Who.App.MigrationHooks))
}

// putWebhook replaces the addresses of the app.
func (s *Migrations) putWebhook(c *rest.Call) (rest.Answer, error) {
	if err := appOnly(c); err != nil {
		return rest.Answer{}, err
	}
	var in struct {
		Endpoints []string `json:"endpoints"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	for _, e := range in.Endpoints {
		if u, err := url.Parse(e); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "%q is no absolute http or https address.", e)
		}
	}
	if err := s.changeApp(c, func(app *world.App) { app.MigrationHooks = in.Endpoints }); err != nil {
		return rest.Answer{}, err
	}
	return ok(endpoints(in.Endpoints))
}

func (s *Migrations) deleteWebhook(c *rest.Call) (rest.Answer, error) {
	if err := appOnly(c); err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusNoContent}, s.changeApp(c, func(app *world.App) { app.MigrationHooks = nil })
}

// recent lists the transfers that go on, the latest first.
func (s *Migrations) recent(c *rest.Call) (rest.Answer, error) {
	if err := appOnly(c); err != nil {
		return rest.Answer{}, err
	}
	list := slices.DeleteFunc(c.St.Transfers.List(), func(t *world.Transfer) bool {
		return t.App != c.Who.App.Key || slices.Contains(settled, t.Status)
	})
	slices.SortStableFunc(list, func(a, b *world.Transfer) int { return b.At.Compare(a.At) })
	out := []object{}
	for _, t := range list[:min(len(list), maxRecent)] {
		out = append(out, object{"transferId": t.ID, "status": t.Status, "migrationDetails": s.details(c.St, t)})
	}
	return ok(out)
}

// page cuts a sorted list of names after the last one that the caller has.
func page(c *rest.Call, names []string) (list []string, meta object, err error) {
	q := c.URL.Query()
	size, err := rest.QueryInt(q.Get("pageSize"), defaultPage)
	if err != nil {
		return nil, nil, err
	}
	size = max(1, min(size, maxPage))
	start := 0
	if last := q.Get("lastEntity"); last != "" {
		start, _ = slices.BinarySearchFunc(names, last, func(a, b string) int {
			if world.CompareIDs(a, b) <= 0 {
				return -1
			}
			return 1
		})
	}
	end := min(start+size, len(names))
	list = names[start:end]
	meta = object{"pageSize": size, "hasNext": end < len(names)}
	if len(list) > 0 {
		meta["lastEntity"] = list[len(list)-1]
	}
	return list, meta, nil
}

// namespace returns the mappings of the migration in the namespace that is asked for, by what things were on the other site.
func (s *Migrations) namespace(c *rest.Call) (map[string]string, error) {
	t, err := own(c, c.St, c.PathValue("transferId"))
	if err != nil {
		return nil, err
	}
	name := c.URL.Query().Get("namespace")
	if name == "" {
		return nil, rest.Fail(http.StatusBadRequest, "The query parameter namespace is required.")
	}
	out := map[string]string{}
	for m := range c.St.Mappings.All() {
		if m.Migration == t.Migration && m.Namespace == name {
			out[m.Source] = m.Target
		}
	}
	return out, nil
}

func (s *Migrations) mappings(c *rest.Call) (rest.Answer, error) {
	all, err := s.namespace(c)
	if err != nil {
		return rest.Answer{}, err
	}
	names := make([]string, 0, len(all))
	for source := range all {
		names = append(names, source)
	}
	slices.SortFunc(names, world.CompareIDs)
	list, meta, err := page(c, names)
	if err != nil {
		return rest.Answer{}, err
	}
	items := map[string]string{}
	for _, source := range list {
		items[source] = all[source]
	}
	return ok(object{"meta": meta, "items": items})
}

func (s *Migrations) findMappings(c *rest.Call) (rest.Answer, error) {
	all, err := s.namespace(c)
	if err != nil {
		return rest.Answer{}, err
	}
	var sources []string
	if err := c.DecodeBody(&sources); err != nil {
		return rest.Answer{}, err
	}
	out := map[string]string{}
	for _, source := range sources {
		if target, found := all[source]; found {
			out[source] = target
		}
	}
	return ok(out)
}

// containers lists what is migrated, such as projects, as whoever started the transfer named it.
func (s *Migrations) containers(c *rest.Call) (rest.Answer, error) {
	t, err := own(c, c.St, c.PathValue("transferId"))
	if err != nil {
		return rest.Answer{}, err
	}
	kind := c.URL.Query().Get("containerType")
	if !slices.Contains(containerTypes, kind) {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "containerType is %q: want %s.", kind, strings.Join(containerTypes, ", "))
	}
	var all []container
	if len(t.Containers) > 0 {
		if err := json.Unmarshal(t.Containers, &all); err != nil {
			return rest.Answer{}, err
		}
	}
	byID := map[string]container{}
	var names []string
	for _, each := range all {
		if each.Type == kind {
			byID[each.Source] = each
			names = append(names, each.Source)
		}
	}
	slices.SortFunc(names, world.CompareIDs)
	list, meta, err := page(c, names)
	if err != nil {
		return rest.Answer{}, err
	}
	out := []container{}
	for _, n := range list {
		out = append(out, byID[n])
	}
	return ok(object{"meta": meta, "containers": out})
}

// progress says how far the app is. The last word settles the transfer.
func (s *Migrations) progress(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Status  string `json:"status"`
		Percent int    `json:"percent"`
		Message string `json:"message"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if in.Status != inProgress && !slices.Contains(settled, in.Status) {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "status is %q: want %s, %s.", in.Status, inProgress, strings.Join(settled, ", "))
	}
	if in.Percent < 0 || in.Percent > 100 {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "percent is %d: want 0 to 100.", in.Percent)
	}
	t, err := s.changeTransfer(c, func(t *world.Transfer) {
		t.Status, t.Percent, t.Message = in.Status, in.Percent, in.Message
	})
	if err != nil {
		return rest.Answer{}, err
	}
	if slices.Contains(settled, t.Status) {
		s.tell(t, transferSettled, nil)
	}
	return ok(object{"status": t.Status, "percent": t.Percent, "message": t.Message})
}

// changeTransfer changes a transfer of the calling app.
func (s *Migrations) changeTransfer(c *rest.Call, change func(*world.Transfer)) (t *world.Transfer, err error) {
	return t, s.Store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		have, err := own(c, tx.State, c.PathValue("transferId"))
		if err != nil {
			return err
		}
		t = world.Edit(have)
		change(t)
		return tx.Put(t)
	})
}

func (s *Migrations) feedback(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Details map[string]json.RawMessage `json:"details"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	raw, err := json.Marshal(in.Details)
	if err != nil {
		return rest.Answer{}, err
	}
	_, err = s.changeTransfer(c, func(t *world.Transfer) { t.Feedback = raw })
	return rest.Answer{Status: http.StatusOK}, err
}

// messageStatus takes a Forge app's word on messages. When all data is processed, the transfer is settled.
func (s *Migrations) messageStatus(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Status   string   `json:"status"`
		Messages []string `json:"messageIds"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if in.Status != success && in.Status != failed {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "status is %q: want SUCCESS or FAILED.", in.Status)
	}
	t, err := s.changeTransfer(c, func(t *world.Transfer) {
		for n := range t.Files {
			if slices.Contains(in.Messages, t.Files[n].Message) {
				t.Files[n].State = in.Status
			}
		}
		if t.Status == exported {
			t.Status = outcome(t)
		}
	})
	if err != nil {
		return rest.Answer{}, err
	}
	if slices.Contains(settled, t.Status) {
		s.tell(t, transferSettled, nil)
	}
	return rest.Answer{Status: http.StatusOK}, nil
}

// appendLog keeps what a Forge app wants the administrator to read.
func (s *Migrations) appendLog(c *rest.Call) (rest.Answer, error) {
	var in json.RawMessage
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if n := len([]rune(string(in))); n > maxLog {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The log has %d characters: want at most %d.", n, maxLog)
	}
	_, err := s.changeTransfer(c, func(t *world.Transfer) { t.Log += string(in) + "\n" })
	return rest.Answer{Status: http.StatusOK}, err
}
