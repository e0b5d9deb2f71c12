package services_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	hoststore "github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/store"
)

// linkRecords are links between issues, and what guards a rule about the links of one.
var linkRecords = []manifest.Record{
	{Type: "link", ID: manifest.RecordID{Fields: []string{"relation", "outward", "inward"}}, Fields: map[string]manifest.Field{
		"relation": {Kind: manifest.KindLinkType}, "outward": {Kind: manifest.KindIssue, Indexed: true}, "inward": {Kind: manifest.KindIssue, Indexed: true},
		"at": {Kind: manifest.KindTime}, "weight": {Kind: manifest.KindCount},
	}},
	{Type: "side", ID: manifest.RecordID{Fields: []string{"relation", "end", "issue"}}, Fields: map[string]manifest.Field{
		"relation": {Kind: manifest.KindLinkType}, "issue": {Kind: manifest.KindIssue}, "end": {Kind: manifest.KindStatus, Values: []string{"outward", "inward"}},
	}},
	{Type: "seen", ID: manifest.RecordID{Fields: []string{"issue", "project"}}, Retention: manifest.Retention{Days: 30}, Fields: map[string]manifest.Field{
		"issue": {Kind: manifest.KindIssue, Indexed: true}, "project": {Kind: manifest.KindProject},
	}},
	{Type: "mark", ID: ofIssue, Fields: map[string]manifest.Field{"issue": {Kind: manifest.KindIssue, Indexed: true}}},
	{Type: "pass", ID: manifest.RecordID{Fields: []string{"token", "issue"}}, Fields: map[string]manifest.Field{
		"issue": {Kind: manifest.KindIssue}, "token": {Kind: manifest.KindToken},
	}},
}

// linking is a host whose one plugin keeps links.
func linking(t testing.TB, change func(*services.Deps)) context.Context {
	t.Helper()
	deps := all(t, nil)
	deps.Manifests = services.ManifestsFunc(func(capability.PluginID, string) *manifest.Manifest {
		return &manifest.Manifest{ID: "acme.labels", Records: linkRecords}
	})
	if change != nil {
		change(&deps)
	}
	return hostcall.With(t.Context(), broker(t, services.New(deps)).Host(binding("t"), capability.Allowance{}))
}

func link(relation, outward, inward string, more ...string) store.Record {
	r := store.Record{Type: "link", Fields: map[string]string{"relation": relation, "outward": outward, "inward": inward}}
	for pair := range slices.Chunk(more, 2) {
		r.Fields[pair[0]] = pair[1]
	}
	return r
}

func at(rev int64, r store.Record) store.Record {
	r.Rev = rev
	return r
}

func named(id string, r store.Record) store.Record {
	r.ID = id
	return r
}

func numbered(n int) []store.Record {
	out := make([]store.Record, n)
	for i := range out {
		out[i] = link("10300", strconv.Itoa(1000+i), "9")
	}
	return out
}

