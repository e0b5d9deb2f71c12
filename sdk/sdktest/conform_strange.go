package sdktest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// damagedQuestions asks synchronizers what is cut, damaged and empty. What they answer to a right question, ConformSource tries.
func (c conformance) damagedQuestions(t *testing.T) {
	h := New(c.plugin)
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	for name := range c.plugin.Synchronizers {
		for op, in := range map[string]msgp.Marshaler{
			sync.OpCheck: &sync.Check{Name: name}, sync.OpDiscover: &sync.Discover{Name: name, Stream: "a"},
			sync.OpRead:  &sync.Read{Name: name, Stream: "a", Columns: []string{"b"}, Where: []sync.Condition{{Column: "b", Is: sync.Equal, Value: sync.Decimal("1.5")}}},
			sync.OpWrite: &sync.Write{Name: name, Stream: "a", Columns: []string{"b"}, Changes: []sync.Change{{Key: []sync.Value{sync.Int(1)}, Values: []sync.Value{sync.String("x")}}}},
		} {
			whole := question(op, in)
			if code := c.code(t, h, whole); code == sdk.Internal {
				t.Errorf("%s %s without a connection: code %q", op, name, code)
			}
			for n := range whole {
				if code := c.code(t, h, whole[:n]); code != sdk.Invalid {
					t.Errorf("%s %s cut to %d of %d bytes: code %q, want %q", op, name, n, len(whole), code, sdk.Invalid)
					break
				}
			}
			for range 200 {
				damaged := slices.Clone(whole)
				damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
				c.code(t, h, damaged) // may be another valid question
			}
		}
	}
}

// strangeEvents tells handlers of nothing, of what they cannot know, and of events that are cut and damaged.
func (c conformance) strangeEvents(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Events)) {
		h := New(c.plugin)
		for _, e := range []event.Event{
			{}, {Kind: "kind.of.tomorrow", ID: "1"}, {Kind: event.IssueDeleted, ID: "1", IssueID: "\x00\xff"}, {Kind: event.LinkDeleted, ID: "1", FromID: "-1", ToID: "9e99"},
		} {
			e.Name = name
			c.code(t, h, question(wire.OpEvent, &e))
		}
		whole := question(wire.OpEvent, &event.Event{Name: name, Kind: event.IssueUpdated, ID: "1", IssueID: "10001", Changed: []string{"summary"}})
		for n := range whole {
			if code := c.code(t, h, whole[:n]); code != sdk.Invalid {
				t.Errorf("an event for %s cut to %d of %d bytes: code %q, want %q", name, n, len(whole), code, sdk.Invalid)
				break
			}
		}
		for range 200 {
			damaged := slices.Clone(whole)
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
			c.code(t, h, damaged) // may be another valid event
		}
	}
}

// strangeSteps asks for steps of nothing, with inputs and cursors that nobody declares, cut and damaged.
func (c conformance) strangeSteps(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Jobs)) {
		h := New(c.plugin)
		h.Background = true
		for _, s := range []job.Step{
			{}, {Job: "job-of-tomorrow", Number: -1, Attempt: 1 << 30}, {Input: map[string]string{"": "\x00\xff", "after": "-1"}, Cursor: map[string]string{"after": "9e99"}},
		} {
			s.Name = name
			c.code(t, h, question(wire.OpJob, &s))
		}
		whole := question(wire.OpJob, &job.Step{Name: name, Job: name, Run: "1", ID: "1-0", Input: map[string]string{"a": "1"}, Cursor: map[string]string{"after": "10001"}})
		for n := range whole {
			if code := c.code(t, h, whole[:n]); code != sdk.Invalid {
				t.Errorf("a step for %s cut to %d of %d bytes: code %q, want %q", name, n, len(whole), code, sdk.Invalid)
				break
			}
		}
		for range 200 {
			damaged := slices.Clone(whole)
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
			c.code(t, h, damaged) // may be another valid step
		}
	}
}

// strangeFunctions asks functions with arguments that nobody means, too many and none, cut and damaged.
func (c conformance) strangeFunctions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Functions)) {
		h := New(c.plugin)
		h.Context.Account, h.answering = "", true
		for _, q := range []jqlfunc.Question{
			{}, {Function: "f", Operator: "operator of tomorrow"}, {Function: "f", Operator: jqlfunc.In, Arguments: make([]string, 100)},
			{Function: "f", Operator: jqlfunc.NotIn, Arguments: []string{"\x00\xff", `" OR key is not EMPTY OR key = "`, `\`, ") OR (", "EMPTY"}},
		} {
			q.Name = name
			c.code(t, h, question(wire.OpJQL, &q))
		}
		whole := question(wire.OpJQL, &jqlfunc.Question{Name: name, Function: "f", Operator: jqlfunc.In, Arguments: []string{"a", "b"}})
		for n := range whole {
			if code := c.code(t, h, whole[:n]); code != sdk.Invalid {
				t.Errorf("a question to %s cut to %d of %d bytes: code %q, want %q", name, n, len(whole), code, sdk.Invalid)
				break
			}
		}
		for range 200 {
			damaged := slices.Clone(whole)
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
			c.code(t, h, damaged) // may be another valid question
		}
	}
}

// strangeRoutes calls routes without anything, with bodies that no schema lets through, cut and damaged.
func (c conformance) strangeRoutes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Routes)) {
		h := New(c.plugin)
		for _, r := range []rest.Request{
			{}, {Body: []byte{0xc1}}, {Body: []byte{0xc0}}, {Body: []byte{0x80}}, {Body: []byte{0x90}}, {Body: []byte{0xdd, 0xff, 0xff, 0xff, 0xff}},
			{Params: map[string]string{"": "\x00\xff", "issue": "../..", "relation": "-1", "limit": "9e99", "cursor": "<script>"}},
		} {
			r.Name = name
			c.code(t, h, question(wire.OpRoute, &r))
		}
		whole := question(wire.OpRoute, &rest.Request{Name: name, Params: map[string]string{"issue": "10001"}, Body: []byte{0x81, 0xa1, 'a', 0xa1, 'b'}})
		for n := range whole {
			if code := c.code(t, h, whole[:n]); code != sdk.Invalid {
				t.Errorf("a call of %s cut to %d of %d bytes: code %q, want %q", name, n, len(whole), code, sdk.Invalid)
				break
			}
		}
		for range 200 {
			damaged := slices.Clone(whole)
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
			c.code(t, h, damaged) // may be another valid call
		}
	}
}
