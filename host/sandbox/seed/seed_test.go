package seed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
	"github.com/pergola-platform/pergola/host/sandbox/seed/seedtest"
)

func small(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/site.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// read reads and copies a seed.
func read(ctx context.Context, text string) (*seedtest.Sink, error) {
	src, err := seed.ReadJSON("site.json", strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	s := &seedtest.Sink{}
	return s, seed.Copy(ctx, s, src)
}

func TestReferencesArriveInOneSpelling(t *testing.T) {
	s, err := read(t.Context(), small(t))
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, i := range s.Issues {
		keys = append(keys, i.Key)
	}
	// OPS-20 waits for its parent; the one without a key takes the next.
	if diff := cmp.Diff([]string{"OPS-7", "OPS-8", "OPS-21", "OPS-20"}, keys); diff != "" {
		t.Error(diff)
	}
	i := s.Issues[1]
	if i.Reporter != "a-1" || i.Watchers[0] != "a-2" || i.Comments[0].Author != "a-2" || i.Project != "OPS" {
		t.Errorf("people are not named by account: %+v", i)
	}
	if string(i.Fields["Serial number"]) != `"SN-1"` || string(i.Fields["Owner"]) != `"a-2"` || string(i.Fields["Helpers"]) != `["a-1","a-2"]` {
		t.Errorf("fields: %s", i.Fields)
	}
	if got := string(i.Description.ADF()); got != `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"One line."}]},{"type":"paragraph","content":[{"type":"text","text":"Another."}]}]}` {
		t.Error(got)
	}
	if s.Issues[0].Status != "In stock" {
		t.Errorf("status %q, want the workflow's first", s.Issues[0].Status)
	}
	want := []seed.Connection{{Type: "Coverage", From: "OPS-21", To: "OPS-7"}, {Type: "Coverage", From: "OPS-8", To: "OPS-7"}}
	if diff := cmp.Diff(want, s.Links); diff != "" {
		t.Error(diff)
	}
}

func TestCompanySurvivesTheFile(t *testing.T) {
	var once, twice bytes.Buffer
	if err := seed.WriteJSON(&once, company.New(company.Config{Scale: 2})); err != nil {
		t.Fatal(err)
	}
	src, err := seed.ReadJSON("company.ndjson", iotest.HalfReader(bytes.NewReader(once.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.WriteJSON(&twice, src); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Error("written, read and written again, the company is another one")
	}
}

// replaced returns the small site with one part of it written otherwise.
func replaced(t *testing.T, old, now string) string {
	t.Helper()
	text := small(t)
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times in the file", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, now, 1)
}

func TestProblemsSayWhereAndWhatToWrite(t *testing.T) {
	for _, tt := range []struct{ name, old, now, want string }{
		{"unknown member", `"title": "Small`, `"titel": "Small`, `site.json:4: $.titel: is not known here; write "title"`},
		{"case counts", `"jql": "project`, `"JQL": "project`, `site.json:47: $.filters[0].JQL: is not known here; write "jql"`},
		{"missing member", `, "lead": "mia", "category"`, `, "category"`, `site.json:36: $.projects[0]: has no "lead"; add "lead": a string`},
		{"other format", `"format": 1`, `"format": 2`, `site.json:3: $.format: is 2; write 1, the one that is read here`},
		{"wrong type", `"level": -1`, `"level": "low"`, `site.json:14: $.issueTypes[2].level: is a string; write a whole number`},
		{"null", `"level": -1`, `"level": null`, `site.json:14: $.issueTypes[2].level: is null; leave it out where there is nothing`},
		{"section twice", `"priorities": [`, `"groups": [], "priorities": [`, `site.json:17: $.groups: stands here a second time; put everything into the first`},
		{"no such group", `"groups": ["staff"], "timeZone"`, `"groups": ["stuff"], "timeZone"`, `site.json:7: $.users[0].groups[0]: there is no group "stuff"; write "staff"`},
		{"no such user", `"owner": "mia"`, `"owner": "mai"`, `site.json:47: $.filters[0].owner: there is no user "mai"; write "mia"`},
		{"no such holder", `"Members": ["group:staff"]`, `"Members": ["staff"]`, `$.projects[0].roles.Members[0]: "staff" cannot be in a role; write "group:NAME" or "user:LOGIN"`},
		{"no such kind", `"kind": "url"`, `"kind": "link"`, `$.fields[11].kind: "link" does not exist; write one of 18 there are, such as "text",`},
		{"no such status of a workflow", `["In stock"], "to": "In use"`, `["In stock"], "to": "Used"`, `$.workflows[0].transitions[0].to: there is no status "Used"; write one of "In stock", "In use", "Lost"`},
		{"same name twice", `"name": "Part"`, `"name": "Laptop"`, `$.issueTypes[2].name: there is another issue type "Laptop"; give each its own name`},
		{"options of a text field", `"kind": "multi option"`, `"kind": "text"`, `$.fields[8].contexts[0].options: a field of kind "text" has no options`},

		{"member of an issue", `"summary": "Repair",`, `"summry": "x", "summary": "Repair",`, `site.json:49: $.issues[0].summry: is not known here; write "summary"`},
		{"no such assignee", `"watchers": ["carl"]`, `"assignee": "cral"`, `site.json:63: $.issues[1].assignee: there is no user "cral"; write "carl"`},
		{"status outside the workflow", `"status": "In use"`, `"status": "Lost"`, `site.json:51: $.issues[1].status: the workflow of "Laptop" in OPS has no status "Lost"; write one of "In stock", "In use"`},
		{"no such type", `"type": "Part"`, `"type": "Pat"`, `site.json:68: $.type: project OPS has no issue type "Pat"; write "Part"`},
		{"no such field", `"Price": 12.5`, `"Prize": 12.5`, `$.issues[1].fields.Prize: there is no custom field "Prize"; write "Price"`},
		{"number as text", `"Price": 12.5`, `"Price": "12.5"`, `site.json:56: $.issues[1].fields.Price: is not a number; write one without quotes`},
		{"no such option", `"Site": "Berlin"`, `"Site": "Bern"`, `$.issues[1].fields.Site: "Site" has no option "Bern" here; write`},
		{"no such lower option", `"Debian 13"],`, `"Debian 12"],`, `$.issues[1].fields.System[1]: there is no option "Debian 12" below "Linux"; write "Debian 13"`},
		{"not a day", `"Bought": "2026-01-31"`, `"Bought": "31.1.2026"`, `$.issues[1].fields.Bought: "31.1.2026" is not a day; write a day such as "2027-01-31"`},
		{"not a time", `"updated": "2026-11-21T09:00:00Z"`, `"updated": "yesterday"`, `$.issues[1].updated: "yesterday" is not a time; write a time such as`},
		{"updated too early", `"updated": "2026-11-21T09:00:00Z"`, `"updated": "2026-11-19T09:00:00Z"`, `$.issues[1].updated: is before the issue was created`},
		{"not base64", `"aGk="`, `"a"`, `$.issues[1].attachments[0].content: is not base64`},
		{"no such voter", `"voters": ["carl"]`, `"voters": ["cral"]`, `$.issues[1].voters[0]: there is no user "cral"; write "carl"`},
		{"vote for one's own", `"voters": ["carl"]`, `"voters": ["mia"]`, `$.issues[1].voters[0]: reported the issue`},
		{"estimate below nothing", `"remainingEstimate": 3600`, `"remainingEstimate": -1`, `$.issues[1].remainingEstimate: is less than nothing; write the seconds`},
		{"hidden from nobody", `"visibleTo": "role:Members"`, `"visibleTo": "Members"`, `$.issues[1].comments[0].visibleTo: "Members" is neither a group nor a role; write "group:NAME" or "role:NAME"`},
		{"no such role to see it", `"visibleTo": "role:Members"`, `"visibleTo": "role:Membres"`, `$.issues[1].comments[0].visibleTo: there is no role "Membres"; write "Members"`},
		{"no such group to see it", `"visibleTo": "group:staff"`, `"visibleTo": "group:stuff"`, `$.issues[1].worklogs[0].visibleTo: there is no group "stuff"; write "staff"`},
		{"link to no address", `"url": "https://acme.example/manual"`, `"url": "manual"`, `$.issues[1].remoteLinks[0].url: "manual" is not an address; write one with its scheme`},
		{"no such group in a field", `"Teams": ["staff"]`, `"Teams": ["stuff"]`, `$.issues[1].fields.Teams[0]: there is no group "stuff"; write "staff"`},
		{"no such version in a field", `"Tested with": ["1.0"]`, `"Tested with": ["1.1"]`, `$.issues[1].fields["Tested with"][0]: project OPS has no version "1.1"; write "1.0"`},
		{"no such project in a field", `"Charged to": "OPS"`, `"Charged to": "OSP"`, `$.issues[1].fields["Charged to"]: there is no project "OSP"; write "OPS"`},
		{"text for an object", `"Record": { "n": 1 }`, `"Record": "n"`, `$.issues[1].fields.Record: is not an object; write one in { }`},
		{"no such radio option", `"Bought how": "New"`, `"Bought how": "Old"`, `$.issues[1].fields["Bought how"]: "Bought how" has no option "Old" here; write one of "New"`},
		{"no such assignee of a component", `"assignee": "component lead"`, `"assignee": "lead"`, `$.projects[0].components[0].assignee: "lead" does not exist; write one of "component lead"`},
		{"component without its lead", `"name": "Desk", "lead": "mia", `, `"name": "Desk", `, `$.projects[0].components[0].assignee: there is no lead; add "lead"`},
		{"two default levels", `"default": true }`, `"default": true }, { "name": "Top", "holders": ["lead"], "default": true }`, `$.projects[0].securityLevels[1].default: is the second one`},
		{"share with no project", `"project:OPS/Members"`, `"project:OSP/Members"`, `$.filters[0].shared[1]: there is no project "OSP"; write "OPS"`},
		{"share with no role", `"project:OPS/Members"`, `"project:OPS/Member"`, `$.filters[0].shared[1]: there is no role "Member"; write "Members"`},
		{"share with a reporter", `"logged in"`, `"reporter"`, `$.filters[0].shared[2]: a filter cannot be shared with "reporter"; write "group:NAME"`},
		{"no such favourite", `"favourites": ["mia"]`, `"favourites": ["mai"]`, `$.filters[0].favourites[0]: there is no user "mai"; write "mia"`},

		{"no such link", `"link": "covers"`, `"link": "cover"`, `site.json:49: $.issues[0].links[0].link: there is no link "cover"; write "covers"`},
		{"link to nothing", `"to": "OPS-7" }] }`, `"to": "OPS-70" }] }`, `site.json:69: $.links[0].to: there is no issue OPS-70; write the key of an issue of this seed`},
		{"parent that never comes", `"parent": "OPS-21"`, `"parent": "OPS-22"`, `site.json:68: $.parent: there is no issue OPS-22`},
		{"parent on the same level", `"parent": "OPS-7"`, `"key": "OPS-9", "parent": "OPS-21"`, `$.issues[1].parent: OPS-21 stands at level 0 and this issue at 0`},
		{"key taken", `"key": "OPS-20"`, `"key": "OPS-7"`, `site.json:68: $.key: there is an issue OPS-7 before this one`},
		{"sub-task alone", `, "parent": "OPS-21"`, ``, `site.json:68: $: has no parent, and "Part" is a sub-task`},
		{"broken issue", `"summary": "Battery",`, `"summary": "Battery",,`, `site.json:68: $: this is not JSON`},
		{"broken document", `"organizations": [{`, `"organizations" [{`, `site.json:10: $`},
		{"cut off", "{ \"key\": \"OPS-21\"", "{ \"key\": ", `site.json:69: $`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(t.Context(), replaced(t, tt.old, tt.now))
			var problems seed.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

func TestSeveralProblemsAreReportedAtOnce(t *testing.T) {
	text := strings.ReplaceAll(small(t), `"mia"`, `"mai"`)
	text = strings.Replace(text, `"login": "mai"`, `"login": "mia"`, 1)
	_, err := read(t.Context(), text)
	var problems seed.Problems
	if !errors.As(err, &problems) || len(problems) < 2 {
		t.Errorf("%v", err)
	}
}

func TestFileWithoutItsSiteIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "the file is empty",
		"[]":                                "does not begin with an object",
		`{"issues":[]}`:                     `has no "format" before the issues`,
		`{"format":1,"issues":{}}`:          "is not a list",
		`{"format":1,"issues":[],"a":1}`:    `move "issues" to the end`,
		`{"format":1}x`:                     "this is not JSON",
		`{"format":1`:                       "the file ends here",
		"{\"format\":1,\"title\":\"\xff\"}": "not UTF-8",
	} {
		if _, err := read(t.Context(), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := read(t.Context(), "\xef\xbb\xbf{\"format\":1}"); err != nil {
		t.Error(err)
	}
}

// failing is a sink that fails in one of its methods.
type failing struct {
	seedtest.Sink
	in string
}

var errFull = errors.New("disk full")

func (f *failing) Add(issues []*seed.Issue) error {
	if f.in == "add" {
		return errFull
	}
	return f.Sink.Add(issues)
}

func (f *failing) End() error { return errFull }

func TestCopyReturnsTheErrorsOfTheSinkAndOfTheContext(t *testing.T) {
	for _, in := range []string{"add", "end"} {
		f := &failing{in: in}
		if err := seed.Copy(t.Context(), f, company.New(company.Config{})); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", in, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := seed.Copy(ctx, &seedtest.Sink{}, company.New(company.Config{Scale: 500})); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestErrorOfTheFileIsNoProblem(t *testing.T) {
	_, err := seed.ReadJSON("site.json", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(small(t)))))
	var problems seed.Problems
	if err == nil || errors.As(err, &problems) || !errors.Is(err, iotest.ErrTimeout) {
		t.Error(err)
	}
}

// Whatever the bytes are, there is a site or an error that says where; what was read can be written and read again.
func FuzzReadJSON(f *testing.F) {
	f.Add(small(f))
	f.Add(`{"format":1,"issues":[{"key":"A-1"}]}`)
	f.Add(`{"format":1}888E8888`)
	f.Add(`8E8888`)
	f.Add("{\"format\":1}\n{\"a\":[{}],\"summary\":\"\\u00e9\"}\n{")
	f.Add(`{"format":1,"projects":[{"key":"AB","name":"x","lead":"u","issueTypes":["T"]}],"users":[{"account":"u","name":"U"}],"issueTypes":[{"name":"T"}]}{"project":"AB","type":"T","summary":"s","fields":{"x":1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		first, err := read(t.Context(), text)
		if err != nil {
			var problems seed.Problems
			if !errors.As(err, &problems) || len(problems) == 0 || problems[0].Line < 1 || problems[0].Write == "" {
				t.Fatalf("error = %v, want problems with places", err)
			}
			return
		}
		src := &seed.Stream{Site: first.Site, Issues: func(yield func(*seed.Issue, error) bool) {
			for _, i := range first.Issues {
				if !yield(i, nil) {
					return
				}
			}
		}}
		var out bytes.Buffer
		if err := seed.WriteJSON(&out, src); err != nil {
			t.Fatal(err)
		}
		again, err := read(t.Context(), out.String())
		if err != nil {
			t.Fatalf("written out, it is refused: %v", err)
		}
		a, _ := json.Marshal(first.Issues)
		b, _ := json.Marshal(again.Issues)
		if !bytes.Equal(a, b) {
			t.Errorf("read:\n%s\nread again:\n%s", a, b)
		}
	})
}