// steps are what a plugin does with records whose ids are made of fields: what it learns is the answer, or the error's code
// and field.
var steps = []struct {
	name string
	do   func(ctx context.Context) (any, error)
	want *sdk.Error // nil for an answer
}{
	{"put fills in the id", puts(link("10100", "1", "2", "weight", "-7"), link("10100", "2", "2"), link("10100", "10", "2"), link("10200", "1", "2"), link("10100", "1", "3")), nil},
	{"the id may be there", puts(named("10100.1.4", link("10100", "1", "4"))), nil},
	{"a pair is unique", puts(link("10100", "1", "2")), fault(sdk.Exists, "")},
	{"an id of others", puts(named("10100.1.5", link("10100", "1", "2"))), fault(sdk.Invalid, "id")},
	{"a field of the id cannot change", puts(at(1, named("10100.1.2", link("10100", "1", "9")))), fault(sdk.Invalid, "id")},
	{"other fields can", puts(at(1, named("10100.1.2", link("10100", "1", "2", "weight", "8")))), nil},
	{"and without naming the id", puts(at(2, link("10100", "1", "2", "weight", "9"))), nil},
	{"a field of the id is not there", puts(store.Record{Type: "link", Fields: map[string]string{"relation": "10100", "inward": "2"}}), fault(sdk.Invalid, "outward")},
	{"a field of the id is empty", puts(link("10100", "", "2")), fault(sdk.Invalid, "outward")},
	{"a field of the id with a dot", puts(link("10100", "1.2", "2")), fault(sdk.Invalid, "outward")},
	{"a field of the id that says something", puts(link("10100", "OPS-7", "2")), fault(sdk.Invalid, "outward")},
	{"one pair twice in a batch", puts(link("10100", "5", "6"), link("10100", "5", "6")), fault(sdk.Invalid, "")},
	{"a word of an id", puts(store.Record{Type: "side", Fields: map[string]string{"relation": "10100", "issue": "2", "end": "inward"}}), nil},
	{"another word of an id", puts(store.Record{Type: "side", Fields: map[string]string{"relation": "10100", "issue": "2", "end": "middle"}}), fault(sdk.Invalid, "end")},
	{"an id without a type of its own", puts(store.Record{Type: "mark"}), fault(sdk.Invalid, "id")},
	{"a token that nobody made", puts(store.Record{Type: "pass", Fields: map[string]string{"token": "4Nk7tQxYzAbCdEfGh2", "issue": "1"}}), fault(sdk.Invalid, "token")},
	{"get", gets("link", store.JoinID("10100", "1", "2")), nil},

	{"list by prefix", lists(store.Query{Type: "link", Prefix: []string{"10100"}}), nil},
	{"list ids", lists(store.Query{Type: "link", IDs: true}), nil},
	{"list ids by prefix, some", lists(store.Query{Type: "link", Prefix: []string{"10100"}, IDs: true, Limit: 2}), nil},
	{"list ids by a field", lists(store.Query{Type: "link", Field: "inward", Value: "2", IDs: true}), nil},
	{"list ids of records that end", lists(store.Query{Type: "seen", IDs: true}), nil},
	{"list ids that have no parts", lists(store.Query{Type: "mark", IDs: true}), nil},
	{"list by a longer prefix", lists(store.Query{Type: "link", Prefix: []string{"10100", "1"}}), nil},
	{"list by prefix and field", lists(store.Query{Type: "link", Prefix: []string{"10100"}, Field: "inward", Value: "2"}), nil},
	{"list by a prefix of a number", lists(store.Query{Type: "link", Prefix: []string{"101"}}), nil},
	{"list by prefix in small pages", lists(store.Query{Type: "link", Prefix: []string{"10100"}, Field: "inward", Value: "2", Limit: 1}), nil},
	{"prefix of all", lists(store.Query{Type: "link", Prefix: []string{"10100", "1", "2"}}), fault(sdk.Invalid, "prefix")},
	{"prefix of another kind", lists(store.Query{Type: "link", Prefix: []string{"10100", "OPS-7"}}), fault(sdk.Invalid, "prefix")},
	{"prefix with a dot", lists(store.Query{Type: "link", Prefix: []string{"10100.1"}}), fault(sdk.Invalid, "prefix")},
	{"prefix of nothing", lists(store.Query{Type: "link", Prefix: []string{""}}), fault(sdk.Invalid, "prefix")},
	{"prefix of an id of a kind", lists(store.Query{Type: "mark", Prefix: []string{"1"}}), fault(sdk.Invalid, "prefix")},

	{"count", counts(store.Query{Type: "link"}), nil},
	{"count by prefix and field", counts(store.Query{Type: "link", Prefix: []string{"10100"}, Field: "inward", Value: "2"}), nil},
	{"count to a limit", counts(store.Query{Type: "link", Limit: 2}), nil},
	{"count to the limit", counts(store.Query{Type: "link", Limit: 6}), nil},
	{"count nothing", counts(store.Query{Type: "link", Field: "inward", Value: "77"}), nil},
	{"count of a field that is not indexed", counts(store.Query{Type: "link", Field: "weight", Value: "1"}), fault(sdk.Invalid, "weight")},
	{"count of a type that is not there", counts(store.Query{Type: "note"}), fault(sdk.Invalid, "type")},
	{"count below one", counts(store.Query{Type: "link", Limit: -1}), fault(sdk.Invalid, "limit")},
	{"count too much", counts(store.Query{Type: "link", Limit: 10_001}), fault(sdk.Invalid, "limit")},
	{"count from a cursor", counts(store.Query{Type: "link", Cursor: "MTEw"}), fault(sdk.Invalid, "cursor")},

	{"write puts and deletes", changing([]store.Record{link("10200", "7", "8")}, link("10200", "1", "2"), named("10100.1.4", store.Record{Type: "link"})), nil},
	{"write nothing", changing(nil), nil},
	{"write: a put fails", changing([]store.Record{link("10100", "1", "2")}, link("10100", "2", "2")), fault(sdk.Exists, "")},
	{"write: a delete of an old revision fails", changing([]store.Record{link("10200", "7", "9")}, at(2, link("10100", "1", "2"))), fault(sdk.Exists, "")},
	{"write: a delete of what is gone fails", changing([]store.Record{link("10200", "7", "9")}, at(1, link("10200", "1", "2"))), fault(sdk.Exists, "")},
	{"write: gone, whatever was there", changing(nil, link("10200", "1", "2")), nil},
	{"write: a delete at its revision", changing(nil, at(3, link("10100", "1", "2"))), nil},
	{"write: put and delete the same", changing([]store.Record{link("10200", "1", "1")}, link("10200", "1", "1")), fault(sdk.Invalid, "")},
	{"write: a delete of no id", changing(nil, store.Record{Type: "mark"}), fault(sdk.Invalid, "id")},
	{"write: a delete of half an id", changing(nil, store.Record{Type: "link", Fields: map[string]string{"relation": "10100"}}), fault(sdk.Invalid, "outward")},
	{"write: a delete of an id that says something", changing(nil, link("10100", "Mia's", "1")), fault(sdk.Invalid, "outward")},
	{"write: a delete of no revision", changing(nil, at(-1, link("10100", "1", "1"))), fault(sdk.Invalid, "rev")},
	{"write: a delete of a type that is not there", changing(nil, store.Record{Type: "note", ID: "1"}), fault(sdk.Invalid, "type")},
	{"write too much", changing(numbered(500), link("10100", "1", "1")), fault(sdk.Invalid, "")},
	{"what is left", lists(store.Query{Type: "link"}), nil},

	{"as much as can be written", changing(numbered(499), link("10100", "1", "1")), nil},
	{"and some more", changing([]store.Record{link("10300", "1", "9"), link("10300", "2", "9")}), nil},
	{"count more than a page", counts(store.Query{Type: "link", Prefix: []string{"10300"}}), nil},
	{"clear whatever", clears(store.Query{Type: "link"}), fault(sdk.Invalid, "field")},
	{"clear from a cursor", clears(store.Query{Type: "link", Prefix: []string{"10300"}, Cursor: "MTEw"}), fault(sdk.Invalid, "cursor")},
	{"clear too much", clears(store.Query{Type: "link", Prefix: []string{"10300"}, Limit: 501}), fault(sdk.Invalid, "limit")},
	{"clear one", clears(store.Query{Type: "link", Prefix: []string{"10300", "1"}}), nil},
	{"clear some", clears(store.Query{Type: "link", Prefix: []string{"10300"}, Field: "inward", Value: "9", Limit: 300}), nil},
	{"clear the others", clears(store.Query{Type: "link", Field: "inward", Value: "9"}), nil},
	{"clear what is gone", clears(store.Query{Type: "link", Field: "inward", Value: "9"}), nil},
	{"what is left at last", lists(store.Query{Type: "link"}), nil},
}

