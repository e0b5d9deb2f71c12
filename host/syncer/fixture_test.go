package syncer_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/sync"
)

const mia = "mia@pergola.example"

// rig is a site with the app installed, an engine that calls it with signed tokens, and a table as source.
type rig struct {
	testing.TB
	site       *sandboxtest.Site
	wire       *wire
	client     *jira.Client
	engine     *syncer.Engine
	table      *table
	sync       syncer.Sync
	length     time.Duration // of steps
	actAs      bool
	addOptions bool
	now        func() time.Time
	runs       int

	mu    gosync.Mutex
	slept []time.Duration
	ahead time.Duration // of the clock by which calls are held back
}

func newRig(t testing.TB, change ...func(*sandbox.Config)) *rig {
	t.Helper()
	r := &rig{TB: t, site: sandboxtest.Start(t, change...), wire: &wire{}, table: newTable(), length: 1}
	app := r.install("WRITE")
	var err error
	r.client, err = jira.New(jira.Config{AppKey: "pergola", HTTP: &http.Client{Transport: r.wire}, Limits: r.limits(), Sleep: r.sleep})
	if err != nil {
		t.Fatal(err)
	}
	r.sync = syncer.Sync{
		ID: "devices", Source: r.table.source(),
		Tenant: tenant.Tenant{ID: "t1", ClientKey: app.ClientKey, SharedSecret: seal.NewSecret(app.Secret), BaseURL: r.site.URL, State: tenant.Active},
		Config: mapping.Config{
			Stream: "devices", Project: "10000", Type: mapping.TypeRule{Default: "10001"},
			Fields: []mapping.Field{
				{Field: "summary", Column: "name"},
				{Field: "customfield_10004", Column: "price", OnEmpty: mapping.Clear},
				{Field: "customfield_10002", Column: "place"},
				{Field: "labels", Column: "tags"},
			},
		},
	}
	r.restart()
	return r
}

// install installs the app with a scope, anew where it is there already.
func (r *rig) install(scopes ...string) *sandboxtest.App {
	r.Helper()
	var extractions []map[string]string
	for _, path := range identity.Indexed() {
		extractions = append(extractions, map[string]string{"objectName": path, "type": "string"})
	}
	return r.site.InstallModules("pergola", map[string]any{"jiraEntityProperties": []any{map[string]any{
		"key": "sync", "entityType": "issue", "name": map[string]string{"value": "Synchronization"},
		"keyConfigurations": []any{map[string]any{"propertyKey": identity.Property, "extractions": extractions}},
	}}}, scopes...)
}

// restart puts another host in the place of the one that was there.
func (r *rig) restart() {
	r.Helper()
	var err error
	r.engine, err = syncer.New(syncer.Config{
		Jira: r.client, Sleep: r.sleep, Rows: 100, Length: r.length, Now: r.now, ActAs: r.actAs, AddOptions: r.addOptions,
		Secret: func(_ context.Context, t capability.TenantID) (identity.Secret, error) {
			return identity.Secret("a secret of the tenant " + t), nil
		},
	})
	if err != nil {
		r.Fatal(err)
	}
}

// limits are those of a host to which what calls wait for is over at once.
func (r *rig) limits() *limit.Limiter {
	r.Helper()
	l, err := limit.New(limit.Config{
		Clock: func() time.Time {
			r.mu.Lock()
			defer r.mu.Unlock()
			return time.Now().Add(r.ahead)
		},
		Timer: func(d time.Duration, f func()) func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.slept = append(r.slept, d)
			r.ahead += d
			go f()
			return func() bool { return false }
		},
	})
	if err != nil {
		r.Fatal(err)
	}
	return l
}

func (r *rig) sleep(ctx context.Context, d time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slept = append(r.slept, d)
	return ctx.Err()
}

// report is what came of a run.
type report struct {
	counts  map[string]int64
	rows    []syncer.Result
	stopped string
	brake   *syncer.Braked
	waits   []string
}

