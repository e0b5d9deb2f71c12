// Package sdktest runs a plugin in a plain Go test, against a host that lives in memory. Every call goes through the same
// bytes as in production, so what cannot cross the wire fails in the test already.
//
// Start with [Load]:
//
//	h := sdktest.Load(t, plugin, "plugin.json")
//	h.OnIssue(jira.Issue{ID: "10001", Key: "OPS-7"})
//	page, err := h.View(sdk.Request{Name: "panel"})
//
// and compare [Text] of the page with what you expect. [Host.Press], [Host.Submit] and [Host.Finish] act on a page as a
// user does. [Conform] checks what every plugin must withstand.
//
// The host holds what plugin.json says: permissions, settings and their defaults, configuration documents ([Host.Configure]), declared
// records with revisions, and log codes. It knows no JQL (see [Host.Match]), it keeps records whatever their retention, and it does not wipe the plugin's
// memory between two calls as a Wasm host does.
package sdktest

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Host is a host for one plugin and one tenant. Set its fields between calls, not during one. Its methods may be called
// at the same time.
//
// Since: v0.1
type Host struct {
	// Context goes with every request that has none of its own.
	Context sdk.Context
	// Issues are those that the user can see, in the order in which a search finds them.
	Issues []jira.Issue
	// Match says whether a JQL query finds an issue; nil finds every issue.
	Match func(jql string, i *jira.Issue) bool
	// Projects and Categories are those that the app sees. Only a synchronizer is told of them, see [Host.Source].
	Projects   []jira.Project
	Categories []jira.Category
	// Fields, LinkTypes and IssueTypes are what the site is made of, Links the links between its issues. Those of hidden projects and issues are
	// left out, see [Host.May].
	Fields     []jira.Field
	LinkTypes  []jira.LinkType
	IssueTypes []jira.IssueType
	Links      []jira.IssueLink
	// May says whether the user has a permission of Jira's, such as jira.EditIssues, on the issue or in the project with that id; the id is empty
	// for the whole site. nil allows everything.
	May func(permission, id string) bool
	// Accounts are the active ones in whose place a plugin can ask, see jira.Search, with what each may do, as May has it; nil allows everything.
	//
	// Since: v0.5
	Accounts map[string]func(permission, id string) bool
	// Background says that the calls come from a job or an event, where nobody waits. Without an account in Context, properties can still be written.
	Background bool
	// Services are those of other plugins, by the names that plugin.json requires, such as acme.stock/v1.
	Services map[string]sdk.Service
	// Settings are what the admin chose.
	Settings settings.Values
	// Grants are the permissions that the tenant gave; nil gives all.
	Grants map[string]bool
	// Answer, where it is set, sees every host call first: return true to answer it. For faults, and for operations that
	// this package does not know.
	Answer func(op string, body []byte) (answer msgp.Marshaler, err error, answered bool)

	plugin *sdk.Plugin
	t      testing.TB // fails where the plugin logs what it does not declare; nil only drops it

	mu        sync.Mutex
	declared  map[string]*record // by type; nil takes any
	logs      map[string]string  // what a code means
	listens   map[string]string  // the handlers, by what happened
	jobs      map[string]*jobType
	functions []functionType
	answering bool            // a function is being answered
	stale     []string        // the functions of which the plugin has said so, by their keys
	admins    map[string]bool // the modules that are an adminPage
	runs      []*runOf
	random    *rand.ChaCha8 // the same in every test
	minted    map[string]bool
	records   map[store.Key]store.Record

	configs    map[string]*configType // by type; nil takes any
	documents  []config.Document
	made       int // links and issues
	properties map[propertyAt][]byte
	entries    []log.Entry
	dropped    []log.Entry
	searches   []jira.Search
	calls      []string
}

// New returns a host with no issues, no settings, every permission, records of any type and field, and any log code. Prefer
// [Load], whose host refuses what the real one would.
//
// Since: v0.1
func New(p *sdk.Plugin) *Host {
	return &Host{
		Context: sdk.Context{
			Account: "712020:11111111-2222-3333-4444-555555555555", SiteURL: "https://example.atlassian.net",
			Locale: "en-GB", TimeZone: "UTC",
		},
		plugin:  p,
		random:  rand.NewChaCha8([32]byte{7}),
		minted:  map[string]bool{},
		records: map[store.Key]store.Record{},

		properties: map[propertyAt][]byte{},
	}
}

// Load returns a host that knows the plugin.json of that name. The test fails where it cannot be read, where code and
// manifest disagree, and when the plugin logs a code or an attribute that is not declared.
//
// Since: v0.1
func Load(t testing.TB, p *sdk.Plugin, manifest string) *Host {
	t.Helper()
	raw, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	h := New(p)
	h.t = t
	if err := h.UseManifest(raw); err != nil {
		t.Fatalf("%s: %v", manifest, err)
	}
	return h
}

