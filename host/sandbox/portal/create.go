package portal

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// formPage is the page of a form.
type formPage struct {
	Desk    *world.Desk
	Type    *world.RequestType
	Path    string
	Fields  []input
	Agent   bool // may ask for others
	For     input
	Sharers []*world.Organization
	Share   world.OrgID
	People  []*world.User // who can be named
	Panels  []slot
	Problem string
}

// maxPeople is how many people a form proposes; others can be named all the same.
const maxPeople = 200

func (v *view) form() (*formPage, error) {
	v.on = "create_request"
	d, err := v.findDesk()
	if err != nil {
		return nil, err
	}
	t := v.st.RequestTypes.Get(world.RequestTypeID(v.r.PathValue("type")))
	if t == nil || t.Desk != d.ID {
		return nil, rest.Fail(http.StatusNotFound, "There is no such request type here.")
	}
	v.where.Type = t
	p := &formPage{Desk: d, Type: t, Path: createPath(t), Fields: v.inputs(t), Agent: desk.Agent(v.st, v.user.Account, v.where.Project),
		Sharers: sharers(v.st, v.user.Account, d)}
	p.For.Field.Field, p.For.Label = "reporter", "Ask for somebody else"
	if p.Agent || slices.ContainsFunc(p.Fields, func(f input) bool { return f.Element == "person" }) {
		p.People = proposed(v.st, v.user.Account)
	}
	return p, nil
}

// proposed are people whom a form names, of a large site only some. Who may not look people up reads of those alone with whom an
// organization is shared.
func proposed(st *world.State, who world.AccountID) []*world.User {
	all, orgs := st.Can(who, world.BrowseUsers), desk.OrgsOf(st, who)
	var out []*world.User
	for u := range st.Users.All() {
		known := all || slices.ContainsFunc(orgs, func(o *world.Organization) bool { return slices.Contains(o.Members, u.Account) })
		if known && !u.App && !u.Closed && !u.Inactive {
			if out = append(out, u); len(out) == maxPeople {
				break
			}
		}
	}
	return out
}

func (v *view) showForm(status int, p *formPage) (err error) {
	if p.Panels, err = v.panels(connect.PortalCreatePanel); err != nil {
		return err
	}
	return v.render(status, "create.html", p.Type.Name, "home", p)
}

func createPage(v *view) error {
	p, err := v.form()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, p)
}

// create makes the request of a form, or shows the form again with what is wrong with it.
func create(v *view) error {
	p, err := v.form()
	if err != nil {
		return err
	}
	if err := v.parse(); err != nil {
		return err
	}
	draft := desk.Draft{Desk: p.Desk.ID, Type: p.Type.ID, Values: v.fill(p.Fields, v.r.PostForm), Channel: "portal"}
	if err := v.takeFiles(p, draft.Values); err != nil {
		return err
	}
	if draft.Properties, err = properties(v.r.PostForm); err != nil {
		return err
	}
	p.Share = world.OrgID(v.r.PostFormValue("organization"))
	if slices.ContainsFunc(p.Sharers, func(o *world.Organization) bool { return o.ID == p.Share }) {
		draft.Orgs = []world.OrgID{p.Share}
	}
	if name := strings.TrimSpace(v.r.PostFormValue("reporter")); name != "" && p.Agent {
		p.For.Given = []string{name}
		u := desk.FindPerson(v.st, name)
		if u == nil {
			p.For.Error = "Write the name or the mail address of somebody who has an account here."
			p.Problem = "Please look at the fields that are marked."
			return v.showForm(http.StatusUnprocessableEntity, p)
		}
		draft.Reporter = u.Account
	}
	made, err := v.Desk.Create(v.user.Account, draft)
	var e *rest.Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest {
		p.explain(e)
		return v.showForm(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return v.redirect(desk.Path(p.Desk, made) + "?created")
}

// explain puts what is wrong beside the fields.
func (p *formPage) explain(e *rest.Error) {
	p.Problem = strings.Join(e.Messages, " ")
	if len(e.Fields) == 0 {
		return
	}
	p.Problem = "Please look at the fields that are marked."
	left := maps.Clone(e.Fields)
	for n := range p.Fields {
		id := string(p.Fields[n].Field.Field)
		p.Fields[n].Error = left[id]
		delete(left, id)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		p.Problem += " " + name + ": " + left[name]
	}
}

// takeFiles keeps the files of a form, and remembers them so that a form with a mistake does not lose them.
func (v *view) takeFiles(p *formPage, values map[string]json.RawMessage) error {
	for n := range p.Fields {
		f := &p.Fields[n]
		if f.Kind != desk.Attachments {
			continue
		}
		id := string(f.Field.Field)
		for _, kept := range v.r.PostForm[id] {
			if temporary, name, ok := strings.Cut(kept, " "); ok {
				f.Kept = append(f.Kept, desk.Temporary{ID: temporary, Name: name})
			}
		}
		sent, err := v.files(p.Desk, id)
		if err != nil {
			return err
		}
		f.Kept = append(f.Kept, sent...)
		ids := []string{}
		for _, each := range f.Kept {
			ids = append(ids, each.ID)
		}
		raw, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		values[id] = raw
	}
	return nil
}

// files keeps the files that came under a name.
func (v *view) files(d *world.Desk, name string) (out []desk.Temporary, err error) {
	if v.r.MultipartForm == nil {
		return nil, nil
	}
	for _, header := range v.r.MultipartForm.File[name] {
		content, err := read(header)
		if err != nil {
			return nil, err
		}
		out = append(out, v.Desk.Keep(v.user.Account, d, header.Filename, content))
	}
	return out, nil
}

func read(header *multipart.FileHeader) ([]byte, error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(f)
}

// propertyPrefix marks what apps on the form want to have kept in properties of the issue.
const propertyPrefix = "property:"

func properties(form map[string][]string) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for name, values := range form {
		key, ok := strings.CutPrefix(name, propertyPrefix)
		if !ok {
			continue
		}
		if raw := values[0]; key == "" || strings.HasPrefix(key, "sandbox.") || len(key) > 255 || len(raw) > rest.MaxProperty || !json.Valid([]byte(raw)) {
			return nil, rest.Fail(http.StatusBadRequest, "The property %q is not one that an issue can have.", key)
		}
		out[key] = json.RawMessage(values[0])
	}
	return out, nil
}
