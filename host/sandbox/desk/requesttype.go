package desk

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) typeOperations() []rest.Operation {
	const all = root + "/servicedesk/{serviceDeskId}/requesttype"
	return []rest.Operation{
		rest.Op("GET", root+"/requesttype", rest.ScopeRead, s.allTypes),
		rest.Op("GET", all, rest.ScopeRead, s.listTypes),
		rest.Op("POST", all, rest.ScopeProjectAdmin, s.createType),
		rest.Op("POST", all+"/permissions/check", rest.ScopeInaccessible, s.checkTypes),
		rest.Op("GET", all+"/{requestTypeId}", rest.ScopeInaccessible, s.getType),
		rest.Op("DELETE", all+"/{requestTypeId}", rest.ScopeProjectAdmin, s.deleteType),
		rest.Op("GET", all+"/{requestTypeId}/field", rest.ScopeRead, s.typeFields),
		rest.Op("GET", root+"/servicedesk/{serviceDeskId}/requesttypegroup", rest.ScopeRead, s.listGroups),
	}
}

// TypesOf lists what customers can ask for at a desk, by id.
func TypesOf(st *world.State, d *world.Desk) []*world.RequestType {
	return slices.DeleteFunc(st.RequestTypes.List(), func(t *world.RequestType) bool { return t.Desk != d.ID })
}

// Group is a heading on a portal with the request types below it. Groups have no ids of their own in a world: they are
// numbered as they come.
type Group struct {
	ID    int
	Name  string
	Types []*world.RequestType
}

// GroupsOf lists the groups of a desk in the order in which its request types name them. Types in no group are on no page.
func GroupsOf(st *world.State, d *world.Desk) []*Group {
	var out []*Group
	for _, t := range TypesOf(st, d) {
		for _, name := range t.Groups {
			n := slices.IndexFunc(out, func(g *Group) bool { return g.Name == name })
			if n < 0 {
				n = len(out)
				out = append(out, &Group{ID: n + 1, Name: name})
			}
			out[n].Types = append(out[n].Types, t)
		}
	}
	return out
}

func (s *API) requestType(c *rest.Call, st *world.State) (*world.RequestType, error) {
	d, err := s.desk(c, st)
	if err != nil {
		return nil, err
	}
	t := st.RequestTypes.Get(world.RequestTypeID(c.PathValue("requestTypeId")))
	if t == nil || t.Desk != d.ID {
		return nil, rest.Fail(http.StatusNotFound, "The request type does not exist, or you do not have permission to see it.")
	}
	return t, nil
}

// narrow leaves those of the types that the query of a request asks for.
func narrow(c *rest.Call, list []*world.RequestType) []*world.RequestType {
	q := c.URL.Query()
	words := strings.ToLower(strings.TrimSpace(q.Get("searchQuery")))
	return slices.DeleteFunc(list, func(t *world.RequestType) bool {
		hidden := len(t.Groups) == 0 && words != "" && q.Get("includeHiddenRequestTypesInSearch") != "true"
		return hidden || strings.EqualFold(q.Get("restrictionStatus"), "restricted") ||
			!strings.Contains(strings.ToLower(t.Name+"\n"+t.Description), words)
	})
}

func (s *API) allTypes(c *rest.Call) (rest.Answer, error) {
	wanted := rest.SplitNames(c.URL.Query()["serviceDeskId"])
	var list []*world.RequestType
	for _, d := range DesksOf(c.St, c.Who.Account) {
		if len(wanted) == 0 || slices.Contains(wanted, string(d.ID)) {
			list = append(list, TypesOf(c.St, d)...)
		}
	}
	return paged(s, c, narrow(c, list), s.typeJSONOf(c))
}

