package query_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/jqltest"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The suite's site has names where a world has ids. These are the ids, by field and name.
var (
	projects   = map[string]string{"OPS": "10000", "FAC": "10001", "HR": "10002"}
	statuses   = map[string]string{"To Do": "10000", "In Progress": "10001", "Done": "10002"}
	priorities = map[string]string{"Low": "10003", "Medium": "10002", "High": "10001"}
	teams      = map[plan.FieldID]map[string]string{
		"customfield_10002": {"Red": "10010", "Green": "10011", "Blue": "10012"},
		"customfield_10003": {"Red": "10020", "Green": "10021", "Blue": "10022"},
	}
	people = []string{"mia", "jonas", "ada"}
)

// versionNames are the versions of every project, in their order.
var versionNames = []string{"1.0", "1.1", "2.0"}

// versionID is a project's version.
func versionID(project, name string) string {
	n, _ := strconv.Atoi(projects[project]) // written above
	return strconv.Itoa(n*10 + slices.Index(versionNames, name))
}

// perProject is how far apart the suite's places of issues lie in the order of keys, and placesOf those of a world.
const (
	perProject = 1 << 20
	placesOf   = 1 << 32
)

// suiteProjects are the projects in the suite's order of keys, worldProjects in that of a world.
var (
	suiteProjects = []string{"OPS", "FAC", "HR"}
	worldProjects = []string{"FAC", "HR", "OPS"}
)

func TestTheSitesIndexFindsWhatTheSuiteDoes(t *testing.T) {
	jqltest.RunFinder(t, func(issues []memory.Issue) jqltest.Finder {
		st := worldOf(t, issues)
		ix := query.Index(st)
		alone := struct{ plan.Searcher[query.Set] }{ix} // without its Prober
		return func(visible []plan.ID, where plan.Node) []plan.ID {
			where = translation{st}.node(where)
			found := slices.Collect(plan.Find(ix, ix.Of(visible), where).All())
			if other := slices.Collect(plan.Find(alone, ix.Of(visible), where).All()); !slices.Equal(found, other) {
				t.Errorf("%+v: %v by probing single issues, %v without", where, found, other)
			}
			return found
		}
	})
}

