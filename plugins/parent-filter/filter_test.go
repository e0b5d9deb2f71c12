package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

// A ticket names its customer and its contacts; a customer has contacts.
const (
	contact  = "4Nk7tQxYzAbCdEfGh2"
	customer = "4Nk7tQxYzAbCdEfGh3"
	has      = "4Nk7tQxYzAbCdEfGh4"
	ticket   = "10001"
)

type site struct {
	*sdktest.Host
	*testing.T
	links map[string][]string // by "relation end issue"
	more  map[string]bool
}

func newSite(t *testing.T) *site {
	s := &site{sdktest.Load(t, newPlugin(), "plugin.json"), t, map[string][]string{}, map[string]bool{}}
	s.Services = map[string]sdk.Service{relations.Links: service.Mux{
		relations.OpLinked: service.Handle(func(_ context.Context, _ *service.Request, q *relations.LinkedQuestion) (*relations.LinkedList, error) {
			if len(q.IssueIDs) > relations.MostLinked || q.Limit > relations.MostPerIssue {
				return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "too many"}
			}
			out := &relations.LinkedList{}
			for _, id := range q.IssueIDs {
				key := q.Relation + " " + q.End.End + " " + id
				out.Issues = append(out.Issues, relations.Linked{IssueID: id, Others: s.links[key], More: s.more[key]})
			}
			return out, nil
		}),
	}}
	s.links[has+" first 201"] = []string{"301", "302"}
	s.links[has+" first 202"] = []string{"302", "303"}
	return s
}

