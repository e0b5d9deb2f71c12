package company_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
	"github.com/pergola-platform/pergola/host/sandbox/seed/seedtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func fill(t testing.TB, src *seed.Stream) *seedtest.Sink {
	t.Helper()
	s := &seedtest.Sink{}
	if err := seed.Copy(t.Context(), s, src); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompanyIsWhole(t *testing.T) {
	s := fill(t, company.New(company.Config{}))
	if s.Count != company.PerScale || !s.Ended {
		t.Errorf("%d issues, want %d", s.Count, company.PerScale)
	}
	persons, types, statuses := 0, map[string]int{}, map[string]int{}
	for _, u := range s.Site.Users {
		if u.Kind != seed.AppUser {
			persons++
		}
	}
	if persons != 60 {
		t.Errorf("%d people, want 60", persons)
	}
	summaries := map[string]int{}
	for _, i := range s.Issues {
		types[i.Type]++
		statuses[i.Status]++
		summaries[i.Summary]++
	}
	t.Logf("%v\n%v\n%d links, %d summaries", types, statuses, s.Linked, len(summaries))
	if len(types) != len(s.Site.Types) {
		t.Errorf("issues of %d types, want one of each of %d", len(types), len(s.Site.Types))
	}
	if s.Linked < s.Count || len(summaries) < s.Count*3/5 {
		t.Errorf("%d links and %d different summaries are few", s.Linked, len(summaries))
	}
}

// What apps meet on a real site, they meet here: not once, but often enough that a page of it is full.
func TestCompanyHasSomeOfEverything(t *testing.T) {
	s := fill(t, company.New(company.Config{}))
	have := map[string]int{}
	count := func(what string, n int) { have[what] += n }
	one := func(what string, is bool) {
		if is {
			have[what]++
		}
	}
	kinds := map[string]seed.Kind{}
	for _, f := range s.Site.Fields {
		kinds[f.Name] = f.Kind
	}
	for _, p := range s.Site.Projects {
		count("components", len(p.Components))
		count("versions", len(p.Versions))
		count("levels", len(p.SecurityLevels))
		count("roles", len(p.Roles))
		if p.Service != nil {
			count("request types", len(p.Service.RequestTypes))
			count("customers", len(p.Service.Customers))
			count("queues", len(p.Service.Queues))
		}
	}
	for _, f := range s.Site.Filters {
		one("shared filters", len(f.Shared) > 0)
		one("filters that others edit", len(f.Editors) > 0)
		one("favourites", len(f.Favourites) > 0)
	}
	for _, i := range s.Issues {
		one("with a component", len(i.Components) > 0)
		one("fixed in a version", len(i.FixVersions) > 0)
		one("affects a version", len(i.Versions) > 0)
		one("secret", i.Security != "")
		one("archived", i.Archived)
		one("voted for", len(i.Voters) > 0)
		one("watched", len(i.Watchers) > 0)
		one("of an organization", len(i.Organizations) > 0)
		one("with participants", len(i.Participants) > 0)
		one("environment", !i.Environment.IsZero())
		one("estimated", i.Estimate > 0)
		one("in rich text", len(i.Description.Document) > 0)
		count("remote links", len(i.RemoteLinks))
		count("worklogs", len(i.Worklogs))
		for _, c := range i.Comments {
			one("comments", true)
			one("internal comments", c.Internal)
			one("comments for some", c.VisibleTo != "")
		}
		for _, a := range i.Attachments {
			one(a.Type, true)
			if a.Type == "image/png" {
				if _, err := png.Decode(bytes.NewReader(a.Content)); err != nil {
					t.Errorf("%s of %s: %v", a.Name, i.Key, err)
				}
			}
			if a.Type == "image/svg+xml" {
				if err := xml.Unmarshal(a.Content, new(struct{})); err != nil {
					t.Errorf("%s of %s: %v", a.Name, i.Key, err)
				}
			}
		}
		for name := range i.Fields {
			one("field of kind "+string(kinds[name]), true)
		}
	}
	want := map[string]int{
		"components": 17, "versions": 10, "levels": 3, "roles": 14, "request types": 8, "customers": 6, "queues": 4,
		"shared filters": 8, "filters that others edit": 2, "favourites": 4,
		"with a component": 500, "fixed in a version": 30, "affects a version": 10, "secret": 15, "archived": 5, "voted for": 40, "watched": 60,
		"of an organization": 5, "with participants": 30, "environment": 60, "estimated": 200, "in rich text": 30,
		"remote links": 80, "worklogs": 200, "comments": 400, "internal comments": 30, "comments for some": 10,
		"text/plain": 40, "image/png": 40, "image/svg+xml": 8,
	}
	for _, k := range seed.Kinds() {
		if k != seed.KindObject { // only apps bring fields of this kind
			want["field of kind "+string(k)] = 15
		}
	}
	for what, least := range want {
		if have[what] < least {
			t.Errorf("%d %s, want %d at least", have[what], what, least)
		}
	}
	t.Log(have)
}