func fault(code sdk.Code, field string) *sdk.Error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Field: field}
}

func puts(records ...store.Record) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return store.Put(ctx, records...) }
}

func changing(put []store.Record, remove ...store.Record) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) {
		return store.Write(ctx, store.Changes{Put: put, Delete: remove})
	}
}

func gets(typ, id string) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return store.Get(ctx, typ, id) }
}

func counts(q store.Query) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return store.Count(ctx, q) }
}

func clears(q store.Query) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) { return store.Clear(ctx, q) }
}

// lists returns all pages; where they end is part of the answer.
func lists(q store.Query) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) {
		var pages [][]store.Record
		for q := q; ; {
			page, err := store.List(ctx, q)
			if err != nil {
				return nil, err
			}
			pages = append(pages, page.Records)
			if q.Cursor = page.Next; q.Cursor == "" {
				return pages, nil
			}
		}
	}
}

// The host for plugins' tests is worth what it has in common with the host.
func TestHostAndItsTwinKeepLinksAlike(t *testing.T) {
	raw, err := json.Marshal(manifest.Manifest{ID: "acme.labels", Version: "1.0.0", Permissions: []manifest.Permission{{Name: manifest.Store}}, Records: linkRecords})
	if err != nil {
		t.Fatal(err)
	}
	twin := sdktest.New(&sdk.Plugin{ID: "acme.labels", Version: "1.0.0"})
	if err := twin.UseManifest(raw); err != nil {
		t.Fatal(err)
	}
	hosted, tested := linking(t, nil), twin.With(t.Context())
	for _, step := range steps {
		answers := map[string]any{}
		for which, ctx := range map[string]context.Context{"host": hosted, "twin": tested} {
			answer, err := step.do(ctx)
			switch {
			case step.want != nil:
				wantError(t, step.name+", "+which, err, *step.want)
			case err != nil:
				t.Errorf("%s, %s: %v", step.name, which, err)
			}
			answers[which] = answer
		}
		if diff := cmp.Diff(answers["host"], answers["twin"], cmpopts.EquateEmpty()); diff != "" && step.want == nil {
			t.Errorf("%s (-host +twin):\n%s", step.name, diff)
		}
	}
}