func (s *API) listTypes(c *rest.Call) (rest.Answer, error) {
	d, err := s.desk(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	list := TypesOf(c.St, d)
	if id := c.URL.Query().Get("groupId"); id != "" {
		list = nil
		for _, g := range GroupsOf(c.St, d) {
			if strconv.Itoa(g.ID) == id {
				list = slices.Clone(g.Types)
			}
		}
	}
	return paged(s, c, narrow(c, list), s.typeJSONOf(c))
}

func (s *API) getType(c *rest.Call) (rest.Answer, error) {
	t, err := s.requestType(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.typeJSONOf(c)(t)}, nil
}

func (s *API) typeJSONOf(c *rest.Call) func(*world.RequestType) object {
	want := expansionOf(c)
	return func(t *world.RequestType) object {
		out := s.typeJSON(c.St, c.Who.Account, t)
		out["_expands"] = want.rest("field")
		if want.has("field") {
			out["fields"] = s.formJSON(c.St, c.Who.Account, t, false)
		}
		return out
	}
}

// typeJSON is a request type without its fields.
func (s *API) typeJSON(st *world.State, who world.AccountID, t *world.RequestType) object {
	d := st.Desks.Get(t.Desk)
	ids := []string{}
	for _, g := range GroupsOf(st, d) {
		if slices.Contains(g.Types, t) {
			ids = append(ids, strconv.Itoa(g.ID))
		}
	}
	icons := object{}
	for _, size := range []string{"16x16", "24x24", "32x32", "48x48"} {
		icons[size] = s.Link("/static/type-%s.svg?size=%s", st.Type(t.Type).Glyph, size)
	}
	return object{
		"_expands": []string{"field"}, "id": t.ID, "name": t.Name, "description": t.Description, "helpText": t.Help, "issueTypeId": t.Type,
		"serviceDeskId": t.Desk, "portalId": t.Desk, "groupIds": ids, "icon": object{"id": t.Type, "_links": object{"iconUrls": icons}},
		"canCreateRequest": MayAsk(st, who, d), "restrictionStatus": "OPEN",
		"_links": object{"self": s.Link(root+"/servicedesk/%s/requesttype/%s", t.Desk, t.ID)},
	}
}

// formJSON is what a form of the type is made of.
func (s *API) formJSON(st *world.State, who world.AccountID, t *world.RequestType, hidden bool) object {
	agent := Agent(st, who, st.Project(st.Desks.Get(t.Desk).Project))
	fields := []object{}
	for _, f := range Fields(st, who, t) {
		if f.Hidden && !hidden {
			continue
		}
		presets := []string{}
		if !nothing(f.Preset) {
			presets = append(presets, shape.Plain(f.Preset))
		}
		fields = append(fields, object{
			"fieldId": f.Field, "name": f.Label, "description": f.Help, "required": f.Required, "visible": !f.Hidden, "jiraSchema": f.schema(),
			"validValues": choicesJSON(f.Choices), "defaultValues": []object{}, "presetValues": presets,
		})
	}
	return object{"requestTypeFields": fields, "canRaiseOnBehalfOf": agent, "canAddRequestParticipants": agent}
}

func (s *API) typeFields(c *rest.Call) (rest.Answer, error) {
	t, err := s.requestType(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK, Body: s.formJSON(c.St, c.Who.Account, t, expansionOf(c).has("hiddenFields"))}, nil
}

func (s *API) listGroups(c *rest.Call) (rest.Answer, error) {
	d, err := s.desk(c, c.St)
	if err != nil {
		return rest.Answer{}, err
	}
	return paged(s, c, GroupsOf(c.St, d), func(g *Group) object { return object{"id": strconv.Itoa(g.ID), "name": g.Name} })
}

func (s *API) createType(c *rest.Call) (rest.Answer, error) {
	var in struct {
		Name, Description, HelpText string
		IssueTypeID                 world.TypeID `json:"issueTypeId"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	var made *world.RequestType
	err := s.changeDesk(c, administrators(c), func(tx *world.Tx, d *world.Desk) error {
		if strings.TrimSpace(in.Name) == "" {
			return rest.Fail(http.StatusBadRequest, "The request type needs a name.")
		}
		p := tx.Project(d.Project)
		if !slices.Contains(p.Types, in.IssueTypeID) {
			return rest.Fail(http.StatusBadRequest, "The issue type '%s' does not exist in the project %s.", in.IssueTypeID, p.Key)
		}
		made = &world.RequestType{Desk: d.ID, Type: in.IssueTypeID, Name: in.Name, Description: in.Description, Help: in.HelpText,
			Fields: []world.RequestField{{Field: "summary", Label: "Summary", Required: true}}}
		for _, f := range tx.ScreenFor(p.ID, in.IssueTypeID, world.OnCreate) {
			if f.Required && f.Field != "summary" {
				made.Fields = append(made.Fields, world.RequestField{Field: f.Field, Label: Name(tx.State, f.Field), Required: true})
			}
		}
		return tx.Put(made)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	c.St = s.store.State()
	return rest.Answer{Status: http.StatusOK, Body: s.typeJSONOf(c)(made)}, nil
}

func (s *API) deleteType(c *rest.Call) (rest.Answer, error) {
	err := s.changeDesk(c, administrators(c), func(tx *world.Tx, _ *world.Desk) error {
		t, err := s.requestType(c, tx.State)
		if err != nil {
			return err
		}
		return tx.Delete(t)
	})
	return rest.Answer{Status: http.StatusNoContent}, err
}

// checkTypes answers which of the request types somebody may use, or administer.
func (s *API) checkTypes(c *rest.Call) (rest.Answer, error) {
	var in struct {
		AccountID      world.AccountID `json:"accountId"`
		Permissions    []string        `json:"permissions"`
		RequestTypeIDs []int           `json:"requestTypeIds"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	who := cmp.Or(in.AccountID, c.Who.Account)
	d := FindDesk(c.St, c.PathValue("serviceDeskId"))
	if d == nil || c.St.User(who) == nil {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The service desk or the account does not exist.")
	}
	p := c.St.Project(d.Project)
	if who != c.Who.Account && !c.AdministersProject(c.St, p) {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "Only administrators of the service desk ask about others.")
	}
	may := map[string]bool{"canCreateRequest": MayAsk(c.St, who, d), "canAdminister": c.St.CanIn(who, world.AdministerProject, p)}
	out := object{}
	for _, permission := range in.Permissions {
		yes, known := may[permission]
		if !known {
			return rest.Answer{}, rest.Fail(http.StatusBadRequest, "'%s' is no permission: ask for canCreateRequest or canAdminister.", permission)
		}
		ids := []int{}
		for _, id := range in.RequestTypeIDs {
			if t := c.St.RequestTypes.Get(world.RequestTypeID(strconv.Itoa(id))); yes && t != nil && t.Desk == d.ID {
				ids = append(ids, id)
			}
		}
		out[permission] = ids
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}
