package seed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
	"github.com/pergola-platform/pergola/host/sandbox/seed/seedtest"
)

func readCSV(t testing.TB, text string, base *seed.Site) (*seedtest.Sink, error) {
	t.Helper()
	src, err := seed.ReadCSV("issues.csv", strings.NewReader(text), base)
	if err != nil {
		return nil, err
	}
	s := &seedtest.Sink{}
	return s, seed.Copy(t.Context(), s, src)
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestExportOfASiteThatIsNotKnownIsRead(t *testing.T) {
	s, err := readCSV(t, fixture(t, "cloud.csv"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Issues) != 3 || s.Issues[0].Key != "CSV-1" || s.Issues[1].Parent != "CSV-1" || s.Issues[2].Parent != "CSV-2" {
		t.Fatalf("%d issues", len(s.Issues))
	}
	got, want := s.Issues[2], &seed.Issue{
		ID: "10303", Key: "CSV-3", Project: "CSV", Type: "Sub-task", Status: "In Progress", Summary: "Screen flickers, again",
		Description: seed.Text{Plain: "First line with \"quotes\".\n\nThird line; with, delimiters."}, Environment: seed.Text{Plain: "Second floor"}, Parent: "CSV-2",
		Estimate: 7200, Remaining: 3600,
		Reporter: "557058:w", Assignee: "557058:b", Priority: "High", Labels: []string{"loaner", "rack"}, Components: []string{"Desk"},
		FixVersions: []string{"2.0"}, Security: "Inner circle", Due: "2026-11-30",
		Created: time.Date(2026, 11, 20, 9, 5, 0, 0, time.UTC), Updated: time.Date(2026, 11, 21, 16, 30, 0, 0, time.UTC),
		Fields: map[string]json.RawMessage{
			"Cost": []byte(`12.5`), "Delivered": []byte(`"2027-01-31"`), "Last seen": []byte(`"2026-11-21T08:15:00Z"`), "Notes": []byte(`"one\ntwo"`),
			"Team tags": []byte(`["blue","green"]`), "Web page": []byte(`"https://acme.example/3"`),
		},
		Watchers: []string{"557058:w", "557058:b"},
		Comments: []seed.Comment{
			{Author: "557058:b", Body: seed.Text{Plain: "Looks like the cable;\nI have a spare."}, Created: time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)},
			{Author: "557058:x", Body: seed.Text{Plain: "Thanks!"}, Created: time.Date(2026, 11, 21, 15, 10, 0, 0, time.UTC)},
		},
		Worklogs: []seed.Worklog{{Author: "557058:b", Started: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC), Seconds: 3600, Comment: seed.Text{Plain: "Swapped the cable; twice"}}},
	}
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Each link stands at both ends of the export, and arrives once.
	if diff := cmp.Diff([]seed.Connection{{Type: "Blocks", From: "CSV-2", To: "CSV-1"}, {Type: "Blocks", From: "CSV-1", To: "CSV-3"}}, s.Links, cmpopts.SortSlices(func(a, b seed.Connection) bool { return a.From > b.From })); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	kinds, names, levels := map[string]seed.Kind{}, map[string]string{}, map[string]int{}
	for _, f := range s.Site.Fields {
		kinds[f.Name] = f.Kind
	}
	for _, u := range s.Site.Users {
		names[u.Account] = u.Name
	}
	for _, i := range s.Site.Types {
		levels[i.Name] = i.Level
	}
	if diff := cmp.Diff(map[string]seed.Kind{"Cost": "number", "Delivered": "date", "Last seen": "datetime", "Notes": "textarea", "Team tags": "labels", "Web page": "url"}, kinds); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"557058:w": "Wanda Lead", "557058:b": "Bo Worker", "557058:x": "Xi Extern"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"Sub-task": -1, "Task": 0, "Epic": 1}, levels); diff != "" {
		t.Error(diff)
	}
	if p := s.Site.Projects[0]; p.Name != "Imported things" || p.Lead != "557058:w" || p.Description != "What came over" || len(p.Types) != 3 {
		t.Errorf("%+v", p)
	}
}

func TestSpreadsheetIsReadIntoAKnownSite(t *testing.T) {
	base := company.New(company.Config{}).Site
	before := asJSON(t, base)
	s, err := readCSV(t, fixture(t, "sheet.csv"), base)
	if err != nil {
		t.Fatal(err)
	}
	i := s.Issues[0]
	if i.Summary != "ThinkPad; second hand" || i.Assignee != "712020:8b21d7c4-jonas-user" || string(i.Fields["Location"]) != `"Berlin HQ"` || len(i.Comments) != 1 {
		t.Errorf("%+v", i)
	}
	if s.Issues[1].Summary != `EIZO 27" wide` {
		t.Error(s.Issues[1].Summary)
	}
	if diff := cmp.Diff([]seed.Connection{{Type: "Coverage", From: "OPS-901", To: "OPS-902"}}, s.Links); diff != "" {
		t.Error(diff)
	}
	if len(s.Site.Users) != len(base.Users) || len(s.Site.Fields) != len(base.Fields) || asJSON(t, base) != before {
		t.Error("what the site knows was added, or the site itself changed")
	}
}

