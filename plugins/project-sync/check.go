package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func check(ctx context.Context, r *sync.Check) (*sync.Health, error) {
	s := parse(&r.Config)
	problems, err := s.problems(ctx)
	if err != nil || len(problems) > 0 {
		return health("", problems, err)
	}
	found, _, err := list(ctx, s, false)
	switch {
	case err != nil:
		return health("", nil, err)
	case len(found) > 0:
		return health(fmt.Sprintf("Jira, %s", counted(len(found))), nil, nil)
	}
	seen, err := jira.Projects(ctx, jira.ProjectQuery{Limit: 1, Archived: true})
	if err == nil && seen.Total == 0 {
		problems = []sync.Problem{{
			What: "The app sees no project of this site.",
			Do:   "Give it the permission to browse projects: as a rule a permission scheme grants that to the role of apps.",
		}}
	}
	return health("Jira, no project that is covered", problems, err)
}

func counted(n int) string {
	if n == 1 {
		return "1 project"
	}
	return fmt.Sprintf("%d projects", n)
}

// problems looks at what is written in the settings, and whether the categories are there.
func (s selection) problems(ctx context.Context) ([]sync.Problem, error) {
	var out []sync.Problem
	for _, ids := range []struct {
		setting string
		list    []string
	}{{"categories", s.categories}, {"except", s.except}} {
		if i := slices.IndexFunc(ids.list, func(id string) bool { return !isID(id) }); i >= 0 {
			out = append(out, sync.Problem{Setting: ids.setting, What: fmt.Sprintf("%.40q is no id.", ids.list[i]), Do: "Write the number by which Jira knows it, such as 10000."})
		}
	}
	if len(s.categories) == 0 || len(out) > 0 {
		return out, nil
	}
	there, err := jira.Categories(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range s.categories {
		if !slices.ContainsFunc(there, func(c jira.Category) bool { return c.ID == id }) {
			out = append(out, sync.Problem{
				Setting: "categories",
				What:    fmt.Sprintf("There is no category of projects with the id %s any more, or there never was.", id),
				Do:      "Take it out, or choose another one. Without any, projects of all categories are covered.",
			})
		}
	}
	return out, nil
}

// health makes a problem of an error that a person has to do something about.
func health(about string, problems []sync.Problem, err error) (*sync.Health, error) {
	var e *sdk.Error
	if errors.As(err, &e) && slices.Contains([]sdk.Code{sdk.Invalid, sdk.PermissionDenied, sdk.NotFound, sdk.Unimplemented}, e.Code) {
		problems, err = append(problems, sync.Problem{Setting: settingOf[e.Field], What: e.Message, Do: "Correct the connection, or what Jira allows to the app, and try again."}), nil
	}
	if err != nil {
		return nil, err
	}
	return &sync.Health{About: about, Problems: problems}, nil
}

// settingOf is the setting that a field of a question to the host comes from.
var settingOf = map[string]string{"categories": "categories", "category": "categories", "types": "types", "text": "text"}

// failure is the error of a read under settings that are wrong.
func failure(problems []sync.Problem, err error) error {
	if err != nil || len(problems) == 0 {
		return err
	}
	p := problems[0]
	return invalid(p.Setting, p.What+" "+p.Do)
}