// filter bounds the contacts of a ticket by its customer. more are its other settings, as JSON.
func (s *site) filter(more string) string {
	s.Helper()
	id, err := s.Configure("filter", document("Contacts", contact, customer)+more+`}`)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

func document(name, child, parent string) string {
	return fmt.Sprintf(`{"name": %q, "child": {"relation": %q}, "parent": {"relation": %q}, "via": {"relation": %q}`, name, child, parent, has)
}

func (s *site) scope(chosen map[string][]string) (*relations.Scope, error) {
	q := relations.ScopeQuestion{Where: relations.Where{End: relations.End{Relation: contact, End: relations.First}, IssueID: ticket, Chosen: chosen}}
	var out relations.Scope
	return &out, s.Serve(service.Request{Name: "filter", Op: relations.OpScope}, q.MarshalMsg, out.UnmarshalMsg)
}

func TestWhatIsLinkedThereBoundsWhatCanBeHere(t *testing.T) {
	follows := []string{customer + "-first"}
	chosen := func(ids ...string) map[string][]string { return map[string][]string{customer + "-first": ids} }
	joins := func(ids ...string) (out []relations.Join) {
		for _, id := range ids {
			out = append(out, relations.Join{End: relations.End{Relation: has, End: relations.First}, IssueID: id})
		}
		return out
	}
	var crowd []string
	for i := range mostJoined + 1 {
		crowd = append(crowd, strconv.Itoa(401+i))
	}
	const choose = "Nothing can be linked here yet: choose first what it belongs to."
	const none = "Nothing can be linked here: no issue belongs to what is chosen."
	for _, tt := range []struct {
		name, settings string
		saved          []string
		chosen         map[string][]string
		want           relations.Scope
	}{
		{"what is saved", ``, []string{"201"}, nil, relations.Scope{Clause: "id in (301, 302)", IssueIDs: []string{"301", "302"}, Follows: follows, Joins: joins("201")}},
		{"what is chosen comes before what is saved", ``, []string{"201"}, chosen("202"), relations.Scope{Clause: "id in (302, 303)", IssueIDs: []string{"302", "303"}, Follows: follows, Joins: joins("202")}},
		{"any of several", ``, []string{"201", "202"}, nil, relations.Scope{Clause: "id in (301, 302, 303)", IssueIDs: []string{"301", "302", "303"}, Follows: follows, Joins: joins("201", "202")}},
		{"each of several", `, "mode": "all"`, nil, chosen("201", "202", "201"), relations.Scope{Clause: "id in (302)", IssueIDs: []string{"302"}, Follows: follows, Joins: joins("201", "202")}},
		{"nothing chosen", ``, []string{"201"}, chosen(), relations.Scope{Nothing: choose, Follows: follows, NoNew: choose}},
		{"nothing chosen, in words of the admin", `, "hint": "Choose a customer first."`, nil, nil, relations.Scope{Nothing: "Choose a customer first.", Follows: follows, NoNew: "Choose a customer first."}},
		{"nothing chosen, and everything is open", `, "empty": "all"`, nil, nil, relations.Scope{Follows: follows}},
		{"what is chosen has none", ``, nil, chosen("203"), relations.Scope{Nothing: none, Follows: follows, Joins: joins("203")}},
		{"more than a new one can belong to", ``, nil, chosen(crowd...), relations.Scope{Nothing: none, Follows: follows, NoNew: tooManyToJoin}},
		{"no ids", ``, nil, chosen("201) OR (1=1", `"`), relations.Scope{Nothing: choose, Follows: follows, NoNew: choose}},
		{"kept when it changes", `, "clear": false`, []string{"201"}, nil, relations.Scope{Clause: "id in (301, 302)", IssueIDs: []string{"301", "302"}, Joins: joins("201")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.links[customer+" first "+ticket] = tt.saved
			s.filter(tt.settings)
			got, err := s.scope(tt.chosen)
			if diff := cmp.Diff(&tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestOtherSidesAreNotBounded(t *testing.T) {
	s := newSite(t)
	if _, err := s.Configure("filter", document("Others", customer, contact)+`}`); err != nil {
		t.Fatal(err)
	}
	got, err := s.scope(nil)
	if diff := cmp.Diff(&relations.Scope{}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestEachFilterHasToLeaveAnIssue(t *testing.T) {
	s := newSite(t)
	s.filter("")
	if _, err := s.Configure("filter", document("Second", contact, "4Nk7tQxYzAbCdEfGh5")+`}`); err != nil {
		t.Fatal(err)
	}
	s.links[customer+" first "+ticket], s.links["4Nk7tQxYzAbCdEfGh5 first "+ticket] = []string{"201"}, []string{"202"}
	got, err := s.scope(nil)
	if err != nil || got.Clause != "id in (302)" || len(got.Follows) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A query can be only so long. What would have to be left out is not left out in silence.
func TestTooManyToSearchInAreNothing(t *testing.T) {
	for name, tt := range map[string]func(*site) map[string][]string{
		"issues": func(s *site) map[string][]string {
			for i := range mostIDs + 1 {
				s.links[has+" first 203"] = append(s.links[has+" first 203"], strconv.Itoa(10000+i))
			}
			return map[string][]string{customer + "-first": {"203"}}
		},
		"links of one": func(s *site) map[string][]string {
			s.more[has+" first 201"] = true
			return map[string][]string{customer + "-first": {"201"}}
		},
		"linked there": func(s *site) map[string][]string {
			s.links[customer+" first "+ticket], s.more[customer+" first "+ticket] = []string{"201"}, true
			return nil
		},
		"chosen there": func(s *site) map[string][]string {
			var all []string
			for i := range relations.MostLinked + 1 {
				all = append(all, strconv.Itoa(201+i))
			}
			return map[string][]string{customer + "-first": all}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.filter("")
			got, err := s.scope(tt(s))
			if err != nil || got.Clause != "" || got.Nothing != tooMany {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestWithoutLinksNobodyKnows(t *testing.T) {
	s := newSite(t)
	s.filter(`, "empty": "all"`)
	delete(s.Services, relations.Links)
	if got, err := s.scope(nil); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCirclesAreRefused(t *testing.T) {
	s := newSite(t)
	save := func(id, name, child, parent string) error {
		if id != "" {
			return s.Reconfigure("filter", id, document(name, child, parent)+`}`)
		}
		_, err := s.Configure("filter", document(name, child, parent)+`}`)
		return err
	}
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refused(save("", "x", "A", "A"), "cannot bound itself")
	first := s.filter("") // contacts by customer
	refused(save("", "x", customer, contact), "in a circle: by “Contacts”")
	if err := save("", "Regions", customer, "region"); err != nil {
		t.Fatal(err)
	}
	refused(save("", "x", "region", contact), "in a circle")
	if err := save("", "Also", contact, "region"); err != nil { // two ways to the same are none
		t.Error(err)
	}
	if err := save(first, "Contacts", contact, "region"); err != nil { // its own old edge does not count
		t.Error(err)
	}
	if _, err := s.Configure("filter", `{"name": "x", "child": {"relation": "A"}}`); err == nil || !strings.Contains(err.Error(), "Choose a relation and one of its ends") {
		t.Error(err)
	}
}

// Whatever admins save, in whatever order: what was saved never goes in a circle, and what is refused would have.
func TestWhatIsSavedNeverGoesInACircle(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	side := func() relations.End {
		return relations.End{Relation: "r" + strconv.Itoa(random.IntN(6)), End: relations.First}
	}
	for range 50 {
		var saved []filter
		for range 12 {
			f := filter{child: side(), parent: side()}
			_, refused := bounds(saved, f.parent, f.child, len(saved))
			refused = refused || f.child == f.parent
			if circle := hasCircle(append(slices.Clone(saved), f)); circle != refused {
				t.Fatalf("%+v beside %+v: refused %t, a circle %t", f, saved, refused, circle)
			}
			if !refused {
				saved = append(saved, f)
			}
		}
	}
}

// hasCircle takes away sides that nothing bounds until none is left.
func hasCircle(all []filter) bool {
	for {
		n := len(all)
		all = slices.DeleteFunc(slices.Clone(all), func(f filter) bool {
			return !slices.ContainsFunc(all, func(other filter) bool { return other.child == f.parent })
		})
		if len(all) == n {
			return n > 0
		}
	}
}
