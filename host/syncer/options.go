package syncer

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
)

// contexts finds, for the fields that take new options, the context in which they take them. Problems say why they cannot: to hear that
// from each row of a run would be late.
func (e *Engine) contexts(ctx context.Context, s Sync) (map[string]string, error) {
	var problems mapping.Problems
	out := map[string]string{}
	for i, f := range s.Config.Fields {
		if !f.AddOptions {
			continue
		}
		bad := func(what, do string) {
			problems = append(problems, mapping.Problem{At: fmt.Sprintf("fields[%d].addOptions", i), What: what, Do: do})
		}
		if !e.cfg.AddOptions {
			bad("this server does not ask sites for leave to add choices to fields, which is the scope ADMIN",
				"remove it and add the choices in Jira, or ask whoever runs the server to set connect.add_options")
			continue
		}
		if may, err := e.cfg.Jira.Administers(ctx, s.Tenant); err != nil {
			return nil, err
		} else if !may {
			bad("this site has not granted the app the scope ADMIN, without which Jira lets it add no choice to a field",
				"approve the update of the app under Manage apps, or remove it and add the choices in Jira")
			continue
		}
		var err error
		switch out[f.Field], err = e.cfg.Jira.FieldContext(ctx, s.Tenant, f.Field); sdk.CodeOf(err) {
		case "":
		case sdk.NotFound, sdk.PermissionDenied, sdk.Invalid:
			bad("the field has not one context, so nothing says where a new choice belongs", "remove it and add the choices in Jira")
		default:
			return nil, err
		}
	}
	if len(problems) > 0 {
		return nil, unfit(problems)
	}
	return out, nil
}
