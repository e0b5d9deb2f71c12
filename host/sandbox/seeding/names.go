package seeding

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// names leads from what a seed calls things to what they are on the site.
type names struct {
	users       map[string]world.AccountID // by login and account
	people      map[string]world.AccountID // by name, for histories
	types       map[string]world.TypeID
	statuses    map[string]world.StatusID
	priorities  map[string]world.PriorityID
	usual       world.PriorityID // of issues that say none
	resolutions map[string]world.ResolutionID
	linkTypes   map[string]world.LinkTypeID
	fields      map[string]*world.Field // by name and id
	workflows   map[string]*world.Workflow
	schemes     map[string]world.SchemeID
	categories  map[string]string
	roles       map[string]world.RoleID
	orgs        map[string]world.OrgID
	projects    map[string]world.ProjectID // by key
	// By project's key and name.
	components map[inProject]world.ComponentID
	versions   map[inProject]world.VersionID
	levels     map[inProject]world.LevelID
	requests   map[inProject]world.RequestTypeID

	participants world.FieldID // "" where no project has customers
	options      map[choice]string
}

type inProject struct{ project, name string }

// choice is an option's value as issues of a type in a project say it; above is that of the option above it, "" for none.
type choice struct {
	field          world.FieldID
	project        world.ProjectID
	issueType      world.TypeID
	above, written string
}

func newNames() names {
	return names{
		users: map[string]world.AccountID{}, people: map[string]world.AccountID{}, types: map[string]world.TypeID{},
		statuses: map[string]world.StatusID{}, priorities: map[string]world.PriorityID{}, resolutions: map[string]world.ResolutionID{},
		linkTypes: map[string]world.LinkTypeID{}, fields: map[string]*world.Field{}, workflows: map[string]*world.Workflow{},
		schemes: map[string]world.SchemeID{}, categories: map[string]string{}, roles: map[string]world.RoleID{}, orgs: map[string]world.OrgID{},
		projects: map[string]world.ProjectID{}, components: map[inProject]world.ComponentID{}, versions: map[inProject]world.VersionID{},
		levels: map[inProject]world.LevelID{}, requests: map[inProject]world.RequestTypeID{}, options: map[choice]string{},
	}
}

// holder reads a holder as [seed.Grants] writes it.
func (n *names) holder(text string) (world.Holder, error) {
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case "group":
		return world.Holder{Kind: world.ByGroup, Value: value}, nil
	case "user":
		return world.Holder{Kind: world.ByUser, Value: string(n.users[value])}, nil
	case "role":
		return world.Holder{Kind: world.ByRole, Value: string(n.roles[value])}, nil
	case "lead":
		return world.Holder{Kind: world.ByLead}, nil
	case "reporter":
		return world.Holder{Kind: world.ByReporter}, nil
	case "assignee":
		return world.Holder{Kind: world.ByAssignee}, nil
	case "anyone":
		return world.Holder{Kind: world.ByAnyone}, nil
	case "logged in":
		return world.Holder{Kind: world.ByMembership}, nil
	}
	return world.Holder{}, fmt.Errorf("%q holds nothing; write group:NAME, user:LOGIN, role:NAME, lead, reporter, assignee, anyone or logged in", text)
}

func (n *names) holders(texts []string) ([]world.Holder, error) {
	out := make([]world.Holder, 0, len(texts))
	for _, t := range texts {
		h, err := n.holder(t)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// visibility reads who alone sees a comment or worklog; nil where everybody does.
func (n *names) visibility(text string) (*world.Visibility, error) {
	if text == "" {
		return nil, nil
	}
	h, err := n.holder(text)
	if err != nil {
		return nil, err
	}
	return &world.Visibility{Kind: h.Kind, Value: h.Value}, nil
}

func (n *names) accounts(refs []string) []world.AccountID {
	return all(refs, n.users)
}

// all looks each of a list up.
func all[K comparable, V any](list []K, in map[K]V) []V {
	out := make([]V, 0, len(list))
	for _, k := range list {
		out = append(out, in[k])
	}
	return out
}

// numbered returns the ids of things: those they have, and for the others numbers above them, from first on.
func numbered[T any](things []T, prefix string, first int, id func(*T) string) []string {
	next := first
	for n := range things {
		if given, err := strconv.Atoi(strings.TrimPrefix(id(&things[n]), prefix)); err == nil {
			next = max(next, given+1)
		}
	}
	out := make([]string, len(things))
	for n := range things {
		if out[n] = id(&things[n]); out[n] == "" {
			out[n] = prefix + strconv.Itoa(next)
			next++
		}
	}
	return out
}

// kinds are the site's words for the kinds of fields.
var kinds = map[seed.Kind]world.Kind{
	seed.KindText: world.Text, seed.KindTextarea: world.TextArea, seed.KindNumber: world.Number, seed.KindDate: world.Date,
	seed.KindDateTime: world.DateTime, seed.KindUser: world.Person, seed.KindUsers: world.People, seed.KindOption: world.Option,
	seed.KindOptions: world.Options, seed.KindCascading: world.Cascading, seed.KindLabels: world.Labels, seed.KindURL: world.URL,
	seed.KindRadio: world.Radio, seed.KindGroup: world.GroupOf, seed.KindGroups: world.GroupsOf, seed.KindVersions: world.VersionOf,
	seed.KindProject: world.ProjectOf, seed.KindObject: world.Object,
}