// worldOf is a world with the issues.
func worldOf(t *testing.T, issues []memory.Issue) *world.State {
	t.Helper()
	store, err := world.Open(world.Config{Seed: func(tx *world.Tx) error {
		for _, e := range site(t) {
			if err := tx.Put(e); err != nil {
				return err
			}
		}
		for _, i := range issues {
			if err := tx.LoadIssue(whole(i)); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store.State()
}

func site(t *testing.T) []world.Entity {
	t.Helper()
	once, err := world.NewSite("Suite", nil)
	if err != nil {
		t.Fatal(err)
	}
	options := func(f plan.FieldID) (out []world.FieldOption) {
		for _, name := range slices.Sorted(maps.Keys(teams[f])) {
			out = append(out, world.FieldOption{ID: teams[f][name], Value: name})
		}
		return out
	}
	out := []world.Entity{
		once,
		&world.IssueType{ID: "10001", Name: "Task"},
		&world.Field{ID: "customfield_10001", Number: 10001, Name: "Story Points", Kind: world.Number},
		&world.Field{ID: "customfield_10002", Number: 10002, Name: "Team", Kind: world.Option, Options: options("customfield_10002")},
		&world.Field{ID: "customfield_10003", Number: 10003, Name: "Team", Kind: world.Option, Options: options("customfield_10003")},
	}
	for name, id := range statuses {
		out = append(out, &world.Status{ID: world.StatusID(id), Name: name, Category: "new"})
	}
	for name, id := range priorities {
		n, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &world.Priority{ID: world.PriorityID(id), Name: name, Order: n})
	}
	for _, name := range people {
		out = append(out, &world.User{Account: world.AccountID(name), Name: name, Login: name})
	}
	out = append(out, &world.Workflow{ID: "10000", Name: "All", Statuses: []world.StatusID{"10000", "10001", "10002"}}, &world.PermissionScheme{ID: "10000", Name: "None"})
	for key, id := range projects {
		out = append(out, &world.Project{
			ID: world.ProjectID(id), Key: key, Name: key, Lead: "mia", Types: []world.TypeID{"10001"}, Permissions: "10000", Workflow: "10000",
		})
	}
	for key, id := range projects {
		for n, name := range versionNames {
			out = append(out, &world.Version{ID: world.VersionID(versionID(key, name)), Project: world.ProjectID(id), Name: name, Order: n})
		}
	}
	return out
}

// whole is an issue of the suite as a world loads it.
func whole(m memory.Issue) world.Whole {
	project := m.Values["project"][0]
	i := &world.Issue{
		ID: world.IssueID(strconv.Itoa(int(m.ID))), Project: world.ProjectID(projects[project]), Type: "10001",
		Status:   world.StatusID(statuses[m.Values["status"][0]]),
		Priority: world.PriorityID(priorities[m.Values["priority"][0]]), Labels: m.Values["labels"], Summary: m.Texts["summary"],
		Created: time.UnixMilli(int64(m.Places["created"][0])).UTC(), Custom: map[world.FieldID]json.RawMessage{}, Was: map[string][]string{},
	}
	if _, err := fmt.Sscanf(m.Values["issuekey"][0], project+"-%d", &i.Number); err != nil {
		panic(err) // the suite's keys have numbers
	}
	if who := m.Values["assignee"]; len(who) > 0 {
		i.Assignee = world.AccountID(who[0])
	}
	for _, v := range m.Values["fixVersions"] {
		i.Fixes = append(i.Fixes, world.VersionID(versionID(project, v)))
	}
	if due := m.Places["duedate"]; len(due) > 0 {
		i.Due = time.UnixMilli(int64(due[0])).UTC().Format(time.DateOnly)
	}
	if points := m.Places["customfield_10001"]; len(points) > 0 {
		i.Custom["customfield_10001"] = json.RawMessage(strconv.FormatFloat(points[0], 'f', -1, 64))
	}
	for f, ids := range teams {
		if v := m.Values[f]; len(v) > 0 {
			i.Custom[world.FieldID(f)] = json.RawMessage(strconv.Quote(ids[v[0]]))
		}
	}
	w := world.Whole{Issue: i}
	for _, e := range m.History {
		if e.Created {
			continue
		}
		at := time.UnixMilli(int64(e.At)).UTC()
		w.Histories = append(w.Histories, &world.History{Author: world.AccountID(e.By), Created: at, Items: []world.ChangeItem{{
			FieldID: world.FieldID(e.Field), From: valueID(e.Field, e.From), To: valueID(e.Field, e.To),
		}}})
		was := valueID(e.Field, e.From)
		if was == "" {
			was = "empty"
		}
		if list := i.Was[string(e.Field)]; !slices.Contains(list, was) {
			i.Was[string(e.Field)] = append(list, was)
		}
	}
	for _, e := range m.History {
		if e.Created && e.Field == "status" {
			i.Creator = world.AccountID(e.By)
		}
	}
	return w
}

func valueID(field plan.FieldID, name string) string {
	if field == "status" {
		return statuses[name]
	}
	return name
}

// translation puts a world's ids and places for the suite's.
type translation struct{ st *world.State }

func fieldID(id plan.FieldID) plan.FieldID {
	switch id {
	case "fixVersions":
		return "fixVersion"
	case "duedate":
		return "due"
	}
	return id
}

// values are the ids that names mean; nil stays nil.
func (x translation) values(field plan.FieldID, names []string) []string {
	var out []string
	for _, name := range names {
		switch field {
		case "project":
			name = projects[name]
		case "status":
			name = statuses[name]
		case "priority":
			name = priorities[name]
		case "customfield_10002", "customfield_10003":
			name = teams[field][name]
		case "issuekey":
			i := x.st.FindIssue(name)
			if i == nil {
				continue
			}
			name = string(i.ID)
		case "fixVersions":
			for project := range projects {
				out = append(out, versionID(project, name))
			}
			continue
		}
		out = append(out, name)
	}
	return out
}

func (x translation) all(nodes []plan.Node) []plan.Node {
	out := []plan.Node{}
	for _, n := range nodes {
		out = append(out, x.node(n))
	}
	return out
}

func (x translation) node(n plan.Node) plan.Node {
	switch n := n.(type) {
	case plan.And:
		return plan.And(x.all(n))
	case plan.Or:
		return plan.Or(x.all(n))
	case plan.Not:
		return plan.Not{Of: x.node(n.Of)}
	case plan.Equal:
		return plan.Equal{Field: fieldID(n.Field), Values: x.values(n.Field, n.Values)}
	case plan.Exists:
		if n.Field == "summary" || n.Field == "text" { // which every issue of a world has, but not of the suite
			return plan.Word{Field: n.Field, Pattern: "*"}
		}
		return plan.Exists{Field: fieldID(n.Field)}
	case plan.Range:
		return x.between(n)
	case plan.Was:
		n.Values = x.values(n.Field, n.Values)
		return n
	case plan.Changed:
		n.From, n.To = x.values(n.Field, n.From), x.values(n.Field, n.To)
		return n
	}
	return n
}

// between is a range in a world's places.
func (x translation) between(n plan.Range) plan.Node {
	if n.Field == "priority" || n.Field == "issuekey" || n.Field == "fixVersions" {
		n.Low, n.High = math.Ceil(n.Low), math.Floor(n.High) // what is a little more than a place is so no more after a shift
	}
	switch n.Field {
	case "priority": // counted from 1
		return plan.Range{Field: n.Field, Low: n.Low + 1, High: n.High + 1, Single: n.Single}
	case "issuekey": // of issues of one project
		project := math.Floor(n.High / perProject)
		at := slices.Index(worldProjects, suiteProjects[int(project)-1])
		shift := float64(at+1)*placesOf - project*perProject
		return plan.Range{Field: n.Field, Low: n.Low + shift, High: n.High + shift, Single: n.Single}
	case "fixVersions": // of each project
		var out plan.Or
		for at := range worldProjects {
			first := float64(at+1) * placesOf
			out = append(out, plan.Range{
				Field: "fixVersion", Low: max(first+n.Low, first), High: min(first+n.High, first+placesOf-1), Single: n.Single,
			})
		}
		return out
	}
	n.Field = fieldID(n.Field)
	return n
}
