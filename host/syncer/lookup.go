package syncer

import (
	"context"
	"regexp"
	"strings"
	gosync "sync"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// finder finds accounts and adds options, and remembers both for the length of a run.
type finder struct {
	jira   Jira
	tenant tenant.Tenant

	// dry keeps AddOption from adding anything: what would be added has the id 0.
	dry bool
	// contexts are those in which fields take new options, by field id.
	contexts map[string]string

	mu       gosync.Mutex
	accounts map[string]found
	options  map[string]found
}

type found struct {
	id   string
	code mapping.Code
}

var _ mapping.Lookup = (*finder)(nil)

const maxRemembered = 10_000

// Account implements mapping.Lookup. A mail address finds only who shows it: Jira matches names, too, so what has not that
// very address does not count.
func (f *finder) Account(ctx context.Context, text string) (string, mapping.Code, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := strings.ToLower(text)
	if got, ok := f.accounts[name]; ok {
		return got.id, got.code, nil
	}
	if accountForm.MatchString(text) {
		return text, "", nil // Jira checks it, and a call for each would cost more
	}
	look := f.byMail
	if !strings.Contains(text, "@") {
		look = f.byID
	}
	got, err := look(ctx, text)
	if err != nil {
		return "", "", err
	}
	if len(f.accounts) >= maxRemembered {
		clear(f.accounts)
	}
	f.accounts[name] = got
	return got.id, got.code, nil
}

// accountForm are the ids that Atlassian gives. Nothing promises that others do not come.
var accountForm = regexp.MustCompile(`^([0-9a-f]{24}|([0-9]+|qm:[0-9a-f-]{36}|ug):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// byID asks whether a text that is no mail address is an account's id. A name is none: so a plan says so, and not only Jira in the run.
func (f *finder) byID(ctx context.Context, text string) (found, error) {
	a, err := f.jira.Account(ctx, f.tenant, text)
	switch sdk.CodeOf(err) {
	case sdk.NotFound, sdk.Invalid:
		return found{code: mapping.NoAccount}, nil
	case sdk.PermissionDenied:
		return found{id: text}, nil // nobody but Jira knows
	}
	return found{id: a.ID}, err
}

func (f *finder) byMail(ctx context.Context, text string) (found, error) {
	list, err := f.jira.FindAccounts(ctx, f.tenant, text)
	if err != nil {
		return found{}, err
	}
	got := found{code: mapping.AccountHidden}
	hits := 0
	for _, a := range list {
		if strings.EqualFold(a.Email, text) {
			hits++
			got = found{id: a.ID}
		}
	}
	if hits > 1 {
		got = found{code: mapping.AccountTwice}
	}
	return got, nil
}

// AddOption implements mapping.Lookup.
func (f *finder) AddOption(ctx context.Context, field, label string) (string, mapping.Code, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := field + "\x00" + label
	if got, ok := f.options[name]; ok {
		return got.id, got.code, nil
	}
	if f.dry {
		return "0", "", nil
	}
	choice, err := f.jira.AddOption(ctx, f.tenant, field, f.contexts[field], label)
	got := found{id: choice.ID}
	switch sdk.CodeOf(err) {
	case sdk.NotFound, sdk.Invalid, sdk.PermissionDenied, sdk.Unauthenticated:
		got, err = found{code: mapping.NoOption}, nil
	}
	if err != nil {
		return "", "", err
	}
	f.options[name] = got
	return got.id, got.code, nil
}
