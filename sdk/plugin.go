package sdk

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/sdk/view"
)

// Version is the version of this SDK.
//
// Since: v0.1
const Version = "0.5.0"

// Plugin is everything a plugin offers. Fill in what you need; what is nil is not offered. The maps' keys are the
// names by which plugin.json (views) and blocks (actions, files, suggesters) refer to a handler.
//
// Handlers may be called at the same time for different tenants. Keep state with sdk/store, never in a variable: in a Wasm build
// each call begins with the variables as init functions left them, and in any other it may meet those of another tenant.
//
// Since: v0.1
type Plugin struct {
	// ID and Version repeat plugin.json. The host refuses a plugin whose code and manifest disagree.
	ID, Version string

	Views   map[string]View
	Actions map[string]Action
	Files   map[string]File
	// Synchronizers read outside sources for the host, which makes issues of their rows; see sdk/sync. plugin.json lists them
	// in "provides". Since: v0.3
	Synchronizers map[string]Synchronizer
	// Services answer other plugins of the site; see sdk/service. plugin.json lists them in "provides". Since: v0.4
	Services map[string]Service
	// Guards judge what admins write into configuration documents; see sdk/config. The configs of plugin.json name them. Since: v0.5
	Guards map[string]Guard
	// Suggesters offer choices to the pickers of forms while the user types; see view.PickerField. Since: v0.5
	Suggesters map[string]Suggester
	// Events hear what happened in Jira; see sdk/event. The events of plugin.json name them. Since: v0.5
	Events map[string]EventHandler
	// Jobs do steps of long work; see sdk/job. The jobs of plugin.json name them. Since: v0.5
	Jobs map[string]JobHandler
	// Functions answer functions in JQL; see sdk/jqlfunc. The jqlFunctions of plugin.json name them. Since: v0.5
	Functions map[string]Function
	// Routes answer programs; see sdk/rest. The routes of plugin.json name them. Since: v0.5
	Routes map[string]Route
}

// View draws a module: an issue panel, a page.
//
// Since: v0.1
type View interface {
	View(ctx context.Context, r *Request) (*view.Page, error)
}

// ViewFunc makes a View of a function.
//
// Since: v0.1
type ViewFunc func(ctx context.Context, r *Request) (*view.Page, error)

// View calls f.
func (f ViewFunc) View(ctx context.Context, r *Request) (*view.Page, error) { return f(ctx, r) }

// Action answers what a user did: a form sent, a button pressed. The page it returns takes the place of the old one.
// Actions may change things; views never do.
//
// Since: v0.1
type Action interface {
	Act(ctx context.Context, r *Request) (*view.Page, error)
}

// ActionFunc makes an Action of a function.
//
// Since: v0.1
type ActionFunc func(ctx context.Context, r *Request) (*view.Page, error)

// Act calls f.
func (f ActionFunc) Act(ctx context.Context, r *Request) (*view.Page, error) { return f(ctx, r) }

// File makes a file that the user downloads.
//
// Since: v0.1
type File interface {
	File(ctx context.Context, r *Request) (*Attachment, error)
}

// FileFunc makes a File of a function.
//
// Since: v0.1
type FileFunc func(ctx context.Context, r *Request) (*Attachment, error)

// File calls f.
func (f FileFunc) File(ctx context.Context, r *Request) (*Attachment, error) { return f(ctx, r) }

// Suggester offers choices to a picker while the user types. Like a view it changes nothing, and it should be quick: it is asked at
// each pause in the typing.
//
// Params["q"] is what the user typed, without spaces around it; it is empty when the list is opened. Params["field"] is the name of the picker.
// Form holds the fields of the form as they stand unsaved, with what the picker itself holds, and State is the form's. All of it comes from the
// browser: check it, and check in the action what was picked.
//
// Since: v0.5
type Suggester interface {
	Suggest(ctx context.Context, r *Request) (*view.Choices, error)
}

// SuggesterFunc makes a Suggester of a function.
//
// Since: v0.5
type SuggesterFunc func(ctx context.Context, r *Request) (*view.Choices, error)

// Suggest calls f.
func (f SuggesterFunc) Suggest(ctx context.Context, r *Request) (*view.Choices, error) {
	return f(ctx, r)
}

// Synchronizer answers the operations on an outside source. It is a *sync.Source of sdk/sync, whose codec only those plugins carry
// that use it: that is why bytes cross here.
//
// Since: v0.3
type Synchronizer interface {
	Synchronize(ctx context.Context, op string, body []byte) (answer []byte, err error)
}

// Service answers what other plugins ask. It is a service.Mux of sdk/service, whose codec only those plugins carry that use it.
//
// Since: v0.4
type Service interface {
	Serve(ctx context.Context, request []byte) (answer []byte, err error)
}

// Guard judges a change of a configuration document. It is a config.Guard of sdk/config, whose codec only those plugins carry that
// use it.
//
// Since: v0.5
type Guard interface {
	Judge(ctx context.Context, change []byte) (verdict []byte, err error)
}

// EventHandler hears what happened in Jira. It is an event.Handler of sdk/event, whose codec only those plugins carry that use it.
//
// Since: v0.5
type EventHandler interface {
	Handle(ctx context.Context, event []byte) error
}

// JobHandler does steps of long work. It is a job.Handler of sdk/job, whose codec only those plugins carry that use it.
//
// Since: v0.5
type JobHandler interface {
	Work(ctx context.Context, step []byte) (result []byte, err error)
}

// Function answers a function in JQL. It is a jqlfunc.Handler of sdk/jqlfunc, whose codec only those plugins carry that use it.
//
// Since: v0.5
type Function interface {
	Answer(ctx context.Context, question []byte) (answer []byte, err error)
}

// Route answers calls of the plugin's REST API. It is a rest.Handler of sdk/rest, whose codec only those plugins carry that use it.
//
// Since: v0.5
type Route interface {
	Answer(ctx context.Context, request []byte) (answer []byte, err error)
}

// Describe returns what p says of itself, names sorted.
//
// Since: v0.1
func (p *Plugin) Describe() *Description {
	return &Description{
		ID: p.ID, Version: p.Version, SDK: Version,
		Views:   names(p.Views),
		Actions: names(p.Actions),
		Files:   names(p.Files),

		Synchronizers: names(p.Synchronizers),
		Services:      names(p.Services),
		Guards:        names(p.Guards),
		Suggesters:    names(p.Suggesters),
		Events:        names(p.Events),
		Jobs:          names(p.Jobs),
		Functions:     names(p.Functions),
		Routes:        names(p.Routes),
	}
}

// names of handlers, sorted. Written out, it costs a guest a third of what maps.Keys does for each kind of them.
func names[H any](all map[string]H) []string {
	var out []string
	for name := range all {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