// try runs the synchronization to its end. Steps that fail are tried again.
func (r *rig) try(change ...func(*syncer.StepInput)) (report, error) {
	r.runs++
	in := syncer.StepInput{Run: "run" + strconv.Itoa(r.runs)}
	for _, c := range change {
		c(&in)
	}
	out := report{counts: map[string]int64{}}
	for range 1000 {
		step, err := r.engine.Step(r.Context(), r.sync, in)
		if err != nil {
			if in.Attempt++; in.Attempt > 5 {
				return out, err
			}
			continue
		}
		for name, n := range step.Counts {
			out.counts[name] += n
		}
		out.rows = append(out.rows, step.Rows...)
		if step.After > 0 {
			r.mu.Lock()
			r.ahead += step.After
			r.mu.Unlock()
			out.waits = append(out.waits, fmt.Sprint(step.Reason, " ", step.After))
			r.do(http.MethodDelete, "/sandbox/faults", nil)
		}
		if step.Done {
			out.stopped, out.brake = step.Stopped, step.Brake
			return out, nil
		}
		in.Cursor, in.Number, in.Attempt = step.Cursor, in.Number+1, 0
		if len(in.Cursor) > syncer.MaxCursor {
			return out, errors.New("the cursor is too long")
		}
	}
	return out, errors.New("the run has no end")
}

func (r *rig) run(change ...func(*syncer.StepInput)) report {
	r.Helper()
	out, err := r.try(change...)
	if err != nil {
		r.Fatal(err)
	}
	return out
}

// expect runs the synchronization and compares its counts: "created=2 skipped=1".
func (r *rig) expect(want string, change ...func(*syncer.StepInput)) report {
	r.Helper()
	out := r.run(change...)
	if got := told(out.counts); got != want {
		r.Errorf("the run came to %q, want %q: %+v", got, want, out.rows[:min(3, len(out.rows))])
	}
	return out
}

func told(counts map[string]int64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s=%d", name, counts[name]))
	}
	return strings.Join(out, " ")
}

// faults are the faults of a report's rows: "field:code".
func (o report) faults() (out []string) {
	for _, row := range o.rows {
		for _, f := range row.Faults {
			out = append(out, f.Field+":"+string(f.Code))
		}
	}
	slices.Sort(out)
	return out
}

func (r *rig) do(method, path string, in any) []byte {
	r.Helper()
	status, body := r.site.Do(mia, method, path, in)
	if status > 299 {
		r.Fatalf("%s %s: status %d: %s", method, path, status, body)
	}
	return body
}

func (r *rig) fault(rule map[string]any) {
	r.Helper()
	r.do(http.MethodPost, "/sandbox/faults", rule)
}

// issue is an issue of the synchronization as people see it.
type issue struct {
	ID, Key, Summary, Status, Place, Serial string
	Price                                   float64
	Labels                                  []string
	Link                                    identity.Link
}

// issues are those of the synchronization, by summary; they are read from the site's own state, not from what the app sees.
func (r *rig) issues() []issue {
	r.Helper()
	var out []issue
	page := ""
	for {
		var got struct {
			Issues []struct {
				ID, Key string
				Fields  struct {
					Summary string
					Status  struct{ ID string }
					Labels  []string
					Price   float64                `json:"customfield_10004"`
					Place   struct{ Value string } `json:"customfield_10002"`
					Serial  string                 `json:"customfield_10001"`
				}
				Properties map[string]json.RawMessage
			}
			NextPageToken string
			IsLast        bool
		}
		in := map[string]any{
			"jql": identity.BySync(r.sync.ID, ""), "fields": []string{"*all"}, "properties": []string{identity.Property}, "maxResults": 100,
		}
		if page != "" {
			in["nextPageToken"] = page
		}
		if err := json.Unmarshal(r.do(http.MethodPost, "/rest/api/3/search/jql", in), &got); err != nil {
			r.Fatal(err)
		}
		for _, i := range got.Issues {
			link, _ := identity.Parse(i.Properties[identity.Property])
			out = append(out, issue{i.ID, i.Key, i.Fields.Summary, i.Fields.Status.ID, i.Fields.Place.Value, i.Fields.Serial, i.Fields.Price, i.Fields.Labels, link})
		}
		if got.IsLast {
			break
		}
		page = got.NextPageToken
	}
	slices.SortFunc(out, func(a, b issue) int { return cmp.Compare(a.Summary, b.Summary) })
	return out
}

