package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Job is long work that the plugin does in steps, see sdk/job.
type Job struct {
	Name    string `json:"name"`    // by which the code begins a run
	Title   string `json:"title"`   // what admins read
	Handler string `json:"handler"` // in the code: a key of sdk.Plugin.Jobs
	Reason  string `json:"reason"`  // for the admin
	// Input and Cursor are what a run is begun with, and what a step leaves behind for the next.
	Input  map[string]JobValue `json:"input,omitempty"`
	Cursor map[string]JobValue `json:"cursor,omitempty"`
	// Counts are what its steps count, with what admins read of each.
	Counts map[string]string `json:"counts,omitempty"`
	// Concurrency names parts of the input: runs with the same values of these are worked on one after the other, others at the same time.
	// Without any, all runs of the job wait for one another.
	Concurrency []string `json:"concurrency,omitempty"`
	// Starts says whose actions may begin a run: [ByAdmin], which "" is too, or [ByUser].
	Starts string `json:"starts,omitempty"`
	// Account says whose rights its steps have: [OfInitiator], which "" is too, or [OfNobody].
	Account string `json:"account,omitempty"`
}

// JobValue declares one value of an input or a cursor: a field that is kept as long as the run is, and that nobody can search by.
type JobValue struct {
	Kind   string   `json:"kind"`             // one of [Kinds], but no account: the host could not find it when the account ends
	Values []string `json:"values,omitempty"` // all the words of a [KindStatus]
	Config string   `json:"config,omitempty"` // the type of document, of a [KindConfig]; behind a plugin's id and a slash one of another plugin
}

// Validate is that of a field.
func (v JobValue) Validate(value string) error {
	return Field{Kind: v.Kind, Values: v.Values}.Validate(value)
}

// Who may begin a run of a job.
const (
	ByAdmin = "admin" // an action on an adminPage
	ByUser  = "user"  // any action of a user
)

// Whose rights the steps of a job have.
const (
	OfInitiator = "initiator" // the account that began the run
	OfNobody    = "none"
)

// ByUsers says whether any user's action may begin a run.
func (j Job) ByUsers() bool { return cmp.Or(j.Starts, ByAdmin) == ByUser }

// AsInitiator says whether its steps have the rights of whoever began the run.
func (j Job) AsInitiator() bool { return cmp.Or(j.Account, OfInitiator) == OfInitiator }

// The jobs of a manifest.
func (r *report) jobs(m *Manifest) {
	seen := map[string]int{}
	for i, j := range m.Jobs {
		path := "$.jobs[" + strconv.Itoa(i) + "]"
		r.unique(seen, j.Name, path+".name", i)
		r.jobValues(m, j.Input, path+".input")
		r.jobValues(m, j.Cursor, path+".cursor")
		for n, name := range j.Concurrency {
			if _, ok := j.Input[name]; !ok {
				r.add(fmt.Sprintf("%s.concurrency[%d]", path, n), strconv.Quote(name)+" is no value of the input", "declare it in input, or name one that is there")
			}
		}
	}
}

func (r *report) jobValues(m *Manifest, values map[string]JobValue, path string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, inner := values[name], member(path, name)
		switch {
		case v.Kind == KindStatus && len(v.Values) == 0:
			r.add(inner+".values", "is missing", `add all the words that it can be, such as "values": ["check", "repair"]`)
		case v.Kind != KindStatus && len(v.Values) > 0:
			r.add(inner+".values", "only a "+KindStatus+" has words to choose from", "leave it out")
		}
		if v.Kind == KindConfig && strings.Contains(v.Config, "/") {
			continue // a run is kept for its own time, and nobody looks one up by a document
		}
		r.configOf(m, Field{Kind: v.Kind, Config: v.Config, Indexed: true}, inner)
	}
}
