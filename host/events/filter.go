package events

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// maxFiltered is how many ids a filter has at most: with more of them the site tells of everything, and the host leaves out.
const maxFiltered = 100

// wanted are the kinds of events of which registered webhooks are to tell, and the webhooks: of all that some plugin wants to hear, and of more where a
// filter cannot say it. Of deletions a site always tells, since a filter is asked about an issue that is there.
func (h *Hooks) wanted(ctx context.Context, t capability.TenantID) (kinds []string, list []jira.Webhook, err error) {
	if !h.cfg.Register {
		return nil, nil, nil
	}
	for _, kind := range connect.Registrable() {
		ears, err := h.cfg.Events.cfg.Features.Listeners(ctx, t, kind)
		if err != nil {
			return nil, nil, err
		}
		all, any := together(ears)
		if !any {
			continue
		}
		kinds = append(kinds, kind)
		hook := jira.Webhook{Events: []string{connect.EventName(kind)}}
		switch kind {
		case event.IssueCreated:
			hook.JQL = query(all)
		case event.IssueUpdated:
			hook.JQL = query(all)
			if !all.Fields.All {
				hook.Fields = all.Fields.IDs
			}
			if hook.JQL != "" { // asked about an issue where it is now: this tells of one that has left
				list = add(list, jira.Webhook{Events: hook.Events, Fields: []string{"issuetype", "project"}})
			}
		}
		list = add(list, hook)
	}
	return kinds, list, nil
}

// together is all that some listeners want to hear, and maybe more; false where that is nothing.
func together(ears []feature.Listener) (out feature.Interest, any bool) {
	for _, l := range ears {
		if l.Wants.Nothing() {
			continue
		}
		any = true
		for _, of := range []struct{ to, from *feature.Some }{
			{&out.Projects, &l.Wants.Projects}, {&out.IssueTypes, &l.Wants.IssueTypes}, {&out.Fields, &l.Wants.Fields},
		} {
			of.to.All = of.to.All || of.from.All
			of.to.IDs = append(of.to.IDs, of.from.IDs...)
		}
	}
	for _, some := range []*feature.Some{&out.Projects, &out.IssueTypes, &out.Fields} {
		slices.Sort(some.IDs)
		some.IDs = slices.Compact(some.IDs)
		kind := func(id string) bool { return strings.Contains(id, ".") } // of fields, which Jira filters by their ids alone
		if some.All = some.All || len(some.IDs) > maxFiltered || slices.ContainsFunc(some.IDs, kind); some.All {
			some.IDs = nil
		}
	}
	return out, any
}

// query finds the issues of which an interest is, "" for all. Ids are numbers: whatever else an admin's form let through, the query stays what it is.
func query(i feature.Interest) string {
	var parts []string
	for _, of := range []struct {
		field string
		some  feature.Some
	}{{"project", i.Projects}, {"issuetype", i.IssueTypes}} {
		if of.some.All || slices.ContainsFunc(of.some.IDs, func(id string) bool { return strings.Trim(id, "0123456789") != "" }) {
			continue
		}
		parts = append(parts, of.field+" in ("+strings.Join(of.some.IDs, ", ")+")")
	}
	return strings.Join(parts, " AND ")
}

// add puts a webhook into a list, together with one that has the same filter.
func add(list []jira.Webhook, w jira.Webhook) []jira.Webhook {
	for i, one := range list {
		if one.JQL == w.JQL && slices.Equal(one.Fields, w.Fields) {
			list[i].Events = append(slices.Clone(one.Events), w.Events...)
			return list
		}
	}
	return append(list, w)
}

// digest knows a list of webhooks again.
func digest(list []jira.Webhook) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode the webhooks of a site: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}

// ask registers webhooks. Where the site does not take a filter, such as one that names a project which is gone, it tells of everything.
func (h *Hooks) ask(ctx context.Context, t tenant.Tenant, list []jira.Webhook) ([]int64, error) {
	address := h.cfg.BaseURL + connect.EventPath + connect.Registered
	ids, err := h.cfg.Site.RegisterWebhooks(ctx, t, address, list)
	if sdk.CodeOf(err) != sdk.Invalid {
		return ids, err
	}
	var plain []jira.Webhook
	for _, w := range list {
		for _, name := range w.Events {
			if len(plain) == 0 || !slices.Contains(plain[0].Events, name) {
				plain = add(plain, jira.Webhook{Events: []string{name}})
			}
		}
	}
	h.cfg.Events.cfg.Log.WarnContext(ctx, "a site does not take the filters of webhooks, and tells of everything", "tenant", t.ID, "code", sdk.Invalid)
	return h.cfg.Site.RegisterWebhooks(ctx, t, address, plain)
}
