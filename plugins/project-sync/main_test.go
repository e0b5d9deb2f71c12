package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// site returns a host whose site has that many projects, the ids in another order than the keys. Every third is internal, every
// third for customers, the others have no category; every fifth is archived.
func site(t *testing.T, projects int) *sdktest.Host {
	t.Helper()
	h := sdktest.Load(t, plugin, "plugin.json")
	h.Categories = []jira.Category{{ID: "10100", Name: "Internal"}, {ID: "10101", Name: "Customers"}, {ID: "10102", Name: "Nobody's"}}
	types := []string{"software", "business", "service_desk"}
	for i := range projects {
		p := jira.Project{
			ID: fmt.Sprint(9990 + i), Key: fmt.Sprintf("P%05d", i*7919%10007), Name: fmt.Sprintf("Project %d", i), Type: types[i%3], Style: "classic", Archived: i%5 == 4,
			Private: i%2 == 0, LeadID: fmt.Sprintf("712020:%d", i%4), LeadName: "Ann", Insight: i%7 != 0,
		}
		if i%3 > 0 {
			p.CategoryID, p.CategoryName = h.Categories[i%3-1].ID, h.Categories[i%3-1].Name
		}
		if p.Insight {
			p.Issues, p.Description = int64(i*10), "Does things."
			p.LastUpdate = fmt.Sprintf("2026-01-%02dT12:00:00.5+01:00", 1+i%28)
		}
		h.Projects = append(h.Projects, p)
	}
	return h
}

func config(change func(*settings.Values)) sync.Config {
	v := settings.Values{Strings: map[string]string{}, Switches: map[string]bool{"archived": true}, Lists: map[string][]string{}}
	if change != nil {
		change(&v)
	}
	return sync.Config{Settings: v}
}

func lists(name string, values ...string) sync.Config {
	return config(func(v *settings.Values) { v.Lists[name] = values })
}

// ids reads the ids of all projects, a page of limit rows at a time; between is called behind each page that is not the last.
func ids(t *testing.T, s *sync.Source, c sync.Config, limit int64, between func()) []string {
	t.Helper()
	r := &sync.Read{Config: c, Stream: "projects", Columns: []string{"id"}, Limit: limit}
	var out []string
	for {
		page, err := s.Read.Read(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			out = append(out, row[0].Text())
		}
		if r.Cursor = page.Next; len(r.Cursor) == 0 {
			return out
		}
		if between != nil {
			between()
		}
	}
}

// those are the ids of the site's projects that keep wants, in order.
func those(h *sdktest.Host, keep func(p *jira.Project) bool) []string {
	var out []string
	for i := range h.Projects {
		if keep(&h.Projects[i]) {
			out = append(out, h.Projects[i].ID)
		}
	}
	slices.SortFunc(out, byID)
	return out
}

func TestSourceConforms(t *testing.T) {
	for _, n := range []int{40, 230} { // in one answer of Jira's, and in several
		sdktest.ConformSource(t, site(t, n).Source("projects"), sdktest.Connection{
			Config: config(nil),
			Broken: map[string]sync.Config{
				"category that is gone": lists("categories", "10100", "10999"), "category by name": lists("categories", "Internal"),
				"project by key": lists("except", "OPS"), "type that is no word": lists("types", "software;"),
			},
		})
	}
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, plugin) }

