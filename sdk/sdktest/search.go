package sdktest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// may says what somebody may do, as Host.May does; nil allows everything.
type may func(permission, id string) bool

func (m may) has(permission, id string) bool { return m == nil || m(permission, id) }

// sees says whether an issue is there for somebody.
func (m may) sees(h *Host, issue string) bool {
	there := slices.ContainsFunc(h.Issues, func(i jira.Issue) bool { return i.ID == issue })
	return there && m.has(jira.BrowseProjects, issue)
}

const searchAs = "jira:search-as"

// whose returns the rights by which a question is answered: the user's, or those of the account that the question names.
func (h *Host) whose(as string) (may, error) {
	if as == "" {
		return h.May, h.loggedIn()
	}
	if h.Grants != nil && !h.Grants[searchAs] {
		return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "as", Message: "the plugin was not granted " + searchAs + "; ask for it in plugin.json"}
	}
	if err := h.loggedIn(); err != nil && !h.Background {
		return nil, err
	}
	if h.configs != nil && !h.names(as) {
		return nil, &sdk.Error{
			Code: sdk.PermissionDenied, Source: sdk.FromHost, Field: "as",
			Message: `no admin named this account in a document of the plugin; the setting that does has "x-jira": "user" in plugin.json`,
		}
	}
	m, active := h.Accounts[as]
	if !active {
		return nil, &sdk.Error{
			Code: sdk.NotFound, Source: sdk.FromDownstream, Field: "as",
			Message: "the account by whose rights is searched here is closed or deactivated; a Jira admin has to choose another one",
		}
	}
	return m, nil
}

// names says whether a document has the account in a setting that holds accounts.
func (h *Host) names(account string) bool {
	for _, d := range h.documents {
		if account != "" && holds(h.configs[d.Type].Schema, "", &d.Values, account) {
			return true
		}
	}
	return false
}

// holds says whether an account stands in a setting of a schema below that prefix.
func holds(s schema, prefix string, in *settings.Values, account string) bool {
	for name, p := range s.Properties {
		at := prefix + name
		if p.Jira == "user" && (in.String(at) == account || slices.Contains(in.List(at), account)) || holds(p, at+".", in, account) {
			return true
		}
		for row := range in.Int(at) {
			if p.Items != nil && holds(*p.Items, at+"."+strconv.Itoa(row)+".", in, account) {
				return true
			}
		}
	}
	return false
}

func (h *Host) search(s *jira.Search) (msgp.Marshaler, error) {
	h.searches = append(h.searches, *s)
	may, err := h.whose(s.As)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(cmp.Or(s.Cursor, "0"))
	switch {
	case strings.TrimSpace(s.JQL) == "":
		return nil, refuse(sdk.Invalid, "the query must be bounded, such as project = OPS")
	case s.Limit < 0 || s.Limit > 100:
		return nil, refuse(sdk.Invalid, "the limit is 1 to 100")
	case err != nil || first < 0:
		return nil, refuse(sdk.Invalid, "the cursor is none that a page returned")
	}
	limit := cmp.Or(s.Limit, 50)
	var out jira.Found
	found := 0
	for i := range h.Issues {
		if !may.sees(h, h.Issues[i].ID) || h.Match != nil && !h.Match(s.JQL, &h.Issues[i]) {
			continue
		}
		if found >= first+limit {
			out.Next = strconv.Itoa(found)
			break
		}
		if found >= first {
			out.Issues = append(out.Issues, only(h.Issues[i], s.Fields))
		}
		found++
	}
	return &out, nil
}