// Graphs are what the site is for: from a person one comes to devices, from those to contracts, orders, places and licences.
func TestPeopleLeadToTheirDevicesAndLicences(t *testing.T) {
	s := fill(t, company.New(company.Config{}))
	seen := map[string]int{}
	for _, l := range s.Links {
		seen[s.Type(l.From)+" "+l.Type+" "+s.Type(l.To)]++
	}
	for _, i := range s.Issues {
		if i.Parent != "" {
			seen[i.Type+" below "+s.Type(i.Parent)]++
		}
	}
	for _, want := range []string{
		"Laptop Assignment Person", "Phone Assignment Person", "Monitor Place Room", "Laptop Coverage Contract", "Laptop Order Purchase order",
		"Contract Supply Vendor", "Licence seat Assignment Person", "Licence seat Installation Laptop", "Licence seat below Software licence",
		"Software licence Installation Server", "Software licence below Contract", "Room below Location", "Server Place Room", "Server Dependency Network device",
		"Server Dependency Server", "Incident Effect Laptop", "Incident Effect Server", "Incident Cause Problem", "Sub-task below Service request",
		"Person Line Person", "Laptop Replacement Laptop", "Change Effect Server",
	} {
		if seen[want] < 3 {
			t.Errorf("%s: %d times", want, seen[want])
		}
	}
	// A link that stands on the outward end's issue as "has installed" arrives the other way round.
	if seen["Server Installation Software licence"] > 0 {
		t.Error("inward links were not turned round")
	}
}

// The first issues are what tests of the sandbox know by id, key and text.
func TestOfficeComesFirst(t *testing.T) {
	want, whole := office.Issues(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)), fill(t, company.New(company.Config{}))
	for n, i := range want { // as a copy writes it
		if i.Reporter != "mia" {
			t.Fatalf("issue %d is of %q", n, i.Reporter)
		}
		i.Reporter = office.Mia
	}
	if diff := cmp.Diff(want, whole.Issues[:len(want)], cmpopts.IgnoreUnexported(seed.Issue{})); diff != "" {
		t.Errorf("the company begins differently (-office +company):\n%s", diff)
	}
}

func TestFirstIssuesAreAsTheyWere(t *testing.T) {
	src := company.New(company.Config{})
	short := &seed.Stream{Site: src.Site, Issues: func(yield func(*seed.Issue, error) bool) {
		n := 0
		for i, err := range src.Issues {
			if n++; n > 60 && n%97 != 0 { // the office, and some from everywhere
				continue
			}
			if !yield(i, err) {
				return
			}
		}
	}}
	var got bytes.Buffer
	if err := seed.WriteJSON(&got, short); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "company.ndjson")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the company changed; read the difference, then -update (-golden +now):\n%s", diff)
	}
}

// sums are of the whole stream at a scale. Other bytes on another machine, or after an update of Go, would show here.
var sums = map[int]string{
	1: "e25434b08fd377a0ce5aa66eaee61a42f63f13eb9b97942f26e6a4de61701552",
	4: "6f1960ef33bc0859300b50dab92d0a2f22309acbe39cbc15d4ff11e649c5b1da",
}

func TestStreamIsTheSameEverywhere(t *testing.T) {
	for scale, want := range sums {
		h := sha256.New()
		if err := seed.WriteJSON(h, company.New(company.Config{Scale: scale})); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("scale %d: %s, want %s", scale, got, want)
		}
	}
}

func TestStreamCanBeReadAgainAndLeftEarly(t *testing.T) {
	src := company.New(company.Config{})
	for range 2 {
		n := 0
		for i, err := range src.Issues {
			if err != nil || n == 0 && i.Key != "OPS-1" {
				t.Fatal(i.Key, err)
			}
			if n++; n == 100 {
				break
			}
		}
	}
}

func TestScaledCompanyIsWhole(t *testing.T) {
	scale := 25
	if testing.Short() {
		scale = 3
	}
	src := company.New(company.Config{Scale: scale})
	s := &seedtest.Sink{Forget: true}
	if err := seed.Copy(t.Context(), s, src); err != nil {
		t.Fatal(err)
	}
	if s.Count != scale*company.PerScale || len(src.Site.Users) != 61+10*(scale-1) {
		t.Errorf("%d issues of %d users", s.Count, len(src.Site.Users))
	}
}

func TestNowMovesTheDates(t *testing.T) {
	now := time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)
	newest := time.Time{}
	for _, i := range fill(t, company.New(company.Config{Now: now})).Issues {
		if i.Updated.After(newest) {
			newest = i.Updated
		}
	}
	if newest.After(now) || newest.Before(now.AddDate(0, 0, -2)) {
		t.Errorf("the newest change is of %v, and it is %v", newest, now)
	}
}

func BenchmarkCompany(b *testing.B) {
	for b.Loop() {
		for _, err := range company.New(company.Config{}).Issues {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/company.PerScale, "ns/issue")
}

func BenchmarkCopy(b *testing.B) {
	for b.Loop() {
		if err := seed.Copy(b.Context(), &seedtest.Sink{Forget: true}, company.New(company.Config{})); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/company.PerScale, "ns/issue")
}

func BenchmarkWriteJSON(b *testing.B) {
	for b.Loop() {
		if err := seed.WriteJSON(io.Discard, company.New(company.Config{})); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/company.PerScale, "ns/issue")
}

func BenchmarkReadJSON(b *testing.B) {
	var file bytes.Buffer
	if err := seed.WriteJSON(&file, company.New(company.Config{})); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		src, err := seed.ReadJSON("company.ndjson", bytes.NewReader(file.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		if err := seed.Copy(b.Context(), &seedtest.Sink{Forget: true}, src); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/company.PerScale, "ns/issue")
}
