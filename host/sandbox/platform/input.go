package platform

import (
	"encoding/json"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func projectOf(st *world.State, who world.AccountID, raw json.RawMessage) (*world.Project, error) {
	var ref struct{ ID, Key string }
	_ = json.Unmarshal(raw, &ref) // a wrong form names no project
	p := st.FindProject(ref.ID)
	if p == nil {
		p = st.FindProject(ref.Key)
	}
	if p == nil || !st.CanIn(who, world.BrowseProjects, p) {
		return nil, rest.FailField("project", "Specify a valid project ID or key")
	}
	if !st.CanIn(who, world.CreateIssues, p) {
		return nil, rest.FailField("project", "You cannot create issues in this project.")
	}
	return p, nil
}

func typeOf(st *world.State, p *world.Project, raw json.RawMessage) (world.TypeID, error) {
	var ref struct {
		ID   world.TypeID `json:"id"`
		Name string       `json:"name"`
	}
	_ = json.Unmarshal(raw, &ref) // a wrong form names no type
	for _, id := range p.Types {
		if id == ref.ID || ref.Name != "" && strings.EqualFold(st.Type(id).Name, ref.Name) {
			return id, nil
		}
	}
	return "", rest.FailField("issuetype", "Specify a valid issue type")
}

func userRef(st *world.State, raw json.RawMessage) *world.User {
	var ref struct {
		AccountID world.AccountID `json:"accountId"`
		ID        world.AccountID `json:"id"`
	}
	if json.Unmarshal(raw, &ref) != nil {
		return nil
	}
	if u := st.User(ref.AccountID); u != nil {
		return u
	}
	return st.User(ref.ID)
}
