package services

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// maxKeysOfIssue is how many properties of one issue a call can write: Jira's bound.
const maxKeysOfIssue = 10

var propertyName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,79}$`)

// wholeKey is where a plugin's property lies in Jira: below the plugin's id, so that none reads or writes what is another's.
func wholeKey(b *capability.Binding, key string) string { return manifest.WholeKey(b.Plugin, key) }

func checkKey(key string) error {
	if !propertyName.MatchString(key) {
		return withField("key", hostError(sdk.Invalid, "the key of a property is 1 to 80 of a to z, 0 to 9, dot, dash and underscore, with a letter first"))
	}
	return nil
}

// onProperties lets a user of Jira through, and what runs by itself: a job or an event, whose properties the app itself writes. An anonymous
// visitor is neither.
func (s *jiraService) onProperties(b *capability.Binding) error {
	if s.jira != nil && b.Context.Account == "" && b.Background {
		return nil
	}
	return s.allowed(b)
}

func (s *jiraService) property(ctx context.Context, b *capability.Binding, q *jira.PropertyKey) (*jira.PropertyValue, error) {
	if err := s.onProperty(b, q); err != nil {
		return nil, err
	}
	if b.Context.Account != "" {
		seen, err := s.seen(ctx, b, b.Context.Account, []string{q.IssueID})
		if err != nil {
			return nil, err
		}
		if len(seen) == 0 {
			return nil, noIssue(q.IssueID)
		}
	}
	value, err := s.jira.Property(ctx, b.Tenant, q.IssueID, wholeKey(b, q.Key))
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return &jira.PropertyValue{Value: value}, nil
}

func (s *jiraService) onProperty(b *capability.Binding, q *jira.PropertyKey) error {
	if err := s.onProperties(b); err != nil {
		return err
	}
	if err := isID("issue_id", manifest.KindIssue, q.IssueID); err != nil {
		return err
	}
	return checkKey(q.Key)
}

func (s *jiraService) deleteProperty(ctx context.Context, b *capability.Binding, q *jira.PropertyKey) (*nothing, error) {
	if err := s.onProperty(b, q); err != nil {
		return nil, err
	}
	if b.Context.Account != "" {
		if err := s.must(ctx, b, jira.EditIssues, q.IssueID); err != nil {
			return nil, err
		}
	}
	if err := s.jira.DeleteProperty(ctx, b.Tenant, q.IssueID, wholeKey(b, q.Key)); err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return &nothing{}, nil
}

func (s *jiraService) setProperties(ctx context.Context, b *capability.Binding, q *jira.PropertyList) (*jira.PropertyOutcome, error) {
	if err := s.onProperties(b); err != nil {
		return nil, err
	}
	ids, err := checkProperties(q.Properties)
	if err != nil || len(ids) == 0 {
		return &jira.PropertyOutcome{}, err
	}
	out := &jira.PropertyOutcome{}
	if b.Context.Account != "" {
		if out.Refused, err = s.refused(ctx, b, b.Context.Account, ids, len(q.Properties) == 1); err != nil {
			return nil, err
		}
	}
	err = s.write(ctx, b, q.Properties, out.Refused)
	if len(q.Properties) > 1 && (sdk.CodeOf(err) == sdk.Invalid || sdk.CodeOf(err) == sdk.NotFound) {
		// Jira takes all or none. Which of them it would not take is what the app itself may not edit.
		more, check := s.refused(ctx, b, "", ids, false)
		if check != nil {
			return nil, check
		}
		if len(more) == 0 {
			return nil, s.downstream(ctx, b, err)
		}
		for _, id := range more {
			if !slices.Contains(out.Refused, id) {
				out.Refused = append(out.Refused, id)
			}
		}
		err = s.write(ctx, b, q.Properties, out.Refused)
	}
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return out, nil
}

// refused returns the issues that the account may not edit; where there is but one to write, that is an error.
func (s *jiraService) refused(ctx context.Context, b *capability.Binding, account string, ids []string, single bool) ([]string, error) {
	rights, err := s.jira.Rights(ctx, b.Tenant, account, jira.RightsQuery{Permissions: []string{jira.BrowseProjects, jira.EditIssues}, IssueIDs: ids})
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	if rights == nil {
		rights = &jira.Rights{}
	}
	var out []string
	for _, id := range ids {
		if err := lacks(rights, jira.EditIssues, id); err != nil {
			if single {
				return nil, err
			}
			out = append(out, id)
		}
	}
	return out, nil
}

// write writes the properties of all issues but those that are refused.
func (s *jiraService) write(ctx context.Context, b *capability.Binding, list []jira.Property, refused []string) error {
	var whole []jira.Property
	for _, p := range list {
		if !slices.Contains(refused, p.IssueID) {
			whole = append(whole, jira.Property{IssueID: p.IssueID, Key: wholeKey(b, p.Key), Value: p.Value})
		}
	}
	if len(whole) == 0 {
		return nil
	}
	return s.jira.SetProperties(ctx, b.Tenant, whole)
}

// checkProperties returns the issues that are written, each once.
func checkProperties(list []jira.Property) ([]string, error) {
	if len(list) > jira.MaxProperties {
		return nil, withField("properties", hostError(sdk.Invalid, "at most %d properties can be written at a time", jira.MaxProperties))
	}
	keys := map[string][]string{}
	var ids []string
	for _, p := range list {
		if err := isID("issue_id", manifest.KindIssue, p.IssueID); err != nil {
			return nil, err
		}
		if err := checkKey(p.Key); err != nil {
			return nil, err
		}
		switch have := keys[p.IssueID]; {
		case len(p.Value) > jira.MaxPropertyValue:
			return nil, withField("value", hostError(sdk.Invalid, "the value of a property has at most %d bytes; keep less in it", jira.MaxPropertyValue))
		case !json.Valid(p.Value):
			return nil, withField("value", hostError(sdk.Invalid, "the value of a property is no JSON; text stands in quotes"))
		case slices.Contains(have, p.Key):
			return nil, withField("key", hostError(sdk.Invalid, "the property %s of an issue is written twice; write it once", p.Key))
		case len(have) == maxKeysOfIssue:
			return nil, withField("properties", hostError(sdk.Invalid, "at most %d properties of one issue can be written at a time", maxKeysOfIssue))
		case len(have) == 0:
			ids = append(ids, p.IssueID)
		}
		keys[p.IssueID] = append(keys[p.IssueID], p.Key)
	}
	return ids, nil
}
