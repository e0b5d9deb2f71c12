// Package capability decides what a plugin may ask of the host: one table of host calls, the grants of a tenant, and an
// audit of what was asked. A [Broker] holds the table; [Broker.Host] is what one call of a plugin sees.
//
// It does not answer host calls itself: each row of the table brings its own answer, see host/services.
package capability

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// TenantID identifies a tenant inside this installation. It is never shown to a plugin.
type TenantID string

// PluginID is a plugin's id, as its manifest says.
type PluginID string

// Binding is the immutable tuple under which a call runs.
type Binding struct {
	Tenant      TenantID
	Plugin      PluginID
	Version     string
	SettingsRev int64
	GrantRev    int64
	// Synchronizer is the name of the synchronizer that the call asks; empty for pages, actions and files. The engine sets it.
	Synchronizer string
	// Depth is how many services lie between the call and the page or step on which it began. Background says that nobody waits
	// for that. The engine sets both.
	Depth      int
	Background bool
	// Admin says that the call is made on an adminPage: the host has asked Jira, and the user is an admin.
	Admin bool
	// Portal says that the call is made on a portalPanel: Jira shows the user the issue of the context as a request, whether they may browse
	// it or not.
	Portal bool
	// Function says that the call answers a function in JQL: Jira asks, for everybody. The engine sets it.
	Function bool
	// Context is the verified surrounding of the call: user, issue, project.
	Context sdk.Context
	// Grants are the permissions that this tenant gave to the plugin.
	Grants Grants
}

// Grants is a set of permission names, such as "jira:read".
type Grants map[string]bool

// Row is one host call: its operation, the permission it needs ("" for none), and what answers it. The body is the
// MessagePack of the operation's own type, and so is the answer.
type Row struct {
	Op         string
	Permission string
	// Traffic says of which limit the bytes of the call count.
	Traffic Traffic
	// Handle answers. body is the handler's own; nil as the answer stands for nothing. A *sdk.Error reaches the plugin
	// as it is, with the source downstream or host. Of any other error the plugin learns only that the host failed, and
	// the error's text is logged: it must never hold issue content.
	Handle func(ctx context.Context, b *Binding, body []byte) (answer []byte, err error)
}

// Record is one audited host call. It holds no arguments and no answers, and of an operation that the table does not have
// not even the name, which the plugin could have made of issue content.
type Record struct {
	Tenant  TenantID
	Plugin  PluginID
	Version string
	Op      string   // one of the table's operations, or [UnknownOp]
	Code    sdk.Code // "" for a success
	Source  sdk.Source
	Denied  bool // the grant was missing
	Took    time.Duration
}

// UnknownOp is Record.Op of a host call that the table does not have, or that could not be read.
const UnknownOp = "unknown"

// Audit receives a record of every host call; it must not block. A log is one ([SlogAudit]), metrics are another, and
// [Audits] joins several.
type Audit interface {
	HostCall(ctx context.Context, r Record)
}

// FailureAudit is an Audit that also wants to know why the host failed: cause is what the handler returned or panicked
// with, stack is there after a panic only. HostCall follows with the record.
type FailureAudit interface {
	Audit
	HostCallFailed(ctx context.Context, r Record, cause error, stack []byte)
}
