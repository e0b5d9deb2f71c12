package platform

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) versionOperations() []rest.Operation {
	const all, one = "/rest/api/3/version", "/rest/api/3/version/{id}"
	return []rest.Operation{
		rest.Op("GET", "/rest/api/3/project/{projectIdOrKey}/version", rest.ScopeRead, s.pageVersions),
		rest.Op("GET", "/rest/api/3/project/{projectIdOrKey}/versions", rest.ScopeRead, s.listVersions),
		rest.Op("POST", all, rest.ScopeProjectAdmin, s.createVersion),
		rest.Op("GET", one, rest.ScopeRead, s.getVersion),
		rest.Op("PUT", one, rest.ScopeProjectAdmin, s.updateVersion),
		rest.Op("POST", one+"/move", rest.ScopeProjectAdmin, s.moveVersion),
		rest.Op("PUT", one+"/mergeto/{moveIssuesTo}", rest.ScopeProjectAdmin, s.mergeVersion),
		rest.Op("POST", one+"/removeAndSwap", rest.ScopeProjectAdmin, s.removeVersion),
		rest.Op("GET", one+"/relatedIssueCounts", rest.ScopeRead, s.countVersionIssues),
		rest.Op("GET", one+"/unresolvedIssueCount", rest.ScopeRead, s.countUnresolved),
	}
}

func (s *API) listVersions(c *rest.Call) (rest.Answer, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	out := []object{}
	for _, v := range c.St.VersionsOf(p.ID) {
		out = append(out, s.VersionJSON(v, s.now()))
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *API) pageVersions(c *rest.Call) (rest.Answer, error) {
	p, err := c.Project(c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	q := c.URL.Query()
	states := rest.SplitNames(q["status"])
	list := slices.DeleteFunc(slices.Clone(c.St.VersionsOf(p.ID)), func(v *world.Version) bool {
		state := "unreleased"
		switch {
		case v.Archived:
			state = "archived"
		case v.Released:
			state = "released"
		}
		return !containsFold(v.Name, q.Get("query")) && !containsFold(v.Description, q.Get("query")) ||
			len(states) > 0 && !slices.Contains(states, state)
	})
	if err := order(list, q.Get("orderBy"), map[string]func(a, b *world.Version) int{
		"sequence":    func(a, b *world.Version) int { return cmp.Compare(a.Order, b.Order) },
		"name":        func(a, b *world.Version) int { return compareFold(a.Name, b.Name) },
		"description": func(a, b *world.Version) int { return compareFold(a.Description, b.Description) },
		"startDate":   func(a, b *world.Version) int { return cmp.Compare(a.Start, b.Start) },
		"releaseDate": func(a, b *world.Version) int { return cmp.Compare(a.Release, b.Release) },
	}); err != nil {
		return rest.Answer{}, err
	}
	return rest.Paged(c, 50, list, func(v *world.Version) map[string]any { return s.VersionJSON(v, s.now()) })
}

// version returns the version of the path, if the caller sees its project.
func version(c *rest.Call, st *world.State) (*world.Version, *world.Project, error) {
	v := st.Versions.Get(world.VersionID(c.PathValue("id")))
	if v == nil || !st.CanIn(c.Who.Account, world.BrowseProjects, st.Project(v.Project)) {
		return nil, nil, rest.Fail(http.StatusNotFound, "Could not find version for id '%s'", c.PathValue("id"))
	}
	return v, st.Project(v.Project), nil
}

func (s *API) getVersion(c *rest.Call) (rest.Answer, error) {
	v, _, err := version(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.VersionJSON(v, s.now())}, nil
}

// versionInput is what versions are made of; nil leaves what there is.
type versionInput struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Start       *string `json:"startDate"`
	Release     *string `json:"releaseDate"`
	Released    *bool   `json:"released"`
	Archived    *bool   `json:"archived"`
	Project     string  `json:"project"`
	ProjectID   int64   `json:"projectId"`
	Rest        string  `json:"moveUnfixedIssuesTo"` // address of the version that issues get which are not done
}

func (in *versionInput) apply(st *world.State, v *world.Version) error {
	set(&v.Name, in.Name)
	set(&v.Description, in.Description)
	set(&v.Start, in.Start)
	set(&v.Release, in.Release)
	set(&v.Released, in.Released)
	set(&v.Archived, in.Archived)
	v.Name = strings.TrimSpace(v.Name)
	switch {
	case v.Name == "":
		return rest.FailField("name", "You must specify a valid version name")
	case len([]rune(v.Name)) > 255:
		return rest.FailField("name", "The version name is too long: it may have 255 characters.")
	case slices.ContainsFunc(st.VersionsOf(v.Project), func(o *world.Version) bool { return o.ID != v.ID && strings.EqualFold(o.Name, v.Name) }):
		return rest.FailField("name", "A version with this name already exists in this project.")
	}
	for name, day := range map[string]string{"startDate": v.Start, "releaseDate": v.Release} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return rest.FailField(name, "'"+day+"' is not a day such as 2027-01-31.")
		}
	}
	if v.Start != "" && v.Release != "" && v.Start > v.Release {
		return rest.FailField("releaseDate", "The start date of the version must be before its release date.")
	}
	return nil
}