// OnIssue adds an issue, or replaces the one with the same id, and moves the user there.
//
// Since: v0.1
func (h *Host) OnIssue(i jira.Issue) {
	h.Context.IssueID, h.Context.ProjectID = i.ID, i.ProjectID
	for n := range h.Issues {
		if h.Issues[n].ID == i.ID {
			h.Issues[n] = i
			return
		}
	}
	h.Issues = append(h.Issues, i)
}

// Describe returns what the plugin says of itself.
//
// Since: v0.1
func (h *Host) Describe() (*sdk.Description, error) {
	var out sdk.Description
	return &out, h.call(wire.OpDescribe, nil, &out)
}

// View asks for the view that r names. A page that breaks a rule of sdk/view is an error with the code internal.
//
// Since: v0.1
func (h *Host) View(r sdk.Request) (*view.Page, error) { return h.page(wire.OpView, r) }

// Action calls the action that r names. A page that breaks a rule of sdk/view is an error with the code internal.
//
// Since: v0.1
func (h *Host) Action(r sdk.Request) (*view.Page, error) { return h.page(wire.OpAction, r) }

// File asks for the file that r names.
//
// Since: v0.1
func (h *Host) File(r sdk.Request) (*sdk.Attachment, error) {
	var out sdk.Attachment
	if err := h.request(wire.OpFile, r, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// Suggest asks the suggester that r names. Choices that break a rule of sdk/view are an error with the code internal. See [Host.Type] for
// what a picker on a page asks.
//
// Since: v0.5
func (h *Host) Suggest(r sdk.Request) (*view.Choices, error) {
	var out view.Choices
	if err := h.request(wire.OpSuggest, r, &out); err != nil {
		return nil, err
	}
	if wrong := CheckChoices(&out); len(wrong) > 0 {
		return nil, sdk.Errorf(sdk.Internal, "%s %s: %s", wire.OpSuggest, r.Name, strings.Join(wrong, "; "))
	}
	return &out, nil
}

func (h *Host) page(op string, r sdk.Request) (*view.Page, error) {
	var out view.Page
	if err := h.request(op, r, &out); err != nil {
		return nil, err
	}
	if wrong := Check(h.plugin, &out); len(wrong) > 0 {
		return nil, sdk.Errorf(sdk.Internal, "%s %s: %s", op, r.Name, strings.Join(wrong, "; "))
	}
	return &out, nil
}

func (h *Host) request(op string, r sdk.Request, out msgp.Unmarshaler) error {
	if r.Context == (sdk.Context{}) {
		r.Context = h.Context
	}
	return h.call(op, &r, out)
}

func (h *Host) call(op string, in msgp.Marshaler, out msgp.Unmarshaler) error {
	call := wire.Call{Op: op}
	if in != nil {
		body, err := in.MarshalMsg(nil)
		if err != nil {
			return err
		}
		call.Body = body
	}
	raw, err := call.MarshalMsg(nil)
	if err != nil {
		return err
	}
	var result wire.Result
	if _, err := result.UnmarshalMsg(h.Dispatch(raw)); err != nil {
		return err
	}
	if result.Error != nil {
		return result.Error
	}
	_, err = out.UnmarshalMsg(result.Body)
	return err
}

// Dispatch hands the bytes of a wire.Call to the plugin and returns those of its wire.Result.
//
// Since: v0.1
func (h *Host) Dispatch(call []byte) []byte {
	return serve.Dispatch(h.With(context.Background()), h.plugin, call)
}

// With returns a context whose host calls go to h, to test a function of the plugin that takes one.
//
// Since: v0.1
func (h *Host) With(ctx context.Context) context.Context { return hostcall.With(ctx, h) }

// Records returns the stored records of a type, in the order of their ids.
//
// Since: v0.1
func (h *Host) Records(typ string) []store.Record {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sorted(typ)
}

// Logs returns the log entries that the plugin wrote.
//
// Since: v0.1
func (h *Host) Logs() []log.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]log.Entry(nil), h.entries...)
}

// Dropped returns the log entries that a host does not take, because their code or an attribute is not declared in
// plugin.json, or is no word or number.
//
// Since: v0.1
func (h *Host) Dropped() []log.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]log.Entry(nil), h.dropped...)
}

// Searches returns the searches that the plugin ran.
//
// Since: v0.1
func (h *Host) Searches() []jira.Search {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]jira.Search(nil), h.searches...)
}

// Calls returns the operations of all host calls in order, such as jira.issue: a test can bound how many a page takes.
//
// Since: v0.1
func (h *Host) Calls() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.calls...)
}
