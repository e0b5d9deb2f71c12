package sdktest

import (
	"context"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// HostCall answers a host call of the plugin; it makes Host a hostcall.Host.
//
// Since: v0.1
func (h *Host) HostCall(_ context.Context, raw []byte) []byte { return h.reply(raw, false) }

func (h *Host) reply(raw []byte, synchronizing bool) []byte {
	var result wire.Result
	answer, err := h.answer(raw, synchronizing)
	if err == nil && answer != nil {
		result.Body, err = answer.MarshalMsg(nil)
	}
	if err != nil {
		e, ok := err.(*sdk.Error)
		if !ok {
			e = &sdk.Error{Code: sdk.CodeOf(err), Source: sdk.FromHost, Message: err.Error()}
		}
		result = wire.Result{Error: e}
	}
	out, err := result.MarshalMsg(nil)
	if err != nil {
		panic(err) // strings and bytes always encode
	}
	return out
}

func (h *Host) answer(raw []byte, synchronizing bool) (msgp.Marshaler, error) {
	var call wire.Call
	if _, err := call.UnmarshalMsg(raw); err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.calls = append(h.calls, call.Op)
	h.mu.Unlock()
	if h.Answer != nil {
		if answer, err, ok := h.Answer(call.Op, call.Body); ok {
			return answer, err
		}
	}
	if need := permission(call.Op); need != "" && h.Grants != nil && !h.Grants[need] {
		return nil, refuse(sdk.PermissionDenied, "the plugin was not granted "+need+"; ask for it in plugin.json")
	}
	if permission(call.Op) == projectsPermission && !synchronizing {
		return nil, refuse(sdk.PermissionDenied, "projects are listed for synchronizers, and not on pages; ask in a synchronizer of the plugin")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if answer, err, ok := h.jiraCall(call.Op, call.Body); ok {
		return answer, err
	}
	if answer, err, ok := h.jobCall(call.Op, call.Body); ok {
		return answer, err
	}
	switch call.Op {
	case jqlfunc.OpIssues:
		return with(call.Body, h.keys)
	case jqlfunc.OpStale:
		return with(call.Body, h.outdate)
	case jira.OpIssue:
		return with(call.Body, h.issue)
	case jira.OpProjects:
		return with(call.Body, h.projects)
	case jira.OpCategories:
		return &jira.CategoryList{Categories: h.Categories}, nil
	case settings.OpLoad:
		return &h.Settings, nil
	case log.OpWrite:
		return with(call.Body, h.log)
	case store.OpGet:
		return with(call.Body, h.get)
	case store.OpPut:
		return with(call.Body, h.put)
	case store.OpWrite:
		return with(call.Body, h.change)
	case store.OpDelete:
		return with(call.Body, h.remove)
	case store.OpList:
		return with(call.Body, h.list)
	case store.OpCount:
		return with(call.Body, h.count)
	case store.OpClear:
		return with(call.Body, h.clear)
	case store.OpTokens:
		return with(call.Body, h.mint)
	case config.OpGet:
		return with(call.Body, h.configGet)
	case config.OpList:
		return with(call.Body, h.configList)
	case service.OpCall:
		return with(call.Body, h.serve)
	default:
		return nil, refuse(sdk.Unimplemented, "operation "+strconv.Quote(call.Op))
	}
}

const projectsPermission = "jira:projects"

// permission is the one that an operation needs, "" for none.
func permission(op string) string {
	switch op {
	case jira.OpProjects, jira.OpCategories:
		return projectsPermission
	case jqlfunc.OpIssues:
		return "jira:read"
	case jira.OpLink, jira.OpUnlink, jira.OpCreate, jira.OpGetProperty, jira.OpSetProperties, jira.OpDeleteProperty:
		return "jira:write"
	}
	area, _, _ := strings.Cut(op, ".")
	return map[string]string{"jira": "jira:read", "store": "store"}[area]
}

// with decodes a body and hands it to the function that answers it.
func with[T any, P interface {
	*T
	msgp.Unmarshaler
}](body []byte, answer func(P) (msgp.Marshaler, error)) (msgp.Marshaler, error) {
	in := P(new(T))
	if _, err := in.UnmarshalMsg(body); err != nil {
		return nil, refuse(sdk.Invalid, "decode the body: "+err.Error())
	}
	return answer(in)
}

func refuse(code sdk.Code, message string) error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: message}
}

func (h *Host) issue(q *jira.IssueQuery) (msgp.Marshaler, error) {
	for i := range h.Issues {
		if h.Issues[i].ID == q.ID && h.sees(q.ID) {
			out := only(h.Issues[i], q.Fields)
			return &out, nil
		}
	}
	return nil, refuse(sdk.NotFound, "there is no such issue, or you may not see it")
}

// only leaves the fields that were asked for.
func only(i jira.Issue, fields []string) jira.Issue {
	all := i.Fields
	i.Fields = nil
	for _, f := range fields {
		if v, ok := all[f]; ok {
			if i.Fields == nil {
				i.Fields = map[string]jira.Value{}
			}
			i.Fields[f] = v
		}
	}
	return i
}
