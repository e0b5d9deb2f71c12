package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

const uses = "UsesRe1atesPaptps1" // the relation of the tests
const blocks = "1"                // Jira's type of link

// links is what advanced links are to this plugin: a relation with links, each with the batch that made it.
type links struct {
	made    map[relations.Pair]int64
	refuses map[relations.Pair]string // with what
	fails   int                       // how many more changes are done before the answer is lost
	slow    func()                    // before each change
	most    int                       // links of an issue at the second end; 0 for any number
}

// room says whether an issue at the second end takes one more link.
func (l *links) room(issue string, taken []relations.Taken, said map[string]int) bool {
	n := said[issue]
	for p := range l.made {
		if p.Second == issue {
			n++
		}
	}
	for _, t := range taken {
		if t.End.End == relations.Second && t.IssueID == issue {
			n += t.Links
		}
	}
	return l.most == 0 || n < l.most
}

func (l *links) service() service.Mux {
	return service.Mux{
		relations.OpSides: service.Handle(func(context.Context, *service.Request, *relations.SidesQuestion) (*relations.SideList, error) {
			return &relations.SideList{Sides: []relations.Side{
				{End: relations.End{Relation: uses, End: relations.First}, Name: "=Uses", Label: "uses"}, {End: relations.End{Relation: uses, End: relations.Second}, Name: "=Uses", Most: l.most},
				{End: relations.End{Relation: "RelationOfJiraLink", End: relations.First}, Name: "Native", Native: true},
			}}, nil
		}),
		relations.OpPairs: service.Handle(func(_ context.Context, _ *service.Request, q *relations.PairsQuestion) (*relations.PairList, error) {
			out := &relations.PairList{}
			for _, p := range l.sorted() {
				if q.Relation != "" && p.Relation != q.Relation || q.Batch != 0 && l.made[p] != q.Batch || q.After != nil && compare(p, *q.After) <= 0 {
					continue
				}
				if len(out.Pairs) == cmp.Or(q.Limit, relations.MostListed) {
					out.More = true
					break
				}
				out.Pairs = append(out.Pairs, p)
			}
			return out, nil
		}),
		relations.OpJoin: service.Handle(func(_ context.Context, r *service.Request, q *relations.Joining) (*relations.Outcomes, error) {
			said := map[string]int{}
			return l.each(r, q.Pairs, q.Check, func(p relations.Pair) string {
				old, there := l.made[p]
				switch {
				case l.refuses[p] != "":
					return l.refuses[p]
				case there && (old != q.Batch || q.Batch == 0):
					return relations.Nothing
				case !there && !l.room(p.Second, q.Taken, said):
					return relations.ByMaximum
				case q.Check:
					said[p.Second]++
				default:
					l.made[p] = q.Batch
				}
				return relations.Made
			})
		}),
		relations.OpPart: service.Handle(func(_ context.Context, r *service.Request, q *relations.Parting) (*relations.Outcomes, error) {
			return l.each(r, q.Pairs, q.Check, func(p relations.Pair) string {
				old, there := l.made[p]
				switch {
				case !there:
					return relations.Nothing
				case q.Only != 0 && old != q.Only:
					return relations.Changed
				case !q.Check:
					delete(l.made, p)
				}
				return relations.Made
			})
		}),
	}
}

func (l *links) each(r *service.Request, pairs []relations.Pair, check bool, do func(relations.Pair) string) (*relations.Outcomes, error) {
	if r.Context.Account == "" || len(pairs) == 0 || len(pairs) > relations.MostPairs {
		return nil, sdk.Errorf(sdk.Invalid, "%d links of %q", len(pairs), r.Context.Account)
	}
	if l.slow != nil {
		l.slow()
	}
	out := &relations.Outcomes{}
	for _, p := range pairs {
		out.Outcomes = append(out.Outcomes, relations.Outcome{What: do(p)})
	}
	if l.fails > 0 && !check {
		if l.fails--; l.fails == 0 {
			return nil, sdk.Errorf(sdk.Unavailable, "the host is killed")
		}
	}
	return out, nil
}

func compare(a, b relations.Pair) int {
	return cmp.Or(cmp.Compare(a.Relation, b.Relation), cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second))
}

func (l *links) sorted() []relations.Pair {
	var out []relations.Pair
	for p := range l.made {
		out = append(out, p)
	}
	slices.SortFunc(out, compare)
	return out
}

// text is all links, without the relation.
func (l *links) text() string {
	var out []string
	for _, p := range l.sorted() {
		out = append(out, p.First+"-"+p.Second)
	}
	return strings.Join(out, " ")
}

func pair(first, second string) relations.Pair {
	return relations.Pair{Relation: uses, First: first, Second: second}
}