func (s *API) createVersion(c *rest.Call) (rest.Answer, error) {
	var in versionInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		p, err := projectNamed(c, tx.State, in.Project, in.ProjectID)
		if err != nil {
			return err
		}
		v := &world.Version{Project: p.ID, Order: len(tx.VersionsOf(p.ID))}
		if err := in.apply(tx.State, v); err != nil {
			return err
		}
		if err := tx.Put(v); err != nil {
			return err
		}
		out = s.VersionJSON(v, s.now())
		return nil
	})
	return rest.Answer{Status: http.StatusCreated, Body: out}, err
}

// changeVersion changes the version of the path, if the caller may administer its project.
func (s *API) changeVersion(c *rest.Call, change func(*world.Tx, *world.Version) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		v, p, err := version(c, tx.State)
		if err != nil {
			return err
		}
		if err := administered(c, tx.State, p); err != nil {
			return err
		}
		return change(tx, world.Edit(v))
	})
}

func (s *API) updateVersion(c *rest.Call) (rest.Answer, error) {
	var in versionInput
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var out object
	err := s.changeVersion(c, func(tx *world.Tx, v *world.Version) error {
		was := v.Released
		if err := in.apply(tx.State, v); err != nil {
			return err
		}
		releasing := v.Released && !was
		v.Released = v.Released && was // released in one step below, of which apps hear once
		if *v != *tx.Versions.Get(v.ID) {
			if err := tx.Put(v); err != nil {
				return err
			}
		}
		if releasing {
			rest, err := versionAt(tx.State, v, in.Rest)
			if err != nil {
				return err
			}
			if err := tx.ReleaseVersion(v.ID, v.Release, rest); err != nil {
				return err
			}
		}
		out = s.VersionJSON(tx.Versions.Get(v.ID), s.now())
		return nil
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

// versionAt is another version of v's project, by its id or its address; "" is none.
func versionAt(st *world.State, v *world.Version, address string) (world.VersionID, error) {
	if address == "" {
		return "", nil
	}
	id := world.VersionID(path.Base(address))
	if o := st.Versions.Get(id); o == nil || o.Project != v.Project || o.ID == v.ID {
		return "", rest.Fail(http.StatusBadRequest, "The version '%s' is no other version of the project.", id)
	}
	return id, nil
}

func (s *API) moveVersion(c *rest.Call) (rest.Answer, error) {
	var in struct {
		After    string         `json:"after"`
		Position world.Position `json:"position"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if (in.After == "") == (in.Position == "") {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Either after or position must be given.")
	}
	var out object
	err := s.changeVersion(c, func(tx *world.Tx, v *world.Version) error {
		after, err := versionAt(tx.State, v, in.After)
		switch {
		case err != nil:
			return err
		case after != "":
			err = tx.MoveVersionAfter(v.ID, after)
		default:
			err = tx.MoveVersion(v.ID, in.Position)
		}
		out = s.VersionJSON(tx.Versions.Get(v.ID), s.now())
		return err
	})
	return rest.Answer{Status: http.StatusOK, Body: out}, err
}

func (s *API) mergeVersion(c *rest.Call) (rest.Answer, error) {
	err := s.changeVersion(c, func(tx *world.Tx, v *world.Version) error {
		into, err := versionAt(tx.State, v, c.PathValue("moveIssuesTo"))
		if err != nil {
			return err
		}
		return tx.MergeVersion(v.ID, into)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) removeVersion(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Fixed    int64 `json:"moveFixIssuesTo"`
		Affected int64 `json:"moveAffectedIssuesTo"`
	}
	if c.ContentLength != 0 {
		if err := c.DecodeBody(&in); err != nil {
			return rest.Answer{}, err
		}
	}
	text := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	err := s.changeVersion(c, func(tx *world.Tx, v *world.Version) error {
		fixed, err := versionAt(tx.State, v, text(in.Fixed))
		if err != nil {
			return err
		}
		affected, err := versionAt(tx.State, v, text(in.Affected))
		if err != nil {
			return err
		}
		return tx.DeleteVersion(v.ID, fixed, affected)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

func (s *API) countVersionIssues(c *rest.Call) (rest.Answer, error) {
	v, _, err := version(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	fixed, affected, custom := c.St.VersionIssues(v.ID)
	usage := []object{}
	for f := range c.St.Fields.All() {
		if n := c.St.Index().Equal(string(f.ID), string(v.ID)).Len(); f.Kind == world.VersionOf && n > 0 {
			usage = append(usage, object{"customFieldId": f.Number, "fieldName": f.Name, "issueCountWithVersionInCustomField": n})
		}
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"self": s.Link("/rest/api/3/version/%s", v.ID), "issuesFixedCount": fixed.Len(), "issuesAffectedCount": affected.Len(),
		"issueCountWithCustomFieldsShowingVersion": custom.Len(), "customFieldUsage": usage,
	}}, nil
}

func (s *API) countUnresolved(c *rest.Call) (rest.Answer, error) {
	v, _, err := version(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	fixed, _, _ := c.St.VersionIssues(v.ID)
	return rest.Answer{Status: http.StatusOK, Body: object{
		"self": s.Link("/rest/api/3/version/%s", v.ID), "issuesCount": fixed.Len(),
		"issuesUnresolvedCount": fixed.Without(c.St.Index().Present("resolution")).Len(),
	}}, nil
}