// one is the issue with that summary.
func (r *rig) one(summary string) issue {
	r.Helper()
	for _, i := range r.issues() {
		if i.Summary == summary {
			return i
		}
	}
	r.Fatalf("no issue is called %q", summary)
	return issue{}
}

// wire is what lies between the client and the site: it records calls, and hides issues from searches as Jira does while its index
// lags behind.
type wire struct {
	mu    gosync.Mutex
	calls []string // "PUT /rest/api/3/issue/1 {…}"
	count int      // of all calls
	// refuse is the end of the paths that are answered with 403; "" for none.
	refuse string
	// above is the id from which on searches do not show issues; 0 hides none.
	above int
}

func (w *wire) RoundTrip(q *http.Request) (*http.Response, error) {
	var body []byte
	if q.Body != nil {
		var err error
		if body, err = io.ReadAll(q.Body); err != nil {
			return nil, err
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.mu.Lock()
	w.count++
	w.calls = append(w.calls, q.Method+" "+q.URL.Path+" "+string(body))
	above, refuse := w.above, w.refuse
	w.mu.Unlock()
	if refuse != "" && strings.HasSuffix(q.URL.Path, refuse) {
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody, Request: q}, nil
	}
	res, err := http.DefaultTransport.RoundTrip(q)
	if err != nil || above == 0 || !strings.HasSuffix(q.URL.Path, "/search/jql") || res.StatusCode != http.StatusOK {
		return res, err
	}
	return lag(res, body, above)
}

// lag takes the newest issues out of an answer, but for those that the search was told of.
func lag(res *http.Response, asked []byte, above int) (*http.Response, error) {
	var in struct{ ReconcileIssues []int }
	var out map[string]any
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(json.Unmarshal(asked, &in), json.Unmarshal(raw, &out)); err != nil {
		return nil, err
	}
	issues, _ := out["issues"].([]any)
	out["issues"] = slices.DeleteFunc(issues, func(v any) bool {
		id, err := strconv.Atoi(v.(map[string]any)["id"].(string))
		return err != nil || id >= above && !slices.Contains(in.ReconcileIssues, id)
	})
	if raw, err = json.Marshal(out); err != nil {
		return nil, err
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Del("Content-Length")
	return res, nil
}

// hide makes searches lag from now on: they show none of the issues that are made.
func (r *rig) hide() {
	r.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal(r.do(http.MethodPost, "/rest/api/3/issue", map[string]any{"fields": map[string]any{
		"project": map[string]string{"id": "10001"}, "issuetype": map[string]string{"id": "10005"}, "summary": "the newest",
	}}), &made); err != nil {
		r.Fatal(err)
	}
	id, err := strconv.Atoi(made.ID)
	if err != nil {
		r.Fatal(err)
	}
	r.wire.mu.Lock()
	defer r.wire.mu.Unlock()
	r.wire.above = id
}

// writes are the calls since the last time that change anything.
func (r *rig) writes() (out []string) {
	r.wire.mu.Lock()
	defer r.wire.mu.Unlock()
	for _, c := range r.wire.calls {
		method, rest, _ := strings.Cut(c, " ")
		reads := strings.Contains(c, "/search/") || strings.Contains(c, "/bulkfetch") || strings.Contains(c, "/permissions/check")
		if method != http.MethodGet && !reads {
			out = append(out, method+" "+rest)
		}
	}
	r.wire.calls = nil
	return out
}

// table is a source in memory.
type table struct {
	mu   gosync.Mutex
	rows [][]sync.Value
}

var columns = []sync.Column{
	{Name: "id", Type: sync.IntegerType}, {Name: "name", Type: sync.StringType}, {Name: "price", Type: sync.DecimalType, Nullable: true, Writable: true},
	{Name: "place", Type: sync.StringType, Nullable: true}, {Name: "tags", Type: sync.ListType, Of: sync.StringType}, {Name: "state", Type: sync.StringType, Writable: true},
	{Name: "changed", Type: sync.IntegerType, Filterable: true}, {Name: "owner", Type: sync.StringType}, {Name: "above", Type: sync.IntegerType, Nullable: true},
}

func newTable() *table { return &table{} }

// put adds a row, or changes the one with that id: put(1, "name", "Laptop").
func (t *table) put(id int64, pairs ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.rows, func(row []sync.Value) bool { return row[0].Int() == id })
	if at < 0 {
		t.rows = append(t.rows, make([]sync.Value, len(columns)))
		at = len(t.rows) - 1
		t.rows[at][0], t.rows[at][1] = sync.Int(id), sync.String("Device "+strconv.FormatInt(id, 10))
	}
	row := slices.Clone(t.rows[at])
	for i := 0; i < len(pairs); i += 2 {
		n := slices.IndexFunc(columns, func(c sync.Column) bool { return c.Name == pairs[i] })
		switch v := pairs[i+1].(type) {
		case nil:
			row[n] = sync.Value{}
		case string:
			if row[n] = sync.String(v); columns[n].Type == sync.DecimalType {
				row[n] = sync.Decimal(v)
			}
		case int:
			row[n] = sync.Int(int64(v))
		case []sync.Value:
			row[n] = sync.List(v...)
		}
	}
	t.rows[at] = row
}

func (t *table) remove(id int64) {
	t.rows = slices.DeleteFunc(t.rows, func(row []sync.Value) bool { return row[0].Int() == id })
}

func (t *table) source() *sync.Source {
	stream := sync.Stream{Name: "devices", Key: []string{"id"}, Columns: columns}
	return &sync.Source{
		Filters: true,
		Discover: sync.DiscoverFunc(func(context.Context, *sync.Discover) (*sync.Catalog, error) {
			return &sync.Catalog{Streams: []sync.Stream{stream}}, nil
		}),
		Read: sync.ReadFunc(func(_ context.Context, r *sync.Read) (*sync.Page, error) {
			t.mu.Lock()
			defer t.mu.Unlock()
			pick, err := stream.Picker(r.Columns)
			if err != nil {
				return nil, err
			}
			at, err := strconv.Atoi(cmp.Or(string(r.Cursor), "0"))
			if err != nil {
				return nil, sync.BadCursor()
			}
			page := sync.Fill(r)
			for ; at < len(t.rows); at++ {
				row := t.rows[at]
				if len(r.Where) > 0 && (row[6].IsNull() || row[6].Int() < r.Where[0].Value.Int()) {
					continue
				}
				if !page.Add(pick(row)...) {
					return page.Next([]byte(strconv.Itoa(at))), nil
				}
			}
			return page.Last(), nil
		}),
		Write: sync.WriteFunc(func(_ context.Context, w *sync.Write) (*sync.Written, error) {
			t.mu.Lock()
			defer t.mu.Unlock()
			out := &sync.Written{}
			for _, c := range w.Changes {
				at := slices.IndexFunc(t.rows, func(row []sync.Value) bool { return row[0].Equal(c.Key[0]) })
				for n, name := range w.Columns {
					t.rows[at][slices.IndexFunc(columns, func(c sync.Column) bool { return c.Name == name })] = c.Values[n]
				}
				out.Outcomes = append(out.Outcomes, sync.Outcome{})
			}
			return out, nil
		}),
	}
}

func dry(in *syncer.StepInput)      { in.DryRun = true }
func approved(in *syncer.StepInput) { in.Approved = true }
