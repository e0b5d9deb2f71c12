package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Caller is who sent a request: a person in a browser, or an app; the zero value is nobody.
type Caller struct {
	Account world.AccountID
	App     *world.App // nil for a person
	Scopes  []string   // that the app was granted
	AppBase string     // where the app is
	Acting  bool       // the app acts as the account's user, and can do what both may
	Forge   bool       // the scopes are those of a Forge app
}

// Call is one REST request with the state at its start.
type Call struct {
	*http.Request
	St     *world.State
	Who    Caller
	Header http.Header // of the answer
	base   string      // the site's address
}

// Answer is what an operation returns; a nil body sends none. A [File] is sent as it is, everything else as JSON.
type Answer struct {
	Status int
	Body   any
}

// File is the body of an answer that is no JSON.
type File struct {
	Type    string // of media
	Name    string
	Content []byte
	Changed time.Time
}

// write sends the answer. Of files a part can be asked for.
func (a Answer) write(w http.ResponseWriter, r *http.Request) {
	f, ok := a.Body.(File)
	if !ok {
		WriteJSON(w, a.Status, a.Body)
		return
	}
	w.Header().Set("Content-Type", f.Type)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'") // whatever somebody attached
	w.Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name}))
	http.ServeContent(w, r, "", f.Changed, bytes.NewReader(f.Content))
}

// object is a JSON object.
type object = map[string]any

// DecodeBody reads the request's JSON into v.
func (c *Call) DecodeBody(v any) error {
	d := json.NewDecoder(c.Body)
	err := d.Decode(v)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return Fail(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	if _, err := d.Token(); err != io.EOF {
		return Fail(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	return nil
}

// May says whether the caller has one of two permissions: that for everything, or that for what is the caller's own.
func (c *Call) May(st *world.State, i *world.Issue, author world.AccountID, all, own string) bool {
	return st.CanDo(c.Who.Account, all, i) || author == c.Who.Account && st.CanDo(c.Who.Account, own, i)
}

// NoIssue is Jira's answer to an issue that is not there or not to be seen; it must not tell which.
func NoIssue() error {
	return Fail(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

// Issue returns the issue of the path, if the caller may see it.
func (c *Call) Issue(st *world.State) (*world.Issue, error) {
	i := st.FindIssue(c.PathValue("issueIdOrKey"))
	if !st.Sees(c.Who.Account, i) {
		return nil, NoIssue()
	}
	return i, nil
}

// AsApp says whether an app calls for itself, and not as a user.
func (c *Call) AsApp() bool { return c.Who.App != nil && !c.Who.Acting }

// Administers says whether the caller may change what the whole site has: a person by the global permission, an app by its scope.
func (c *Call) Administers(st *world.State) bool {
	return st.Can(c.Who.Account, world.Administer) || c.AsApp() && ScopeAdmin.allows(c.Who.Scopes)
}

// NeedAdmin refuses everybody who may not administer the site.
func (c *Call) NeedAdmin(st *world.State) error {
	if !c.Administers(st) {
		return Fail(http.StatusForbidden, "You do not have permission to perform this operation: it needs the global permission Administer Jira.")
	}
	return nil
}

// Project returns the project of the path, if the caller may see it.
func (c *Call) Project(st *world.State) (*world.Project, error) {
	return c.ProjectNamed(st, c.PathValue("projectIdOrKey"))
}

// ProjectNamed returns the project with that id or key, if the caller may see it.
func (c *Call) ProjectNamed(st *world.State, name string) (*world.Project, error) {
	p := st.FindProject(name)
	switch {
	case st.CanIn(c.Who.Account, world.BrowseProjects, p):
		return p, nil
	case strings.Trim(name, "0123456789") == "":
		return nil, Fail(http.StatusNotFound, "No project could be found with id '%s'.", name)
	}
	return nil, Fail(http.StatusNotFound, "No project could be found with key '%s'.", name)
}

// AdministersProject says whether the caller may change what the project has.
func (c *Call) AdministersProject(st *world.State, p *world.Project) bool {
	return st.CanIn(c.Who.Account, world.AdministerProject, p) || !p.Archived && !p.Trashed && c.Administers(st)
}

// MaxProperty is the length of a property's value in characters.
const MaxProperty = 32768

// PropertyValue reads the value of a property from the request.
func (c *Call) PropertyValue() (json.RawMessage, error) {
	raw, err := io.ReadAll(c.Body)
	if err != nil {
		return nil, err
	}
	if !json.Valid(raw) {
		return nil, Fail(http.StatusBadRequest, "The property value must be valid, non-empty JSON.")
	}
	if len([]rune(string(raw))) > MaxProperty {
		return nil, Fail(http.StatusBadRequest, "The property value is longer than %d characters.", MaxProperty)
	}
	if len(c.PathValue("propertyKey")) > 255 {
		return nil, Fail(http.StatusBadRequest, "The property key is longer than 255 characters.")
	}
	return raw, nil
}

// KeysJSON lists the keys of properties, each with its address.
func KeysJSON(properties map[string]json.RawMessage, self func(key string) string) map[string]any {
	keys := []object{}
	for _, k := range slices.Sorted(maps.Keys(properties)) {
		keys = append(keys, object{"key": k, "self": self(k)})
	}
	return object{"keys": keys}
}

// NoProperty is Jira's answer to a property that is not there.
func NoProperty(key string) error {
	return Fail(http.StatusNotFound, "The property with key '%s' does not exist.", key)
}

// AppOnly refuses people: webhooks belong to apps.
func (c *Call) AppOnly() error {
	if c.Who.App == nil {
		return Fail(http.StatusForbidden, "Only Connect apps and OAuth apps can use this operation.")
	}
	return nil
}
