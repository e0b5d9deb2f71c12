package page

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// filter is a saved filter that the person may see, nil where there is none.
func (v *view) filter(id string) *world.Filter {
	f := v.st.Filters.Get(world.FilterID(id))
	if !v.st.SeesFilter(v.user.Account, f) {
		return nil
	}
	return f
}

type shownFilter struct {
	*world.Filter
	Owner *world.User
	Mine  bool
}

func (s *Pages) filterList(v *view) error {
	var out []shownFilter
	for f := range v.st.Filters.All() {
		if v.filter(string(f.ID)) != nil {
			out = append(out, shownFilter{f, v.st.User(f.Owner), f.Owner == v.user.Account})
		}
	}
	slices.SortStableFunc(out, func(a, b shownFilter) int { return strings.Compare(a.Name, b.Name) })
	return v.render(http.StatusOK, "filters.html", "Filters", "filters", out)
}

func (s *Pages) saveFilter(v *view) error {
	f := &world.Filter{Name: strings.TrimSpace(v.r.PostFormValue("name")), JQL: v.r.PostFormValue("jql"), Owner: v.user.Account}
	if v.user == visitor {
		return rest.Fail(http.StatusForbidden, "Log in to save filters.")
	}
	if f.Name == "" || len(f.Name) > 255 {
		return rest.Fail(http.StatusBadRequest, "The name of a filter has 1 to 255 characters.")
	}
	if _, err := query.Parse(f.JQL); err != nil {
		return err
	}
	for name := range strings.SplitSeq(v.r.PostFormValue("columns"), ",") {
		if name != "" {
			f.Columns = append(f.Columns, name)
		}
	}
	err := s.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		if tx.Filters.First(func(o *world.Filter) bool { return o.Owner == f.Owner && strings.EqualFold(o.Name, f.Name) }) != nil {
			return rest.Fail(http.StatusBadRequest, "You have a filter with the name “%s” already.", f.Name)
		}
		return tx.Put(f)
	})
	if err != nil {
		return err
	}
	return v.done("/issues?filter="+string(f.ID), nil)
}

func (s *Pages) deleteFilter(v *view) error {
	err := s.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		f := tx.Filters.Get(world.FilterID(v.r.PathValue("filter")))
		if f == nil || f.Owner != v.user.Account {
			return rest.Fail(http.StatusForbidden, "Only the owner deletes a filter.")
		}
		return tx.Delete(f)
	})
	if err != nil {
		return err
	}
	return v.done("/filters", nil)
}

// suggestion is what a box for people or issues offers.
type suggestion struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Note string `json:"note,omitempty"`
}

// suggested is how many things a box offers.
const suggested = 10

// suggest completes what is typed into a box for people or issues.
func (s *Pages) suggest(v *view) error {
	text := strings.ToLower(strings.TrimSpace(v.r.URL.Query().Get("q")))
	out := []suggestion{}
	switch v.r.PathValue("what") {
	case "people":
		if v.user == visitor {
			break
		}
		for u := range v.st.Users.All() {
			if !u.App && !u.Closed && strings.Contains(strings.ToLower(u.Name), text) && len(out) < suggested {
				out = append(out, suggestion{string(u.Account), u.Name, ""})
			}
		}
	case "issues":
		if i := v.st.FindIssue(strings.ToUpper(text)); v.st.Sees(v.user.Account, i) {
			out = append(out, suggestion{i.Key, i.Key, i.Summary})
		}
		words := strings.Map(func(r rune) rune {
			if strings.ContainsRune(`"\\+-&|!(){}[]^~*?:`, r) {
				return ' '
			}
			return r
		}, text)
		if words = strings.TrimSpace(words); words == "" {
			break
		}
		found, _, err := s.findForPage(v, `summary ~ "`+words+`*" ORDER BY updated`)
		if err == nil { // words that JQL cannot look for find nothing
			for _, n := range found.First(suggested) {
				i := v.st.IssueAt(n)
				out = append(out, suggestion{i.Key, i.Key, i.Summary})
			}
		}
	}
	rest.WriteJSON(v.w, http.StatusOK, out)
	return nil
}
