package sdk

//go:generate msgp -tests=false -io=false -o zz_request_msgp.go

// Request is what the host hands to a view, an action, a file handler or a suggester: which of them, for whom and where, and what
// the user sent.
//
// Since: v0.1
type Request struct {
	// Name is the view, action, file or suggester that is asked for, as plugin.json or a block names it.
	Name string `msg:"name"`
	// Context says who asks, on which site and beside which issue. The host has verified every part of it.
	Context Context `msg:"context"`
	// Params are what a link, a button or the address of the page carries. They come from the browser: check them.
	Params map[string]string `msg:"params,omitempty,limit=16384"`
	// Form holds the submitted fields of a form block, in the browser's order. It comes from the browser: check it.
	Form map[string][]string `msg:"form,omitempty,limit=16384"`
	// State is what an earlier answer asked the page to send back (view.Progress, view.Button). It lives in the user's
	// browser between two calls, so nothing of it is at rest with us, and the user can change it: check it.
	State []byte `msg:"state,omitempty,limit=4194304"`
}

// Context is the verified surrounding of a call. Identifiers are Jira's own.
//
// Since: v0.1
type Context struct {
	// Account is the Atlassian account id of the user, empty for an anonymous one.
	Account string `msg:"account,omitempty"`
	// Module is the key of the plugin.json module in which the page is shown.
	Module string `msg:"module,omitempty"`
	// IssueID and ProjectID are numeric ids in decimal; empty where the page does not belong to an issue or project.
	IssueID   string `msg:"issue_id,omitempty"`
	ProjectID string `msg:"project_id,omitempty"`
	// SiteURL is the address of the Jira site without a trailing slash, such as https://acme.atlassian.net.
	SiteURL string `msg:"site_url"`
	// LinkURL is the address to which a code of this plugin can be appended to make a short link that leads, after
	// Jira's login, to the module of plugin.json that declares "link". Empty where no module does.
	LinkURL string `msg:"link_url,omitempty"`
	// Locale is a BCP 47 tag, such as en-GB; TimeZone a name of the IANA database.
	Locale   string `msg:"locale,omitempty"`
	TimeZone string `msg:"time_zone,omitempty"`
}

// Attachment is a file that the browser saves: at most 4 MiB, the limit of one message.
//
// Since: v0.1
type Attachment struct {
	Name        string `msg:"name"`         // proposed file name, such as label-OPS-7.svg
	ContentType string `msg:"content_type"` // one of the types that the host lets through: image/png, image/svg+xml, application/pdf, text/csv
	Body        []byte `msg:"body,limit=4194304"`
}

// Description is what a plugin says of itself. The host compares it with plugin.json before the plugin serves anyone.
//
// Since: v0.1
type Description struct {
	ID      string   `msg:"id"`
	Version string   `msg:"version"`
	SDK     string   `msg:"sdk"` // the SDK's own version, see [Version]
	Views   []string `msg:"views,omitempty,limit=16384"`
	Actions []string `msg:"actions,omitempty,limit=16384"`
	Files   []string `msg:"files,omitempty,limit=16384"`
	// Synchronizers are the names of the synchronizers. Since: v0.3
	Synchronizers []string `msg:"synchronizers,omitempty,limit=16384"`
	// Services are the names of the services. Since: v0.4
	Services []string `msg:"services,omitempty,limit=16384"`
	// Guards are the names of the guards of configuration documents. Since: v0.5
	Guards []string `msg:"guards,omitempty,limit=16384"`
	// Suggesters are the names of the suggesters. Since: v0.5
	Suggesters []string `msg:"suggesters,omitempty,limit=16384"`
	// Events are the names of the handlers of events. Since: v0.5
	Events []string `msg:"events,omitempty,limit=16384"`
	// Jobs are the names of the handlers of jobs. Since: v0.5
	Jobs []string `msg:"jobs,omitempty,limit=16384"`
	// Functions are the names of the handlers of functions in JQL. Since: v0.5
	Functions []string `msg:"functions,omitempty,limit=16384"`
	// Routes are the names of the handlers of routes. Since: v0.5
	Routes []string `msg:"routes,omitempty,limit=16384"`
}
