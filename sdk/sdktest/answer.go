package sdktest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// HostCall answers a host call of the plugin; it makes Host a hostcall.Host.
//
// Since: v0.1
func (h *Host) HostCall(_ context.Context, raw []byte) []byte {
	var result wire.Result
	answer, err := h.answer(raw)
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

func (h *Host) answer(raw []byte) (msgp.Marshaler, error) {
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
	area, _, _ := strings.Cut(call.Op, ".")
	if need := map[string]string{"jira": "jira:read", "store": "store"}[area]; need != "" && h.Grants != nil && !h.Grants[need] {
		return nil, refuse(sdk.PermissionDenied, "the plugin was not granted "+need+"; ask for it in plugin.json")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch call.Op {
	case jira.OpIssue:
		return with(call.Body, h.issue)
	case jira.OpSearch:
		return with(call.Body, h.search)
	case settings.OpLoad:
		return &h.Settings, nil
	case log.OpWrite:
		return with(call.Body, h.log)
	case store.OpGet:
		return with(call.Body, h.get)
	case store.OpPut:
		return with(call.Body, h.put)
	case store.OpDelete:
		return with(call.Body, h.remove)
	case store.OpList:
		return with(call.Body, h.list)
	default:
		return nil, refuse(sdk.Unimplemented, "operation "+strconv.Quote(call.Op))
	}
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
		if h.Issues[i].ID == q.ID {
			out := only(h.Issues[i], q.Fields)
			return &out, nil
		}
	}
	return nil, refuse(sdk.NotFound, "there is no such issue, or you may not see it")
}

func (h *Host) search(s *jira.Search) (msgp.Marshaler, error) {
	h.searches = append(h.searches, *s)
	first, err := strconv.Atoi(cmp.Or(s.Cursor, "0"))
	switch {
	case strings.TrimSpace(s.JQL) == "":
		return nil, refuse(sdk.Invalid, "the query must be bounded, such as project = OPS")
	case s.Limit < 0 || s.Limit > 100:
		return nil, refuse(sdk.Invalid, "the limit is 1 to 100")
	case err != nil || first < 0:
		return nil, refuse(sdk.Invalid, "the cursor is none that a page returned")
	}
	limit := cmp.Or(s.Limit, 50)
	var out jira.Found
	found := 0
	for i := range h.Issues {
		if h.Match != nil && !h.Match(s.JQL, &h.Issues[i]) {
			continue
		}
		if found >= first+limit {
			out.Next = strconv.Itoa(found)
			break
		}
		if found >= first {
			out.Issues = append(out.Issues, only(h.Issues[i], s.Fields))
		}
		found++
	}
	return &out, nil
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

func (h *Host) log(e *log.Entry) (msgp.Marshaler, error) {
	ok := slices.Contains([]string{log.Debug, log.Info, log.Warn, log.Error}, e.Level) && isCode(e.Code)
	for _, a := range e.Attrs {
		ok = ok && isCode(a.Name) && (a.ID == "") == (a.Kind == "")
		if kind := map[string]string{"issue": store.KindIssue, "project": store.KindProject, "issue_type": store.KindIssueType, "field": store.KindField, "account": store.KindAccount}[a.Kind]; a.Kind != "" {
			ok = ok && store.Validate(kind, a.ID) == nil
		}
	}
	if !ok {
		h.dropped = append(h.dropped, *e)
		return nil, nil
	}
	h.entries = append(h.entries, *e)
	return nil, nil
}

// isCode says whether s is made of lower-case words joined by dots or underscores.
func isCode(s string) bool {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '.' || r == '_' }) {
		if strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return s != "" && len(s) <= 64 && strings.Trim(s, "._") == s
}

func (h *Host) get(k *store.Key) (msgp.Marshaler, error) {
	if err := h.known(k.Type, k.ID); err != nil {
		return nil, err
	}
	r, ok := h.records[*k]
	if !ok {
		return nil, refuse(sdk.NotFound, "there is no such record")
	}
	return &r, nil
}

func (h *Host) put(in *store.Records) (msgp.Marshaler, error) {
	if len(in.Records) > 500 {
		return nil, refuse(sdk.Invalid, "at most 500 records at a time")
	}
	next := maps.Clone(h.records)
	seen := map[store.Key]bool{}
	for i := range in.Records {
		r := &in.Records[i]
		key := store.Key{Type: r.Type, ID: r.ID}
		if err := h.known(r.Type, r.ID); err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, refuse(sdk.Invalid, "the same record twice in one batch")
		}
		seen[key] = true
		if err := h.fields(r); err != nil {
			return nil, err
		}
		if old := h.records[key]; old.Rev != r.Rev {
			return nil, refuse(sdk.Exists, "the record was written meanwhile; read it again")
		}
		r.Rev++
		next[key] = store.Record{Type: r.Type, ID: r.ID, Rev: r.Rev, Fields: maps.Clone(r.Fields)}
	}
	h.records = next
	return in, nil
}

func (h *Host) remove(k *store.Key) (msgp.Marshaler, error) {
	if err := h.known(k.Type, k.ID); err != nil {
		return nil, err
	}
	delete(h.records, *k)
	return nil, nil
}

func (h *Host) list(q *store.Query) (msgp.Marshaler, error) {
	if h.declared != nil && h.declared[q.Type] == nil {
		return nil, undeclared(q.Type)
	}
	if q.Limit < 0 || q.Limit > 500 {
		return nil, refuse(sdk.Invalid, "the limit is 1 to 500")
	}
	if f, ok := h.declared[q.Type][q.Field]; h.declared != nil && q.Field != "" && (!ok || !f.Indexed) {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: q.Field, Message: "the field is not declared with indexed in plugin.json"}
	}
	limit := cmp.Or(q.Limit, 100)
	var out store.Listing
	for _, r := range h.sorted(q.Type) {
		if r.ID <= q.Cursor || q.Field != "" && r.Fields[q.Field] != q.Value {
			continue
		}
		if len(out.Records) == limit {
			out.Next = out.Records[limit-1].ID
			break
		}
		out.Records = append(out.Records, r)
	}
	return &out, nil
}

func (h *Host) sorted(typ string) []store.Record {
	var out []store.Record
	for k, r := range h.records {
		if k.Type == typ {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b store.Record) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// known checks a record's type and id.
func (h *Host) known(typ, id string) error {
	if h.declared != nil && h.declared[typ] == nil {
		return undeclared(typ)
	}
	if !store.ValidID(id) {
		return refuse(sdk.Invalid, "a record's id is 1 to 128 of A-Z a-z 0-9 . _ -")
	}
	return nil
}

func undeclared(typ string) error {
	return refuse(sdk.Invalid, "the record type "+strconv.Quote(typ)+" is not declared in plugin.json")
}

// fields checks a record's fields against their declaration.
func (h *Host) fields(r *store.Record) error {
	if h.declared == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		f, ok := h.declared[r.Type][name]
		if !ok {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: name, Message: "the field is not declared in plugin.json"}
		}
		var e *sdk.Error
		if errors.As(store.Validate(f.Kind, r.Fields[name]), &e) {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: name, Message: e.Message}
		}
	}
	return nil
}
