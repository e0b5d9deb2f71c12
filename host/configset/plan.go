package configset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// maxWritten is how much one import writes: each document with what was there before, in one write of the store.
const maxWritten = (1000 - 1) / 2

// Mapping says which thing of a site each thing of a file is, by its ids; "" leaves one out. What is not in it is proposed.
type Mapping map[schemaform.Source]map[string]string

// Import is a file that is to be imported.
type Import struct {
	File    *File
	Plugins []capability.PluginID // empty for all of the file
	Map     Mapping
	Skip    []string // refs of what stays out, see Item.Ref
	// Lenient leaves out what would be refused, and what refers to that. Otherwise nothing is imported then.
	Lenient bool
}

// State is how a thing of a file was found.
type State string

// The states.
const (
	Proposed State = "proposed" // by its id, key or name
	Chosen   State = "chosen"   // by the mapping
	Out      State = "out"      // left out by the mapping
	Open     State = "open"     // not found: somebody has to choose
)

// Match is a thing of a file with what it is here.
type Match struct {
	Source schemaform.Source
	Thing  Thing
	To     Thing // zero where the state is out or open
	State  State
}

// What becomes of a document.
type What string

// The outcomes.
const (
	Created  What = "created"
	Changed  What = "changed"
	Restored What = "restored" // it was deleted and is taken back
	Equal    What = "equal"
	Refused  What = "refused"
	Skipped  What = "skipped"
)

// Difference is a setting that an import changes, with names for ids.
type Difference struct {
	Setting string `json:"setting"`
	Before  string `json:"before"`
	After   string `json:"after"`
}

// Problem is why a document is refused.
type Problem struct {
	Setting string `json:"setting,omitempty"` // its title, "" where it is about the whole
	Message string `json:"message"`
	// Do is what to do about it as long as nothing is imported, "" where Message says so or nothing can be done.
	Do string `json:"do,omitempty"`
}

// Item is a document of a file, or the settings of a plugin, with what becomes of it.
type Item struct {
	Ref      string // names it in the file: plugin, or plugin/type/id
	Plugin   string // its name
	Type     string // what its type is called; "" for settings
	Label    string
	ID       string // here; "" for settings
	What     What
	ByName   bool // it was known again by its name alone
	Diff     []Difference
	Problems []Problem
	Notes    []string

	draft  feature.Draft
	form   *schemaform.Form
	needs  []string // refs of what it refers to in the file
	absent bool     // it is not there before
}

// Person is an account that a file names.
type Person struct {
	Account, Name string // the name is Jira's, of just now
	Kept          bool
}

// Plan is what an import would do.
type Plan struct {
	Matches []Match
	People  []Person
	Items   []Item
	Left    []capability.PluginID // plugins of the file that are not here
	Notes   []string
	// Seal is of everything that would be written. An import with the seal of a plan does that or nothing.
	Seal string

	here *here
}

// Count is how many items have an outcome.
func (p Plan) Count(what What) (n int) {
	for _, i := range p.Items {
		if i.What == what {
			n++
		}
	}
	return n
}

// Things are what can be chosen for a thing of that source.
func (p Plan) Things(ctx context.Context, source schemaform.Source) ([]Thing, error) {
	return p.here.things(ctx, source)
}

// target is a document of a file as it is here.
type target struct {
	id     string
	there  tenant.Config // of Rev 0 for a new one
	byName bool
	twice  bool // another document of the file is the same one here
}

// planner makes a plan.
type planner struct {
	*here
	in       Import
	sameSite bool
	tenant   tenant.Tenant
	targets  map[schemaform.Source]map[string]*target // of documents of the file
	source   map[string]schemaform.Source             // of documents by their ids, for texts
	matches  map[schemaform.Source]map[string]*Match
	order    []*Match
	plan     Plan
}

// Plan says what an import would do. Errors are those of the site and the store, and of mappings to what is not there.
func (s *Service) Plan(ctx context.Context, t tenant.Tenant, account string, in Import) (Plan, error) {
	h, err := s.here(ctx, t)
	if err != nil {
		return Plan{}, err
	}
	why := map[string][]Problem{}
	for {
		p, err := s.plan(ctx, t, account, in, h)
		if err != nil {
			return Plan{}, err
		}
		refused := 0
		for i := range p.Items {
			item := &p.Items[i]
			if item.What == Refused {
				why[item.Ref] = item.Problems
				in.Skip, refused = append(slices.Clip(in.Skip), item.Ref), refused+1
			}
			item.Problems = why[item.Ref]
		}
		if refused == 0 || !in.Lenient {
			return p, nil
		}
		// What refers to the refused is refused in the next round: each leaves one out at least.
	}
}

func (s *Service) plan(ctx context.Context, t tenant.Tenant, account string, in Import, h *here) (Plan, error) {
	host, err := hostOf(t)
	if err != nil {
		return Plan{}, err
	}
	p := &planner{
		here: h, in: in, sameSite: host == in.File.From, tenant: t, targets: map[schemaform.Source]map[string]*target{}, source: map[string]schemaform.Source{},
		matches: map[schemaform.Source]map[string]*Match{},
	}
	p.plan.here = h
	p.aim()
	if err := p.match(ctx); err != nil {
		return Plan{}, err
	}
	if err := p.items(ctx); err != nil {
		return Plan{}, err
	}
	p.arrange()
	p.follow()
	if err := s.judge(ctx, t, account, &p.plan); err != nil {
		return Plan{}, err
	}
	for _, m := range p.order {
		p.plan.Matches = append(p.plan.Matches, *m)
	}
	slices.SortStableFunc(p.plan.Matches, func(a, b Match) int { return strings.Compare(string(a.Source), string(b.Source)) })
	p.plan.Seal = seal(p.plan.drafts())
	return p.plan, nil
}

