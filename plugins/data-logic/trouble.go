package main

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/log"
)

// trouble says in words for the user why a rule allows nothing at the moment, and leaves a sign for the admin. An error that may pass by
// itself, or that is not the rule's fault, is returned: whoever asked has to refuse too, and can say so better.
func (r *rule) trouble(ctx context.Context, err error) (string, error) {
	var e *sdk.Error
	if !errors.As(err, &e) {
		return "", err
	}
	sign := func(code string) { log.Write(ctx, log.Warn, code, log.Count("rule", r.number)) }
	switch {
	case e.Field == "as" && e.Code == sdk.NotFound:
		sign("rule.account_closed")
		return "Nothing can be linked here at the moment: the account by whose rights the rule searches is closed. A Jira admin has to choose another one.", nil
	case e.Field == "as" && e.Code == sdk.PermissionDenied:
		sign("rule.account_refused")
		return "Nothing can be linked here at the moment: the rule may not search by the rights of its account. A Jira admin can grant that on the Pergola page.", nil
	case e.Field == "fields" && e.Code == sdk.PermissionDenied:
		sign("rule.field_refused")
		return "Nothing can be linked here at the moment: the rule depends on a field that customers cannot read on the portal. A Jira admin can change that.", nil
	case e.Code == sdk.Exhausted && e.RetryAfter == 0 && e.Source == sdk.FromPlugin:
		return e.Message, nil
	case e.Code == sdk.Invalid && r.filter != "" && r.query == "":
		sign("rule.filter_refused")
		return "Nothing can be linked here at the moment: the saved filter of the rule is gone, or it is not shared with the app. A Jira admin has to choose another one.", nil
	case e.Code == sdk.Invalid:
		sign("rule.query_refused")
		return "Nothing can be linked here at the moment: Jira does not take the query of the rule. A Jira admin has to correct it.", nil
	case e.Code == sdk.NotFound:
		sign("rule.relation_gone")
		return "Nothing can be linked here at the moment: the rule depends on what is not there any more, or not for you. " +
			"A Jira admin can see on the Pergola page what it depends on.", nil
	}
	return "", err
}