func TestDelimitersAndHints(t *testing.T) {
	for name, text := range map[string]string{
		"comma":     "Project key,Issue Type,Summary\nAB,Task,\"a; b; c; d\"\n",
		"semicolon": "Project key;Issue Type;Summary\nAB;Task;a\n",
		"tab":       "Project key\tIssue Type\tSummary\nAB\tTask\ta, b, c\n",
		"bar":       "Project key|Issue Type|Summary\r\nAB|Task|a\r\n",
		"sep":       "sep=;\nProject key;Issue Type;Summary;\"Custom field (a,b,c,d,e)\"\nAB;Task;a;1\n",
	} {
		s, err := readCSV(t, text, nil)
		if err != nil || len(s.Issues) != 1 || s.Issues[0].Key != "AB-1" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProblemsOfRowsSayTheirLine(t *testing.T) {
	const head = "Issue key,Issue Type,Summary,Created,Parent key,Custom field (Serial number),Custom field (Purchase price),Custom field (Location),Log Work\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "issues.csv:1: header: the file is empty"},
		{"unknown column", "Issue key,Issue Type,Sumnary\n", `issues.csv:1: column 3: "Sumnary" is not a column of an export; write "summary"`},
		{"no type", "Issue key,Summary\n", `there is no column "Issue Type"; add it`},
		{"no project", "Issue Type,Summary\n", `there is neither a column "Issue key" nor "Project key"`},
		{"column twice", "Issue key,Issue Type,Summary,Status,Status\n", `column 5: "Status" says the same as "Status"`},
		{"open quote", head + "OPS-900,Laptop,\"a\nb,2026-01-01\n", "issues.csv:2: row: the quotes do not match"},
		{"bare quote", head + "OPS-900,Laptop,a \"b\" c\n", "issues.csv:2: character 18: the quotes do not match"},
		{"too many cells", head + "OPS-900,Laptop,a,,,,,,,x\n", "issues.csv:2: column 10: the row has 10 cells and the header 9"},
		{"no key", head + "OPS 900,Laptop,a\n", `issues.csv:2: Issue key: "OPS 900" is not a key`},
		{"key twice", head + "OPS-900,Laptop,\"a\nb\"\nOPS-900,Laptop,c\n", "issues.csv:4: Issue key: there is an issue OPS-900 above"},
		{"no type in a row", head + "OPS-900,,a\n", "issues.csv:2: Issue Type: is empty"},
		{"not a time", head + "OPS-900,Laptop,a,yesterday\n", `issues.csv:2: Created: "yesterday" is not a time; write it as 20/Nov/26 9:00 AM`},
		{"not a number", head + "OPS-900,Laptop,a,,,,much\n", `issues.csv:2: Custom field (Purchase price): "much" is not a number`},
		{"no such option", head + "OPS-900,Laptop,a,,,,,Bern\n", `issues.csv:2: Custom field (Location): "Location" has no option "Bern" here`},
		{"no summary", head + "OPS-900,Laptop,\n", "issues.csv:2: Summary: is not a summary"},
		{"no work", head + "OPS-900,Laptop,a,,,,,,an hour\n", `issues.csv:2: Log Work: "an hour" is not time that was spent`},
		{"not UTF-8", head + "OPS-900,Laptop,\xff\n", "issues.csv:2: column 3: holds bytes that are not UTF-8"},
		{"UTF-16", "\xff\xfeI\x00", "the file is UTF-16; save it as UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readCSV(t, tt.text, company.New(company.Config{}).Site)
			var problems seed.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

// Whatever the bytes are, there are issues or an error that says where; what was read can be written as JSON and read again.
func FuzzReadCSV(f *testing.F) {
	f.Add(fixture(f, "cloud.csv"))
	f.Add(fixture(f, "sheet.csv"))
	f.Add("sep=|\nKey|Type|Summary|Comment|Custom field (A)|Custom field (A)\nAB-1|T|s|;;|1|2\n")
	f.Add("Project key\tIssue Type\tSummary\tLog Work\tParent id\tIssue id\nAB\tEpic\ta\t;1/Jan/26 1:00 AM;u;5\t\t1\nAB\tSub-task\tb\t\t1\t2")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := readCSV(t, text, nil)
		if err != nil {
			var problems seed.Problems
			if !errors.As(err, &problems) || len(problems) == 0 || problems[0].Write == "" {
				t.Fatalf("error = %v, want problems", err)
			}
			return
		}
		var out bytes.Buffer
		issues := func(yield func(*seed.Issue, error) bool) {
			for _, i := range first.Issues {
				if !yield(i, nil) {
					return
				}
			}
		}
		if err := seed.WriteJSON(&out, &seed.Stream{Site: first.Site, Issues: issues}); err != nil {
			t.Fatal(err)
		}
		again, err := read(t.Context(), out.String())
		if err != nil {
			t.Fatalf("written as JSON, it is refused: %v", err)
		}
		if diff := cmp.Diff(asJSON(t, first.Issues), asJSON(t, again.Issues)); diff != "" {
			t.Error(diff)
		}
	})
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