func TestAnswersAboutLinksAreRight(t *testing.T) {
	ctx := linking(t, nil)
	answers := map[string]any{}
	for _, step := range steps {
		answers[step.name], _ = step.do(ctx)
	}
	for name, want := range map[string]any{
		"get":                           &store.Record{Type: "link", ID: "10100.1.2", Rev: 3, Fields: link("10100", "1", "2", "weight", "9").Fields},
		"list by prefix":                "10100.1.2 10100.1.3 10100.1.4 10100.10.2 10100.2.2 |",
		"list by a longer prefix":       "10100.1.2 10100.1.3 10100.1.4 |",
		"list by prefix and field":      "10100.1.2 10100.10.2 10100.2.2 |",
		"list by prefix in small pages": "10100.1.2 | 10100.10.2 | 10100.2.2 |",
		"list by a prefix of a number":  "|",
		"count":                         &store.Tally{Records: 6},
		"count by prefix and field":     &store.Tally{Records: 3},
		"count to a limit":              &store.Tally{Records: 2, More: true},
		"count to the limit":            &store.Tally{Records: 6},
		"count nothing":                 &store.Tally{},
		"write puts and deletes":        []store.Record{at(1, named("10200.7.8", link("10200", "7", "8")))},
		"what is left":                  "10100.1.3 10100.10.2 10100.2.2 10200.7.8 |",
		"count more than a page":        &store.Tally{Records: 501},
		"clear one":                     &store.Tally{Records: 1},
		"clear some":                    &store.Tally{Records: 300, More: true},
		"clear the others":              &store.Tally{Records: 200},
		"clear what is gone":            &store.Tally{},
		"what is left at last":          "10100.1.3 10100.10.2 10100.2.2 10200.7.8 |",
	} {
		got := answers[name]
		if pages, ok := got.([][]store.Record); ok {
			text := ""
			for _, page := range pages {
				for _, r := range page {
					text += r.ID + " "
				}
				text += "| "
			}
			got = text[:len(text)-1]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// addLink adds a link where the inward issue has fewer than most, as the documentation of store.Write says.
func addLink(ctx context.Context, l store.Record, most int) error {
	relation, issue := l.Fields["relation"], l.Fields["inward"]
	side := store.Record{Type: "side", Fields: map[string]string{"relation": relation, "end": "inward", "issue": issue}}
	if there, err := store.Get(ctx, "side", store.JoinID(relation, "inward", issue)); err == nil {
		side = *there
	} else if sdk.CodeOf(err) != sdk.NotFound {
		return err
	}
	n, err := store.Count(ctx, store.Query{Type: "link", Field: "inward", Value: issue, Prefix: []string{relation}, Limit: most})
	if err != nil {
		return err
	}
	if n.Records >= most {
		return errFull
	}
	_, err = store.Write(ctx, store.Changes{Put: []store.Record{l, side}})
	return err
}

var errFull = errors.New("the issue has all the links that it can have")

// Users who add links at once, and others who delete some, never leave more than are allowed.
func TestUsersAtOnceKeepToTheNumberOfLinks(t *testing.T) {
	const users, rounds, most = 6, 25, 3
	ctx := linking(t, nil)
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			for r := range rounds {
				mine := link("10100", strconv.Itoa(1000+u), "2")
				if err := addLink(ctx, mine, most); err != nil && sdk.CodeOf(err) != sdk.Exists && !errors.Is(err, errFull) {
					t.Errorf("add: %v", err)
				}
				n, err := store.Count(ctx, store.Query{Type: "link", Field: "inward", Value: "2"})
				if err != nil || n.Records > most {
					t.Errorf("%+v links, %v; want %d at most", n, err, most)
				}
				if r%3 == u%3 {
					if _, err := store.Write(ctx, store.Changes{Delete: []store.Record{mine}}); err != nil {
						t.Errorf("delete: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	for u := range users { // one after the other, the rest of the room is filled
		if err := addLink(ctx, link("10100", strconv.Itoa(2000+u), "2"), most); err != nil && !errors.Is(err, errFull) {
			t.Error(err)
		}
	}
	if n, err := store.Count(ctx, store.Query{Type: "link", Field: "inward", Value: "2"}); err != nil || n.Records != most {
		t.Errorf("%+v links at last, %v; want %d", n, err, most)
	}
}

func TestExpiredRecordsAreNotCounted(t *testing.T) {
	clock := newClock()
	ctx := linking(t, func(d *services.Deps) { d.Now = clock.Now })
	seen := func(n, from int) (out []store.Record) {
		for i := range n {
			out = append(out, store.Record{Type: "seen", Fields: map[string]string{"issue": strconv.Itoa(from + i%2), "project": strconv.Itoa(from + i)}})
		}
		return out
	}
	if _, err := store.Put(ctx, seen(400, 1)...); err != nil {
		t.Fatal(err)
	}
	clock.advance(20 * 24 * time.Hour)
	if _, err := store.Put(ctx, seen(300, 1001)...); err != nil {
		t.Fatal(err)
	}
	clock.advance(15 * 24 * time.Hour)
	for _, c := range []struct {
		q    store.Query
		want store.Tally
	}{
		{store.Query{Type: "seen"}, store.Tally{Records: 300}},
		{store.Query{Type: "seen", Limit: 299}, store.Tally{Records: 299, More: true}},
		{store.Query{Type: "seen", Field: "issue", Value: "1"}, store.Tally{}},
		{store.Query{Type: "seen", Prefix: []string{"1002"}}, store.Tally{Records: 150}},
	} {
		if got, err := store.Count(ctx, c.q); err != nil || *got != c.want {
			t.Errorf("count %+v: %+v, %v; want %+v", c.q, got, err, c.want)
		}
	}
	// What is over can be created anew, in one batch with a delete.
	again := seen(1, 1)[0]
	if _, err := store.Write(ctx, store.Changes{Put: []store.Record{again}, Delete: seen(2, 1001)[1:]}); err != nil {
		t.Error(err)
	}
	if got, err := store.Count(ctx, store.Query{Type: "seen"}); err != nil || got.Records != 300 {
		t.Errorf("count: %+v, %v", got, err)
	}
	// Cleared are those too whose time is over.
	if got, err := store.Clear(ctx, store.Query{Type: "seen", Field: "issue", Value: "2"}); err != nil || got.Records != 200 {
		t.Errorf("clear: %+v, %v", got, err)
	}
}

// meddling writes the first of the documents that it listed, before whoever listed them can.
type meddling struct {
	hoststore.Driver
	times int
}

func (m *meddling) List(ctx context.Context, q hoststore.Query) ([]hoststore.Doc, error) {
	docs, err := m.Driver.List(ctx, q)
	if err == nil && len(docs) > 0 && m.times > 0 {
		m.times--
		_, err = m.Write(ctx, hoststore.Op{Doc: docs[0], IfRev: docs[0].Rev})
	}
	return docs, err
}

func TestClearTriesAgainAndGivesUp(t *testing.T) {
	m := &meddling{}
	ctx := linking(t, func(d *services.Deps) { m.Driver = d.Store; d.Store = m })
	if _, err := store.Put(ctx, link("10100", "1", "2"), link("10100", "2", "2")); err != nil {
		t.Fatal(err)
	}
	q := store.Query{Type: "link", Field: "inward", Value: "2"}
	m.times = 1000
	_, err := store.Clear(ctx, q)
	wantError(t, "against one who never stops", err, sdk.Error{Code: sdk.Exists, Source: sdk.FromHost})
	m.times = 0
	if n, err := store.Count(ctx, q); err != nil || n.Records != 2 {
		t.Errorf("a clear that failed left %+v, %v; want both", n, err)
	}
	m.times = 2
	if got, err := store.Clear(ctx, q); err != nil || got.Records != 2 {
		t.Errorf("against one who stops: %+v, %v", got, err)
	}
}

func TestLinksOfTenantsAreApart(t *testing.T) {
	deps := all(t, nil)
	deps.Manifests = services.ManifestsFunc(func(capability.PluginID, string) *manifest.Manifest {
		return &manifest.Manifest{ID: "acme.labels", Records: linkRecords}
	})
	rows := services.New(deps)
	ours, theirs := as(t, rows, binding("ours")), as(t, rows, binding("theirs"))
	if _, err := store.Put(ours, link("10100", "1", "2")); err != nil {
		t.Fatal(err)
	}
	q := store.Query{Type: "link", Field: "inward", Value: "2", Prefix: []string{"10100"}}
	if n, err := store.Count(theirs, q); err != nil || n.Records != 0 {
		t.Errorf("count: %+v, %v", n, err)
	}
	if n, err := store.Clear(theirs, q); err != nil || n.Records != 0 {
		t.Errorf("clear: %+v, %v", n, err)
	}
	_, err := store.Write(theirs, store.Changes{Delete: []store.Record{link("10100", "1", "2")}})
	if err != nil {
		t.Error(err)
	}
	if n, err := store.Count(ours, q); err != nil || n.Records != 1 {
		t.Errorf("ours: %+v, %v", n, err)
	}
}

func TestTokensOfAnIDAreTheHostsOwn(t *testing.T) {
	ctx := linking(t, nil)
	tokens, err := store.Tokens(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	written, err := store.Put(ctx, store.Record{Type: "pass", Fields: map[string]string{"token": tokens[0], "issue": "7"}})
	if err != nil || written[0].ID != fmt.Sprintf("%s.7", tokens[0]) {
		t.Errorf("put: %+v, %v", written, err)
	}
}