func TestRowTellsAProject(t *testing.T) {
	h := site(t, 3)
	h.Projects[2].Simplified, h.Projects[2].URL, h.Projects[2].LeadEmail = true, "https://p.example", "ann@x.example"
	s := h.Source("projects")
	catalog, err := s.Discover.Discover(t.Context(), &sync.Discover{})
	if err != nil {
		t.Fatal(err)
	}
	r := &sync.Read{Config: config(nil), Stream: "projects"}
	for _, c := range catalog.Streams[0].Columns {
		r.Columns = append(r.Columns, c.Name)
	}
	page, err := s.Read.Read(t.Context(), r)
	if err != nil || len(page.Rows) != 3 || len(page.Next) > 0 {
		t.Fatalf("%+v, %v", page, err)
	}
	var got []string
	for _, row := range []int{0, 2} {
		for i, v := range page.Rows[row] {
			got = append(got, r.Columns[i]+"="+v.Text())
		}
	}
	want := strings.Split("id=9990|key=P00000|name=Project 0|description=|url=|lead=712020:0|lead_name=Ann|lead_email=|category_id=|category=|type=software|style=classic|"+
		"archived=false|private=true|simplified=false|issues=|last_issue_update=|"+
		"id=9992|key=P05831|name=Project 2|description=Does things.|url=https://p.example|lead=712020:2|lead_name=Ann|lead_email=ann@x.example|category_id=10101|category=Customers|"+
		"type=service_desk|style=classic|archived=false|private=true|simplified=true|issues=20|last_issue_update=2026-01-03T12:00:00.5+01:00", "|")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestSettingsSelectProjects(t *testing.T) {
	h := site(t, 230)
	s := h.Source("projects")
	for name, c := range map[string]struct {
		config sync.Config
		keep   func(p *jira.Project) bool
	}{
		"all":                {config(nil), func(*jira.Project) bool { return true }},
		"one category":       {lists("categories", "10100"), func(p *jira.Project) bool { return p.CategoryID == "10100" }},
		"two categories":     {lists("categories", "10100", "10101"), func(p *jira.Project) bool { return p.CategoryID != "" }},
		"category of nobody": {lists("categories", "10102"), func(*jira.Project) bool { return false }},
		"types":              {lists("types", "software", "business"), func(p *jira.Project) bool { return p.Type != "service_desk" }},
		"text": {
			config(func(v *settings.Values) { v.Strings["text"] = " project 22 " }),
			func(p *jira.Project) bool { return p.Name == "Project 22" || strings.HasPrefix(p.Name, "Project 22") },
		},
		"not archived": {config(func(v *settings.Values) { v.Switches["archived"] = false }), func(p *jira.Project) bool { return !p.Archived }},
		"except":       {lists("except", "9990", "10000"), func(p *jira.Project) bool { return p.ID != "9990" && p.ID != "10000" }},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(those(h, c.keep), ids(t, s, c.config, 50, nil)); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTargetIsNeverARow(t *testing.T) {
	h := site(t, 20)
	c := lists("except", "9995")
	c.Target = "10001"
	want := those(h, func(p *jira.Project) bool { return p.ID != "9995" && p.ID != "10001" })
	if diff := cmp.Diff(want, ids(t, h.Source("projects"), c, 7, nil)); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
}

// Whoever is there all the time comes once, whatever becomes of keys and of other projects between two pages.
func TestRenamesBetweenPagesLoseNoProject(t *testing.T) {
	for _, n := range []int{60, 230} {
		h := site(t, n)
		want := those(h, func(*jira.Project) bool { return true })
		// The last one would have been read from a position; it moves to the front, and the first one to the end.
		moves := 0
		got := ids(t, h.Source("projects"), config(nil), 25, func() {
			moves++
			h.Projects[n-moves].Key = fmt.Sprintf("A%05d", moves)
			h.Projects[moves].Key = fmt.Sprintf("Z%05d", moves)
		})
		if diff := cmp.Diff(want, got); diff != "" || moves < 2 {
			t.Errorf("%d projects, %d moves (-want +got):\n%s", n, moves, diff)
		}
	}
}

func TestProjectsThatComeAndGoBetweenPagesMoveNoOther(t *testing.T) {
	h := site(t, 230)
	want := those(h, func(p *jira.Project) bool { return p.ID != "9991" })
	got := ids(t, h.Source("projects"), config(nil), 60, func() {
		h.Projects = slices.DeleteFunc(h.Projects, func(p jira.Project) bool { return p.ID == "9991" })
		h.Projects = append(h.Projects, jira.Project{ID: fmt.Sprint(100 + len(h.Projects)), Key: "A" + fmt.Sprint(len(h.Projects)), Name: "New"})
	})
	if diff := cmp.Diff(want, slices.DeleteFunc(got, func(id string) bool { return id == "9991" })); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
}

// One that comes in front of the last pushes that out of the pages that the first answer let expect.
func TestProjectThatComesBehindTheFirstPageCostsNoOther(t *testing.T) {
	h := site(t, 199) // two pages to the last place
	changing(h, func(answers int) {
		if answers == 2 {
			h.Projects = append(h.Projects, jira.Project{ID: "99999", Key: "P09900"})
		}
	})
	got := ids(t, h.Source("projects"), config(nil), sync.MaxRows, nil)
	if diff := cmp.Diff(those(h, func(*jira.Project) bool { return true }), got); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
}

// changing has change called behind each answer with projects, before the next question.
func changing(h *sdktest.Host, change func(answers int)) {
	answers := 0
	h.Answer = func(op string, _ []byte) (msgp.Marshaler, error, bool) {
		if op == jira.OpProjects {
			if answers++; answers > 1 {
				change(answers)
			}
		}
		return nil, nil, false
	}
}

func TestProjectThatMovesWhileTheyAreListedIsNotLost(t *testing.T) {
	for name, change := range map[string]func(h *sdktest.Host, last, first int){
		"to the front":       func(h *sdktest.Host, last, _ int) { h.Projects[last].Key = "A" },
		"to the end":         func(h *sdktest.Host, _, first int) { h.Projects[first].Key = "Z" },
		"another is made":    func(h *sdktest.Host, _, _ int) { h.Projects = append(h.Projects, jira.Project{ID: "99999", Key: "A"}) },
		"another is removed": func(h *sdktest.Host, _, first int) { h.Projects = slices.Delete(h.Projects, first, first+1) },
	} {
		h := site(t, 230)
		byKey := func(a, b jira.Project) int { return strings.Compare(a.Key, b.Key) }
		slices.SortFunc(h.Projects, byKey)
		changing(h, func(answers int) {
			if answers == 2 {
				change(h, 229, 0)
			}
		})
		got := ids(t, h.Source("projects"), config(nil), sync.MaxRows, nil)
		if diff := cmp.Diff(those(h, func(*jira.Project) bool { return true }), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestListThatNeverRestsIsGivenUp(t *testing.T) {
	h := site(t, 230)
	changing(h, func(answers int) {
		h.Projects = append(h.Projects, jira.Project{ID: fmt.Sprint(20000 + answers), Key: "A" + fmt.Sprint(answers)})
	})
	_, err := h.Source("projects").Read.Read(t.Context(), &sync.Read{Config: config(nil), Stream: "projects", Columns: []string{"id"}})
	if sdk.CodeOf(err) != sdk.Unavailable || len(h.Calls()) > 20 {
		t.Errorf("%v after %d calls", err, len(h.Calls()))
	}
}

func TestProjectThatLeavesBeforeItsDetailsAreReadIsNoRow(t *testing.T) {
	h := site(t, 230)
	changing(h, func(answers int) {
		if answers == 4 { // three answers list, the fourth tells details
			h.Projects[1].CategoryID = "10102"
			h.Projects[2].CategoryName = "Another name"
		}
	})
	c := lists("categories", "10100", "10101")
	page, err := h.Source("projects").Read.Read(t.Context(), &sync.Read{Config: c, Stream: "projects", Columns: []string{"id", "category", "lead"}, Limit: 3})
	if err != nil || len(page.Rows) != 3 || page.Rows[0][0].Text() != "9992" || page.Rows[0][1].Text() != "Another name" {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestCategoryThatIsGoneStopsAReadBeforeItBegins(t *testing.T) {
	h := site(t, 20)
	h.Categories = h.Categories[1:]
	_, err := h.Source("projects").Read.Read(t.Context(), &sync.Read{Config: lists("categories", "10100"), Stream: "projects", Columns: []string{"id"}})
	if e, ok := err.(*sdk.Error); !ok || e.Code != sdk.Invalid || e.Field != "categories" || !strings.Contains(e.Message, "10100") {
		t.Errorf("%v", err)
	}
}

func TestReadIsBounded(t *testing.T) {
	h := site(t, 10_000)
	never := []sync.Condition{{Column: "lead", Is: sync.Equal, Value: sync.String("nobody")}}
	page, err := h.Source("projects").Read.Read(t.Context(), &sync.Read{Config: config(nil), Stream: "projects", Columns: []string{"id"}, Where: never})
	if err != nil || len(page.Rows) > 0 || string(page.Next) != "10989" || len(h.Calls()) > 122 {
		t.Errorf("%d rows, next %q after %d calls, %v", len(page.Rows), page.Next, len(h.Calls()), err)
	}
	h.Projects = append(h.Projects, jira.Project{ID: "30000", Key: "ONE"})
	_, err = h.Source("projects").Read.Read(t.Context(), &sync.Read{Config: config(nil), Stream: "projects", Columns: []string{"id"}})
	if sdk.CodeOf(err) != sdk.Invalid {
		t.Errorf("one too many: %v", err)
	}
}

func TestSmallSiteTakesOneQuestionAPage(t *testing.T) {
	h := site(t, 100)
	_, err := h.Source("projects").Read.Read(t.Context(), &sync.Read{Config: config(nil), Stream: "projects", Columns: []string{"id", "lead", "issues"}})
	if diff := cmp.Diff([]string{jira.OpProjects}, h.Calls()); err != nil || diff != "" {
		t.Errorf("%v, calls (-want +got):\n%s", err, diff)
	}
}

func TestCheckSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	deny := func(h *sdktest.Host) { h.Grants = map[string]bool{} }
	for name, c := range map[string]struct {
		config  sync.Config
		change  func(*sdktest.Host)
		setting string
		what    string // a part of it
	}{
		"category that is gone":  {lists("categories", "10999"), nil, "categories", "10999"},
		"category by its name":   {lists("categories", "Internal"), nil, "categories", "Internal"},
		"project by its key":     {lists("except", "OPS"), nil, "except", "OPS"},
		"permission not granted": {config(nil), deny, "", "jira:projects"},
		"sees no project":        {config(nil), func(h *sdktest.Host) { h.Projects = nil }, "", "no project"},
	} {
		t.Run(name, func(t *testing.T) {
			h := site(t, 5)
			if c.change != nil {
				c.change(h)
			}
			health, err := h.Source("projects").Check.Check(t.Context(), &sync.Check{Config: c.config})
			if err != nil || len(health.Problems) != 1 {
				t.Fatalf("%+v, %v", health, err)
			}
			if p := health.Problems[0]; p.Setting != c.setting || !strings.Contains(p.What, c.what) || p.Do == "" {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestCheckCounts(t *testing.T) {
	for want, c := range map[string]sync.Config{
		"Jira, 20 projects": config(nil), "Jira, 1 project": lists("except", those(site(t, 19), func(*jira.Project) bool { return true })...),
		"Jira, no project that is covered": lists("categories", "10102"),
	} {
		health, err := site(t, 20).Source("projects").Check.Check(t.Context(), &sync.Check{Config: c})
		if err != nil || len(health.Problems) > 0 || health.About != want {
			t.Errorf("%+v, %v; want %s", health, err, want)
		}
	}
}

func TestJiraThatIsAwayIsNoProblemOfTheConnection(t *testing.T) {
	h := site(t, 5)
	h.Answer = func(string, []byte) (msgp.Marshaler, error, bool) {
		return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not answer just now."}, true
	}
	if health, err := h.Source("projects").Check.Check(t.Context(), &sync.Check{Config: config(nil)}); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("%+v, %v", health, err)
	}
}

// Outside of a synchronizer nobody lists projects.
func TestPagesAreRefused(t *testing.T) {
	if _, _, err := list(site(t, 5).With(context.Background()), selection{}, false); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("%v", err)
	}
}
