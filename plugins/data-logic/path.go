package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const pathType = "path"

// What bounds a walk.
const (
	mostSteps   = 3
	mostNested  = 3    // paths in each other
	mostReached = 1000 // issues that a step leads to
	mostAsked   = 60   // questions about links
)

// path is what an admin wrote: steps over relations, other paths, and how what they lead to is joined.
type path struct {
	steps []relations.End
	parts []string // ids of paths
	both  bool     // only what all of them lead to
}

func newPath(v *settings.Values) path {
	p := path{parts: v.List("paths"), both: v.String("join") == "all"}
	for _, s := range v.Groups("steps") {
		p.steps = append(p.steps, relations.End{Relation: s.String("relation"), End: s.String("end")})
	}
	return p
}

// reached are issues in the order in which they were come to, each once. more says that there are others.
type reached struct {
	ids  []string
	more bool
}

// walker follows paths. It knows nothing of the host: linked says what issues at an end are linked to, and whether it left some out.
type walker struct {
	paths  map[string]path
	linked func(at relations.End, ids []string) (reached, error)
	asked  int
}

// follow says where a path leads from some issues, which are not among them. A circle of links is walked once: a step goes from all issues
// that the one before led to, and there are mostSteps of them.
func (w *walker) follow(id string, from []string) (reached, error) {
	out, err := w.walk(id, from, 0)
	out.ids = slices.DeleteFunc(out.ids, func(id string) bool { return slices.Contains(from, id) })
	return out, err
}

func (w *walker) walk(id string, from []string, depth int) (reached, error) {
	p, there := w.paths[id]
	switch {
	case !there:
		return reached{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "There is no such path any more. Choose another one where this one was chosen."}
	case depth >= mostNested:
		return reached{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: fmt.Sprintf("The path is made of paths more than %d deep. A Jira admin has to simplify it.", mostNested)}
	}
	var all []reached
	if len(p.steps) > 0 {
		r, err := w.steps(p.steps, from)
		if err != nil {
			return reached{}, err
		}
		all = append(all, r)
	}
	for _, part := range p.parts {
		r, err := w.walk(part, from, depth+1)
		if err != nil {
			return reached{}, err
		}
		all = append(all, r)
	}
	return joined(all, p.both), nil
}

func (w *walker) steps(steps []relations.End, from []string) (reached, error) {
	here := reached{ids: from}
	for _, step := range steps[:min(len(steps), mostSteps)] {
		next := reached{more: here.more}
		for chunk := range slices.Chunk(here.ids, relations.MostLinked) {
			if w.asked++; w.asked > mostAsked {
				return reached{}, &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin, Message: "The path leads over too many issues from here. A Jira admin has to shorten it."}
			}
			some, err := w.linked(step, chunk)
			if err != nil {
				return reached{}, err
			}
			next = joined([]reached{next, some}, false)
		}
		here = next
	}
	return here, nil
}

// joined is what several led to: all of it or, with both, what each of them led to.
func joined(all []reached, both bool) reached {
	var out reached
	times := map[string]int{}
	for _, r := range all {
		out.more = out.more || r.more
		here := map[string]bool{}
		for _, id := range r.ids {
			if here[id] {
				continue
			}
			here[id] = true
			if times[id]++; times[id] == 1 {
				out.ids = append(out.ids, id)
			}
		}
	}
	if both {
		out.ids = slices.DeleteFunc(out.ids, func(id string) bool { return times[id] < len(all) })
	}
	if len(out.ids) > mostReached {
		out.ids, out.more = out.ids[:mostReached], true
	}
	return out
}

// follow answers other plugins. It tells ids and nothing else, whoever the user is: who shows the issues reads them with the user's rights.
func follow(ctx context.Context, _ *service.Request, q *relations.FollowQuestion) (*relations.Followed, error) {
	if len(q.IssueIDs) > relations.MostLinked {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "issue_ids", Message: fmt.Sprintf("Begin a path at %d issues at most.", relations.MostLinked)}
	}
	w, err := newWalker(ctx)
	if err != nil {
		return nil, err
	}
	r, err := w.follow(q.Path, q.IssueIDs)
	if err != nil {
		return nil, err
	}
	return &relations.Followed{IssueIDs: r.ids, More: r.more}, nil
}

// followOne is where the path of a variable leads.
func followOne(ctx context.Context, id, issue string) (ids []string, more bool, err error) {
	out, err := follow(ctx, nil, &relations.FollowQuestion{Path: id, IssueIDs: []string{issue}})
	if err != nil {
		return nil, false, err
	}
	return out.IssueIDs, out.More, nil
}

func newWalker(ctx context.Context) (*walker, error) {
	all, err := config.List(ctx, pathType)
	if err != nil {
		return nil, err
	}
	w := &walker{paths: map[string]path{}, linked: func(at relations.End, ids []string) (reached, error) { return linked(ctx, at, ids) }}
	for i := range all {
		w.paths[all[i].ID] = newPath(&all[i].Values)
	}
	return w, nil
}

// linked asks advanced links for one step.
func linked(ctx context.Context, at relations.End, ids []string) (reached, error) {
	list, err := relations.LinkedTo(ctx, relations.LinkedQuestion{End: at, IssueIDs: ids, Limit: relations.MostPerIssue})
	if err != nil {
		return reached{}, err
	}
	if list == nil {
		return reached{}, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "What is linked cannot be read at the moment. A Jira admin can see on the Pergola page whether Advanced links is switched on."}
	}
	var all []reached
	for _, i := range list.Issues {
		all = append(all, reached{i.Others, i.More})
	}
	return joined(all, false), nil
}
