package plan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

var benchNow = time.Date(2026, 3, 11, 15, 30, 0, 0, time.UTC)

// large is a site on which every value exists.
type large struct{}

func (large) Fields(f syntax.Field) []analysis.Field {
	kinds := map[string]analysis.Kind{
		"project": analysis.Project, "status": analysis.Status, "priority": analysis.Priority, "assignee": analysis.User,
		"labels": analysis.Labels, "summary": analysis.Text, "created": analysis.DateTime, "updated": analysis.DateTime, "due": analysis.Date,
	}
	if k, ok := kinds[f.Name]; ok {
		return []analysis.Field{{ID: plan.FieldID(f.Name), Kind: k, Sortable: true, History: k == analysis.Status}}
	}
	return nil
}
func (large) Values(_ analysis.Field, l analysis.Literal) []analysis.Value {
	return []analysis.Value{{Key: l.Text}}
}
func (large) Now() time.Time                          { return benchNow }
func (large) Me() string                              { return "u17" }
func (large) Call(string, []string) ([]string, error) { return nil, analysis.ErrUnknown }

const million = 1_000_000

var million1 = sync.OnceValue(func() *memory.Index {
	r := rand.New(rand.NewPCG(1, 1))
	skewed := func(n int) int { return int(float64(n) * r.Float64() * r.Float64()) }
	statuses := []string{"Done", "Done", "Done", "To Do", "In Progress", "Review"}
	priorities := []string{"Medium", "Medium", "Medium", "High", "Low", "Highest", "Lowest"}
	return memory.New(func(yield func(memory.Issue) bool) {
		for n := range million {
			created := benchNow.Add(time.Duration(n-million) * 3 * time.Minute)
			updated := created.Add(time.Duration(r.Float64() * float64(benchNow.Sub(created))))
			p := r.IntN(len(priorities))
			i := memory.Issue{
				ID: plan.ID(10001 + n),
				Values: map[plan.FieldID][]string{
					"project": {fmt.Sprint("P", skewed(50))}, "status": {statuses[r.IntN(len(statuses))]}, "priority": {priorities[p]},
				},
				Places: map[plan.FieldID][]float64{
					"priority": {float64(max(2, p))}, "created": {float64(created.UnixMilli())}, "updated": {float64(updated.UnixMilli())},
				},
			}
			if r.IntN(4) > 0 {
				i.Values["assignee"] = []string{fmt.Sprint("u", skewed(2000))}
			}
			for range r.IntN(3) {
				i.Values["labels"] = append(i.Values["labels"], fmt.Sprint("l", skewed(500)))
			}
			if r.IntN(3) == 0 {
				i.Places["due"] = []float64{float64(benchNow.AddDate(0, 0, r.IntN(60)-30).Truncate(24 * time.Hour).UnixMilli())}
			}
			var text strings.Builder
			for range 6 {
				fmt.Fprint(&text, "word", skewed(5000), " ")
			}
			i.Texts = map[plan.FieldID]string{"summary": text.String()}
			if n%10 == 0 {
				i.History = []memory.Event{
					{Field: "status", To: "To Do", At: float64(created.UnixMilli()), Created: true},
					{Field: "status", From: "To Do", To: i.Values["status"][0], At: float64(updated.UnixMilli()), By: "u17"},
				}
			}
			if !yield(i) {
				return
			}
		}
	})
})

// BenchmarkFirstPage measures what a search costs between its text and the IDs of its first page, on a million issues.
func BenchmarkFirstPage(b *testing.B) {
	ix := million1()
	for _, text := range []string{
		`project = P7`,
		`project = P7 AND status != Done ORDER BY created DESC`,
		`assignee = currentUser() AND status in ("To Do", "In Progress") ORDER BY priority DESC, updated DESC`,
		`status != Done ORDER BY updated DESC`,
		`updated >= -7d ORDER BY updated DESC`,
		`created >= -300d AND created < -200d AND labels = l5 ORDER BY due`,
		`created >= -2000d AND created < -200d ORDER BY priority, created`,
		`summary ~ "word12 word345" AND project in (P1, P2)`,
		`summary ~ "word34*" ORDER BY created DESC`,
		`status != Done AND (assignee is EMPTY OR priority = High) ORDER BY priority DESC, created`,
		`NOT (labels = l1 OR labels = l2) AND due < startOfDay() ORDER BY due, priority`,
		`status was "To Do" BEFORE -1w AND project = P3`,
		`project in (P1, P2, P3) ORDER BY summary`,
	} {
		b.Run(text, func(b *testing.B) {
			a := analysis.Analyzer{Schema: large{}, Environment: large{}}
			var found, page int
			search := func() {
				q, err := syntax.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				query, messages := a.Analyze(q, analysis.Strict)
				if len(messages.Errors) > 0 {
					b.Fatal(messages.Errors)
				}
				set := plan.Find(ix, ix.All(), query.Where)
				found, page = set.Len(), len(plan.Page(ix, set, query.Order, 0, 50))
			}
			search() // the index in memory sorts by a field when it is first asked
			for b.Loop() {
				search()
			}
			b.ReportMetric(float64(found), "found")
			b.ReportMetric(float64(page), "page")
		})
	}
}