// chosen are the plugins of the file that are imported and here.
func (p *planner) chosen(visit func(Plugin, feature.Part)) {
	for _, plugin := range p.in.File.Plugins {
		if len(p.in.Plugins) > 0 && !slices.Contains(p.in.Plugins, plugin.ID) {
			continue
		}
		if part, ok := p.part(plugin.ID); ok {
			visit(plugin, part)
		} else if !slices.Contains(p.plan.Left, plugin.ID) {
			p.plan.Left = append(p.plan.Left, plugin.ID)
		}
	}
}

// aim finds which documents here those of the file are.
func (p *planner) aim() {
	p.chosen(func(plugin Plugin, part feature.Part) {
		if !part.Choice.Enabled {
			p.plan.Notes = append(p.plan.Notes, part.Manifest.Name+" is switched off on this site. What is imported for it counts when it is switched on.")
		}
		for _, d := range plugin.Documents {
			source := sourceOf(plugin.ID, d.Type)
			t, ok := p.typeOf(source)
			if !ok {
				continue // the item says so
			}
			if p.targets[source] == nil {
				p.targets[source] = map[string]*target{}
			}
			p.source[d.ID] = source
			p.targets[source][d.ID] = p.aimAt(d, t)
		}
	})
	for _, all := range p.targets {
		seen := map[string]*target{}
		for _, to := range all {
			if other, ok := seen[to.id]; ok {
				to.twice, other.twice = true, true
			}
			seen[to.id] = to
		}
	}
}

// aimAt finds a document by its id, by the id that it got here when it was imported first, or by its name.
func (p *planner) aimAt(d Document, t feature.PartType) *target {
	own := derived(p.tenant.ID, p.in.File.From, d)
	for _, id := range []string{d.ID, own} {
		if i := slices.IndexFunc(t.Documents, func(c tenant.Config) bool { return c.ID == id }); i >= 0 {
			return &target{id: id, there: t.Documents[i]}
		}
	}
	label := t.LabelOf(tenant.Config{Values: d.Values})
	for _, c := range t.Documents {
		if c.Deleted.IsZero() && strings.EqualFold(t.LabelOf(c), label) {
			return &target{id: c.ID, there: c, byName: true}
		}
	}
	return &target{id: own}
}

// derived is the id that a document of elsewhere has here: always the same, so that a file that is imported again finds it.
func derived(t capability.TenantID, from string, d Document) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(t), from, d.Type, d.ID}, "\x00")))
	out := make([]byte, sdkstore.TokenLength)
	for i := range out {
		out[i] = sdkstore.TokenAlphabet[int(sum[i])%len(sdkstore.TokenAlphabet)]
	}
	return string(out)
}

// arrange puts what others refer to before them.
func (p *planner) arrange() {
	at := map[string]int{}
	for i, item := range p.plan.Items {
		at[item.Ref] = i
	}
	var out []Item
	done := make([]bool, len(p.plan.Items))
	var put func(i int)
	put = func(i int) {
		if done[i] {
			return
		}
		done[i] = true // before what it needs: a circle is for the guards to refuse
		for _, ref := range p.plan.Items[i].needs {
			if j, ok := at[ref]; ok {
				put(j)
			}
		}
		out = append(out, p.plan.Items[i])
	}
	for i := range p.plan.Items {
		put(i)
	}
	p.plan.Items = out
}

// follow refuses what refers to the refused, unless that is there already.
func (p *planner) follow() {
	gone := map[string]string{} // labels by refs
	for i := range p.plan.Items {
		item := &p.plan.Items[i]
		for _, ref := range item.needs {
			if label, ok := gone[ref]; ok && item.writes() {
				item.refuse("", fmt.Sprintf("It refers to “%s”, which cannot be taken over.", label))
			}
		}
		if item.What == Refused && item.absent {
			gone[item.Ref] = item.Label
		}
	}
}

// drafts are what would be written.
func (p Plan) drafts() []feature.Draft {
	var out []feature.Draft
	for _, i := range p.Items {
		if i.writes() {
			out = append(out, i.draft)
		}
	}
	return out
}

func (i Item) writes() bool { return i.What == Created || i.What == Changed || i.What == Restored }

// judge has the guards of the plugins look at everything that would be written.
func (s *Service) judge(ctx context.Context, t tenant.Tenant, account string, p *Plan) error {
	all := p.drafts()
	if len(all) > maxWritten {
		return invalid("The file would write %d documents, and %d can be written at once. Import fewer plugins at a time.", len(all), maxWritten)
	}
	found, err := s.features.JudgeDrafts(ctx, t, account, all)
	if err != nil {
		return err
	}
	n := 0
	for i := range p.Items {
		item := &p.Items[i]
		if !item.writes() {
			continue
		}
		for _, e := range found[n] {
			item.refuse(item.title(e.Path), e.Message)
		}
		n++
	}
	return nil
}

func (i *Item) refuse(setting, message string) { i.refuseUnless(setting, message, "") }

// refuseUnless refuses an item with what to do about it.
func (i *Item) refuseUnless(setting, message, do string) {
	i.What = Refused
	i.Problems = append(i.Problems, Problem{setting, message, do})
}

func (i *Item) title(path string) string {
	if path == "" || i.form == nil {
		return ""
	}
	return i.form.Title(path)
}

// seal is a digest of drafts.
func seal(all []feature.Draft) string {
	raw, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("configset: drafts of JSON have no JSON: %v", err))
	}
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// same says whether two values of JSON are the same, both with the same order of members.
func same(a, b []byte) bool { return bytes.Equal(a, b) }