// site is a Jira site with the plugin. Of the projects 10 and 20 the issues IT-1 to IT-n have the ids 1001 and up, HR-1 to HR-n 2001 and up.
type site struct {
	*sdktest.Host
	*testing.T
	links *links
	clock time.Time
}

func newSite(t *testing.T, each int) *site {
	s := &site{T: t, links: &links{made: map[relations.Pair]int64{}, refuses: map[relations.Pair]string{}}, clock: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}
	s.Host = sdktest.Load(t, newPlugin(func() time.Time { return s.clock }), "plugin.json")
	s.Services = map[string]sdk.Service{relations.Links: s.links.service()}
	s.Context.Module = "transfer"
	s.LinkTypes = []jira.LinkType{{ID: blocks, Name: "Blocks"}, {ID: "2", Name: "Relates"}}
	for n := range each {
		s.Issues = append(s.Issues, jira.Issue{ID: strconv.Itoa(1001 + n), Key: fmt.Sprintf("IT-%d", n+1), ProjectID: "10"})
	}
	for n := range each {
		s.Issues = append(s.Issues, jira.Issue{ID: strconv.Itoa(2001 + n), Key: fmt.Sprintf("HR-%d", n+1), ProjectID: "20"})
	}
	s.Match = matches
	return s
}

var (
	inProject = regexp.MustCompile(`project = "(\d+)"`)
	notIn     = regexp.MustCompile(`project not in \(([^)]*)\)`)
	behind    = regexp.MustCompile(`key > "[A-Z]+-(\d+)"`)
	keyIn     = regexp.MustCompile(`key in \(([^)]*)\)`)
)

// matches knows what this plugin asks.
func matches(q string, i *jira.Issue) bool {
	number := func(key string) int { _, n, _ := strings.Cut(key, "-"); v, _ := strconv.Atoi(n); return v }
	if m := inProject.FindStringSubmatch(q); m != nil && m[1] != i.ProjectID {
		return false
	}
	if m := notIn.FindStringSubmatch(q); m != nil && strings.Contains(m[1], `"`+i.ProjectID+`"`) {
		return false
	}
	if m := behind.FindStringSubmatch(q); m != nil {
		if n, _ := strconv.Atoi(m[1]); number(i.Key) <= n {
			return false
		}
	}
	if m := keyIn.FindStringSubmatch(q); m != nil && !strings.Contains(m[1], `"`+i.Key+`"`) {
		return false
	}
	return true
}

// native links two issues in Jira.
func (s *site) native(typ, from, to string) {
	s.Links = append(s.Links, jira.IssueLink{ID: strconv.Itoa(50_000 + len(s.Links)), TypeID: typ, FromID: from, ToID: to})
}

// natives are the links in Jira.
func (s *site) natives() string {
	var out []string
	for _, l := range s.Links {
		out = append(out, l.TypeID+":"+l.FromID+"-"+l.ToID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// migration has an admin write one.
func (s *site) migration(more string) string {
	s.Helper()
	id, err := s.Configure("migration", `{"name": "Blocks", "linkType": "1", "relation": "`+uses+`", "jql": "updated > -30d"`+more+`}`)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

func (s *site) act(name string, params map[string]string) {
	s.Helper()
	if _, err := s.Action(sdk.Request{Name: name, Params: params}); err != nil {
		s.Fatal(err)
	}
}

// counts are what the latest run counted.
func (s *site) counts() string {
	runs := s.Runs()
	last := runs[len(runs)-1]
	var out []string
	for name, n := range last.Counts {
		if n > 0 {
			out = append(out, fmt.Sprintf("%s %d", name, n))
		}
	}
	slices.Sort(out)
	return strings.Join(append([]string{string(last.State)}, out...), ", ")
}

// retry has a run that ended with an error go on, as a host does by itself.
func (s *site) retry(run string) error {
	_, err := job.Retry(s.With(context.Background()), run)
	return err
}

func itoa(n int) string { return strconv.Itoa(n) }

// refusing answers searches with keys that are not there as Jira does.
func refusing(keys []string) func(op string, body []byte) (msgp.Marshaler, error, bool) {
	return func(op string, body []byte) (msgp.Marshaler, error, bool) {
		var s jira.Search
		if op != jira.OpSearch {
			return nil, nil, false
		}
		if _, err := s.UnmarshalMsg(body); err != nil {
			return nil, err, true
		}
		for _, key := range keys {
			if strings.Contains(s.JQL, `"`+key+`"`) {
				return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "An issue with key '" + key + "' does not exist for field 'key'."}, true
			}
		}
		return nil, nil, false
	}
}
